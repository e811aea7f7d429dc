"""What is kept of former checks counts on after a rotation: admissions, duplicates, storms, the budget of the new."""

import pytest

from app import holding, rotation, senders
from app.breakers.storm import Breaker
from tests.e2e.test_checks_and_screens_cost_the_budget import asked as asked_with_key
from tests.e2e.test_checks_and_screens_cost_the_budget import in_sample
from tests.world import ACTOR, OWN_CODE, SALON, World, let_send, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"
CROWD = [f"+3363998{n:04}" for n in range(200)]


async def rotate(world: World) -> None:
    await rotation.rotate(world.registry, ACTOR, SALON, "Rotation annuelle", sweep_after_seconds=0)


async def post(world: World, clearance_id: str, act: str, *numbers: str) -> dict:
    body = {"numbers": list(numbers)}
    answer = await world.client.post(f"/v1/clearances/{clearance_id}/{act}", json=body, headers=world.bearer("salon"))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_clearance_of_before_admits_whom_it_covers_once_and_no_stop(world: World):
    """Places in the list as it was cleared stay what they are."""
    given = (await world.check("salon", [ANNE, BRUNO, CHLOE]))["clearance"]["id"]
    assert (await post(world, given, "admissions", ANNE))["send"] == [ANNE]
    await rotate(world)
    await world.mo(message("mo-1", BRUNO, "STOP", OWN_CODE))

    answer = await post(world, given, "admissions", ANNE, BRUNO, CHLOE, CROWD[50])
    assert answer["send"] == [CHLOE]
    assert [one["reason"] for one in answer["refused"]] == ["already-admitted", "recalled", "not-cleared"]
    recalled = await post(world, given, "recall", ANNE, BRUNO, CROWD[50])
    assert [one["reason"] for one in recalled["recalled"]] == ["recalled", "not-cleared"]


async def test_a_number_of_before_is_given_back(world: World):
    given = (await world.check("salon", [ANNE, BRUNO]))["clearance"]["id"]
    await rotate(world)

    assert await post(world, given, "release", ANNE, CHLOE) == {"released": 1}
    assert (await post(world, given, "admissions", ANNE, BRUNO))["send"] == [BRUNO]


async def test_nobody_gets_a_campaign_again_because_of_a_rotation(world: World):
    await let_send(world.registry, SALON, OWN_CODE, duplicate_hours=24)
    await world.check("salon", [ANNE, BRUNO], campaign="noel")
    await rotate(world)
    again = await world.check("salon", [ANNE, BRUNO, CHLOE], campaign="noel")

    assert again["withheld"]["duplicate"] == [ANNE, BRUNO]
    assert again["counts"]["allowed"] == 1


async def test_a_rotation_makes_nobody_new(world: World):
    numbers = await in_sample(world)
    assert (await asked_with_key(world, numbers)).status_code == 200
    await rotate(world)
    await senders.set_value(world.registry, ACTOR, SALON, "first_seen_per_day", "0")

    assert (await asked_with_key(world, numbers[:-1])).status_code == 200


async def test_a_storm_that_began_before_a_rotation_is_seen_after_it(world: World):
    await world.check("salon", CROWD, campaign="soldes")
    breaker = Breaker(world.registry)
    sender = await world.registry.directory.sender(SALON)

    async def say_stop(people: list[str]) -> None:
        answer = await world.mo(*(message(f"mo-{n}", n, "STOP", OWN_CODE) for n in people))
        assert answer.is_success
        assert not await breaker.look([sender.sender_id])

    await say_stop(CROWD[:30])
    await rotate(world)
    breaker._watched[sender.sender_id].rests_until = 0.0  # noqa: SLF001 - it may look at once
    await say_stop(CROWD[30:60])

    [row] = [row for row in await holding.history(world.registry, SALON) if row.released_at is None]
    assert (row.subject, row.kind, row.reason[:31]) == ("soldes", "storm", "60 of 200 people cleared said S")
