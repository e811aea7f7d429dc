"""What the breakers look at: who said STOP, whom a sender was cleared for, how much came through a connection."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db, columns


class ChangeRow(msgspec.Struct, frozen=True):
    """A person whose opposition changed; entry is the ledger line that changed it."""

    tag: int
    opposed: bool
    since: datetime
    changed_at_index: int
    entry: bytes


class ClearingRow(msgspec.Struct, frozen=True):
    """A check that cleared people."""

    check_id: str
    campaign: str | None
    checked_at: datetime
    people: int


class ReleaseRow(msgspec.Struct, frozen=True):
    """When a storm's hold of this name was last released."""

    scope: str
    subject: str
    released_at: datetime


class RateRow(msgspec.Struct, frozen=True):
    """Messages of one connection."""

    stops: int
    starts: int


NOTHING = RateRow(0, 0)


async def ledger_sizes(db: Db) -> dict[int, int]:
    """Return the size of every sender's ledger."""
    return {row["sender_id"]: row["size"] for row in await db.fetch(STATEMENTS["ledger_sizes"])}


async def oldest_clearing(db: Db, sender_id: int, ended_after: datetime) -> int | None:
    """Return the smallest ledger size that a clearance of interest was computed at; None without one."""
    size: int | None = await db.fetchval(STATEMENTS["oldest_clearing"], sender_id, ended_after)
    return size


async def changes_since(db: Db, sender_id: int, start: int, end: int, limit: int) -> list[ChangeRow]:
    """Return whose opposition changed at an index from `start` to before `end`, in order."""
    return [ChangeRow(*row) for row in await db.fetch(STATEMENTS["changes_since"], sender_id, start, end, limit)]


async def clearings(db: Db, sender_id: int, ended_after: datetime, now: datetime) -> list[ClearingRow]:
    """Return the checks whose messages may have been received by now."""
    return [ClearingRow(*row) for row in await db.fetch(STATEMENTS["clearings"], sender_id, ended_after, now)]


async def cleared_by(db: Db, sender_id: int, checks: Sequence[str]) -> list[tuple[int, bytes]]:
    """Return whom checks cleared: epoch of the key, and tags as stored, one list after the other."""
    return [(row["epoch"], row["tags"]) for row in await db.fetch(STATEMENTS["cleared_by"], sender_id, list(checks))]


async def storm_releases(db: Db, sender_id: int) -> list[ReleaseRow]:
    """Return when people last released what storms had held."""
    return [ReleaseRow(*row) for row in await db.fetch(STATEMENTS["storm_releases"], sender_id)]


async def senders_held_since(db: Db, since: datetime) -> list[int]:
    """Return the senders whose holds are younger than this."""
    return [row["sender_id"] for row in await db.fetch(STATEMENTS["senders_held_since"], since)]


async def add_rates(db: Db, rates: Iterable[tuple[int, datetime, int, int]]) -> None:
    """Add (connection, minute, STOPs, STARTs)."""
    await db.execute(STATEMENTS["add_rates"], *columns(rates, width=4))


async def rate_since(db: Db, connection_id: int, since: datetime) -> RateRow:
    """Return what came through a connection lately."""
    row = await db.fetchrow(STATEMENTS["rate_since"], connection_id, since)
    return RateRow(*row) if row else NOTHING


async def usual_rate(db: Db, connection_id: int, start: datetime, end: datetime) -> RateRow:
    """Return the busiest ten minutes of a connection."""
    row = await db.fetchrow(STATEMENTS["usual_rate"], connection_id, start, end)
    return RateRow(*row) if row else NOTHING


async def forget_rates(db: Db, before: datetime) -> None:
    """Forget what is older than anything is compared with."""
    await db.execute(STATEMENTS["forget_rates"], before)


async def suspend_lifting(db: Db, connection_id: int, now: datetime, why: str) -> bool:
    """Take a connection's right to lift; False where it was taken already."""
    return await db.fetchval(STATEMENTS["suspend_lifting"], connection_id, now, why) is not None


async def restore_lifting(db: Db, connection_id: int, now: datetime, who: str, why: str) -> bool:
    """Give it back; False where nothing was taken."""
    return await db.fetchval(STATEMENTS["restore_lifting"], connection_id, now, who, why) is not None


async def lifting_restored_at(db: Db, connection_id: int) -> datetime | None:
    """Return when a person last gave it back."""
    at: datetime | None = await db.fetchval(STATEMENTS["lifting_restored_at"], connection_id)
    return at
