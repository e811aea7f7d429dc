"""What cannot be committed is answered 503, kept on disk, and applied before anybody is cleared (D2)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app import clock, recovery
from app.alarms import Kind
from app.keys import Root
from app.queries import alarms
from app.server import create_app
from app.spool import Spool
from tests.faults.proxy import Cable
from tests.world import OWN_CODE, SALON, World, message, opened_world, settings_in

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"
PATIENCE_SECONDS = 20
OTHER_SECRET = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="


async def until(settled, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for a condition, at most this long."""
    deadline = time.monotonic() + seconds
    while not await settled():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        await asyncio.sleep(0.02)


async def drained(world: World) -> bool:
    return world.registry.spool.is_empty()


async def ledger_size(world: World) -> int:
    answer = await world.client.get(f"/v1/ledgers/{SALON}/checkpoint", headers=world.bearer("auditor"))
    return int(answer.text.splitlines()[1])


async def ask(world: World) -> httpx.Response:
    return await world.client.post("/v1/checks", json={"numbers": [ANNE]}, headers=world.bearer("salon"))


@pytest.mark.parametrize("fault", ["cut", "freeze"])
async def test_a_stop_that_meets_no_database_is_refused_kept_and_in_force_once_it_is_back(
    world: World, line: Cable, fault: str
):
    getattr(line, fault)()
    refused = await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert not world.registry.spool.is_empty()
    assert (await ask(world)).status_code == 503

    line.restore()
    await until(lambda: drained(world))

    assert await world.opposed("salon", ANNE, BRUNO) == [ANNE]


async def test_the_operators_own_retry_and_the_spooled_copy_are_one_event(world: World, line: Cable):
    before = await ledger_size(world)
    line.cut()
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    line.restore()
    again = await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE), webhook_id="wh-2")
    await until(lambda: drained(world))

    assert again.is_success
    assert await ledger_size(world) == before + 1


async def test_a_commit_in_doubt_is_refused_kept_and_counted_once(world: World, line: Cable):
    before = await ledger_size(world)
    line.swallow_answer_to_next_commit()
    refused = await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    await until(lambda: drained(world))

    assert refused.status_code == 503
    assert await world.opposed("salon", ANNE) == [ANNE]
    assert await ledger_size(world) == before + 2  # the STOP, and the check just made


async def test_a_backend_that_is_terminated_by_an_administrator_costs_nothing(world: World):
    async with world.registry.pool.acquire() as db:
        killed = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ 'sequencer'"
        await db.execute(killed + " AND datname = current_database()")
    answers = [await world.mo(message(f"mo-{n}", ANNE, "STOP", OWN_CODE)) for n in range(3)]
    await until(lambda: drained(world))

    assert answers[-1].is_success
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_nobody_is_cleared_while_something_waits_in_the_spool(world: World, line: Cable):
    line.cut()
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    world.registry.spool.take_over = nothing_to_take_over  # the database is back, and the drain has not begun
    line.restore()
    await until(lambda: recovery.database_answers(world.registry))

    refused = await ask(world)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (503, "registry-unavailable")

    del world.registry.spool.take_over
    await until(lambda: drained(world))
    assert (await ask(world)).json()["withheld"]["opted_out"] == [ANNE]


async def nothing_to_take_over() -> list[object]:
    return []


async def test_what_is_not_authentic_is_not_spooled_and_not_turned_away_for_good(world: World, line: Cable):
    line.cut()
    answer = await world.mo(message("mo-1", ANNE, "STOP"), secret=OTHER_SECRET)

    assert answer.status_code == 503  # it could not be kept in quarantine, so it must come again
    assert world.registry.spool.is_empty()


async def test_a_connection_that_is_not_known_is_no_404_while_nobody_can_look(world: World, line: Cable):
    line.cut()
    assert (await world.client.post("/v1/mo/nobody", content=b"x")).status_code == 503
    assert world.registry.spool.is_empty()


async def test_gibberish_that_is_well_signed_waits_too_and_ends_in_quarantine(world: World, line: Cable):
    line.cut()
    answer = await world.mo(message("mo-1", "anonymous", "STOP"))
    line.restore()
    await until(lambda: drained(world))

    assert answer.status_code == 503
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT reason FROM quarantine") == "unreadable-number"


async def test_what_comes_out_of_the_spool_is_not_stopped_by_a_full_quarantine(line: Cable, tmp_path):
    async with opened_world(line.url, tmp_path, commit_seconds_max=2, quarantine_requests_max=0) as world:
        assert (await world.mo(message("mo-0", "anonymous", "STOP"))).status_code == 503
        assert world.registry.spool.is_empty()  # the database is there, and said no
        line.cut()
        await world.mo(message("mo-1", "anonymous", "STOP"), message("mo-2", ANNE, "STOP"))
        line.restore()
        await until(lambda: drained(world))

        assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_full_spool_keeps_what_it_has_and_refuses_the_rest(line: Cable, tmp_path):
    async with opened_world(line.url, tmp_path, commit_seconds_max=2, spool_bytes_max=2_000) as world:
        line.cut()
        numbers = [f"+3363998{1000 + n}" for n in range(12)]
        for n, number in enumerate(numbers):
            answer = await world.mo(message(f"mo-{n}", number, "STOP", OWN_CODE))
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert sum(path.stat().st_size for path in (tmp_path / "spool").iterdir()) <= 2_000
        line.restore()
        await until(lambda: drained(world))

        kept = await world.opposed("salon", *numbers)
        assert 0 < len(kept) < len(numbers)
        assert kept == numbers[: len(kept)]
        assert Kind.SPOOL_FULL in await alarms_of(world)


async def test_an_outage_opens_and_closes_its_alarms_once(world: World, line: Cable):
    line.cut()
    for n in range(3):
        await world.mo(message(f"mo-{n}", ANNE, "STOP", OWN_CODE))
    await until(lambda: noticed(world))
    line.restore()
    await until(lambda: closed(world))

    assert sorted(await alarms_of(world)) == [Kind.DATABASE_AWAY, Kind.SPOOL_NOT_EMPTY]


async def noticed(world: World) -> bool:
    return world.registry.alarms.is_open(Kind.DATABASE_AWAY, clock.node())


async def closed(world: World) -> bool:
    if not await recovery.database_answers(world.registry):
        return False
    async with world.registry.pool.acquire() as db:
        listed = await alarms.list_alarms(db, closed_too=True, limit=100)
    rows = [row for row in listed if row.kind != Kind.RIGHTS_GRANTED]
    return len(rows) >= 2 and all(row.closed_at for row in rows)


async def alarms_of(world: World) -> list[str]:
    await world.registry.alarms.flush()
    async with world.registry.pool.acquire() as db:
        rows = await alarms.list_alarms(db, closed_too=True, limit=100)
    return [row.kind for row in rows if row.kind != Kind.RIGHTS_GRANTED]  # to the auditor of this world


async def test_a_node_that_starts_drains_what_a_dead_one_left(line: Cable, tmp_path: Path):
    async with opened_world(line.url, tmp_path, commit_seconds_max=1) as world:
        line.cut()
        await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
        keys = world.keys
    assert len(list((tmp_path / "spool").iterdir())) == 1
    line.restore()
    async with opened_again(line.url, tmp_path) as world:
        world.keys = keys
        await until(lambda: drained(world))
        assert await world.opposed("salon", ANNE) == [ANNE]


@asynccontextmanager
async def opened_again(url: str, folder: Path) -> AsyncIterator[World]:
    """Serve a registry that was populated before."""
    app = create_app(settings_in(folder), url)
    async with app.lifespan():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
            yield World(app.state.registry, {}, client)


async def test_the_spool_shows_neither_number_nor_text_nor_secret(world: World, line: Cable, tmp_path: Path):
    line.cut()
    await world.mo(message("mo-1", ANNE, "STOP merci de me laisser", OWN_CODE))

    content = b"".join(path.read_bytes() for path in (tmp_path / "spool").iterdir())
    assert content
    assert not [word for word in (b"639980001", b"laisser", b"agregateur", b"webhook") if word in content]


async def test_another_root_key_opens_nothing_and_deletes_nothing(world: World, line: Cable, tmp_path: Path):
    line.cut()
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    await world.registry.spool.close()
    stranger = Spool(tmp_path / "spool", Root(b"x" * 32), 1_000_000)
    [segment] = await stranger.take_over()
    records, intact = stranger.read(segment)
    stranger.finish(segment, intact=intact)

    assert (records, intact) == ([], False)
    assert [path.suffix for path in (tmp_path / "spool").iterdir()] == [".damaged"]
