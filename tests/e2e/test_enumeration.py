"""Asking about number after number: a budget of new people a day, and alarms for what no sender usually does."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import httpx
import msgspec
import numpy as np
import pytest

from app import edge
from app.alarms import Kind
from app.auth import Caller, Role
from app.errors import EnumerationBudgetError
from app.queries import enumeration as statements
from app.safeguards import enumeration
from app.safeguards.enumeration import SAMPLED_ONE_IN
from app.safeguards.plan import EMERGENCY, MARKETING, SERVICE, Plan
from app.verdict import Counts
from tests.world import SALON, SPA, World

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
BUDGET = 100_000
FIRST = 33_600_000_000
ALLOWED = enumeration.allowed_tags(BUDGET)


async def contracted(world: World, slug: str = SALON, budget: int = BUDGET):
    sender = await world.registry.directory.sender(slug)
    return msgspec.structs.replace(sender, profile=msgspec.structs.replace(sender.profile, first_seen_per_day=budget))


def people(first: int, count: int, *, in_sample: bool = True):
    """People whose tags are all in the sample, or none."""
    places = np.arange(first, first + count, dtype=np.int64)
    return FIRST + places * 48_271, places * SAMPLED_ONE_IN + (not in_sample)


async def ask(world: World, sender, first: int, count: int, now: datetime = NOW, *, in_sample: bool = True):
    return await enumeration.charge(world.registry, sender, now, *people(first, count, in_sample=in_sample))


async def rows(world: World) -> int:
    async with world.registry.pool.acquire() as db:
        return await db.fetchval("SELECT count(*) FROM first_seen")


def plan_of(sender, purpose: str) -> Plan:
    caller = Caller("key", Role.SENDER, "key", (sender.sender_id,))
    return Plan(
        sender=sender, caller=caller, purpose=purpose, campaign=None, short_code=None, route=None, sender_id=None,
        send_at=NOW, send_minutes=30, text=None, numbers=10,
    )  # fmt: skip


async def test_beyond_the_budget_a_batch_is_refused_until_the_day_ends(world: World):
    sender = await contracted(world)
    await ask(world, sender, 0, ALLOWED)

    with pytest.raises(EnumerationBudgetError, match="100,000 new numbers") as refused:
        await ask(world, sender, ALLOWED, 1)
    assert refused.value.retry_after_seconds == 15 * 3600
    assert set(refused.value.members) == {"rule", "profile", "source", "changed_by"}
    assert world.registry.alarms.is_open(Kind.ENUMERATION_BUDGET, SALON)
    await ask(world, sender, ALLOWED, 1, NOW + timedelta(days=1))


async def test_the_refusal_says_when_to_come_back(world: World):
    sender = await contracted(world, budget=0)
    app = httpx.ASGITransport(_raising(world, sender))
    async with httpx.AsyncClient(transport=app, base_url="http://registry") as client:
        answer = await client.post("/", headers={"Accept-Language": "fr"})

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == str(15 * 3600)
    assert answer.json()["type"].endswith("/enumeration-budget")
    assert "nouveaux numéros" in answer.json()["detail"]


def _raising(world: World, sender):
    async def app(scope, receive, send):
        try:
            await ask(world, sender, 0, 1)
        except EnumerationBudgetError as error:
            await edge.render(scope, receive, send, error)

    return app


async def test_people_asked_about_before_cost_nothing(world: World):
    sender = await contracted(world)
    await ask(world, sender, 0, ALLOWED)

    for _ in range(3):
        await ask(world, sender, 0, ALLOWED)
    assert await rows(world) == ALLOWED


async def test_a_refused_batch_is_as_new_tomorrow(world: World):
    sender = await contracted(world)
    await ask(world, sender, 0, ALLOWED - 5)
    with pytest.raises(EnumerationBudgetError):
        await ask(world, sender, 1_000, 6)

    assert await rows(world) == ALLOWED - 5


async def test_a_batch_too_large_for_the_day_leaves_the_small_ones_alone(world: World):
    sender = await contracted(world)
    with pytest.raises(EnumerationBudgetError):
        await ask(world, sender, 0, ALLOWED + 1)

    for first in range(0, 50_000, 500):
        await ask(world, sender, first, 500, in_sample=False)


async def test_once_the_budget_is_spent_unsampled_numbers_pass_only_so_far(world: World):
    """Else a thousandth of all questions would be counted and the rest be free, in batches of one."""
    sender = await contracted(world)
    await ask(world, sender, 0, ALLOWED)

    await ask(world, sender, 0, 1_000, in_sample=False)
    await ask(world, sender, 0, 5)  # known people: no fresh start for the others
    with pytest.raises(EnumerationBudgetError):
        await ask(world, sender, 1_000, 25, in_sample=False)
    raised = await contracted(world, budget=2 * BUDGET)
    await ask(world, raised, 1_000, 5_000, in_sample=False)
    await ask(world, sender, 1_000, 25, NOW + timedelta(days=1), in_sample=False)


async def test_calls_side_by_side_share_one_budget(world: World):
    sender = await contracted(world, budget=10_000_000)
    allowed = enumeration.allowed_tags(10_000_000)
    await asyncio.gather(*[rows(world) for _ in range(6)])  # so that all find a connection open
    asked = [ask(world, sender, first * 10_000, allowed // 2) for first in range(6)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert sum(isinstance(outcome, EnumerationBudgetError) for outcome in outcomes) == 4
    assert await rows(world) <= allowed


async def test_each_sender_has_a_budget_of_its_own(world: World):
    await ask(world, await contracted(world), 0, ALLOWED)

    await ask(world, await contracted(world, SPA), 0, ALLOWED)


async def test_a_warning_comes_before_the_refusal(world: World):
    sender = await contracted(world)

    assert await ask(world, sender, 0, ALLOWED // 2) == ()
    (warning,) = await ask(world, sender, 1_000, ALLOWED // 3)
    assert "100,000 new numbers" in warning


@pytest.mark.parametrize(("purpose", "refused"), [(MARKETING, True), (SERVICE, True), (EMERGENCY, False)])
async def test_an_emergency_is_never_judged(world: World, purpose: str, refused: bool):  # noqa: FBT001 (a parameter)
    sender = await contracted(world, budget=0)
    batch = people(0, 50_000)
    judged = enumeration.judge(world.registry, plan_of(sender, purpose), NOW, *batch)

    if refused:
        with pytest.raises(EnumerationBudgetError):
            await judged
    else:
        assert await judged == ()
        assert await rows(world) == 0


async def test_a_walk_through_a_range_is_told(world: World):
    sender = await contracted(world, budget=10_000_000)
    numbers = FIRST + np.arange(30_000, dtype=np.int64)
    await enumeration.charge(world.registry, sender, NOW, numbers, numbers * 7_919)

    assert world.registry.alarms.is_open(Kind.ENUMERATION_DENSITY, SALON)
    await world.registry.alarms.flush()
    async with world.registry.pool.acquire() as db:
        detail = await db.fetchval("SELECT detail FROM alarm WHERE kind = 'enumeration-density'")
    assert str(FIRST)[:6] not in detail


async def test_a_list_of_customers_raises_no_alarm(world: World):
    sender = await contracted(world)
    await ask(world, sender, 0, 30_000, in_sample=False)

    assert not world.registry.alarms.is_open(Kind.ENUMERATION_DENSITY, SALON)


def counts(submitted: int, opted_out: int) -> Counts:
    return Counts(submitted, submitted - opted_out, 0, 0, opted_out, 0, 0)


async def test_a_share_of_opposed_far_above_the_usual_is_told_until_it_is_usual_again(world: World):
    sender, alarms = await contracted(world), world.registry.alarms
    for _ in range(20):
        enumeration.watch_hits(world.registry, sender, counts(1_000, 30))
    assert not alarms.is_open(Kind.ENUMERATION_HITS, SALON)

    for _ in range(10):  # in small slices, too
        enumeration.watch_hits(world.registry, sender, counts(100, 40))
    assert alarms.is_open(Kind.ENUMERATION_HITS, SALON)
    assert not alarms.is_open(Kind.ENUMERATION_HITS, SPA)

    enumeration.watch_hits(world.registry, sender, counts(1_000, 30))
    assert not alarms.is_open(Kind.ENUMERATION_HITS, SALON)


async def test_a_share_is_not_judged_before_the_usual_one_is_known(world: World):
    sender = await contracted(world)
    enumeration.watch_hits(world.registry, sender, counts(9_000, 30))
    enumeration.watch_hits(world.registry, sender, counts(9_000, 9_000))

    assert not world.registry.alarms.is_open(Kind.ENUMERATION_HITS, SALON)


async def test_whom_a_sender_asked_about_is_forgotten_with_the_contact_record(world: World):
    sender = await contracted(world)
    await ask(world, sender, 0, 10)
    await ask(world, sender, 100, 10, NOW + timedelta(days=1))

    async with world.registry.pool.acquire() as db:
        assert await statements.purge_first_seen(db, date(2026, 11, 24)) == 10
    assert await rows(world) == 10
