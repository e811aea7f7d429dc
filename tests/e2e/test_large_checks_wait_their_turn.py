"""Beyond what the machine can do at once, a caller is told to come back instead of waiting for ever."""

import asyncio

import httpx
import pytest

from app.check import Gate
from app.server import LARGE_CHECK_BYTES
from tests.world import World, opened_world

pytestmark = pytest.mark.anyio
WAITING_MAX = 8
LARGE = [f"+33{number}" for number in range(640_000_000, 640_000_000 + LARGE_CHECK_BYTES // 14)]


def ask(world: World, numbers: list[str]) -> asyncio.Task[httpx.Response]:
    return asyncio.create_task(
        world.client.post("/v1/checks", json={"numbers": numbers}, headers=world.bearer("salon"))
    )


async def until_waiting(gate: Gate, count: int) -> None:
    async with asyncio.timeout(30):
        while gate.waiting < count:  # noqa: ASYNC110 - nothing in the product says when somebody queues
            await asyncio.sleep(0)


async def test_a_large_check_too_many_is_asked_to_come_back(database_url, tmp_path):
    async with opened_world(database_url, tmp_path, checks_at_once_max=1) as world:
        gate = world.app.state.lanes.campaigns
        async with gate:  # as a check that takes long
            patient = [ask(world, LARGE) for _ in range(WAITING_MAX)]
            await until_waiting(gate, WAITING_MAX)
            refused = await ask(world, LARGE)
            small = await ask(world, LARGE[:10])
        answered = [await each for each in patient]

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert refused.json()["type"].endswith("/busy")
    assert small.status_code == 200  # nobody's single question waits behind a campaign
    assert {answer.status_code for answer in answered} == {200}


async def test_a_caller_who_leaves_the_queue_leaves_it_free(database_url, tmp_path):
    async with opened_world(database_url, tmp_path, checks_at_once_max=1) as world:
        gate = world.app.state.lanes.campaigns
        async with gate:
            leaving = ask(world, LARGE)
            await until_waiting(gate, 1)
            leaving.cancel()
            await asyncio.wait([leaving])

            assert gate.waiting == 0
        assert (await ask(world, LARGE)).status_code == 200
