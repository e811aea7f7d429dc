"""This installation, its senders, codes and operator connections."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from app import ledger
from app.database import STATEMENTS
from app.queries import journal
from app.queries.rows import Db


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
    enforced_since: datetime | None


class CodeRow(msgspec.Struct, frozen=True):
    """A code and one of its senders, None where nobody uses it yet; words are JSON text, keyword to intent."""

    code: str
    tariff: str
    sender_id: int | None
    keywords: list[str]
    words: str
    sender_words: str
    words_version: int
    territories: list[str] = []


class ConnectionRow(msgspec.Struct, frozen=True):
    """An operator connection; secrets are sealed, config and accounts JSON text, the last four are declared later."""

    connection_id: int
    slug: str
    provider: str
    secrets: bytes
    config: str
    codes: list[str]
    accounts: str
    replies: str
    may_lift: bool
    route_class: Literal["direct", "partner", "unknown"] = "unknown"
    data_countries: list[str] = []
    contract: str = ""
    stop_returns: bool = False


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


async def set_profile(db: Db, sender_id: int, profile: str) -> None:
    """Replace a sender's profile."""
    await db.execute(STATEMENTS["set_profile"], sender_id, profile)


async def add_code(db: Db, code: str, tariff: str, now: datetime) -> None:
    """Add a code, or set its tariff anew."""
    await db.execute(STATEMENTS["add_code"], code, tariff, now)


async def set_code_territories(db: Db, code: str, territories: Sequence[str]) -> None:
    """Say where a code can be answered; none: nothing is known."""
    await db.execute(STATEMENTS["set_code_territories"], code, list(territories))


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


async def declare_connection(
    db: Db, connection_id: int, route_class: str, countries: Sequence[str], contract: str, *, stop_returns: bool
) -> None:
    """Say what a connection is as a route."""
    await db.execute(
        STATEMENTS["declare_connection"], connection_id, route_class, list(countries), contract, stop_returns
    )


async def set_connection_secrets(db: Db, connection_id: int, secrets: bytes) -> None:
    """Replace a connection's sealed secrets."""
    await db.execute(STATEMENTS["set_connection_secrets"], connection_id, secrets)


async def journal_admin(
    db: Db, now: datetime, actor: str, action: str, subject: str, detail: str, sender_ids: Sequence[int] = ()
) -> None:
    """Write down who administered what, and whose data it concerned; last in a transaction, for others wait for it."""
    await journal.append(db, ledger.JournalLine(now, actor, action, subject, detail, sender_ids))
