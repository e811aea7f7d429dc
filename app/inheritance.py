"""Who is opposed to a sender, or to one whose list it has inherited (D17).

A tag of one sender says nothing under another's key, so a list cannot be moved: a check of the heir makes the tags of
its batch under every key concerned and asks every list. Whose lists these are comes with the heir's own state, in the
statement that every check reads anyway, so a decision holds for every check that starts after it.
"""

import numpy as np
from numpy.typing import NDArray

from app import tags
from app.directory import Sender
from app.errors import UnavailableError
from app.heavy import heavy
from app.index import Version
from app.registry import Registry
from app.tagset import Mask, Tags

SMALL_BATCH_NUMBERS = 1_000


async def opposed(
    registry: Registry, sender: Sender, numbers: NDArray[np.int64], own: Tags
) -> tuple[Version, NDArray[np.bool_]]:
    """Tell which numbers are opposed, at the sender's ledger size; `own` are their tags under the sender's key.

    KeyRotatedError when one of the keys concerned was rotated after it was read: read the senders anew.
    """
    version, mask = await registry.index.opposed(sender.sender_id, own, sender.epoch)
    if version.inherits:
        mask = mask | await _inherited(registry, sender.sender_id, version, numbers)
    return version, mask


async def _inherited(registry: Registry, heir_id: int, version: Version, numbers: NDArray[np.int64]) -> Mask:
    """Ask the lists inherited, and those that they inherited in turn, each once."""
    mask: Mask = np.zeros(len(numbers), np.bool_)
    asked, waiting = {heir_id}, list(version.inherits)
    while waiting:
        sender_id = waiting.pop()
        if sender_id in asked:
            continue
        asked.add(sender_id)
        sender, theirs = await _tags(registry, sender_id, numbers)
        former, found = await registry.index.opposed(sender_id, theirs, sender.epoch)
        mask |= found
        waiting += former.inherits
    return mask


async def _tags(registry: Registry, sender_id: int, numbers: NDArray[np.int64]) -> tuple[Sender, Tags]:
    sender = await registry.directory.sender_by_id(sender_id)
    if sender is None:
        raise UnavailableError("A list that this sender has inherited cannot be read; nobody is cleared without it.")
    if len(numbers) <= SMALL_BATCH_NUMBERS:
        return sender, tags.tags(sender.key, numbers)
    return sender, await heavy(tags.tags, sender.key, numbers)
