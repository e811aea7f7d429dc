"""A sender's own hours and its contract, set like any other field of a profile and refused where they make no sense."""

import msgspec
import pytest

from app import senders
from app.errors import InvalidValueError
from app.profile import Profile
from tests.world import SALON, World

pytestmark = pytest.mark.anyio


async def profile(world: World) -> Profile:
    return (await world.registry.directory.sender(SALON)).profile


async def put(world: World, name: str, value: str) -> None:
    await senders.set_value(world.registry, "tests", SALON, name, value)


async def test_own_hours_are_set_first_then_chosen_and_stay_while_they_are(world: World):
    days = msgspec.json.encode([*["00:00-24:00"] * 5, None, None]).decode()
    await put(world, "policy", "prudent")
    await put(world, "hours", f'{{"days":{days},"source":"the board","version":"9"}}')
    await put(world, "policy", "custom")
    assert (await profile(world)).hours.version == "9"

    with pytest.raises(InvalidValueError, match="own `hours`"):
        await put(world, "hours", "null")
    await put(world, "policy", "null")
    await put(world, "hours", "null")
    with pytest.raises(InvalidValueError, match="own `hours`"):
        await put(world, "policy", "custom")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("policy", "lenient", "and custom"),
        ("hours", '{"days":["8-20"],"source":"x","version":"1"}', "seven entries"),
        ("hours", '{"days":["+33639980001",null,null,null,null,null,null],"source":"x","version":"1"}', "08:00-20:00"),
        ("first_seen_per_day", "-1", "0 to 1,000,000,000"),
        ("foreign_numbers", "sometimes", "`closed` or `local`"),
    ],
)
async def test_nonsense_is_refused_unrepeated(world: World, name: str, value: str, told: str):
    before = await profile(world)

    with pytest.raises(InvalidValueError, match=told) as refused:
        await put(world, name, value)
    assert "9980001" not in str(refused.value)
    assert await profile(world) == before
