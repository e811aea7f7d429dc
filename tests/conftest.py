"""One throw-away PostgreSQL for a whole test session, however many workers it has; databases cloned from a template.

The server starts when the first test asks for a database. Sessions that run side by side have a server each.
"""

import asyncio
import contextlib
import fcntl
import itertools
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import pytest

from app.database import Connection, embedded_postgres, migrate

HOME_VARIABLE = "STOP_REGISTRY_TEST_HOME"
TEMPLATE = "template"

_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Make the session's directory where the session begins; workers inherit its name."""
    # What a property test finds must not hang on how busy the machine is.
    hypothesis.settings.register_profile("patient", deadline=None)
    hypothesis.settings.load_profile("patient")
    if not hasattr(config, "workerinput"):
        os.environ[HOME_VARIABLE] = tempfile.mkdtemp(prefix="stop-registry-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the session's directory once its server, which the last worker leaves behind for a moment, is gone."""
    if hasattr(config, "workerinput"):
        return
    home = Path(os.environ.pop(HOME_VARIABLE))
    wait_until_stopped(home)
    shutil.rmtree(home)


def wait_until_stopped(data_dir: Path) -> None:
    """Return when no keeper and no PostgreSQL is left in this data directory."""
    for name in ("keeper.lock", "server.lock"):
        with contextlib.suppress(FileNotFoundError), (data_dir / "postgres" / name).open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The maintenance database of the session's server; it survives a power cut no better than a cache."""
    with embedded_postgres(Path(os.environ[HOME_VARIABLE]), durable=False) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def empty_database(server_url: str) -> Callable[[], contextlib.AbstractContextManager[str]]:
    """Make databases with nothing in them, not even the schema: `with empty_database() as url`."""
    return lambda: copies_of(server_url, "template1")


@pytest.fixture(scope="session")
def migrated_database(server_url: str) -> Callable[[], contextlib.AbstractContextManager[str]]:
    """Make databases at the present schema: `with migrated_database() as url`."""
    _migrate_template_once(server_url)
    return lambda: copies_of(server_url, TEMPLATE)


@pytest.fixture
def database_url(migrated_database: Callable[[], contextlib.AbstractContextManager[str]]) -> Iterator[str]:
    """A database of this test's own, at the present schema, for an application that commits."""
    with migrated_database() as url:
        yield url


@pytest.fixture(scope="session")
def worker_database_url(migrated_database: Callable[[], contextlib.AbstractContextManager[str]]) -> Iterator[str]:
    """The database in which this worker's tests roll back what they do."""
    with migrated_database() as url:
        yield url


@pytest.fixture
async def connection(worker_database_url: str) -> AsyncIterator[Connection]:
    """A connection inside a transaction that is rolled back."""
    held = await asyncpg.connect(worker_database_url)
    undone = held.transaction()
    await undone.start()
    try:
        yield held
    finally:
        await undone.rollback()
        await held.close()


def run_sql(url: str, *statements: str) -> None:
    """Run statements, each on its own, outside any transaction."""

    async def work(held: Connection) -> None:
        for statement in statements:
            await held.execute(statement)

    with_connection(url, work)


def with_connection(url: str, work: Callable[[Connection], Awaitable[Any]]) -> Any:
    """Call `work` with a connection and an event loop of its own, wherever the test itself runs."""

    async def session() -> Any:
        held = await asyncpg.connect(url)
        try:
            return await work(held)
        finally:
            await held.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, session()).result()


@contextlib.contextmanager
def copies_of(server_url: str, template: str) -> Iterator[str]:
    """A database made of a template, until the context ends."""
    name = f"t_{os.getpid()}_{next(_numbers)}_{secrets.token_hex(2)}"
    run_sql(server_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield url_of(server_url, name)
    finally:
        run_sql(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def copy_of(server_url: str, name: str) -> Iterator[None]:
    """A database of this name at the present schema, which stays where the body succeeds."""
    run_sql(server_url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    try:
        yield
    except BaseException:
        run_sql(server_url, f"DROP DATABASE {name} WITH (FORCE)")
        raise


def url_of(server_url: str, database: str) -> str:
    """The same server, another database."""
    head, tail = server_url.split("?", 1)
    return f"{head.rsplit('/', 1)[0]}/{database}?{tail}"


def _migrate_template_once(server_url: str) -> None:
    """Workers come at the same time; the first makes the template, the others wait for it."""
    with (Path(os.environ[HOME_VARIABLE]) / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _exists(server_url):
            return
        run_sql(server_url, f"DROP DATABASE IF EXISTS {TEMPLATE}_draft", f"CREATE DATABASE {TEMPLATE}_draft")
        with_connection(url_of(server_url, f"{TEMPLATE}_draft"), migrate)
        run_sql(server_url, f"ALTER DATABASE {TEMPLATE}_draft RENAME TO {TEMPLATE}")


def _exists(server_url: str) -> bool:
    async def look(held: Connection) -> object:
        return await held.fetchval("SELECT true FROM pg_database WHERE datname = $1", TEMPLATE)

    return with_connection(server_url, look) is not None
