"""Checks and screens ask the budget of new numbers before they look anybody up."""

import httpx
import pytest

from app import phone, senders
from app.alarms import Kind
from app.tags import tags
from tests.world import SALON, World

pytestmark = pytest.mark.anyio
FICTION = [f"+3363998{last:04}" for last in range(10_000)]


async def in_sample(world: World) -> list[str]:
    """Those of the numbers of fiction whose tags are counted, about ten."""
    sender = await world.registry.directory.sender(SALON)
    found = tags(sender.key, phone.read_lines("\n".join(FICTION).encode()).numbers)
    return [number for number, tag in zip(FICTION, found.tolist(), strict=True) if tag % 1024 == 0]


async def asked(world: World, numbers: list[str], query: str = "") -> httpx.Response:
    headers = world.bearer("salon") | {"Idempotency-Key": f"key-{len(numbers)}{query}"}
    return await world.client.post(f"/v1/checks{query}", json={"numbers": numbers}, headers=headers)


@pytest.mark.parametrize("query", ["", "?mode=screen"])
async def test_beyond_the_budget_nobody_is_looked_up(world: World, query: str):
    numbers = await in_sample(world)
    assert (await asked(world, numbers[:1], query)).status_code == 200

    await senders.set_value(world.registry, "tests", SALON, "first_seen_per_day", "0")
    refused = await asked(world, numbers, query)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (429, "enumeration-budget")
    assert 0 < int(refused.headers["Retry-After"]) <= 24 * 3600
    assert world.registry.alarms.is_open(Kind.ENUMERATION_BUDGET, SALON)

    again = await asked(world, numbers[:1], query)  # who was asked about before, and the repeat of a call, cost nothing
    assert again.status_code == 200
