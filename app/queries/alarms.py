"""Alarms, open and closed."""

from datetime import datetime

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db


class AlarmRow(msgspec.Struct, frozen=True):
    """Something a person must know, or had to."""

    alarm_id: int
    kind: str
    subject: str
    detail: str
    opened_at: datetime
    closed_at: datetime | None


async def open_alarm(db: Db, kind: str, subject: str, detail: str, now: datetime) -> None:
    """Open an alarm, unless the same one is open."""
    await db.execute(STATEMENTS["open_alarm"], kind, subject, detail, now)


async def close_alarm(db: Db, kind: str, subject: str, now: datetime) -> None:
    """Close an alarm, if it is open."""
    await db.execute(STATEMENTS["close_alarm"], kind, subject, now)


async def close_alarm_by_id(db: Db, alarm_id: int, now: datetime) -> bool:
    """Close one alarm; False when there is no such open one."""
    return await db.fetchrow(STATEMENTS["close_alarm_by_id"], alarm_id, now) is not None


async def list_alarms(db: Db, *, closed_too: bool, limit: int) -> list[AlarmRow]:
    """Return the newest alarms, newest first."""
    return [AlarmRow(*row) for row in await db.fetch(STATEMENTS["list_alarms"], closed_too, limit)]
