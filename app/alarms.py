"""What a person must know: opened once, closed once, logged at once, written when the database takes it.

Raising never waits and never fails, because what raises an alarm is often the very lack of a database. The node's
watch writes what is due; a repeat of an open alarm is written again only after a while, in case a person closed it.
"""

import asyncio
import time
from datetime import datetime
from enum import StrEnum

import msgspec
import structlog

from app import clock
from app.database import Pool, is_unavailable
from app.queries import alarms
from app.queries.rows import Db

TELL_AGAIN_SECONDS = 60.0
WRITE_SECONDS = 2.0

log = structlog.get_logger()


class Kind(StrEnum):
    """Why an alarm is raised; the subject is a connection, a code, a sender, or the node for all of it."""

    BAD_SIGNATURE = "bad-signature"
    QUARANTINE_GROWING = "quarantine-growing"
    QUARANTINE_FULL = "quarantine-full"
    UNKNOWN_CODE = "unknown-code"
    CONFIRMATION_ASKED = "confirmation-asked"
    SPOOL_NOT_EMPTY = "spool-not-empty"
    SPOOL_FULL = "spool-full"
    SPOOL_DAMAGED = "spool-damaged"
    DATABASE_AWAY = "database-away"
    STOP_CHANNEL_DEAD = "stop-channel-dead"
    STOP_CHANNEL_SUSPECT = "stop-channel-suspect"
    CANARY_DUE = "canary-due"
    STOP_STORM = "stop-storm"
    LIFTING_SUSPENDED = "lifting-suspended"
    ENUMERATION_BUDGET = "enumeration-budget"
    ENUMERATION_DENSITY = "enumeration-density"
    LEDGER_NOT_AS_WITNESSED = "ledger-not-as-witnessed"
    TIMESTAMP_FAILED = "timestamp-failed"
    ENUMERATION_HITS = "enumeration-hits"
    JOURNAL_DAMAGED = "journal-damaged"
    RIGHTS_GRANTED = "rights-granted"
    ANSWER_DUE = "answer-due"
    STANDING_EXCEEDED = "standing-exceeded"


class Change(msgspec.Struct, frozen=True):
    """An alarm that opened (with a detail) or closed (without), to be written."""

    kind: Kind
    subject: str
    detail: str | None
    at: datetime


class Alarms:
    """What this process has raised and closed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._open: dict[tuple[Kind, str], float] = {}
        self._closed: set[tuple[Kind, str]] = set()
        self._due: list[Change] = []
        self._writing = asyncio.Lock()

    def raise_alarm(self, kind: Kind, subject: str, detail: str) -> None:
        """Open an alarm; while it is open, the same again is nothing new."""
        told_at = self._open.get((kind, subject))
        if told_at is not None and time.monotonic() - told_at < TELL_AGAIN_SECONDS:
            return
        if told_at is None:
            log.error("alarm_opened", kind=kind, subject=subject, detail=detail)
        self._open[kind, subject] = time.monotonic()
        self._closed.discard((kind, subject))
        self._due.append(Change(kind, subject, detail, clock.now()))

    def close_alarm(self, kind: Kind, subject: str) -> None:
        """Close an alarm, also one that an earlier process opened."""
        if (kind, subject) in self._closed:
            return
        if self._open.pop((kind, subject), None) is not None:
            log.warning("alarm_closed", kind=kind, subject=subject)
        self._closed.add((kind, subject))
        self._due.append(Change(kind, subject, None, clock.now()))

    def is_open(self, kind: Kind, subject: str) -> bool:
        """Tell whether this process holds the alarm open."""
        return (kind, subject) in self._open

    async def flush(self) -> None:
        """Write what is due, in order; what the database does not take stays due."""
        async with self._writing:  # two at once would both write the first, and then both strike one off
            while self._due:
                try:
                    async with self._pool.acquire(timeout=WRITE_SECONDS) as db:
                        await _write(db, self._due[0])
                except Exception as error:
                    if is_unavailable(error):
                        return
                    raise
                self._due.pop(0)


async def _write(db: Db, change: Change) -> None:
    if change.detail is None:
        await alarms.close_alarm(db, change.kind, change.subject, change.at)
    else:
        await alarms.open_alarm(db, change.kind, change.subject, change.detail, change.at)
