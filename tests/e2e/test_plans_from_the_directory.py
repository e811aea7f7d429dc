"""Completing and judging a check against what is set up in the registry at this moment."""

import pytest

from app import administration, clock, senders
from app.auth import Caller, Role
from app.check.asking import Fields
from app.errors import InvalidValueError, NoStopMentionError
from app.safeguards import mention
from app.safeguards.completing import completed
from app.safeguards.plan import Plan
from tests.e2e.profiles import forget_profiles
from tests.world import OWN_CODE, SALON, SHARED_CODE, SPA, World

pytestmark = pytest.mark.anyio
REST = {"campaign": "soldes", "sender_id": "MARTIN", "send_minutes": 30, "route": "agregateur"}


@pytest.fixture(autouse=True)
async def nothing_decided(world: World) -> None:
    await forget_profiles(world)


async def plan(world: World, slug: str = SALON, **fields: object) -> Plan:
    sender = await world.registry.directory.sender(slug)
    caller = Caller("key", Role.SENDER, "CRM", (sender.sender_id,))
    return await completed(world.registry, sender, caller, Fields(**fields), 2, clock.now())


async def test_a_code_and_a_profile_set_a_moment_ago_are_used_at_once(world: World):
    await world.registry.directory.current()
    async with world.registry.pool.acquire() as db:  # as another process does, whose change nobody tells this one
        await db.execute(
            "INSERT INTO code_sender (code, sender_id) SELECT $1, sender_id FROM sender WHERE slug = $2", OWN_CODE, SPA
        )
        await db.execute("UPDATE sender SET profile = $1 WHERE slug = $2", '{"templates":{"a":"STOP 36111"}}', SPA)
    found = await plan(world, SPA, short_code=OWN_CODE, template="a", **REST)
    assert (found.short_code, found.text) == (OWN_CODE, "STOP 36111")


async def test_a_code_of_another_sender_is_refused(world: World):
    with pytest.raises(InvalidValueError, match=SHARED_CODE):
        await plan(world, SPA, short_code=OWN_CODE, text="STOP 36111", **REST)


async def test_the_mention_is_judged_against_the_senders_codes_and_for_marketing_only(world: World):
    fine = await plan(world, short_code=OWN_CODE, text="STOP 36111 ou STOP 36200", **REST)
    assert list(await mention.judge(world.registry, fine, clock.now())) == []
    strange = await plan(world, SPA, text="STOP 36200 ou STOP 36111", **REST)
    assert "36111" in "".join(await mention.judge(world.registry, strange, clock.now()))
    nothing = await plan(world, short_code=OWN_CODE, text="Soldes", **REST)
    with pytest.raises(NoStopMentionError):
        await mention.judge(world.registry, nothing, clock.now())
    for purpose in ("service", "transactional", "emergency"):
        other = await plan(world, purpose=purpose, text="Votre rendez-vous est demain")
        assert list(await mention.judge(world.registry, other, clock.now())) == []


async def test_a_profile_of_single_values_completes_a_check_of_numbers_alone(world: World):
    for name, value in {
        "routes": "agregateur",
        "campaigns": "soldes",
        "sender_ids": "LILAS",
        "templates": '{"hiver":"Soldes STOP 36200"}',
        "send_minutes": "30",
    }.items():
        await senders.set_value(world.registry, "tests", SPA, name, value)
    found = await plan(world, SPA)
    assert (found.short_code, found.route, found.sender_id, found.send_minutes) == ("36200", "agregateur", "LILAS", 30)
    await administration.add_code(world.registry, "tests", OWN_CODE, [SPA], [], "non surtaxé")
    with pytest.raises(InvalidValueError, match="short_code"):
        await plan(world, SPA)
