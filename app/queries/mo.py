"""The journal of MO messages, and the quarantine."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from app import appends
from app.database import STATEMENTS
from app.queries.rows import Db, booleans, columns, moments, numbers


class QuarantineRow(msgspec.Struct, frozen=True):
    """A sealed request that could not be used."""

    fingerprint: bytes
    reason: str
    box: bytes
    received_at: datetime
    times_seen: int


class Seen(msgspec.Struct, frozen=True):
    """Whether a message is to be acted on, when it first came, and whether it was interrupted half-way."""

    fresh: bool
    received_at: datetime
    resumed: bool


async def remember_messages(
    db: Db, messages: Sequence[appends.Message], copies: Sequence[int]
) -> dict[appends.Key, Seen]:
    """Journal messages with unique, sorted keys; return what is known of each."""
    if not messages:
        return {}
    # What messages say is one of a few things, so each is sent once.
    said = dict.fromkeys((m.intent, m.rule, m.code, m.basis) for m in messages)
    places = {each: place for place, each in enumerate(said, 1)}
    rows = await db.fetch(
        STATEMENTS["remember_messages"],
        numbers([m.connection_id for m in messages]),
        [m.dedupe for m in messages],
        moments([m.received_at for m in messages]),
        moments([m.event_at for m in messages]),
        numbers([places[m.intent, m.rule, m.code, m.basis] for m in messages]),
        *columns(said, width=4),
        numbers(copies),
        booleans([m.part is not None for m in messages]),
    )
    return {(connection_id, dedupe): Seen(*seen) for connection_id, dedupe, *seen in rows}


async def end_fan_out(db: Db, key: appends.Key) -> None:
    """Note that every sender of a message is written."""
    await db.execute(STATEMENTS["end_fan_out"], *key)


async def effects_of(db: Db, keys: Sequence[appends.Key]) -> dict[appends.Key, list[appends.Effect]]:
    """Return what earlier deliveries did, by message key."""
    found: dict[appends.Key, list[appends.Effect]] = {}
    if not keys:
        return found
    for connection_id, dedupe, *effect in await db.fetch(STATEMENTS["effects_of"], *columns(keys, width=2)):
        found.setdefault((connection_id, dedupe), []).append(appends.Effect(*effect))
    return found


async def remember_effects(db: Db, effects: dict[appends.Key, list[appends.Effect]]) -> None:
    """Keep what messages did, for repeated deliveries."""
    rows = [(key, effect) for key, group in effects.items() for effect in group]
    done = [effect for _, effect in rows]
    await db.execute(
        STATEMENTS["remember_effects"],
        numbers([connection_id for (connection_id, _), _ in rows]),
        [dedupe for (_, dedupe), _ in rows],
        numbers([effect.sender_id for effect in done]),
        numbers([effect.index for effect in done]),
        [effect.leaf for effect in done],
        booleans([effect.confirm for effect in done]),
    )


async def quarantine_size(db: Db, connection_id: int) -> int:
    """Return how many requests of a connection wait in quarantine."""
    size: int = await db.fetchval(STATEMENTS["quarantine_size"], connection_id)
    return size


async def put_in_quarantine(
    db: Db, connection_id: int, fingerprint: bytes, reason: str, box: bytes, now: datetime
) -> None:
    """Keep a sealed request that could not be used."""
    await db.execute(STATEMENTS["put_in_quarantine"], connection_id, fingerprint, reason, box, now)


async def list_quarantine(db: Db, connection_id: int, limit: int) -> list[QuarantineRow]:
    """Return the oldest requests in quarantine."""
    rows = await db.fetch(STATEMENTS["list_quarantine"], connection_id, limit)
    return [QuarantineRow(*row) for row in rows]
