"""The journal of who did and saw what, a tree a UTC day."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import msgspec

from app import ledger
from app.database import STATEMENTS
from app.queries.rows import Db

PAGE_ENTRIES = 1_000


class DayRow(msgspec.Struct, frozen=True):
    """The tree of a day; note is its signed head, None until the day is over."""

    day: date
    size: int
    peaks: bytes
    note: str | None


class EntryRow(msgspec.Struct, frozen=True):
    """An entry of the journal; detail is JSON text, leaf the hash it was given when it was written."""

    position: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    sender_ids: list[int]
    leaf: bytes

    @property
    def line(self) -> ledger.JournalLine:
        """What its leaf is computed from."""
        return ledger.JournalLine(self.at, self.actor, self.action, self.subject, self.detail, self.sender_ids)


async def append(db: Db, line: ledger.JournalLine) -> None:
    """Add an entry to the tree of its day, or of the next one if that is signed already."""
    day = line.at.date()
    async with db.transaction():
        while (head := await lock_day(db, day)) is None:
            day += timedelta(days=1)
        leaf = ledger.journal_leaf(day, head.size, line)
        said = (line.at, line.actor, line.action, line.subject, line.detail, list(line.sender_ids))
        await db.execute(STATEMENTS["append_journal"], *said, day, head.size, leaf)
        after = ledger.append(head, [leaf])
        await db.execute(STATEMENTS["advance_journal_day"], day, after.size, after.peaks)


async def lock_day(db: Db, day: date) -> ledger.Frontier | None:
    """Lock a day until the transaction ends and return its tree; None when it is signed."""
    row = await db.fetchrow(STATEMENTS["lock_journal_day"], day)
    return ledger.Frontier(*row) if row else None


async def seal(db: Db, day: date, note: str) -> None:
    """Keep the signed head of a locked day."""
    await db.execute(STATEMENTS["seal_journal_day"], day, note)


async def days(db: Db) -> list[DayRow]:
    """Return the days that are kept, oldest first."""
    return [DayRow(*row) for row in await db.fetch(STATEMENTS["journal_days"])]


async def entries(db: Db, day: date) -> AsyncIterator[EntryRow]:
    """Yield the entries of a day in order."""
    after = 0
    while rows := await db.fetch(STATEMENTS["journal_page"], day, after, PAGE_ENTRIES):
        for row in rows:
            yield EntryRow(*row)
        after = rows[-1]["position"] + 1


async def unplaced(db: Db) -> int:
    """Return how many entries have no place though they were written when every entry got one."""
    found: int = await db.fetchval(STATEMENTS["journal_unplaced"])
    return found


async def due(db: Db, before: date) -> tuple[int, datetime | None]:
    """Return how many entries lie before a day, and when the oldest was written."""
    row = await db.fetchrow(STATEMENTS["journal_due"], before)
    return (row["entries"], row["oldest"]) if row else (0, None)


async def drop(db: Db, before: date) -> int:
    """Drop whole days, never those of the last six months; return how many entries."""
    gone: int = await db.fetchval(STATEMENTS["drop_journal"], before)
    return gone
