"""Connections that are kept for statements which each commit by themselves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager

import asyncpg
import pytest

from app.database import IndeterminateCommitError, OwnConnection, Pool, Writers, close_pool, open_pool
from tests.integration.test_pool import DEATH_AT_COMMIT, NOTICE_AT_COMMIT, SLEEP_AT_COMMIT

pytestmark = pytest.mark.anyio
INSERT = "INSERT INTO t VALUES ($1) RETURNING n"


@pytest.fixture(scope="module")
def url(empty_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    with empty_database() as url:
        yield url


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    opened = await open_pool(url, min_size=1, max_size=3, application_name="test")
    await opened.execute("DROP TABLE IF EXISTS t; CREATE TABLE t (n integer UNIQUE)")
    yield opened
    await close_pool(opened)


@pytest.fixture
async def own(pool: Pool) -> AsyncIterator[OwnConnection]:
    kept = OwnConnection(pool)
    yield kept
    await kept.close()


async def there(pool: Pool) -> list[int]:
    return [row["n"] for row in await pool.fetch("SELECT n FROM t ORDER BY n")]


async def test_one_statement_after_the_other_commits_on_one_connection(pool: Pool, own: OwnConnection):
    assert [row["n"] for row in await own.write(INSERT, 1)] == [1]
    first = (await own.write("SELECT pg_backend_pid() AS pid"))[0]["pid"]
    await own.write(INSERT, 2)

    assert (await own.write("SELECT pg_backend_pid() AS pid"))[0]["pid"] == first
    assert await there(pool) == [1, 2]


async def test_a_commit_that_no_standby_confirmed_is_in_doubt_and_the_next_is_not(pool: Pool, own: OwnConnection):
    await own.write(INSERT, 1)
    await pool.execute(NOTICE_AT_COMMIT)
    with pytest.raises(IndeterminateCommitError):
        await own.write(INSERT, 2)
    await pool.execute("DROP TRIGGER notice ON t")

    assert [row["n"] for row in await own.write(INSERT, 3)] == [3]


async def test_an_unrelated_notice_is_no_doubt(pool: Pool, own: OwnConnection):
    await pool.execute(NOTICE_AT_COMMIT.replace("01000", "01001"))

    assert [row["n"] for row in await own.write(INSERT, 1)] == [1]


async def test_a_connection_that_dies_in_a_commit_leaves_it_in_doubt_and_another_takes_over(
    pool: Pool, own: OwnConnection
):
    await own.write(INSERT, 1)
    await pool.execute(DEATH_AT_COMMIT)
    with pytest.raises(IndeterminateCommitError):
        await own.write(INSERT, 2)
    await pool.execute("DROP TRIGGER notice ON t")
    await own.write(INSERT, 3)

    assert await there(pool) == [1, 3]


async def test_a_statement_that_the_schema_refuses_is_an_ordinary_error(own: OwnConnection):
    await own.write(INSERT, 1)
    with pytest.raises(asyncpg.UniqueViolationError):
        await own.write(INSERT, 1)

    assert [row["n"] for row in await own.write(INSERT, 2)] == [2]


async def fail_after_inserting(own: OwnConnection, n: int) -> None:
    async with own.transaction() as db:
        await db.execute("INSERT INTO t VALUES ($1)", n)
        await db.execute("SELECT FROM gone")


async def test_a_transaction_commits_at_its_end_and_one_that_fails_leaves_nothing(pool: Pool, own: OwnConnection):
    async with own.transaction() as db:
        await db.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(asyncpg.UndefinedTableError):
        await fail_after_inserting(own, 2)

    assert await there(pool) == [1]
    assert [row["n"] for row in await own.write(INSERT, 3)] == [3]


@pytest.mark.parametrize("at_commit", [NOTICE_AT_COMMIT, DEATH_AT_COMMIT])
async def test_a_transaction_whose_end_nobody_knows_is_in_doubt(pool: Pool, own: OwnConnection, at_commit: str):
    await pool.execute(at_commit)
    with pytest.raises(IndeterminateCommitError):
        async with own.transaction() as db:
            await db.execute("INSERT INTO t VALUES (1)")
    await pool.execute("DROP TRIGGER notice ON t")

    assert [row["n"] for row in await own.write(INSERT, 2)] == [2]


async def test_a_connection_lost_before_its_commit_is_replaced(own: OwnConnection):
    with pytest.raises(asyncpg.PostgresError):
        async with own.transaction() as db:
            await db.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    assert [row["n"] for row in await own.write(INSERT, 1)] == [1]


async def test_several_writers_work_side_by_side_and_others_wait(pool: Pool):
    writers = Writers(pool, 2)
    await pool.execute(SLEEP_AT_COMMIT)
    begun = asyncio.get_running_loop().time()
    await asyncio.gather(*(writers.write(INSERT, n) for n in range(4)))
    seconds = asyncio.get_running_loop().time() - begun
    await writers.close()

    assert await there(pool) == [0, 1, 2, 3]
    assert 0.9 < seconds < 1.9  # two by two, half a second each


async def test_a_writer_that_nobody_waits_for_any_more_sees_its_commit_through(pool: Pool):
    writers = Writers(pool, 1)
    await pool.execute(SLEEP_AT_COMMIT)
    task = asyncio.create_task(writers.write(INSERT, 1))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await writers.close()

    assert await there(pool) == [1]
