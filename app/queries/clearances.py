"""Clearances and the generations of the keys that sign them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from app import appends
from app.database import STATEMENTS
from app.queries.rows import Db


class ClearanceRow(msgspec.Struct, frozen=True):
    """A clearance; terms are the signed bytes."""

    sender_id: int
    check_id: str
    key_id: str
    purpose: str
    campaign: str | None
    not_before: datetime
    expires_at: datetime
    signed_by: int
    terms: bytes
    revoked_at: datetime | None
    revoked_reason: str | None


async def store_clearance(db: Db, check: appends.CheckRow, permit: appends.Permit, index: int) -> None:
    """Keep what a check permitted, in the transaction of its record."""
    await db.execute(
        STATEMENTS["store_clearance"],
        check.sender_id,
        check.check_id,
        check.key_id,
        check.purpose,
        check.campaign,
        permit.not_before,
        permit.expires_at,
        permit.signed_by,
        permit.terms,
        permit.gated,
        permit.text_digest,
        index,
    )


async def touch_clearance(db: Db, sender_id: int, check_id: str, index: int) -> None:
    """Say which entry told of a clearance last."""
    await db.execute(STATEMENTS["touch_clearance"], sender_id, check_id, index)


async def last_clearance_change(db: Db, sender_id: int) -> int:
    """Return the index of the last entry about any clearance of a sender; -1 where there is none."""
    index: int | None = await db.fetchval(STATEMENTS["last_clearance_change"], sender_id)
    return -1 if index is None else index


async def find_clearance(db: Db, sender_ids: Sequence[int], check_id: str) -> ClearanceRow | None:
    """Find the clearance of a check of one of these senders."""
    row = await db.fetchrow(STATEMENTS["find_clearance"], list(sender_ids), check_id)
    return ClearanceRow(*row) if row else None


async def revoke_clearance(db: Db, sender_id: int, check_id: str, now: datetime, reason: str) -> bool:
    """End a clearance; False when it was revoked before."""
    return await db.fetchval(STATEMENTS["revoke_clearance"], sender_id, check_id, now, reason) is not None


async def current_signing_keys(db: Db) -> dict[str, int]:
    """Return the generation in use of each purpose that was ever rotated."""
    return {row["purpose"]: row["generation"] for row in await db.fetch(STATEMENTS["current_signing_keys"])}


async def rotate_signing_key(db: Db, purpose: str, generation: int, now: datetime) -> None:
    """Make a generation the one in use."""
    await db.execute(STATEMENTS["rotate_signing_key"], purpose, generation, now)
