"""What was asked, and whom it cleared."""

from datetime import datetime

from app import appends
from app.database import STATEMENTS, OwnConnection
from app.queries import clearances, replays
from app.queries.rows import Db

NO_PERMIT = (None, None, None, None, None, None)


async def store_cleared(
    db: Db, sender_id: int, check_id: str, now: datetime, tags: bytes | memoryview, epoch: int
) -> None:
    """Keep whom a check cleared; `epoch`: of the key that made the tags."""
    await db.execute(STATEMENTS["store_cleared"], sender_id, check_id, now, tags, epoch)


async def record_alone(
    own: OwnConnection, check: appends.CheckRow, new: appends.Addition, believed: int | None = None
) -> bool:
    """Commit a check with its entry in one statement; False when the ledger has grown since the entry was written.

    `believed`: the generation of the list that the check was judged by without reading anything. Then False also when
    anything else is not as it was believed: a key in force, no hold, no rotation.
    """
    permit = check.permit
    rows = await own.write(
        STATEMENTS["record_alone"],
        *new.before,
        new.after[1],
        new.lines[0],
        check.check_id,
        check.checked_at,
        check.key_id,
        check.purpose,
        check.campaign,
        check.evaluated_at,
        check.counts,
        check.cleared,
        *(_columns(permit) if permit else NO_PERMIT),
        check.epoch,
        believed,
    )
    return bool(rows)


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
        await clearances.store_clearance(db, check, check.permit, entry_index)
    if check.replay:
        await replays.remember_replay(db, check, check.replay)


def _columns(permit: appends.Permit) -> tuple[object, ...]:
    return permit.not_before, permit.expires_at, permit.signed_by, permit.terms, permit.gated, permit.text_digest
