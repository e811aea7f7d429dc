"""Pools and transactions: an end that is known, or said to be unknown."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path

import asyncpg
import pytest

from app.database import (
    Connection,
    IndeterminateCommitError,
    Pool,
    close_pool,
    is_retryable,
    is_unavailable,
    open_pool,
    require_durable,
    transaction,
    write_transaction,
)
from app.errors import UnavailableError

pytestmark = pytest.mark.anyio

EmptyDatabase = Callable[[], AbstractContextManager[str]]
Transaction = Callable[[Pool], AbstractAsyncContextManager[Connection]]


@pytest.fixture(scope="module")
def url(empty_database: EmptyDatabase) -> Iterator[str]:
    with empty_database() as url:
        yield url


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    opened = await open_pool(url, min_size=1, max_size=2, application_name="test")
    async with opened.acquire() as held:
        await held.execute("DROP TABLE IF EXISTS t; CREATE TABLE t (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    yield opened
    await close_pool(opened)


async def run(work: AbstractAsyncContextManager[Connection], *statements: str) -> None:
    async with work as held:
        for statement in statements:
            await held.execute(statement)


async def count(pool: Pool) -> object:
    async with transaction(pool) as held:
        return await held.fetchval("SELECT count(*) FROM t")


async def test_a_connection_is_named_and_handed_back_without_a_round_trip(pool: Pool) -> None:
    async with pool.acquire() as held:
        assert await held.fetchval("SHOW application_name") == "test"
        assert await held.fetchval("SHOW timezone") == "UTC"
        assert held.get_reset_query() == ""


async def test_an_open_transaction_is_rolled_back_at_release_all_the_same(pool: Pool) -> None:
    async with pool.acquire() as held:
        await held.execute("BEGIN")
        await held.execute("INSERT INTO t VALUES (1)")
    assert await count(pool) == 0


@pytest.mark.parametrize("kind", [transaction, write_transaction])
async def test_a_transaction_commits_at_its_end(pool: Pool, kind: Transaction) -> None:
    await run(kind(pool), "INSERT INTO t VALUES (1)")
    assert await count(pool) == 1


@pytest.mark.parametrize("kind", [transaction, write_transaction])
async def test_a_transaction_whose_body_fails_leaves_nothing(pool: Pool, kind: Transaction) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await run(kind(pool), "INSERT INTO t VALUES (1)", "SELECT FROM gone")
    assert await count(pool) == 0


async def test_a_commit_that_the_schema_refuses_is_an_ordinary_error(pool: Pool) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        await run(write_transaction(pool), "INSERT INTO t VALUES (1), (1)")
    assert await count(pool) == 0


async def test_a_commit_the_standby_never_confirmed_is_in_doubt(pool: Pool) -> None:
    """The server sends this notice, and SUCCESS, when the wait for the standby is cancelled."""
    with pytest.raises(IndeterminateCommitError):
        await run(write_transaction(pool), NOTICE_AT_COMMIT, "INSERT INTO t VALUES (1)")


async def test_an_unrelated_notice_is_no_doubt(pool: Pool) -> None:
    await run(write_transaction(pool), NOTICE_AT_COMMIT.replace("01000", "01001"), "INSERT INTO t VALUES (1)")
    assert await count(pool) == 1


async def test_a_connection_lost_during_the_commit_is_in_doubt(pool: Pool) -> None:
    with pytest.raises(IndeterminateCommitError):
        await run(write_transaction(pool), DEATH_AT_COMMIT, "INSERT INTO t VALUES (1)")
    assert await count(pool) == 0


async def test_a_connection_lost_before_the_commit_is_unavailable_but_not_in_doubt(pool: Pool) -> None:
    with pytest.raises(asyncpg.PostgresError) as told:
        await run(write_transaction(pool), "SELECT pg_terminate_backend(pg_backend_pid())")
    assert is_unavailable(told.value)
    assert not isinstance(told.value, IndeterminateCommitError)
    assert await count(pool) == 0


async def test_a_cancelled_task_still_sees_its_commit_through(pool: Pool) -> None:
    committing = asyncio.Event()

    async def work() -> None:
        async with write_transaction(pool) as held:
            await held.execute(SLEEP_AT_COMMIT)
            await held.execute("INSERT INTO t VALUES (1)")
            committing.set()

    task = asyncio.create_task(work())
    await committing.wait()
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await count(pool) == 1


async def test_a_task_cancelled_before_its_commit_leaves_nothing(pool: Pool) -> None:
    async def work() -> None:
        async with write_transaction(pool) as held:
            await held.execute("INSERT INTO t VALUES (1)")
            await held.execute("SELECT pg_sleep(10)")

    task = asyncio.create_task(work())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await count(pool) == 0


async def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="DATABASE_URL"):
        await open_pool(f"postgresql://u:p@/d?host={tmp_path}", min_size=1, max_size=1, application_name="test")


async def test_a_server_that_could_forget_is_refused_unless_for_tests(pool: Pool) -> None:
    async with pool.acquire() as held:
        with pytest.raises(UnavailableError, match="fsync=off, full_page_writes=off, synchronous_commit=off"):
            await require_durable(held)
        await require_durable(held, testing=True)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (asyncpg.DeadlockDetectedError(), "retry"),
        (asyncpg.SerializationError(), "retry"),
        (asyncpg.ConnectionDoesNotExistError(), "unavailable"),
        (asyncpg.TooManyConnectionsError(), "unavailable"),
        (asyncpg.DiskFullError(), "unavailable"),
        (asyncpg.AdminShutdownError(), "unavailable"),
        (asyncpg.CannotConnectNowError(), "unavailable"),
        (asyncpg.ReadOnlySQLTransactionError(), "unavailable"),
        (asyncpg.InterfaceError("the connection is closed"), "unavailable"),
        (ConnectionRefusedError(), "unavailable"),
        (TimeoutError(), "unavailable"),
        (IndeterminateCommitError(), "unavailable"),
        (asyncpg.UniqueViolationError(), "neither"),
        (asyncpg.CharacterNotInRepertoireError(), "neither"),
        (ValueError(), "neither"),
    ],
)
async def test_an_error_is_worth_a_retry_or_says_the_database_is_away_or_neither(
    error: Exception, verdict: str
) -> None:
    assert is_retryable(error) == (verdict == "retry")
    assert is_unavailable(error) == (verdict == "unavailable")


async def test_a_value_of_the_wrong_type_is_our_mistake_and_not_the_databases(pool: Pool) -> None:
    async with pool.acquire() as held:
        with pytest.raises(asyncpg.DataError) as told:
            await held.fetchval("SELECT $1::bigint", "text")
    assert not is_unavailable(told.value)


def at_commit(statement: str) -> str:
    """SQL that makes the next commit after a write to t run this statement."""
    return (
        "CREATE OR REPLACE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS "
        f"$f$BEGIN {statement}; RETURN NULL; END$f$;"
        "CREATE CONSTRAINT TRIGGER notice AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
        "EXECUTE FUNCTION act()"
    )


NOTICE_AT_COMMIT = at_commit("RAISE WARNING USING MESSAGE = 'canceling wait', ERRCODE = '01000'")
DEATH_AT_COMMIT = at_commit("PERFORM pg_terminate_backend(pg_backend_pid())")
SLEEP_AT_COMMIT = at_commit("PERFORM pg_sleep(0.5)")
