"""A time-stamping authority's word on heads."""

import contextlib
from collections.abc import AsyncIterator
from datetime import date, datetime

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db

LOCK = 0x5453_4130  # "TSA0"


class GrownRow(msgspec.Struct, frozen=True):
    """A ledger to be stamped."""

    sender_id: int
    size: int
    peaks: bytes


class TimestampRow(msgspec.Struct, frozen=True):
    """A stamped head: the signed checkpoint, and the authority's whole answer."""

    day: date
    size: int
    checkpoint: str
    token: bytes
    stamped_at: datetime


@contextlib.asynccontextmanager
async def alone(db: Db) -> AsyncIterator[bool]:
    """Tell whether no other process stamps, and keep it so while the context lasts."""
    free = await db.fetchval(STATEMENTS["claim_stamping"], LOCK)
    try:
        yield free
    finally:
        if free:
            await db.fetchval(STATEMENTS["end_stamping"], LOCK)


async def to_stamp(db: Db, today: date) -> list[GrownRow]:
    """Return the ledgers that have grown since their last stamp, unless that was today."""
    return [GrownRow(*row) for row in await db.fetch(STATEMENTS["heads_to_stamp"], today)]


async def store(db: Db, sender_id: int, row: TimestampRow) -> None:
    """Keep a stamp; a second one of the day is dropped."""
    await db.execute(
        STATEMENTS["store_timestamp"], sender_id, row.day, row.size, row.checkpoint, row.token, row.stamped_at
    )


async def of_sender(
    db: Db, sender_id: int, start: datetime | None, end: datetime | None, size_max: int, limit: int
) -> list[TimestampRow]:
    """Return a sender's stamps of a period, the latest first, of heads of at most that size."""
    rows = await db.fetch(STATEMENTS["timestamps_of"], sender_id, start, end, size_max, limit)
    return [TimestampRow(*row) for row in rows]
