"""Standing clearances, and what was sent under them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db


class StandingRow(msgspec.Struct, frozen=True):
    """One standing clearance; `terms` are the bytes that are signed."""

    sender_id: int
    standing_id: str
    issued_at: datetime
    issued_by: str
    expires_at: datetime
    terms: bytes
    revoked_at: datetime | None
    revoked_reason: str | None


class UseRow(msgspec.Struct, frozen=True):
    """What a gateway sent at once under one."""

    gateway: str
    at: datetime
    count: int
    campaign: str | None
    drill: bool


async def add_standing(db: Db, row: StandingRow, signed_by: int) -> None:
    """Store a standing clearance that was just issued."""
    values = (row.sender_id, row.standing_id, row.issued_at, row.issued_by, row.expires_at, signed_by, row.terms)
    await db.execute(STATEMENTS["add_standing"], *values)


async def find_standing(db: Db, sender_ids: Sequence[int], standing_id: str) -> StandingRow | None:
    """Return a standing clearance of one of these senders."""
    row = await db.fetchrow(STATEMENTS["find_standing"], list(sender_ids), standing_id)
    return StandingRow(*row) if row else None


async def standing_listed(db: Db, limit: int) -> list[StandingRow]:
    """Return all of them, the newest first."""
    return [StandingRow(*row) for row in await db.fetch(STATEMENTS["standing_listed"], limit)]


async def revoke_standing(db: Db, sender_id: int, standing_id: str, now: datetime, reason: str) -> bool:
    """End one before its time; False when it was ended already."""
    return await db.fetchval(STATEMENTS["revoke_standing"], sender_id, standing_id, now, reason) is not None


async def denied_standing(db: Db, now: datetime) -> tuple[str, ...]:
    """Return those that ended before their time."""
    return tuple(row["standing_id"] for row in await db.fetch(STATEMENTS["denied_standing"], now))


async def tell_use(
    db: Db, sender_id: int, standing_id: str, use_id: str, use: UseRow, key_id: str, now: datetime
) -> bool:
    """Store a use; False when it was told before."""
    values = (use.gateway, use.at, use.count, use.campaign, use.drill, key_id, now)
    return await db.fetchval(STATEMENTS["tell_use"], sender_id, standing_id, use_id, *values) is not None


async def find_use(db: Db, sender_id: int, standing_id: str, use_id: str) -> UseRow | None:
    """Return a use as it was told."""
    row = await db.fetchrow(STATEMENTS["find_use"], sender_id, standing_id, use_id)
    return UseRow(*row) if row else None


async def used_between(db: Db, sender_id: int, standing_id: str, start: datetime, end: datetime) -> int:
    """Return how many messages went out under one."""
    return int(await db.fetchval(STATEMENTS["used_on"], sender_id, standing_id, start, end))
