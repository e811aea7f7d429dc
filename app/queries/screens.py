"""Who is opposed since which day, and whom a sender has cleared before."""

from collections.abc import AsyncIterator, Sequence
from datetime import date

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db

SMALL_BLOB_BYTES = 8_000
SMALL_BLOBS_AT_ONCE = 1_000  # 8 MB at most, as much as one check of a million
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


async def cleared_pages(db: Db, sender_id: int) -> AsyncIterator[bytes]:
    """Yield all tags that the sender's checks cleared, 8 bytes each as stored, some megabytes at a time."""
    bounds = ((8, SMALL_BLOB_BYTES, SMALL_BLOBS_AT_ONCE), (SMALL_BLOB_BYTES + 1, LARGEST_BLOB_BYTES, 1))
    for least, most, at_once in bounds:
        after = ""
        while rows := await db.fetch(STATEMENTS["cleared_page"], sender_id, after, least, most, at_once):
            after = rows[-1]["check_id"]
            yield b"".join(row["tags"] for row in rows)
