"""Take a defence away, and its test finds the lost or stale STOP: otherwise the other tests here would prove nothing.

Each test runs one scenario twice, as the service is and with one defence taken out.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec
import pytest

from app.database.embedded import Server
from app.database.place import dsn
from app.sequencer import Sequencer, Settled, Work
from app.spool import Spool
from tests.faults.proxy import Cable
from tests.faults.test_the_database_goes_away import ask, drained, nothing_to_take_over, until
from tests.world import OWN_CODE, World, found, message, opened_world, settings_in

pytestmark = pytest.mark.anyio
ANNE = "+33639980001"


class AcknowledgesBeforeCommit(Sequencer):
    """Releases its answers and commits afterwards."""

    async def _settle(self, batch: list[tuple[Work, "asyncio.Future[Settled]"]]) -> None:
        for _, future in batch:
            future.set_result(Settled())
        await super()._settle(batch)


class AnswersRepeatsByReading(Sequencer):
    """Finds a repeated message by a SELECT and acknowledges it without writing."""

    async def _transaction(self, works: Sequence[Work]) -> list[Settled]:
        async with self._own._pool.acquire() as db:  # noqa: SLF001 - it reads where it commits
            known = await db.fetch("SELECT connection_id, dedupe FROM mo")
        if {tuple(row) for row in known} >= {work.key for work in works}:
            return [Settled(fresh=False) for _ in works]
        return await super()._transaction(works)


class NeverWaits(Spool):
    """Lets checks pass although messages wait."""

    def require_empty(self) -> None:
        """Say nothing."""


@asynccontextmanager
async def replaced(world: World, sequencer: type[Sequencer]) -> AsyncIterator[World]:
    """The same world with another sequencer on the same connection."""
    former = world.registry
    broken = sequencer(former.sequencer._own._pool, former.root)  # noqa: SLF001 - it must commit as that one does
    broken.start()
    try:
        yield with_registry(world, sequencer=broken)
    finally:
        await broken.stop()
        with_registry(world, sequencer=former.sequencer)


def with_registry(world: World, **parts: object) -> World:
    world.registry = msgspec.structs.replace(world.registry, **parts)
    world.app.state.registry = world.registry
    return world


@pytest.mark.parametrize(("sequencer", "lost"), [(Sequencer, False), (AcknowledgesBeforeCommit, True)])
async def test_an_acknowledgement_before_the_commit_loses_a_stop(
    world: World, line: Cable, sequencer: type[Sequencer], *, lost: bool
):
    async with replaced(world, sequencer):
        line.cut()
        answer = await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
        await until(lambda: idle(world))  # else the line might be whole again before the late commit is tried
        line.restore()
        await until(lambda: answers(world))
        await until(lambda: drained(world))
        opposed = (await ask(world)).json()["withheld"]["opted_out"]

    assert (answer.is_success and opposed == []) is lost


@pytest.mark.parametrize(("spool", "stale"), [(Spool, False), (NeverWaits, True)])
async def test_a_check_that_does_not_wait_for_the_spool_is_stale(
    world: World, line: Cable, spool: type[Spool], *, stale: bool
):
    line.cut()
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    world.registry.spool.take_over = nothing_to_take_over
    world.registry.spool.__class__ = spool
    line.restore()
    await until(lambda: answers(world))
    told = await ask(world)

    assert (told.is_success and told.json()["withheld"]["opted_out"] == []) is stale


async def idle(world: World) -> bool:
    return world.registry.sequencer.is_idle


async def answers(world: World) -> bool:
    return (await world.client.get("/health/ready")).is_success


@pytest.mark.parametrize(("sequencer", "lost"), [(Sequencer, False), (AnswersRepeatsByReading, True)])
async def test_a_repeat_that_does_not_write_acknowledges_what_no_standby_has(
    standbyless: tuple[Server, str], tmp_path: Path, sequencer: type[Sequencer], *, lost: bool
):
    """The commit waits for a standby that is gone; an administrator cancels the wait; the operator sends again."""
    _, url = standbyless
    administrator = await asyncpg.connect(url)
    async with opened_world(url, tmp_path / "registry", commit_seconds_max=1) as world, replaced(world, sequencer):
        world.registry.spool.take_over = nothing_to_take_over
        await configure(administrator, "nobody")
        first = await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
        await administrator.fetch(WAITING.replace("pid", "pg_cancel_backend(pid)", 1))
        await until(lambda: journalled(administrator))
        again = await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE), webhook_id="wh-2")
        await configure(administrator, "")

    await administrator.close()
    assert first.status_code == 503
    assert again.is_success is lost


WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


async def journalled(db: asyncpg.Connection) -> bool:
    return bool(await db.fetchval("SELECT count(*) FROM mo"))


async def configure(db: asyncpg.Connection, standby: str) -> None:
    """Ask for a standby of this name, and wait until all sessions know."""
    await db.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
    await db.execute("SELECT pg_reload_conf()")
    await until(lambda: shown(db, standby))


async def shown(db: asyncpg.Connection, standby: str) -> bool:
    return await db.fetchval("SHOW synchronous_standby_names") == standby


@pytest.fixture
def standbyless(tmp_path: Path):
    """A durable server of its own, whose configuration may be changed."""
    server = Server(tmp_path / "pg", durable=True)
    server.start()
    url = dsn(server.home, server.sockets)
    asyncio.run(found(settings_in(tmp_path / "registry"), url))
    yield server, url
    server.stop()
