"""An administrator says what a connection is; a check's route is judged by it at once."""

import msgspec
import pytest

from app import administration, clock, senders
from app.auth import Caller, Role
from app.check.asking import Fields
from app.directory import UNDECLARED, Declaration
from app.errors import InvalidValueError, NotFoundError, RouteRefusedError
from app.safeguards import routes, sectors, sender_ids
from app.safeguards.completing import completed
from app.safeguards.plan import Plan
from tests.e2e.profiles import forget_profiles
from tests.e2e.typed import Typed
from tests.world import OWN_CODE, SALON, SHARED_CODE, World

pytestmark = pytest.mark.anyio
GOOD = Declaration("direct", ("FR",), "C-17", stop_returns=True)
CHECK = {"campaign": "soldes", "sender_id": "MARTIN", "send_minutes": 30, "route": "kannel", "short_code": OWN_CODE}


@pytest.fixture(autouse=True)
async def nothing_decided(world: World) -> None:
    await forget_profiles(world)


async def plan(world: World, **fields: object) -> Plan:
    sender = await world.registry.directory.sender(SALON)
    caller = Caller("key", Role.SENDER, "CRM", (sender.sender_id,))
    given = Fields(**{**CHECK, "text": "Soldes STOP 36111", **fields})
    return await completed(world.registry, sender, caller, given, 2, clock.now())


async def test_a_route_is_refused_until_it_is_declared(world: World):
    await administration.declare(world.registry, "tests", "kannel", UNDECLARED)
    with pytest.raises(RouteRefusedError) as refused:
        await routes.judge(world.registry, await plan(world), clock.now())
    assert refused.value.members["rule"] == "route.class"
    await administration.declare(world.registry, "tests", "kannel", GOOD)
    assert list(await routes.judge(world.registry, await plan(world), clock.now())) == []


async def test_who_declared_what_is_journalled(world: World):
    await administration.declare(world.registry, "tests", "kannel", GOOD)
    async with world.registry.pool.acquire() as db:
        detail = await db.fetchval(
            "SELECT detail FROM admin_journal WHERE action = 'operator.declare' AND subject = 'kannel' "
            "ORDER BY journal_id DESC LIMIT 1"
        )
    assert msgspec.json.decode(detail, type=Declaration) == GOOD


@pytest.mark.parametrize("said", [Declaration(countries=("France",)), Declaration(contract="a\nb")])
async def test_a_declaration_that_says_nothing_usable_is_refused(world: World, said: Declaration):
    with pytest.raises(InvalidValueError):
        await administration.declare(world.registry, "tests", "kannel", said)
    with pytest.raises(NotFoundError):
        await administration.declare(world.registry, "tests", "nobody", GOOD)


async def test_a_plan_without_a_route_is_told_that_none_was_judged(world: World):
    service = await plan(world, purpose="service", route=None, text="Votre rendez-vous")
    assert "none was judged" in "".join(await routes.judge(world.registry, service, clock.now()))


async def test_a_code_of_the_senders_own_is_a_sender_id_once_it_is_declared_overseas(world: World):
    await administration.add_code(world.registry, "tests", "81212", [SALON], [], "non surtaxé")
    with pytest.raises(RouteRefusedError):
        await sender_ids.judge(world.registry, await plan(world, sender_id="81212"), clock.now())
    await administration.add_code(world.registry, "tests", "81212", [SALON], [], "non surtaxé", ["RE", "YT"])
    assert list(await sender_ids.judge(world.registry, await plan(world, sender_id="81212"), clock.now())) == []
    await administration.add_code(world.registry, "tests", "81212", [SALON], [], "non surtaxé")  # what is known stays
    assert list(await sender_ids.judge(world.registry, await plan(world, sender_id="81212"), clock.now())) == []


async def test_a_sector_set_in_the_profile_bans(world: World):
    await senders.set_value(world.registry, "tests", SALON, "sectors", "cpf")
    with pytest.raises(RouteRefusedError):
        await sectors.judge(world.registry, await plan(world), clock.now())
    with pytest.raises(InvalidValueError, match="energy-renovation"):
        await senders.set_value(world.registry, "tests", SALON, "sectors", "energy-renovations")


@pytest.mark.parametrize("value", ["0639980001", "SALON MARTIN", "SALONMARTINS"])
async def test_a_sender_id_that_phones_must_not_show_is_refused_by_the_profile(world: World, value: str):
    with pytest.raises(InvalidValueError) as refused:
        await senders.set_value(world.registry, "tests", SALON, "sender_ids", value)
    assert value not in str(refused.value)


async def test_the_command_declares_and_keeps_what_it_was_not_told(world: World, typed: Typed):
    assert (await typed("operator", "declare", "kannel", "--class", "direct", "--countries", "FR, DE")).returncode == 0
    done = await typed("operator", "declare", "kannel", "--stop-returns", "--contract", "C-17")
    assert (done.returncode, done.stdout) == (0, "declared kannel\n"), done.stderr
    assert await administration.declared(world.registry, "kannel") == Declaration(
        "direct", ("FR", "DE"), "C-17", stop_returns=True
    )
    assert (await typed("operator", "declare", "kannel")).returncode == 2
    done = await typed("code", "add", SHARED_CODE, "--sender", SALON, "--territory", "FR")
    assert done.returncode == 0, done.stderr
    snapshot = await world.registry.directory.current(max_age_seconds=0)
    assert snapshot.codes[SHARED_CODE].territories == ("FR",)
