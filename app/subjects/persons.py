"""A person as the registry can find them: by the tags of a number, and by keyed digests of it."""

from collections.abc import Sequence

import numpy as np

from app import inheritance, phone, tags
from app.directory import Sender
from app.registry import Registry

NUMBERS_MAX = 100
"""In one look-up."""
PURPOSE = "subject"
CONTACT_TAG_BYTES = 8


def number_of(text: str) -> int | None:
    """Return the number that a spelling stands for, as leniently as a STOP from it is read; None for no number."""
    return phone.read(text).number or phone.read_lenient(text) or None


def tags_of(sender: Sender, number: int) -> tuple[int, ...]:
    """Return the tags of a number for a sender, in every key epoch that anything of the sender is stored under."""
    return tuple(tags.tag(sender.key[: epoch + 1], number) for epoch in range(sender.epoch + 1))


async def withheld_among(registry: Registry, sender: Sender, numbers: Sequence[int]) -> set[int]:
    """Return those that a check of this sender withholds: by its own list, or by one that it inherited."""
    asked = np.array(numbers, np.int64)
    if not asked.size:
        return set()
    _, mask = await inheritance.opposed(registry, sender, asked, tags.tags(sender.key, asked))
    return {number for number, opposed in zip(numbers, mask.tolist(), strict=True) if opposed}


def digest_of(registry: Registry, number: int) -> bytes:
    """Return what names the person in journals and requests: only this registry's key can make it from a number."""
    return registry.root.digest(PURPOSE, number.to_bytes(CONTACT_TAG_BYTES, "big"))


def stored(tag: int) -> bytes:
    """Return a tag as lists of cleared tags hold it."""
    return tag.to_bytes(CONTACT_TAG_BYTES, "little", signed=True)


def place(tag: int) -> float:
    """Return the part of all tags that lie below this one, 0 to 1."""
    return (tag + 2**63) / 2**64
