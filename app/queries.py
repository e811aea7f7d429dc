"""One typed function per statement in sql/queries: the connection first, rows as frozen structs, no rules.

The bulk statements take columns, not rows: one array a column is one parameter, whatever the number of rows.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
from asyncpg import Connection, Record
from asyncpg.pool import PoolConnectionProxy

from app import appends
from app.database import STATEMENTS

Db: TypeAlias = "Connection[Record] | PoolConnectionProxy[Record]"


class RegistryRow(msgspec.Struct, frozen=True):
    """This installation."""

    origin: str
    key_check: bytes
    created_at: datetime


class SenderRow(msgspec.Struct, frozen=True):
    """A brand; profile is JSON text."""

    sender_id: int
    slug: str
    name: str
    salt: bytes
    profile: str
    held_reason: str | None


class CodeRow(msgspec.Struct, frozen=True):
    """A code and one of its senders, None where nobody uses it yet."""

    code: str
    tariff: str
    sender_id: int | None
    keywords: list[str]


class ConnectionRow(msgspec.Struct, frozen=True):
    """An operator connection; secrets are sealed, config and accounts are JSON text."""

    connection_id: int
    slug: str
    provider: str
    secrets: bytes
    config: str
    codes: list[str]
    accounts: str
    replies: str
    may_lift: bool


class KeyRow(msgspec.Struct, frozen=True):
    """A key in force."""

    key_id: str
    secret_sha256: bytes
    role: str
    label: str
    sender_ids: list[int]


class HeadRow(msgspec.Struct, frozen=True):
    """A ledger's head."""

    size: int
    peaks: bytes
    generation: int


class QuarantineRow(msgspec.Struct, frozen=True):
    """A sealed request that could not be used."""

    fingerprint: bytes
    reason: str
    box: bytes
    received_at: datetime
    times_seen: int


class Seen(msgspec.Struct, frozen=True):
    """Whether a message is new, and when it first came."""

    fresh: bool
    received_at: datetime


class EntryRow(msgspec.Struct, frozen=True):
    """A ledger entry, its bytes as stored."""

    entry_index: int
    entry: bytes


class StateRow(msgspec.Struct, frozen=True):
    """One changed tag beside the state it belongs to; tag is None where nothing changed."""

    held_reason: str | None
    size: int
    peaks: bytes
    generation: int
    tag: int | None
    opposed: bool | None


# --- the directory -------------------------------------------------------------------------------------------------


async def read_registry(db: Db) -> RegistryRow | None:
    """Return this installation's row; None before it is founded."""
    row = await db.fetchrow(STATEMENTS["read_registry"])
    return RegistryRow(*row) if row else None


async def found_registry(db: Db, origin: str, key_check: bytes, now: datetime) -> None:
    """Write this installation's row."""
    await db.execute(STATEMENTS["found_registry"], origin, key_check, now)


async def list_senders(db: Db) -> list[SenderRow]:
    """Return all senders in id order."""
    return [SenderRow(*row) for row in await db.fetch(STATEMENTS["list_senders"])]


async def list_codes(db: Db) -> list[CodeRow]:
    """Return all codes with their senders."""
    return [CodeRow(*row) for row in await db.fetch(STATEMENTS["list_codes"])]


async def list_connections(db: Db) -> list[ConnectionRow]:
    """Return all operator connections."""
    return [ConnectionRow(*row) for row in await db.fetch(STATEMENTS["list_connections"])]


async def add_sender(db: Db, slug: str, name: str, salt: bytes, profile: str, now: datetime) -> int:
    """Add a sender and its empty ledger; return its id."""
    sender_id: int = await db.fetchval(STATEMENTS["add_sender"], slug, name, salt, profile, now)
    await db.execute(STATEMENTS["add_head"], sender_id)
    return sender_id


async def hold_sender(db: Db, sender_id: int, reason: str | None) -> None:
    """Hold a sender's sending, or release it."""
    await db.execute(STATEMENTS["hold_sender"], sender_id, reason)


async def set_profile(db: Db, sender_id: int, profile: str) -> None:
    """Replace a sender's profile."""
    await db.execute(STATEMENTS["set_profile"], sender_id, profile)


async def add_code(db: Db, code: str, tariff: str, now: datetime) -> None:
    """Add a code, or set its tariff anew."""
    await db.execute(STATEMENTS["add_code"], code, tariff, now)


async def add_code_sender(db: Db, code: str, sender_id: int, keywords: Sequence[str]) -> None:
    """Let a sender use a code."""
    await db.execute(STATEMENTS["add_code_sender"], code, sender_id, list(keywords))


async def add_connection(db: Db, row: ConnectionRow, now: datetime) -> int:
    """Add an operator connection (the id in the row is ignored); return its id."""
    connection_id: int = await db.fetchval(
        STATEMENTS["add_connection"],
        row.slug,
        row.provider,
        row.secrets,
        row.config,
        row.codes,
        row.accounts,
        row.replies,
        row.may_lift,
        now,
    )
    return connection_id


async def set_connection_secrets(db: Db, connection_id: int, secrets: bytes) -> None:
    """Replace a connection's sealed secrets."""
    await db.execute(STATEMENTS["set_connection_secrets"], connection_id, secrets)


async def journal_admin(db: Db, now: datetime, actor: str, action: str, subject: str, detail: str) -> None:
    """Write down who administered what."""
    await db.execute(STATEMENTS["journal_admin"], now, actor, action, subject, detail)


# --- keys ----------------------------------------------------------------------------------------------------------


async def find_key(db: Db, key_id: str, now: datetime) -> KeyRow | None:
    """Return a key in force."""
    row = await db.fetchrow(STATEMENTS["find_key"], key_id, now)
    return KeyRow(*row) if row else None


async def add_key(db: Db, row: KeyRow, now: datetime, expires_at: datetime | None) -> None:
    """Add a key and the senders it may act for."""
    await db.execute(STATEMENTS["add_key"], row.key_id, row.secret_sha256, row.role, row.label, now, expires_at)
    for sender_id in row.sender_ids:
        await db.execute(STATEMENTS["add_key_sender"], row.key_id, sender_id)


async def revoke_key(db: Db, key_id: str, now: datetime) -> bool:
    """Revoke a key; False when there is none in force."""
    return await db.fetchval(STATEMENTS["revoke_key"], key_id, now) is not None


# --- messages ------------------------------------------------------------------------------------------------------


async def remember_messages(
    db: Db, messages: Sequence[appends.Message], copies: Sequence[int]
) -> dict[appends.Key, Seen]:
    """Journal messages with unique, sorted keys; return which of them are new, and when each came first."""
    if not messages:
        return {}
    rows = await db.fetch(
        STATEMENTS["remember_messages"],
        *_columns(
            (
                (m.connection_id, m.dedupe, m.received_at, m.event_at, m.intent, m.rule, m.code, m.basis, count)
                for m, count in zip(messages, copies, strict=True)
            ),
            width=9,
        ),
    )
    return {(connection_id, dedupe): Seen(*seen) for connection_id, dedupe, *seen in rows}


async def effects_of(db: Db, keys: Sequence[appends.Key]) -> dict[appends.Key, list[appends.Effect]]:
    """Return what earlier deliveries did, by message key."""
    found: dict[appends.Key, list[appends.Effect]] = {}
    if not keys:
        return found
    for connection_id, dedupe, *effect in await db.fetch(STATEMENTS["effects_of"], *_columns(keys, width=2)):
        found.setdefault((connection_id, dedupe), []).append(appends.Effect(*effect))
    return found


async def remember_effects(db: Db, effects: dict[appends.Key, list[appends.Effect]]) -> None:
    """Keep what messages did, for repeated deliveries."""
    rows = [
        (*key, effect.sender_id, effect.index, effect.leaf, effect.confirm)
        for key, group in effects.items()
        for effect in group
    ]
    await db.execute(STATEMENTS["remember_effects"], *_columns(rows, width=6))


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


# --- ledgers -------------------------------------------------------------------------------------------------------


async def lock_head(db: Db, sender_id: int) -> HeadRow | None:
    """Lock one sender's head until the transaction ends."""
    row = await db.fetchrow(STATEMENTS["lock_head"], sender_id)
    return HeadRow(*row) if row else None


async def read_head(db: Db, sender_id: int) -> HeadRow | None:
    """Read one sender's head."""
    row = await db.fetchrow(STATEMENTS["read_head"], sender_id)
    return HeadRow(*row) if row else None


async def advance_heads(db: Db, heads: Iterable[tuple[int, int, bytes]]) -> None:
    """Set (sender, size, peaks) of locked heads."""
    await db.execute(STATEMENTS["advance_heads"], *_columns(heads, width=3))


async def append_entries(db: Db, entries: Iterable[tuple[int, int, bytes]]) -> None:
    """Add (sender, index, entry) under locked heads."""
    await db.execute(STATEMENTS["append_entries"], *_columns(entries, width=3))


async def entries_page(db: Db, sender_id: int, first: int, end: int) -> list[EntryRow]:
    """Return the entries first … end-1."""
    return [EntryRow(*row) for row in await db.fetch(STATEMENTS["entries_page"], sender_id, first, end)]


async def put_openings(db: Db, openings: Iterable[tuple[int, int, int, bytes]]) -> None:
    """Keep (sender, tag, index, salt): what opens the entries' commitments."""
    await db.execute(STATEMENTS["put_openings"], *_columns(openings, width=4))


# --- oppositions ---------------------------------------------------------------------------------------------------


async def standings(db: Db, people: Sequence[appends.Person]) -> dict[appends.Person, appends.State]:
    """Return the present state of (sender, tag) pairs."""
    if not people:
        return {}
    rows = await db.fetch(STATEMENTS["standings"], *_columns(people, width=2))
    return {(sender_id, tag): appends.State(*state) for sender_id, tag, *state in rows}


async def put_opt_outs(db: Db, states: dict[appends.Person, appends.State]) -> None:
    """Write new states."""
    rows = (
        (*person, s.opposed, s.since, s.source, s.changed_at_index, s.confirmed_at, s.history)
        for person, s in states.items()
    )
    await db.execute(STATEMENTS["put_opt_outs"], *_columns(rows, width=8))


async def read_state(db: Db, sender_id: int, size: int, generation: int, delta_max: int) -> list[StateRow]:
    """Return the sender's state with what changed since; empty when there is no such sender."""
    rows = await db.fetch(STATEMENTS["read_state"], sender_id, size, generation, delta_max)
    return [StateRow(*row) for row in rows]


async def copy_opposed(db: Db, sender_id: int, sink: Any) -> None:  # noqa: ANN401 - asyncpg takes any file-like object
    """Stream the tags of everyone opposed, as PostgreSQL's binary COPY, into a coroutine that takes chunks."""
    await db.copy_from_query(STATEMENTS["copy_opposed"], sender_id, output=sink, format="binary")


async def opposed_among(db: Db, sender_id: int, tags: Sequence[int]) -> list[int]:
    """Return those of the tags that are opposed."""
    return [row["tag"] for row in await db.fetch(STATEMENTS["opposed_among"], sender_id, list(tags))]


# --- checks --------------------------------------------------------------------------------------------------------


async def store_cleared(db: Db, sender_id: int, check_id: str, now: datetime, tags: bytes) -> None:
    """Keep whom a check cleared."""
    await db.execute(STATEMENTS["store_cleared"], sender_id, check_id, now, tags)


async def record_check(db: Db, check: appends.CheckRow, entry_index: int) -> None:
    """Keep a check's record."""
    await db.execute(
        STATEMENTS["record_check"],
        check.sender_id,
        check.check_id,
        entry_index,
        check.key_id,
        check.purpose,
        check.campaign,
        check.checked_at,
        check.evaluated_at,
        check.counts,
    )


def _columns(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """Turn rows into one list a column; no rows give empty columns."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]
