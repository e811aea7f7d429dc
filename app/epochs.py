"""Tags under several keys of one sender: what was planned with an earlier key, and what the next key needs. Pure.

A sender's keys are a chain, and an epoch counts its rotations. A tag of one epoch becomes that of a later one by the
keys in between, without the number; never the other way round. So whatever was planned before a rotation and is
committed after it is brought up under the locked head, and while the next key is prepared every row is written in
both forms: at no instant is there a person whom the form in force does not hold.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from app import tags
from app.appends import Head, Message, Rows, State, Work
from app.bulk import Bulk
from app.errors import KeyRotatedError, RegistryError
from app.lifting import Person, Ruling
from app.tags import Chain

SALT_BYTES = 16
Chains = Mapping[int, Chain]
"""By sender, all its keys, the one being prepared included."""
Opening = tuple[int, int, int, bytes, int, int]
"""(sender, tag, index, salt, epoch of the tag, epoch of the entry), as it is stored."""


class EpochError(RegistryError):
    """Tags of an unknown key: to guess would be to write down a person whom no check can find."""

    slug = "key-epoch"
    title = "These tags belong to no known key"
    title_fr = "Ces pseudonymes ne correspondent à aucune clé connue"


def outdated(works: Sequence[Work | Bulk], heads: Mapping[int, Head]) -> set[int]:
    """Return the senders for whom some work was planned with an earlier key; EpochError for an unknown one."""
    return {
        sender_id
        for work in works
        if isinstance(work, Message | Ruling | Bulk)
        for sender_id in _senders(work)
        if _epoch(work, sender_id, heads[sender_id].epoch) != heads[sender_id].epoch
    }


def brought_up(work: Message | Ruling, heads: Mapping[int, Head], chains: Chains) -> Message | Ruling:
    """Return the work with the tags of the keys in force.

    What a message may leave for review stays as it was planned: its senders need not be locked, and their epochs are
    stored with it.
    """
    if isinstance(work, Ruling):
        people = tuple((sender, _present(work, sender, tag, heads, chains)) for sender, tag in work.people)
        return msgspec.structs.replace(work, people=people)
    wishes = tuple(
        msgspec.structs.replace(wish, tag=_present(work, wish.sender_id, wish.tag, heads, chains))
        for wish in work.wishes
    )
    return msgspec.structs.replace(work, wishes=wishes)


def bulk_brought_up(work: Bulk, heads: Mapping[int, Head], chains: Chains) -> Bulk:
    """Return the same for oppositions brought in together."""
    in_force = heads[work.sender_id].epoch
    later = _later(chains, work.sender_id, _epoch(work, work.sender_id, in_force), in_force)
    if not later:
        return work
    found = tags.retag(later, np.array([one.tag for one in work.oppositions], np.int64)).tolist()
    renewed = [msgspec.structs.replace(one, tag=tag) for one, tag in zip(work.oppositions, found, strict=True)]
    return msgspec.structs.replace(work, oppositions=renewed)


def next_form(rows: Rows, heads: Mapping[int, Head], chains: Chains) -> tuple[dict[Person, State], list[Opening]]:
    """Return the same states and openings in the form of the key that is being prepared, in the order of their tags."""
    states: dict[Person, State] = {}
    openings: list[Opening] = []
    for sender_id in (sender_id for sender_id, head in heads.items() if head.retagging):
        epoch = heads[sender_id].epoch + 1
        key = chains[sender_id][epoch]
        told = [(tag, state) for (sender, tag), state in rows.states.items() if sender == sender_id]
        renewed = tags.retag(key, np.array([tag for tag, _ in told], np.int64)).tolist()
        # In one order everywhere: whoever writes the same rows waits, and nobody for each other.
        for tag, state in sorted(zip(renewed, (state for _, state in told), strict=True), key=lambda pair: pair[0]):
            states[sender_id, tag] = state
        mine = [opening for opening in rows.openings if opening[0] == sender_id]
        openings += sorted(_openings_under(key, epoch, mine))
    return states, openings


def masked(key: bytes, salts: Sequence[bytes], indexes: Sequence[int]) -> list[bytes]:
    """Return the salts of openings masked by one more key; again, and the mask is off."""
    before = np.frombuffer(b"".join(salts), np.uint8).reshape(-1, SALT_BYTES)
    after = tags.masked(key, before, np.array(indexes, np.int64)).tobytes()
    return [after[start : start + SALT_BYTES] for start in range(0, len(after), SALT_BYTES)]


def opened(chain: Chain, opening: Opening, number: int) -> tuple[int, bytes]:
    """Return the tag and the salt that open an entry's commitment: those of the epoch in which the entry was made."""
    _, _, index, salt, epoch, made_in = opening
    for key in chain[made_in + 1 : epoch + 1]:
        (salt,) = masked(key, [salt], [index])
    return tags.tag(chain[: made_in + 1], number), salt


def _openings_under(key: bytes, epoch: int, openings: Sequence[tuple[int, int, int, bytes]]) -> Iterator[Opening]:
    found = tags.retag(key, np.array([tag for _, tag, _, _ in openings], np.int64)).tolist()
    salts = masked(key, [salt for _, _, _, salt in openings], [index for _, _, index, _ in openings])
    for (sender_id, _, index, _), tag, salt in zip(openings, found, salts, strict=True):
        yield sender_id, tag, index, salt, epoch, epoch - 1


def _present(work: Message | Ruling, sender_id: int, tag: int, heads: Mapping[int, Head], chains: Chains) -> int:
    epoch = _epoch(work, sender_id, heads[sender_id].epoch)
    later = _later(chains, sender_id, epoch, heads[sender_id].epoch)
    return int(tags.retag(later, np.array([tag], np.int64))[0])


def _later(chains: Chains, sender_id: int, epoch: int, in_force: int) -> Chain:
    """Return the keys after an epoch's; KeyRotatedError for a sender that was erased meanwhile."""
    later = chains.get(sender_id, ())[epoch + 1 : in_force + 1]
    if len(later) < in_force - epoch:
        raise KeyRotatedError("A sender was erased a moment ago; send the same request again.")
    return later


def _senders(work: Message | Ruling | Bulk) -> set[int]:
    if isinstance(work, Bulk):
        return {work.sender_id}
    return {wish.sender_id for wish in work.wishes} if isinstance(work, Message) else {s for s, _ in work.people}


def _epoch(work: Message | Ruling | Bulk, sender_id: int, in_force: int) -> int:
    """Return with which key a work's tags of one sender were made. Only where there is one key it need not be said."""
    epoch = work.epochs.get(sender_id, 0 if in_force == 0 else -1)
    if not 0 <= epoch <= in_force:
        raise EpochError("Tags were made with a key that is not in force here; send the same request again.")
    return epoch
