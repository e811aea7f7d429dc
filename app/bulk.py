"""What one transaction writes when many oppositions of one sender are brought in at once. Pure.

They come from other channels (web form, call centre, letter) or from a list kept elsewhere, and concern no short code:
in `standing` they stand under the code "*" and are lifted only through such a channel. The ledger itself remembers what
was brought in: every entry carries the digest of what was told, so the same opposition told twice is one entry.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from app import ledger, standing
from app.appends import Head, Rows, State
from app.lifting import Epochs, Person

OTHER_CHANNEL = 0
"""Stands for the operator connection of oppositions that no operator brought."""

KNOWN = -1
"""The outcome of an opposition that was brought in before; any other outcome is the index of its entry."""

_MESSAGE = re.compile(rb'"message":"([0-9a-f]{32})"')


class Opposition(msgspec.Struct, frozen=True, gc=False):
    """One person's opposition.

    at: when it was expressed, None when nobody knows. digest: 16 bytes, what makes it the same opposition told twice.
    named: it has a reference or a time of its own; one without is known if the person stands opposed that way already.
    """

    tag: int
    at: datetime | None
    digest: bytes
    named: bool


class Bulk(msgspec.Struct, frozen=True):
    """Oppositions to one sender, from one source, in the order they were told."""

    sender_id: int
    source: str
    connection: str
    """What the entries name where an operator's message has its connection."""
    recorded: datetime
    flags: tuple[str, ...]
    oppositions: Sequence[Opposition]
    epochs: Epochs = {}

    def people(self) -> list[Person]:
        """Return every (sender, tag), unique and sorted."""
        return sorted({(self.sender_id, one.tag) for one in self.oppositions})


def suspects(states: dict[Person, State]) -> list[int]:
    """Return the tags of those about whom something was brought in before, whose entries must be looked at."""
    return [tag for (_, tag), state in states.items() if _brought_in(standing.decode(state.history))]


def digests(lines: Iterable[bytes]) -> set[bytes]:
    """Return what the entries of these lines were told by."""
    found = (_MESSAGE.search(line) for line in lines)
    return {bytes.fromhex(match[1].decode()) for match in found if match}


def known(oppositions: Iterable[Opposition], told: set[bytes], standing_tags: set[int]) -> list[bool]:
    """Tell which `plan` would find known, without planning: for trials of long lists."""
    told, standing_tags, answers = set(told), set(standing_tags), []
    for one in oppositions:
        answers.append(one.digest in told if one.named else one.tag in standing_tags)
        told.add(one.digest)
        if not one.named:  # one with a time of its own may be lifted already, so that it does not stand
            standing_tags.add(one.tag)
    return answers


def standing_tags(states: dict[Person, State]) -> set[int]:
    """Return the tags of those who stand opposed through another channel."""
    return {tag for (_, tag), state in states.items() if _stands(standing.decode(state.history))}


def plan(
    work: Bulk, told: set[bytes], head: Head, states: dict[Person, State], salts: Iterator[bytes]
) -> tuple[Rows, list[int]]:
    """Turn a bulk into rows, advancing the head; the outcomes are in the order of the oppositions."""
    rows, outcomes = Rows(states={}), []
    current = dict(states)
    recorded = ledger.timestamp(work.recorded)
    told = set(told)
    for one in work.oppositions:
        person, at = (work.sender_id, one.tag), min(one.at or work.recorded, work.recorded)
        before = current.get(person)
        earlier = standing.decode(before.history) if before else ()
        if one.digest in told if one.named else _stands(earlier):
            outcomes.append(KNOWN)
            continue
        told.add(one.digest)
        history = standing.with_stop(earlier, standing.ANY_CODE, OTHER_CHANNEL, at)
        # One more STOP that a later START has lifted already changes nothing, whenever it is told.
        opposed = before is None or standing.opposed(history)
        index, salt = head.size + len(head.leaves), next(salts)
        line = ledger.encode(_entry(work, one, index, recorded, at, salt, before, opposed=opposed))
        head.leaves.append(ledger.leaf_hash(line))
        rows.entries.append((work.sender_id, index, line))
        rows.openings.append((work.sender_id, one.tag, index, salt))
        current[person] = rows.states[person] = _state(work, before, index, at, history, opposed=opposed)
        outcomes.append(index)
    # In the order of the indexes they go into, where neighbours share pages.
    rows.openings.sort()
    rows.states = {person: rows.states[person] for person in sorted(rows.states)}
    return rows, outcomes


def _entry(
    work: Bulk,
    one: Opposition,
    index: int,
    recorded: str,
    at: datetime,
    salt: bytes,
    before: State | None,
    *,
    opposed: bool,
) -> ledger.OppositionEntry:
    was_opposed = before is not None and before.opposed
    return ledger.OppositionEntry(
        index=index,
        recorded=recorded,
        kind="stop",
        at=ledger.timestamp(at),
        connection=work.connection,
        message=one.digest.hex(),
        person=ledger.person_commitment(salt, one.tag),
        code=None,
        basis="named",
        candidates=1,
        intent="STOP",
        rule="channel",
        classifier="none",
        effect="opposed" if opposed and not was_opposed else "unchanged",
        flags=work.flags if one.at else (*work.flags, "undated"),
    )


def _state(
    work: Bulk, before: State | None, index: int, at: datetime, history: standing.History, *, opposed: bool
) -> State:
    encoded = standing.encode(history)
    if before is None or before.opposed != opposed:
        return State(opposed, at, work.source, index, before.confirmed_at if before else None, encoded)
    return State(opposed, before.since, before.source, before.changed_at_index, before.confirmed_at, encoded)


def _brought_in(history: standing.History) -> bool:
    return any(mark.code == standing.ANY_CODE and mark.stop_at is not None for mark in history)


def _stands(history: standing.History) -> bool:
    """Tell whether an opposition through another channel stands, whatever was said on short codes."""
    return standing.opposed(tuple(mark for mark in history if mark.code == standing.ANY_CODE))
