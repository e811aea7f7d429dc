"""Whom a number was cleared for, and what is decided about one sender."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db, columns


class SliceRow(msgspec.Struct, frozen=True):
    """Whether one check cleared the tag; lowest and highest are the slice's ends, None where the list ends there."""

    sender_id: int
    epoch: int
    check_id: str
    found: bool
    lowest: bytes | None
    highest: bytes | None


class DecidedRow(msgspec.Struct, frozen=True):
    """What is decided about one sender; profile is JSON text."""

    profile: str
    enforced_since: datetime | None
    inherits: list[int]


async def cleared_slices(
    db: Db, places: Iterable[tuple[int, int, bytes, float]], since: datetime, checks: Sequence[str] | None, reach: float
) -> list[SliceRow]:
    """Look for (sender, epoch, tag as stored, part of all numbers below it) in what the senders' checks cleared."""
    lists = columns(places, width=4)
    rows = await db.fetch(STATEMENTS["look_back"], *lists, since, None if checks is None else list(checks), reach)
    return [SliceRow(*row) for row in rows]


async def lock_sender(db: Db, sender_id: int) -> DecidedRow | None:
    """Lock one sender's row until the transaction ends."""
    row = await db.fetchrow(STATEMENTS["lock_sender"], sender_id)
    return DecidedRow(*row) if row else None


async def set_enforced(db: Db, sender_id: int, since: datetime | None) -> None:
    """Say since when the sender's gateway refuses uncleared sends; None: it does not."""
    await db.execute(STATEMENTS["set_enforced"], sender_id, since)


async def set_inherits(db: Db, sender_id: int, inherits: Sequence[int]) -> None:
    """Say whose oppositions hold for this sender too."""
    await db.execute(STATEMENTS["set_inherits"], sender_id, list(inherits))


async def list_inherited(db: Db) -> dict[int, list[int]]:
    """Return who has inherited whose list."""
    return {row["sender_id"]: list(row["inherits"]) for row in await db.fetch(STATEMENTS["list_inherited"])}
