"""A connection that floods may lift nothing more, until an administrator gives the right back."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from app import breakers, review
from app.alarms import Kind
from app.breakers import flood, watch
from app.breakers.storm import Breaker
from app.errors import ConflictError, InvalidValueError
from app.tally import Taken
from tests.e2e.served import environment_of
from tests.world import OWN_CODE, World, message

pytestmark = pytest.mark.anyio
ANNE = "+33639980001"
CONNECTION = "agregateur"
NOBODY = frozenset[int]()


async def told(world: World, text: str, count: int, first: int = 100) -> None:
    """So many messages of as many people, in one request."""
    batch = [message(f"{text}-{n}", f"+3363998{n:04}", text, OWN_CODE) for n in range(first, first + count)]
    assert (await world.mo(*batch)).is_success


async def may_lift(world: World) -> bool:
    return (await world.registry.directory.current(max_age_seconds=0)).links[CONNECTION].may_lift


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await happened():  # noqa: ASYNC110 - what is waited for happens in the database
            await asyncio.sleep(0.02)


async def judged(world: World, stops: int, starts: int) -> bool:
    """Judge once so much is counted, whoever counted it; tell whether the connection may lift."""
    link = await world.registry.directory.link(CONNECTION)

    async def counted() -> bool:
        await watch.look(world.registry, Breaker(world.registry))
        async with world.registry.pool.acquire() as db:
            row = await db.fetchrow(
                "SELECT sum(stops), sum(starts) FROM connection_rate WHERE connection_id = $1", link.connection_id
            )
        return tuple(row) == (stops, starts)

    await until(counted)
    await flood.judge(world.registry, Taken(NOBODY, {(link.connection_id, datetime.now(UTC), "STOP"): 1}))
    return await may_lift(world)


async def test_a_flood_of_starts_suspends_lifting_until_it_is_given_back(world: World):
    answer = await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at="2026-11-20T09:00:00Z"))
    assert answer.is_success
    await told(world, "START", 201)
    assert not await judged(world, 1, 201)
    start = message("mo-2", ANNE, "START", OWN_CODE, received_at="2026-11-20T10:00:00Z")
    await world.mo(start)
    assert await world.opposed("salon", ANNE) == [ANNE]
    assert [item.reasons for item in await review.items(world.registry)] == [("may-not-lift",)]

    await breakers.restore(world.registry, "cli:anne", CONNECTION, "A contest; its word is another now")
    assert await judged(world, 1, 202)
    await world.mo({**start, "id": "mo-3", "received_at": "2026-11-20T11:00:00Z"})
    assert await world.opposed("salon", ANNE) == []


async def test_it_is_alarmed_and_journalled(world: World):
    await told(world, "START", 201)
    await judged(world, 0, 201)
    assert world.registry.alarms.is_open(Kind.LIFTING_SUSPENDED, CONNECTION)
    await breakers.restore(world.registry, "cli:anne", CONNECTION, "A contest")
    assert not world.registry.alarms.is_open(Kind.LIFTING_SUSPENDED, CONNECTION)

    async with world.registry.pool.acquire() as db:
        acts = await db.fetch(
            "SELECT action, actor, detail FROM admin_journal WHERE action LIKE '%lifting' ORDER BY at"
        )
    assert [(act["action"], act["actor"]) for act in acts] == [
        ("operator.suspend-lifting", "registry:flood"),
        ("operator.restore-lifting", "cli:anne"),
    ]
    assert "201 messages saying START within ten minutes, where 20 are many" in acts[0]["detail"]


async def test_many_and_not_far_beyond_suspends_nothing(world: World):
    await told(world, "START", 200)

    assert await judged(world, 0, 200)


async def test_stops_have_a_bound_of_their_own(world: World):
    await told(world, "STOP", 201)
    assert await judged(world, 201, 0)
    await counted_lately(world, stops=2_000)

    assert not await judged(world, 2_201, 0)


async def test_a_connection_that_is_always_busy_is_compared_with_itself(world: World):
    await counted_lately(world, stops=5_000)
    await counted_lately(world, stops=600, ago=timedelta(days=3))

    assert await judged(world, 5_600, 0)
    await counted_lately(world, stops=1_001)
    assert not await judged(world, 6_601, 0)


async def test_what_is_usual_can_be_said(world: World):
    async with world.registry.pool.acquire() as db:
        config = msgspec.json.encode({"usual_stops": 1_000}).decode()
        await db.execute("UPDATE connection SET config = $1 WHERE slug = $2", config, CONNECTION)
    await world.registry.directory.current(max_age_seconds=0)
    await counted_lately(world, stops=10_000)
    assert await judged(world, 10_000, 0)
    await counted_lately(world, stops=1)
    assert not await judged(world, 10_001, 0)


async def test_a_repeated_delivery_is_no_flood(world: World):
    for _ in range(5):
        await told(world, "START", 50)

    assert await judged(world, 0, 50)


async def test_nobody_needs_to_look(world: World):
    await told(world, "START", 201)

    async def suspended() -> bool:
        return not await may_lift(world)

    await until(suspended)


async def test_the_command_gives_it_back_and_a_running_server_follows(world: World, database_url: str):
    await told(world, "START", 201)
    assert not await judged(world, 0, 201)
    environment = environment_of(world.registry.settings, database_url)
    line = [sys.executable, "-m", "app", "operator", "restore-lifting", CONNECTION, "--reason", "A contest"]
    done = await asyncio.to_thread(subprocess.run, line, env=environment, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, f"lifting through {CONNECTION}: restored\n"), done.stderr
    assert await may_lift(world)


async def test_giving_back_needs_a_reason_and_something_to_give(world: World):
    with pytest.raises(ConflictError):
        await breakers.restore(world.registry, "cli:anne", CONNECTION, "Nothing happened")
    await told(world, "START", 201)
    await judged(world, 0, 201)
    with pytest.raises(InvalidValueError):
        await breakers.restore(world.registry, "cli:anne", CONNECTION, "")


async def test_old_counts_are_forgotten(world: World):
    await counted_lately(world, stops=7, ago=timedelta(days=8))
    await counted_lately(world, stops=1)
    await flood.forget(world.registry)

    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT sum(stops) FROM connection_rate") == 1


async def counted_lately(world: World, stops: int, ago: timedelta = timedelta()) -> None:
    """What other processes counted."""
    link = await world.registry.directory.link(CONNECTION)
    async with world.registry.pool.acquire() as db:
        await db.execute(
            "INSERT INTO connection_rate VALUES ($1, date_trunc('minute', $2::timestamptz), $3, 0)"
            " ON CONFLICT (connection_id, minute) DO UPDATE SET stops = connection_rate.stops + EXCLUDED.stops",
            link.connection_id,
            datetime.now(UTC) - ago,
            stops,
        )
