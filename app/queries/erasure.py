"""What the erasure of a sender removes."""

from datetime import datetime

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db


class PeopleRow(msgspec.Struct, frozen=True):
    """How much there is about people of one sender; the ledger's entries stay."""

    opposed: int
    opt_outs: int
    openings: int
    cleared_checks: int
    review_items: int
    ledger_entries: int


async def heirs_of(db: Db, sender_id: int) -> list[str]:
    """Return who consults this sender's list."""
    return [row["slug"] for row in await db.fetch(STATEMENTS["heirs_of"], sender_id)]


async def people_of_sender(db: Db, sender_id: int) -> PeopleRow:
    """Count what an erasure removes."""
    row = await db.fetchrow(STATEMENTS["people_of_sender"], sender_id)
    return PeopleRow(*row) if row else PeopleRow(0, 0, 0, 0, 0, 0)


async def erase_sender(db: Db, sender_id: int, now: datetime) -> bool:
    """Destroy its salts and end its last epoch, under its locked head; False when that was done before."""
    if not await db.fetchval(STATEMENTS["erase_sender"], sender_id, now):
        return False
    await db.execute(STATEMENTS["forget_salts"], sender_id)
    await db.execute(STATEMENTS["leave_codes"], sender_id)
    await db.execute(STATEMENTS["end_epoch"], sender_id)
    return True


async def erase_lists(db: Db, sender_id: int) -> None:
    """Remove whom its checks cleared, whom its review items concern, what repeats its checks, and the rest."""
    await db.execute(STATEMENTS["erase_cleared"], sender_id)
    await db.execute(STATEMENTS["erase_review_people"], sender_id)
    await db.execute(STATEMENTS["erase_replays"], sender_id)
    await db.execute(STATEMENTS["erase_first_seen"], sender_id)
    await db.execute(STATEMENTS["erase_admission_pages"], sender_id)
    await db.execute(STATEMENTS["erase_admission_requests"], sender_id)
