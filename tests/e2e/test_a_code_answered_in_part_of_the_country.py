"""A printed code that somebody in the batch cannot answer from where they live is warned of, by name of the place."""

import pytest

from app import administration
from tests.world import ACTOR, OWN_CODE, SALON, World, let_send

pytestmark = pytest.mark.anyio
PARIS, REUNION, GUADELOUPE, NOWHERE = "+33639980001", "+262692123456", "+590690123456", "+881612345678"


@pytest.fixture
async def world(world: World) -> World:
    await administration.add_code(world.registry, ACTOR, OWN_CODE, [SALON], [], "non surtaxé", ["FR"])
    await let_send(world.registry, SALON, OWN_CODE, grants=["service"])
    return world


async def warnings(world: World, *numbers: str, **fields: object) -> list[str]:
    return (await world.check("salon", list(numbers), **fields))["warnings"]


async def test_people_who_cannot_answer_the_printed_code_are_named_by_territory(world: World):
    [warning] = await warnings(world, PARIS, GUADELOUPE, REUNION, "06", NOWHERE)

    assert "cannot be answered in GP, RE:" in warning


async def test_where_everybody_can_answer_nothing_is_said(world: World):
    assert await warnings(world, PARIS, "06", NOWHERE) == []


async def test_a_second_code_printed_for_there_answers_the_warning(world: World):
    await administration.add_code(world.registry, ACTOR, "36400", [SALON], [], "non surtaxé", ["RE"])

    assert await warnings(world, PARIS, REUNION, text=f"Soldes. STOP {OWN_CODE}, STOP 36400 (Réunion)") == []


async def test_a_service_message_hangs_on_no_code(world: World):
    assert await warnings(world, REUNION, purpose="service", text="Votre rendez-vous est demain.") == []
