"""The runner of migrations: forward only, each once, and nothing that does not fit is touched."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from pathlib import Path

import asyncpg
import pytest

from app.database import Connection, MigrationError, migrate, pending, require_current
from app.database.migrations import LOCK_KEY

pytestmark = pytest.mark.anyio

EmptyDatabase = Callable[[], AbstractContextManager[str]]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write(tmp_path, "0001_begin.sql", "CREATE TABLE a (n integer); INSERT INTO a VALUES (1);")
    write(
        tmp_path, "0002_body.sql", "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN RETURN ';'; END$f$;"
    )
    return tmp_path


@pytest.fixture
async def database(empty_database: EmptyDatabase) -> AsyncIterator[Connection]:
    with empty_database() as url:
        held = await asyncpg.connect(url)
        yield held
        await held.close()


def write(directory: Path, name: str, text: str) -> None:
    (directory / name).write_text(text)


async def table_exists(database: Connection, name: str) -> bool:
    return await database.fetchval("SELECT to_regclass($1)", name) is not None


async def test_files_are_applied_in_order_and_once(database: Connection, directory: Path) -> None:
    assert await migrate(database, directory) == ["0001_begin", "0002_body"]
    assert await migrate(database, directory) == []
    assert await database.fetchval("SELECT count(*) FROM a") == 1
    assert await database.fetchval("SELECT f()") == ";"


async def test_what_is_pending_is_told_without_changing_anything(database: Connection, directory: Path) -> None:
    assert await pending(database, directory) == ["0001_begin", "0002_body"]
    assert not await table_exists(database, "schema_migration")
    await migrate(database, directory)
    assert await pending(database, directory) == []


async def test_an_outdated_database_is_refused_with_the_command_to_run(database: Connection, directory: Path) -> None:
    with pytest.raises(MigrationError, match="stop-registry migrate"):
        await require_current(database, directory)
    await migrate(database, directory)
    await require_current(database, directory)


async def test_two_starts_at_once_apply_each_file_once(empty_database: EmptyDatabase, directory: Path) -> None:
    write(directory, "0003_slow.sql", "SELECT pg_sleep(0.3); CREATE TABLE slow ();")
    with empty_database() as url:
        first, second = await asyncpg.connect(url), await asyncpg.connect(url)
        applied = await asyncio.gather(migrate(first, directory), migrate(second, directory))
        await asyncio.gather(first.close(), second.close())
    assert sorted(map(len, applied)) == [0, 3]


async def test_waiting_for_another_migration_does_not_deadlock_with_an_index_built_concurrently(
    empty_database: EmptyDatabase, directory: Path
) -> None:
    write(directory, "0003_index.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a_n ON a (n);\n")
    with empty_database() as url:
        connections = [await asyncpg.connect(url) for _ in range(4)]
        applied = await asyncio.gather(*(migrate(held, directory) for held in connections))
        await asyncio.gather(*(held.close() for held in connections))
    assert sorted(map(len, applied)) == [0, 0, 0, 3]


async def test_the_lock_is_given_back(empty_database: EmptyDatabase, directory: Path) -> None:
    write(directory, "0003_wrong.sql", "SELECT wrong;")
    with empty_database() as url:
        first, second = await asyncpg.connect(url), await asyncpg.connect(url)
        with pytest.raises(asyncpg.UndefinedColumnError):
            await migrate(first, directory)
        assert await second.fetchval("SELECT pg_try_advisory_lock($1)", LOCK_KEY)
        await asyncio.gather(first.close(), second.close())


async def test_a_file_that_fails_leaves_nothing_of_itself_and_keeps_those_before_it(
    database: Connection, directory: Path
) -> None:
    write(directory, "0003_half.sql", "CREATE TABLE half (); SELECT wrong;")
    with pytest.raises(asyncpg.UndefinedColumnError):
        await migrate(database, directory)
    assert not await table_exists(database, "half")
    assert await pending(database, directory) == ["0003_half"]
    write(directory, "0003_half.sql", "CREATE TABLE half ();")
    assert await migrate(database, directory) == ["0003_half"]


async def test_a_file_changed_after_it_was_applied_is_refused(database: Connection, directory: Path) -> None:
    await migrate(database, directory)
    write(directory, "0001_begin.sql", "CREATE TABLE a (n bigint);")
    for call in (migrate, pending, require_current):
        with pytest.raises(MigrationError, match="0001_begin was changed"):
            await call(database, directory)


async def test_line_ends_of_another_system_are_no_change(database: Connection, directory: Path) -> None:
    write(directory, "0003_lines.sql", "SELECT 1;\nSELECT 2;\n")
    await migrate(database, directory)
    (directory / "0003_lines.sql").write_bytes(b"SELECT 1;\r\nSELECT 2;\r\n")
    assert await migrate(database, directory) == []


async def test_a_database_ahead_of_this_code_is_refused(database: Connection, directory: Path) -> None:
    await migrate(database, directory)
    (directory / "0002_body.sql").unlink()
    for call in (migrate, pending, require_current):
        with pytest.raises(MigrationError, match="ahead of this code"):
            await call(database, directory)


async def test_a_database_with_a_hole_in_its_memory_is_refused(database: Connection, directory: Path) -> None:
    await migrate(database, directory)
    await database.execute("DELETE FROM schema_migration WHERE number = 1")
    with pytest.raises(MigrationError, match="lacks 0001_begin but has 0002_body"):
        await migrate(database, directory)


@pytest.mark.parametrize("name", ["0004_gap.sql", "0002_twice.sql", "0000_early.sql"])
async def test_numbers_that_do_not_count_up_by_one_are_refused(
    database: Connection, directory: Path, name: str
) -> None:
    write(directory, name, "SELECT 1;")
    with pytest.raises(MigrationError, match="expected number"):
        await migrate(database, directory)
    assert not await table_exists(database, "a")


@pytest.mark.parametrize("name", ["3_short.sql", "0003-dash.sql", "0003_Upper.sql"])
async def test_a_name_of_another_form_is_refused(database: Connection, directory: Path, name: str) -> None:
    write(directory, name, "SELECT 1;")
    with pytest.raises(MigrationError, match="0001_what_it_does"):
        await migrate(database, directory)
