"""Brings a database to this code's schema: sql/migrations/NNNN_name.sql, forward only, each applied once.

The table schema_migration remembers number, name and SHA-256 of each file. A file runs in one transaction of its
own, unless its first line is `-- no-transaction`: such a file holds one statement that can be repeated safely
(CREATE INDEX CONCURRENTLY IF NOT EXISTS …), because a crash may come between it and its record.
"""

import asyncio
import contextlib
import hashlib
import re
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

from app.database.pool import Connection
from app.database.statements import SQL
from app.errors import UnavailableError

MIGRATIONS = SQL / "migrations"

LOCK_KEY = 0x5354_4F50  # "STOP": the advisory lock that one migration holds
LOCK_POLL_SECONDS = 0.1
LOCK_PATIENCE_SECONDS = 600.0

_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_NO_TRANSACTION = "-- no-transaction"
_CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
  number integer CONSTRAINT schema_migration_pkey PRIMARY KEY,
  name text NOT NULL,
  sha256 bytea NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)"""


class MigrationError(UnavailableError):
    """The database's schema and this code do not fit; the message says what to do."""


class Migration(NamedTuple):
    """One file; `sha256` is that of its text with Unix line ends, so a checkout elsewhere gives the same."""

    number: int
    name: str
    text: str
    sha256: bytes

    @property
    def in_transaction(self) -> bool:
        """Tell whether the file runs in a transaction of its own."""
        return not self.text.startswith(_NO_TRANSACTION)


def read_migrations(directory: Path = MIGRATIONS) -> list[Migration]:
    """Return the files in order; raises MigrationError unless they are numbered 0001, 0002 … without gaps."""
    migrations = [_read(path) for path in sorted(directory.glob("*.sql"))]
    for expected, migration in enumerate(migrations, start=1):
        if migration.number != expected:
            raise MigrationError(f"{directory}: expected number {expected:04}, found {migration.name}.")
    return migrations


async def migrate(connection: Connection, directory: Path = MIGRATIONS) -> list[str]:
    """Apply what is missing and return the names, in order; a second caller waits and returns [].

    Give it a connection of its own: it takes a session-level advisory lock and sets lock_timeout.
    """
    migrations = read_migrations(directory)
    async with _alone(connection):
        await connection.execute(_CREATE_TABLE)
        missing = _missing(migrations, await _applied(connection))
        for migration in missing:
            await _apply(connection, migration)
    return [migration.name for migration in missing]


async def pending(connection: Connection, directory: Path = MIGRATIONS) -> list[str]:
    """Return the names of what `migrate` would apply, changing nothing; raises MigrationError as it would."""
    return [migration.name for migration in _missing(read_migrations(directory), await _applied(connection))]


async def require_current(connection: Connection, directory: Path = MIGRATIONS) -> None:
    """Refuse a database that is not at this code's schema."""
    missing = await pending(connection, directory)
    if missing:
        raise MigrationError(
            f"The database lacks {len(missing)} migration(s), the first is {missing[0]}. Run `stop-registry migrate`."
        )


def _read(path: Path) -> Migration:
    told = _FILE.fullmatch(path.name)
    if told is None:
        raise MigrationError(f"{path}: a migration is named like 0001_what_it_does.sql.")
    text = path.read_text(encoding="utf-8")  # line ends become \n
    return Migration(int(told.group(1)), path.stem, text, hashlib.sha256(text.encode()).digest())


async def _applied(connection: Connection) -> list[tuple[int, str, bytes]]:
    if await connection.fetchval("SELECT to_regclass('schema_migration')") is None:
        return []
    rows = await connection.fetch("SELECT number, name, sha256 FROM schema_migration ORDER BY number")
    return [(row["number"], row["name"], row["sha256"]) for row in rows]


def _missing(migrations: Sequence[Migration], applied: Sequence[tuple[int, str, bytes]]) -> list[Migration]:
    """Compare what the database remembers with the files; whatever does not fit is refused."""
    if len(applied) > len(migrations):
        raise MigrationError(
            f"The database is ahead of this code (it knows {applied[-1][1]}). Deploy the newer version again."
        )
    for migration, (number, name, sha256) in zip(migrations, applied, strict=False):
        if number != migration.number:
            raise MigrationError(f"The database lacks {migration.name} but has {name}. Restore schema_migration.")
        if sha256 != migration.sha256:
            raise MigrationError(
                f"{migration.name} was changed after it had been applied. Restore the file and write a new migration."
            )
    return list(migrations[len(applied) :])


async def _apply(connection: Connection, migration: Migration) -> None:
    if not migration.in_transaction:
        await connection.execute(migration.text)
        await _record(connection, migration)
        return
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '30s'")
        await connection.execute(migration.text)
        await _record(connection, migration)


async def _record(connection: Connection, migration: Migration) -> None:
    await connection.execute(
        "INSERT INTO schema_migration (number, name, sha256) VALUES ($1, $2, $3)",
        migration.number,
        migration.name,
        migration.sha256,
    )


@contextlib.asynccontextmanager
async def _alone(connection: Connection) -> AsyncIterator[None]:
    """Hold the migrations' lock, asking for it again and again.

    A blocking pg_advisory_lock() would hold a snapshot while it waits; CREATE INDEX CONCURRENTLY in the other
    process waits for that snapshot, and PostgreSQL ends one of the two as a deadlock.
    """
    give_up = time.monotonic() + LOCK_PATIENCE_SECONDS
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK_KEY):
        if time.monotonic() > give_up:
            raise MigrationError("Another migration has been running for ten minutes. Look at it, then try again.")
        await asyncio.sleep(LOCK_POLL_SECONDS)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", LOCK_KEY)
