"""Checks by their Idempotency-Key and by their id."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from app import appends
from app.database import STATEMENTS
from app.errors import KeyTakenError
from app.queries.rows import Db, touched

KEPT_AFTER_EXPIRY = timedelta(days=1)  # so long is a key that comes back told apart from a new one


class ReplayRow(msgspec.Struct, frozen=True):
    """A recorded check and what its verdict is rebuilt from."""

    check_id: str
    body_digest: bytes
    expires_at: datetime
    checked_at: datetime
    evaluated_at: int
    peaks: bytes
    counts: str
    reasons: bytes
    terms: bytes | None
    not_before: datetime | None
    clearance_expires_at: datetime | None
    signed_by: int | None
    revoked_reason: str | None


class RecordRow(msgspec.Struct, frozen=True):
    """A row of check_record."""

    sender_id: int
    entry_index: int
    key_id: str
    purpose: str
    campaign: str | None
    checked_at: datetime
    evaluated_at: int
    counts: str


async def find_replay(db: Db, sender_id: int, key_digest: bytes) -> ReplayRow | None:
    """Find the check that was recorded under a key."""
    row = await db.fetchrow(STATEMENTS["find_replay"], sender_id, key_digest)
    return ReplayRow(*row) if row else None


async def forget_replays(db: Db, sender_id: int, before: datetime) -> int:
    """Drop what expired before; return how many."""
    return touched(await db.execute(STATEMENTS["forget_replays"], sender_id, before))


async def remember_replay(db: Db, check: appends.CheckRow, replay: appends.Replay) -> None:
    """Keep what repeats a check, and drop what expired long ago; KeyTakenError when the key has a check already."""
    await forget_replays(db, check.sender_id, check.checked_at - KEPT_AFTER_EXPIRY)
    kept = await db.fetchval(
        STATEMENTS["remember_replay"],
        check.sender_id,
        replay.key_digest,
        replay.body_digest,
        check.check_id,
        replay.expires_at,
        replay.peaks,
        replay.reasons,
    )
    if kept is None:
        raise KeyTakenError("Another call under this Idempotency-Key came first; send the same request again.")


async def check_by_id(db: Db, sender_ids: Sequence[int], check_id: str) -> RecordRow | None:
    """Find a check of one of these senders."""
    row = await db.fetchrow(STATEMENTS["check_by_id"], list(sender_ids), check_id)
    return RecordRow(*row) if row else None
