"""What an export reads beside heads: lines, and the accounts of who could do what and what went wrong."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from app.database import STATEMENTS
from app.queries.alarms import AlarmRow
from app.queries.rows import Db


class GrantRow(msgspec.Struct, frozen=True):
    """A key, and who gave and who revoked it; None where nobody is on record."""

    key_id: str
    role: str
    label: str
    created_at: datetime
    issued_by: str | None
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None


class JournalRow(msgspec.Struct, frozen=True):
    """What somebody did; detail is JSON text."""

    journal_id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str


class QuarantineRow(msgspec.Struct, frozen=True):
    """How many requests of a day wait for the same reason, and how often they came."""

    day: date
    connection_id: int
    reason: str
    requests: int
    receipts: int


async def lines(db: Db, sender_id: int, first: int, end: int) -> bytes:
    """Return the stored bytes of the entries first … end-1, each with a line end."""
    found: bytes = await db.fetchval(STATEMENTS["export_lines"], sender_id, first, end)
    return found


async def keys(db: Db, sender_id: int, start: datetime | None, end: datetime | None) -> list[GrantRow]:
    """Return the keys that could act for a sender within a period, and those that run the registry."""
    return [GrantRow(*row) for row in await db.fetch(STATEMENTS["export_keys"], sender_id, start, end)]


async def journal(
    db: Db,
    sender_id: int,
    subjects: Sequence[str],
    period: tuple[datetime | None, datetime | None],
    after: int,
    count: int,
) -> list[JournalRow]:
    """Return what was done about these subjects, or done or seen that concerned the sender, in order."""
    rows = await db.fetch(STATEMENTS["export_journal"], list(subjects), *period, after, count, sender_id)
    return [JournalRow(*row) for row in rows]


async def alarms(db: Db, period: tuple[datetime | None, datetime | None], after: int, count: int) -> list[AlarmRow]:
    """Return the alarms that were open within a period, in order of opening."""
    return [AlarmRow(*row) for row in await db.fetch(STATEMENTS["export_alarms"], *period, after, count)]


async def quarantine(
    db: Db, connections: Sequence[int], period: tuple[datetime | None, datetime | None]
) -> list[QuarantineRow]:
    """Return what waits in quarantine, by day, connection and reason."""
    rows = await db.fetch(STATEMENTS["export_quarantine"], list(connections), *period)
    return [QuarantineRow(*row) for row in rows]
