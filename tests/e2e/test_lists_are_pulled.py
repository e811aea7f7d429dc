"""Operators that keep STOPs to themselves: their lists are read, once, and how it went can be seen."""

import asyncio
from collections.abc import Iterator

import pytest

from app import administration, puller
from app.administration import ConnectionPlan
from app.cli.pulls import described
from app.operators.pull import PullError
from tests.e2e.lists import API_KEY, APPLICATION_KEY, APPLICATION_SECRET, CONSUMER_KEY, SERVICE, Operator, operator
from tests.world import ACTOR, SALON, World

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"


@pytest.fixture
def held() -> Iterator[Operator]:
    with operator() as running:
        yield running


async def ovh(world: World, held: Operator, **more: object) -> None:
    config = {"application_key": APPLICATION_KEY, "service_name": SERVICE, "api_base": f"{held.url}/1.0"}
    plan = ConnectionPlan(
        "ovh",
        "ovh",
        secrets=(APPLICATION_SECRET, more.pop("consumer", CONSUMER_KEY)),
        accounts=more.pop("accounts", {SERVICE: SALON}),
        config=config | more,
    )
    await administration.add_connection(world.registry, ACTOR, plan)


async def partner(world: World, held: Operator, key: str = API_KEY, **more: object) -> None:
    config = {"api_base": f"{held.url}/v1", **more}
    plan = ConnectionPlan("partner", "sms_partner", secrets=(key,), accounts={"sms_partner": SALON}, config=config)
    await administration.add_connection(world.registry, ACTOR, plan)


async def lines(world: World) -> list[str]:
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT entry FROM ledger_entry ORDER BY sender_id, entry_index")
    return [line for row in rows if '"kind":"stop"' in (line := row["entry"].decode())]


async def state_of(world: World, slug: str) -> str:
    link = await world.registry.directory.link(slug)
    return described(link, await puller.health(world.registry))


async def test_the_black_list_of_ovh_is_applied_with_its_dates(world: World, held: Operator):
    held.blacklist = {ANNE: "2024-03-12T14:05:00+01:00", "0033639980002": "2024-03-13T09:00:00+01:00"}
    await ovh(world, held)
    done = await puller.pull(world.registry, "ovh")

    assert (done.listed, done.applied) == (2, 2)
    assert await world.opposed("salon", ANNE, BRUNO, CHLOE) == [ANNE, BRUNO]
    assert await world.opposed("spa", ANNE) == []
    found = await lines(world)
    assert '"at":"2024-03-12T13:05:00.000000Z","connection":"ovh"' in found[0]
    assert '"basis":"account"' in found[0]


async def test_what_was_pulled_is_not_pulled_twice(world: World, held: Operator):
    held.blacklist = {ANNE: "2024-03-12T14:05:00+01:00"}
    await ovh(world, held)
    await puller.pull(world.registry, "ovh")
    held.blacklist[BRUNO] = "2024-03-13T14:05:00+01:00"
    held.asked.clear()
    done = await puller.pull(world.registry, "ovh")

    assert (done.listed, done.applied) == (2, 1)
    assert len(await lines(world)) == 2
    assert not any(path.endswith("980001") for path in held.asked)


async def test_who_leaves_the_list_and_comes_back_says_stop_again(world: World, held: Operator):
    await ovh(world, held)
    for at in ("2024-03-12T14:05:00+01:00", None, "2024-06-12T14:05:00+02:00"):
        held.blacklist = {ANNE: at} if at else {}
        await puller.pull(world.registry, "ovh")

    assert len(await lines(world)) == 2
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_answers_kept_by_ovh_are_read_as_texts(world: World, held: Operator):
    at = "2026-07-15T12:24:10+02:00"
    held.incoming = {
        11: {"id": 11, "sender": ANNE, "message": "Stop svp", "creationDatetime": at, "credits": 0, "tag": ""},
        12: {"id": 12, "sender": BRUNO, "message": "Merci !", "creationDatetime": at, "credits": 0, "tag": ""},
    }
    await ovh(world, held)
    done = await puller.pull(world.registry, "ovh")
    again = await puller.pull(world.registry, "ovh")

    assert (done.applied, again.applied) == (2, 0)
    assert await world.opposed("salon", ANNE, BRUNO) == [ANNE]
    assert any("creationDatetime.from=" in path for path in held.asked)


async def test_the_stops_of_sms_partner_are_applied_with_their_dates(world: World, held: Operator):
    held.stops = [{"id": 19, "phoneNumber": ANNE, "createdAt": "2015-07-20 10:19:45"}]
    await partner(world, held)
    first, again = await puller.pull(world.registry, "partner"), await puller.pull(world.registry, "partner")

    assert (first.applied, again.applied) == (1, 0)
    assert '"at":"2015-07-20T08:19:45.000000Z"' in (await lines(world))[0]
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_pull_after_a_crash_between_applying_and_remembering_adds_nothing(world: World, held: Operator):
    held.blacklist = {ANNE: "2024-03-12T14:05:00+01:00"}
    await ovh(world, held)
    await puller.pull(world.registry, "ovh")
    async with world.registry.pool.acquire() as db:
        await db.execute("DELETE FROM pulled")
    await puller.pull(world.registry, "ovh")

    assert len(await lines(world)) == 1


async def test_a_wrong_key_is_a_failure_that_can_be_seen(world: World, held: Operator):
    held.blacklist = {ANNE: "2024-03-12T14:05:00+01:00"}
    await ovh(world, held, consumer="wrong")
    assert await state_of(world, "ovh") == "\tnever pulled"
    with pytest.raises(PullError, match="answered 403"):
        await puller.pull(world.registry, "ovh")

    assert "never pulled with success; failed" in await state_of(world, "ovh")
    assert await lines(world) == []


async def test_sms_partners_own_refusal_is_understood(world: World, held: Operator):
    await partner(world, held, key="wrong")

    with pytest.raises(PullError, match="API key"):
        await puller.pull(world.registry, "partner")


async def test_a_failure_after_a_success_leaves_both_to_be_seen(world: World, held: Operator):
    held.stops = [{"id": 19, "phoneNumber": ANNE, "createdAt": "2015-07-20 10:19:45"}]
    await partner(world, held)
    await puller.pull(world.registry, "partner")
    held.fail_with = 500
    with pytest.raises(PullError):
        await puller.pull(world.registry, "partner")
    both = await state_of(world, "partner")
    held.fail_with = None
    await puller.pull(world.registry, "partner")

    assert "1 listed, 1 new; failed" in both
    assert "failed" not in await state_of(world, "partner")
    assert "3998" not in both
    assert API_KEY not in both


async def test_a_list_that_concerns_nobody_is_said_and_not_taken_for_done(world: World, held: Operator):
    held.blacklist = {ANNE: "2024-03-12T14:05:00+01:00"}
    await ovh(world, held, accounts={})
    with pytest.raises(PullError, match=f"--account {SERVICE}=SENDER"):
        await puller.pull(world.registry, "ovh")
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM pulled") == 0


async def test_two_processes_do_not_pull_at_once(world: World, held: Operator):
    await ovh(world, held)
    done = await asyncio.gather(*(puller.pull(world.registry, "ovh") for _ in range(3)), return_exceptions=True)

    assert sorted(type(one).__name__ for one in done) == ["ConflictError", "ConflictError", "PullRow"]


async def test_a_connection_is_pulled_when_its_time_has_come(world: World, held: Operator):
    held.stops = [{"id": 19, "phoneNumber": ANNE, "createdAt": "2015-07-20 10:19:45"}]
    await partner(world, held, pull_every_minutes=15)
    await ovh(world, held)  # not scheduled
    await puller.pull_due(world.registry)
    await puller.pull_due(world.registry)
    asked = len(held.asked)
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE pull SET started_at = started_at - interval '16 minutes'")
    await puller.pull_due(world.registry)

    assert (asked, len(held.asked)) == (1, 2)
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_more_new_lines_than_questions_are_all_applied(
    world: World, held: Operator, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(puller, "DETAILS_MAX", 3)
    numbers = [f"+3363998{last:04}" for last in range(10)]
    held.blacklist = dict.fromkeys(numbers, "2024-03-12T14:05:00+01:00")
    await ovh(world, held)
    await puller.pull(world.registry, "ovh")

    assert len(await world.opposed("salon", *numbers)) == 10
    assert sum("2024-03-12" in line for line in await lines(world)) == 3


async def test_nobody_can_call_in_the_name_of_an_operator_that_is_asked(world: World, held: Operator):
    await ovh(world, held)
    answer = await world.client.post(f"/v1/mo/ovh/{CONSUMER_KEY}", json={"from": ANNE, "text": "STOP"})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "base",
    [
        "https://elsewhere.example/1.0",
        "http://eu.api.ovh.com/1.0",
        "https://eu.api.ovh.com@elsewhere.example/1.0",
        "https://eu.api.ovh.com.elsewhere.example",
        "https://eu.api.ovh.com:8443/1.0",
        "file:///etc/passwd",
    ],
)
async def test_no_other_host_is_ever_asked(world: World, held: Operator, base: str):
    await ovh(world, held, api_base=base)

    with pytest.raises(PullError, match="api_base must be one of"):
        await puller.pull(world.registry, "ovh")


async def test_a_connection_whose_operator_calls_is_not_pulled(world: World):
    with pytest.raises(PullError, match="operator calls"):
        await puller.pull(world.registry, "kannel")
