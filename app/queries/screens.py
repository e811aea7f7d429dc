"""Who is opposed since which day, and whom a sender has cleared before."""

from collections.abc import AsyncIterator, Sequence
from datetime import date

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db

SMALL_BLOB_BYTES = 8_000
SMALL_BLOBS_AT_ONCE = 1_000  # 8 MB at most, as much as one check of a million
SLICES_AT_ONCE = 100  # of about 65 kB where a million were cleared
LARGEST_BLOB_BYTES = 2**31 - 1


class ScreenedRow(msgspec.Struct, frozen=True):
    """One person opposed."""

    tag: int
    day: date
    fanned_out: bool


async def screened(db: Db, sender_id: int, tags: Sequence[int], fanned_out: Sequence[str]) -> list[ScreenedRow]:
    """Return those of the tags that are opposed; `fanned_out` are the bases that name no sender."""
    rows = await db.fetch(STATEMENTS["screened"], sender_id, list(tags), list(fanned_out))
    return [ScreenedRow(*row) for row in rows]


class SliceRow(msgspec.Struct, frozen=True):
    """A part of a large blob: its tags from the position `start` on, of `size` in all."""

    check_id: str
    start: int
    tags: bytes
    size: int


class Page(msgspec.Struct, frozen=True):
    """Whom some checks cleared, 8 bytes each, and the epoch of the key that made these tags."""

    epoch: int
    tags: bytes


async def small_blobs(db: Db, sender_id: int, epochs: int) -> AsyncIterator[Page]:
    """Yield the tags that the sender's small checks cleared in the first so many epochs, those of many at a time."""
    async for page in _pages(db, sender_id, 8, SMALL_BLOB_BYTES, SMALL_BLOBS_AT_ONCE, epochs):
        yield page


async def large_blobs(db: Db, sender_id: int, epochs: int) -> AsyncIterator[Page]:
    """Yield the tags that the sender's large checks cleared in the first so many epochs, one check at a time."""
    async for page in _pages(db, sender_id, SMALL_BLOB_BYTES + 1, LARGEST_BLOB_BYTES, 1, epochs):
        yield page


async def slices(db: Db, sender_id: int, tag: int, epoch: int) -> AsyncIterator[SliceRow]:
    """Yield from each large check of an epoch the part in which a tag stands if it is there."""
    place, after = (tag + 2**63) / 2**64, ""
    while rows := await db.fetch(
        STATEMENTS["cleared_slices"], sender_id, after, SMALL_BLOB_BYTES + 1, SLICES_AT_ONCE, place, epoch
    ):
        after = rows[-1]["check_id"]
        for row in rows:
            yield SliceRow(*row)


async def _pages(db: Db, sender_id: int, least: int, most: int, at_once: int, epochs: int) -> AsyncIterator[Page]:
    after = ""
    while rows := await db.fetch(STATEMENTS["cleared_page"], sender_id, after, least, most, at_once, epochs):
        after = rows[-1]["check_id"]
        for epoch in sorted({row["epoch"] for row in rows}):
            yield Page(epoch, b"".join(row["tags"] for row in rows if row["epoch"] == epoch))
