"""Holds: what may not be sent until a person releases it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db


class HoldRow(msgspec.Struct, frozen=True):
    """A hold that stands. scope: sender, delegate or campaign; subject: a key id, a campaign's name, '' for a sender.

    kind: "manual" or "storm". purposes: what may not be sent.
    """

    hold_id: str
    scope: str
    subject: str
    kind: str
    purposes: list[str]
    reason: str
    held_by: str
    held_at: datetime


class PastHoldRow(HoldRow, frozen=True):
    """A hold, and its release where it was released."""

    released_at: datetime | None
    released_by: str | None
    release_reason: str | None


class LiveRow(msgspec.Struct, frozen=True):
    """A clearance under which may still be sent."""

    check_id: str
    key_id: str
    purpose: str
    campaign: str | None


_STANDING = msgspec.json.Decoder(tuple[HoldRow, ...])


def read(text: str | None) -> tuple[HoldRow, ...]:
    """Read the holds that a check's state came with."""
    return _STANDING.decode(text) if text else ()


async def put_hold(db: Db, sender_id: int, row: HoldRow) -> bool:
    """Hold; False where the same is held already."""
    values = (row.hold_id, row.scope, row.subject, row.kind, row.purposes, row.reason, row.held_by, row.held_at)
    return await db.fetchval(STATEMENTS["put_hold"], sender_id, *values) is not None


async def standing_holds(db: Db, sender_id: int) -> tuple[HoldRow, ...]:
    """Return what stands in the way of a sender's sending, for whatever does not read a check's state."""
    return tuple(HoldRow(*row) for row in await db.fetch(STATEMENTS["standing_holds"], sender_id))


async def held_senders(db: Db) -> frozenset[int]:
    """Return the senders for whom something is held."""
    return frozenset(row["sender_id"] for row in await db.fetch(STATEMENTS["held_senders"]))


async def release_holds(
    db: Db, sender_id: int, hold_ids: Sequence[str], now: datetime, who: str, why: str
) -> frozenset[str]:
    """Release holds; return those that stood until now."""
    rows = await db.fetch(STATEMENTS["release_holds"], sender_id, list(hold_ids), now, who, why)
    return frozenset(row["hold_id"] for row in rows)


async def hold_history(db: Db, sender_id: int, limit: int) -> list[PastHoldRow]:
    """Return what was held, released or not, the newest first."""
    return [PastHoldRow(*row) for row in await db.fetch(STATEMENTS["hold_history"], sender_id, limit)]


async def acts_for(db: Db, sender_id: int, key_id: str) -> bool:
    """Tell whether a key acts, or acted, for a sender."""
    return await db.fetchval(STATEMENTS["key_of_sender"], sender_id, key_id) is not None


async def live_clearances(db: Db, sender_id: int, now: datetime) -> list[LiveRow]:
    """Return the clearances of a sender that neither ended nor expired."""
    return [LiveRow(*row) for row in await db.fetch(STATEMENTS["live_clearances"], sender_id, now)]


async def end_clearances(db: Db, sender_id: int, checks: Sequence[str], now: datetime) -> int:
    """End clearances because they are held; return how many lived until now."""
    return len(await db.fetch(STATEMENTS["end_held_clearances"], sender_id, list(checks), now))
