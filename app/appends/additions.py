"""What is new in each ledger, ready for one statement a sender."""

import msgspec

from app import ledger
from app.appends.works import Head, Record, Rows, State


class Addition(msgspec.Struct):
    """All that one transaction adds to one sender's ledger and list, beside the head it was made for."""

    before: tuple[int, int, bytes]
    """Sender, size and peaks, as they were locked."""
    after: tuple[int, bytes]
    """Size and peaks."""
    lines: list[bytes] = []
    openings: list[tuple[int, int, bytes]] = []
    """Tag, index, salt."""
    states: list[tuple[int, State]] = []
    epoch: int = 0
    """Of the key that made the tags."""


def addition_alone(record: Record, found: tuple[int, bytes]) -> Addition:
    """Return what a record adds to a ledger that is as it was found."""
    head = Head(*found, [])
    line = ledger.encode(record.build(head.next_index))
    head.leaves.append(ledger.leaf_hash(line))
    return Addition((record.sender_id, *found), advanced(head), [line])


def additions(rows: Rows, heads: dict[int, Head]) -> list[Addition]:
    """Part the rows of a plan by sender, in the order of the heads."""
    found = {
        sender_id: Addition((sender_id, head.size, head.peaks), advanced(head), epoch=head.epoch)
        for sender_id, head in heads.items()
        if head.leaves
    }
    for sender_id, _, line in rows.entries:
        found[sender_id].lines.append(line)
    for sender_id, tag, index, salt in rows.openings:
        found[sender_id].openings.append((tag, index, salt))
    for (sender_id, tag), state in rows.states.items():
        found[sender_id].states.append((tag, state))
    return list(found.values())


def advanced(head: Head) -> tuple[int, bytes]:
    """Fold a head's waiting leaves into its tree: the new size and peaks."""
    frontier = ledger.append(ledger.Frontier(head.size, head.peaks), head.leaves)
    return frontier.size, frontier.peaks
