"""What could not be used is judged again, by the secrets and settings of today, at its own time (D2, T12)."""

import pytest

from app import administration, intake, quarantine
from app.alarms import Kind
from app.errors import ConflictError, NotFoundError
from app.operators import Request
from app.quarantine import Replayed
from app.queries import alarms
from tests.world import ACTOR, OWN_CODE, SIGNED_SECRET, World, message, signed

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"
FRESH = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="


async def waiting(world: World) -> list[str]:
    return [row.reason async for row in quarantine.waiting(world.registry, "agregateur")]


async def open_alarms(world: World) -> set[str]:
    await world.registry.alarms.flush()
    async with world.registry.pool.acquire() as db:
        rows = await alarms.list_alarms(db, closed_too=False, limit=100)
    return {row.kind for row in rows} - {Kind.RIGHTS_GRANTED}  # to the auditor of this world


async def test_everything_refused_during_a_botched_rotation_is_recovered(world: World):
    for n in range(3):
        refused = await world.mo(message(f"mo-{n}", f"+3363998000{n}", "STOP", OWN_CODE), secret=FRESH)
        assert refused.status_code == 401
    assert {Kind.BAD_SIGNATURE, Kind.QUARANTINE_GROWING} <= await open_alarms(world)
    assert await world.opposed("salon", "+33639980000", ANNE, BRUNO) == []

    await administration.change_secrets(world.registry, ACTOR, "agregateur", FRESH, None)
    done = await quarantine.replay(world.registry, "agregateur")

    assert done == Replayed(applied=3, staying=0)
    assert await world.opposed("salon", "+33639980000", ANNE, BRUNO) == ["+33639980000", ANNE, BRUNO]
    assert await waiting(world) == []
    assert await open_alarms(world) == set()


async def test_what_is_still_not_authentic_stays(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE), secret=FRESH)

    assert await quarantine.replay(world.registry, "agregateur") == Replayed(applied=0, staying=1)
    assert await world.opposed("salon", ANNE) == []
    assert await waiting(world) == ["not-authentic"]


async def test_a_replay_that_was_killed_before_the_request_left_is_one_event(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE), secret=FRESH)
    await administration.change_secrets(world.registry, ACTOR, "agregateur", FRESH, None)
    link = await world.registry.directory.link("agregateur")
    [row] = [row async for row in quarantine.waiting(world.registry, "agregateur")]
    assert await quarantine.passes(world.registry, link, row)  # and here the power goes
    before = (await world.check("salon", [ANNE]))["ledger"]["size"]

    assert await quarantine.replay(world.registry, "agregateur") == Replayed(applied=1, staying=0)
    assert (await world.check("salon", [ANNE]))["ledger"]["size"] == before + 1  # the check's own entry


async def test_a_replayed_stop_keeps_its_time_of_receipt(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE), secret=FRESH)
    [row] = [row async for row in quarantine.waiting(world.registry, "agregateur")]
    await administration.change_secrets(world.registry, ACTOR, "agregateur", FRESH, None)
    await quarantine.replay(world.registry, "agregateur")

    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT received_at FROM mo") == row.received_at


async def test_a_stop_without_a_sender_is_applied_once_its_code_has_one(world: World):
    plan = administration.ConnectionPlan("neuf", "standard_webhooks", secrets=(SIGNED_SECRET,), codes=("36777",))
    await administration.add_connection(world.registry, ACTOR, plan)
    body = b'{"messages":[{"id":"mo-1","from":"+33639980001","to":"36777","text":"STOP"}]}'
    answer = await world.client.post("/v1/mo/neuf", content=body, headers=signed(body))
    assert answer.is_success
    assert Kind.UNKNOWN_CODE in await open_alarms(world)
    assert await quarantine.replay(world.registry, "neuf") == Replayed(applied=0, staying=1)

    await administration.add_code(world.registry, ACTOR, "36777", ["salon-martin"], [], "non surtaxé")
    assert await quarantine.replay(world.registry, "neuf") == Replayed(applied=1, staying=0)
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_the_request_comes_out_as_it_went_in():
    request = Request(
        "GET", "/v1/mo/a/b", b"text=%E9&x=\xff", {"content-type": "text/plain"}, b"\x00\n{}\xff", "10.0.0.1"
    )

    assert intake.request_of(intake.raw_of(request)) == request


async def test_two_secrets_are_in_force_and_the_last_one_cannot_be_removed(world: World):
    registry = world.registry
    made = await administration.change_secrets(registry, ACTOR, "agregateur", "", None)
    assert (await world.mo(message("mo-1", ANNE, "STOP"), secret=made)).is_success
    assert (await world.mo(message("mo-2", ANNE, "STOP"))).is_success
    with pytest.raises(ConflictError):
        await administration.change_secrets(registry, ACTOR, "agregateur", "", None)

    await administration.change_secrets(registry, ACTOR, "agregateur", None, "oldest")
    assert (await world.mo(message("mo-3", ANNE, "STOP"), secret=made)).is_success
    assert (await world.mo(message("mo-4", ANNE, "STOP"))).status_code == 401
    with pytest.raises(ConflictError):
        await administration.change_secrets(registry, ACTOR, "agregateur", None, made)
    with pytest.raises(NotFoundError):
        await administration.change_secrets(registry, ACTOR, "agregateur", None, "whsec_unknown")


async def test_an_alarm_opens_once_and_again_only_after_it_was_closed(world: World):
    told = world.registry.alarms
    for _ in range(3):
        told.raise_alarm(Kind.BAD_SIGNATURE, "agregateur", "detail")
        await told.flush()
    assert await numbers_of_alarms(world) == (1, 1)
    told.close_alarm(Kind.BAD_SIGNATURE, "agregateur")
    await told.flush()
    assert await numbers_of_alarms(world) == (0, 1)
    told.raise_alarm(Kind.BAD_SIGNATURE, "agregateur", "detail")
    await told.flush()
    assert await numbers_of_alarms(world) == (1, 2)


async def numbers_of_alarms(world: World) -> tuple[int, int]:
    async with world.registry.pool.acquire() as db:
        listed = [await alarms.list_alarms(db, closed_too=closed, limit=100) for closed in (False, True)]
    still, ever = ([row for row in rows if row.kind == Kind.BAD_SIGNATURE] for rows in listed)
    return len(still), len(ever)
