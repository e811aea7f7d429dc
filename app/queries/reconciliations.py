"""What an operator's account of its messages is compared with, and what came of it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db


class JournalRow(msgspec.Struct, frozen=True):
    """A message in the journal."""

    dedupe: bytes
    event_at: datetime
    intent: str


class OpposedRow(msgspec.Struct, frozen=True):
    """Somebody who is opposed to a sender, and since which entry."""

    tag: int
    changed_at_index: int
    history: bytes


async def known_messages(db: Db, connection_id: int, keys: Sequence[bytes]) -> set[bytes]:
    """Return which of these messages are in the journal."""
    return {row["dedupe"] for row in await db.fetch(STATEMENTS["known_messages"], connection_id, list(keys))}


async def journal_between(db: Db, connection_id: int, start: datetime, end: datetime) -> list[JournalRow]:
    """Return what the journal holds of a period, its end excluded."""
    return [JournalRow(*row) for row in await db.fetch(STATEMENTS["journal_between"], connection_id, start, end)]


async def opposed_page(db: Db, sender_id: int, epoch: int, after: int, limit: int) -> list[OpposedRow]:
    """Return a page of those who are opposed, in the order of their tags."""
    return [OpposedRow(*row) for row in await db.fetch(STATEMENTS["opposed_page"], sender_id, epoch, after, limit)]


async def keep_reconciliation(
    db: Db, connection_id: int, identifier: str, kind: str, actor: str, now: datetime, report: str
) -> None:
    """Keep a report."""
    await db.execute(STATEMENTS["keep_reconciliation"], connection_id, identifier, kind, actor, now, report)
