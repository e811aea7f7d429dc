"""Heads as a witness compares them, and the restores that people accepted."""

from datetime import datetime

import msgspec

from app.database import STATEMENTS
from app.ledger import Frontier
from app.queries.rows import Db


class LedgerRow(msgspec.Struct, frozen=True):
    """A sender and the head of its ledger."""

    sender_id: int
    slug: str
    size: int
    peaks: bytes

    @property
    def tree(self) -> Frontier:
        """Return the head as a tree."""
        return Frontier(self.size, self.peaks)


class RestoreRow(msgspec.Struct, frozen=True):
    """An accepted restore: the era that it began, and the registry's name in checkpoints since."""

    era: int
    origin: str
    accepted_at: datetime


async def every_head(db: Db) -> list[LedgerRow]:
    """Return all heads, in id order."""
    return [LedgerRow(*row) for row in await db.fetch(STATEMENTS["heads_to_witness"])]


async def head(db: Db, sender_id: int) -> LedgerRow | None:
    """Return one sender's head."""
    row = await db.fetchrow(STATEMENTS["head_to_witness"], sender_id)
    return LedgerRow(*row) if row else None


async def last_restore(db: Db) -> RestoreRow | None:
    """Return the restore that was accepted last."""
    row = await db.fetchrow(STATEMENTS["last_restore"])
    return RestoreRow(*row) if row else None


async def accept_restore(db: Db, row: RestoreRow, by: str, reason: str, detail: str) -> None:
    """Begin an era."""
    await db.execute(STATEMENTS["accept_restore"], row.era, row.origin, row.accepted_at, by, reason, detail)
