"""Nobody gets one campaign, or one text, twice within the sender's window, whichever vendor sends it."""

import asyncio

import pytest

from tests.world import OWN_CODE, SALON, World, let_send

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"
OTHER_TEXT = f"Portes ouvertes samedi. STOP {OWN_CODE}"


@pytest.fixture
async def world(world: World) -> World:
    await let_send(world.registry, SALON, OWN_CODE, duplicate_hours=24)
    return world


async def duplicates(world: World, *numbers: str, key: str = "salon", **fields: object) -> list[str]:
    return (await world.check(key, list(numbers), **fields))["withheld"]["duplicate"]


async def ended(world: World) -> None:
    """Lay the end of every clearance into the past."""
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE clearance SET expires_at = now() - interval '1 second'")
    world.registry.contacts._known.clear()  # noqa: SLF001 - what is kept of a clearance never changes, but for this test
    world.registry.rosters._known.clear()  # noqa: SLF001 - as above


async def post(world: World, clearance_id: str, act: str, **body: object) -> dict:
    answer = await world.client.post(f"/v1/clearances/{clearance_id}/{act}", json=body, headers=world.bearer("salon"))
    assert answer.is_success, answer.text
    return answer.json()


async def test_the_same_campaign_twice_reaches_nobody_twice(world: World):
    assert await duplicates(world, ANNE, BRUNO, campaign="noel") == []
    assert await duplicates(world, ANNE, BRUNO, CHLOE, campaign="noel", text=OTHER_TEXT) == [ANNE, BRUNO]


async def test_the_same_text_under_another_name_reaches_nobody_twice(world: World):
    assert await duplicates(world, ANNE, campaign="noel", text=OTHER_TEXT) == []
    assert await duplicates(world, ANNE, BRUNO, campaign="nouvel an", text=OTHER_TEXT.upper() + " ") == [ANNE]


async def test_another_campaign_with_another_text_is_none(world: World):
    await duplicates(world, ANNE, campaign="noel")

    assert await duplicates(world, ANNE, campaign="nouvel an", text=OTHER_TEXT) == []


async def test_a_second_vendor_is_stopped_by_the_first(world: World):
    await duplicates(world, ANNE, key="vendor", campaign="noel")

    assert await duplicates(world, ANNE, key="agency", campaign="noel", sender=SALON) == [ANNE]


async def test_what_is_further_back_than_the_window_does_not_count(world: World):
    await duplicates(world, ANNE, campaign="noel")
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE clearance SET not_before = not_before - interval '25 hours'")
    world.registry.contacts._known.clear()  # noqa: SLF001 - what is kept of a clearance never changes, but for this test

    assert await duplicates(world, ANNE, campaign="noel") == []


async def test_what_was_given_back_was_not_sent(world: World):
    check = await world.check("salon", [ANNE, BRUNO], campaign="noel")
    assert await duplicates(world, ANNE, campaign="noel") == [ANNE]
    await post(world, check["clearance"]["id"], "release")

    assert await duplicates(world, ANNE, BRUNO, campaign="noel") == []


async def test_a_part_that_was_given_back_was_not_sent(world: World):
    check = await world.check("salon", [ANNE, BRUNO], campaign="noel")
    assert await duplicates(world, ANNE, campaign="noel") == [ANNE]
    await post(world, check["clearance"]["id"], "release", numbers=[BRUNO])

    assert await duplicates(world, ANNE, BRUNO, campaign="noel") == [ANNE]


async def test_where_the_gateway_asks_only_the_admitted_count_once_the_clearance_has_ended(world: World):
    await let_send(world.registry, SALON, OWN_CODE, duplicate_hours=24, admissions=True)
    check = await world.check("salon", [ANNE, BRUNO], campaign="noel")
    await post(world, check["clearance"]["id"], "admissions", numbers=[ANNE])
    assert await duplicates(world, ANNE, BRUNO, campaign="noel") == [ANNE, BRUNO]
    await ended(world)

    assert await duplicates(world, ANNE, BRUNO, campaign="noel") == [ANNE]


async def test_two_vendors_at_the_same_moment_cannot_both_reach_anybody(world: World):
    everybody = [f"+3363998{n:04}" for n in range(3_000)]
    checks = await asyncio.gather(
        *(world.check(key, everybody, campaign="noel", sender=SALON) for key in ("vendor", "agency") * 3)
    )

    assert sum(check["counts"]["allowed"] for check in checks) == len(everybody)
    assert sum(check["counts"]["duplicate"] for check in checks) == 5 * len(everybody)


async def test_no_more_than_the_cap_reach_anybody(world: World):
    await let_send(world.registry, SALON, OWN_CODE, duplicate_hours=24, frequency_max=2)
    for name in ("a", "b"):
        assert await duplicates(world, ANNE, campaign=name, text=f"{OTHER_TEXT} {name}") == []
    await duplicates(world, BRUNO, campaign="b", text=f"{OTHER_TEXT} b")

    assert await duplicates(world, ANNE, BRUNO, campaign="c", text=f"{OTHER_TEXT} c") == [ANNE]


async def test_a_service_message_knows_no_duplicates(world: World):
    await let_send(world.registry, SALON, OWN_CODE, duplicate_hours=24, grants=["service"])
    text = "Votre rendez-vous est demain."
    for _ in range(2):
        assert await duplicates(world, ANNE, campaign="rdv", purpose="service", text=text) == []
