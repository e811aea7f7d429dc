"""What was asked, and whom it cleared."""

from datetime import datetime

from app import appends
from app.database import STATEMENTS
from app.queries import clearances, replays
from app.queries.rows import Db


async def store_cleared(db: Db, sender_id: int, check_id: str, now: datetime, tags: bytes) -> None:
    """Keep whom a check cleared."""
    await db.execute(STATEMENTS["store_cleared"], sender_id, check_id, now, tags)


async def record_check(db: Db, check: appends.CheckRow, entry_index: int) -> None:
    """Keep a check's record, and what repeats it; KeyTakenError when another check has its Idempotency-Key."""
    await db.execute(
        STATEMENTS["record_check"],
        check.sender_id,
        check.check_id,
        entry_index,
        check.key_id,
        check.purpose,
        check.campaign,
        check.checked_at,
        check.evaluated_at,
        check.counts,
    )
    if check.permit:
        await clearances.store_clearance(db, check, check.permit)
    if check.replay:
        await replays.remember_replay(db, check, check.replay)
