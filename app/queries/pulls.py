"""Pulling operators' lists: who may, what they held, and how it went."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db


class PullRow(msgspec.Struct, frozen=True):
    """The health of one puller; listed and applied are of the last success."""

    connection_id: int
    started_at: datetime
    succeeded_at: datetime | None
    failed_at: datetime | None
    error: str | None
    listed: int
    applied: int


async def claim_pull(db: Db, connection_id: int, now: datetime, until: datetime, due: datetime) -> bool:
    """Begin to pull; False when another process is at it, or when it began after `due`."""
    return await db.fetchval(STATEMENTS["claim_pull"], connection_id, now, until, due) is not None


async def end_pull(db: Db, connection_id: int, now: datetime, listed: int, applied: int) -> None:
    """Write down a success."""
    await db.execute(STATEMENTS["end_pull"], connection_id, now, listed, applied)


async def fail_pull(db: Db, connection_id: int, now: datetime, error: str) -> None:
    """Write down a failure; the last success stays."""
    await db.execute(STATEMENTS["fail_pull"], connection_id, now, error)


async def list_pulls(db: Db) -> list[PullRow]:
    """Return the health of every puller."""
    return [PullRow(*row) for row in await db.fetch(STATEMENTS["list_pulls"])]


async def pulled_items(db: Db, connection_id: int) -> set[bytes]:
    """Return what the lists held last time, as digests."""
    return {row["item"] for row in await db.fetch(STATEMENTS["pulled_items"], connection_id)}


async def add_pulled(db: Db, connection_id: int, items: Sequence[bytes], now: datetime) -> None:
    """Remember items that were applied."""
    await db.execute(STATEMENTS["add_pulled"], connection_id, list(items), now)


async def drop_pulled(db: Db, connection_id: int, items: Sequence[bytes]) -> None:
    """Forget items that are on the lists no more."""
    await db.execute(STATEMENTS["drop_pulled"], connection_id, list(items))
