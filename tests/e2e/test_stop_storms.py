"""A sender whose people say STOP in numbers is held, and only it, until a person releases it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from app import clock, holding
from app.alarms import Kind
from app.breakers import watch
from app.breakers.storm import Breaker
from app.directory import Secrets, seal_secrets
from app.errors import InvalidValueError
from app.holding import Target
from app.queries.holds import PastHoldRow
from app.server import create_app
from tests.world import OWN_CODE, SALON, SHARED_CODE, World, message

pytestmark = pytest.mark.anyio
PEOPLE = [f"+3363998{n:04}" for n in range(400)]
CROWD = PEOPLE[:200]


async def say_stop(
    world: World, people: Sequence[str], text: str = "STOP", code: str = OWN_CODE, **more: object
) -> None:
    answer = await world.mo(*(message(f"{text}-{n}", n, text, code, **more) for n in people))
    assert answer.is_success, answer.text


async def looked(world: World) -> list[PastHoldRow]:
    """Let a breaker look at the salon; return what is held."""
    sender = await world.registry.directory.sender(SALON)
    assert not await Breaker(world.registry).look([sender.sender_id])
    return [row for row in await holding.history(world.registry, SALON) if row.released_at is None]


async def status(world: World, key: str = "salon", client: httpx.AsyncClient | None = None, **fields: object) -> int:
    body = {"numbers": PEOPLE[-1:], **fields}
    return (await (client or world.client).post("/v1/checks", json=body, headers=world.bearer(key))).status_code


async def until(happened: Callable[[], object], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await happened():  # noqa: ASYNC110 - what is waited for happens in the database
            await asyncio.sleep(0.02)


async def entries(world: World, kind: str) -> list[str]:
    async with world.registry.pool.acquire() as db:
        lines = [row["entry"].decode() for row in await db.fetch("SELECT entry FROM ledger_entry ORDER BY entry_index")]
    return [line for line in lines if f'"kind":"{kind}"' in line]


async def test_a_storm_holds_the_campaign_it_answers_and_nothing_else(world: World):
    cleared = (await world.check("salon", CROWD, campaign="Soldes"))["clearance"]
    await world.check("salon", PEOPLE[200:300], campaign="rentrée")
    await say_stop(world, CROWD[:60])

    [row] = await looked(world)
    assert (row.scope, row.subject, row.kind, row.purposes) == ("campaign", "Soldes", "storm", ["marketing"])
    assert row.reason.startswith("60 of 200 people cleared said STOP within 60 minutes; the bounds are 50 and 3.0%")
    assert [await status(world, campaign=name) for name in ("soldes", "rentrée")] == [423, 200]
    assert await status(world, "spa", campaign="soldes") == 200
    verified = await world.client.post(
        "/v1/clearances/verify", json={"token": cleared["token"]}, headers=world.bearer("salon")
    )
    assert [fault["what"] for fault in verified.json()["faults"]] == ["revoked"]


async def test_a_storm_is_told_once_and_written_down(world: World):
    await world.check("salon", CROWD, campaign="soldes")
    await say_stop(world, CROWD[:60])
    await looked(world)
    await say_stop(world, CROWD[60:120])
    assert len(await looked(world)) == 1

    assert world.registry.alarms.is_open(Kind.STOP_STORM, f"{SALON}: soldes")
    assert len(await entries(world, "hold")) == 1
    await world.registry.alarms.flush()
    async with world.registry.pool.acquire() as db:
        [alarm] = await db.fetch("SELECT detail FROM alarm WHERE kind = 'stop-storm'")
        assert await db.fetchval("SELECT count(*) FROM admin_journal WHERE action = 'sender.hold'") == 1
    assert f"stop-registry sender release {SALON} --campaign 'soldes'" in alarm["detail"]


async def test_people_of_several_campaigns_hold_the_senders_marketing(world: World):
    for campaign in ("soldes", "rentrée"):
        await world.check("salon", CROWD, campaign=campaign)
    await say_stop(world, CROWD[:60])

    [row] = await looked(world)
    assert (row.scope, row.purposes) == ("sender", ["marketing"])
    assert await status(world, campaign="rien à voir") == 423


async def test_a_large_list_that_holds_the_same_people_counts_too(world: World):
    """Alone it is far from the bounds; it tells all the same that the people may answer either."""
    await world.check("salon", CROWD, campaign="soldes")
    await world.check("salon", [f"+3363998{n:04}" for n in range(3_000)], campaign="rentrée")
    await say_stop(world, CROWD[:60])

    [row] = await looked(world)
    assert (row.scope, row.reason[:20]) == ("sender", "60 of 200 people cle")


async def test_a_storm_holds_no_service_message(world: World):
    await world.check("salon", CROWD)
    await say_stop(world, CROWD[:60])
    await looked(world)
    await profile(world, grants=["service", "emergency"])
    assert [await status(world, purpose=purpose) for purpose in ("marketing", "service", "emergency")] == [
        423,
        200,
        200,
    ]


async def profile(world: World, **fields: object) -> None:
    async with world.registry.pool.acquire() as db:
        await db.execute(
            "UPDATE sender SET profile = profile::jsonb || $1::jsonb WHERE slug = $2",
            msgspec.json.encode(fields).decode(),
            SALON,
        )
    await world.registry.directory.current(max_age_seconds=0)


async def test_stops_of_people_never_cleared_hold_nobody_and_suppress(world: World):
    await world.check("salon", CROWD[:20])
    await say_stop(world, PEOPLE[200:320])

    assert await looked(world) == []
    assert await world.opposed("salon", *PEOPLE[200:320]) == PEOPLE[200:320]


async def test_stops_that_only_share_the_code_hold_nobody(world: World):
    await world.check("salon", CROWD)
    await say_stop(world, CROWD[:60], code=SHARED_CODE)
    assert await looked(world) == []

    await say_stop(world, CROWD[60:120], "STOP martin", SHARED_CODE)
    [row] = await looked(world)
    assert row.reason.startswith("60 of 200")


async def test_stops_through_a_connection_that_proves_nothing_hold_nobody(world: World):
    await world.check("salon", CROWD)
    await say_stop(world, CROWD[:40])
    async with world.registry.pool.acquire() as db:  # from now on, only its address tells who calls
        box = seal_secrets(world.registry.root, "agregateur", Secrets(), clock.random_bytes(12))
        await db.execute("UPDATE connection SET secrets = $1 WHERE slug = 'agregateur'", box)
    await profile(world, storm_count_min=30)

    assert await looked(world) == []


@pytest.mark.parametrize("source", ["web", "agregateur"])
async def test_oppositions_of_other_channels_hold_nobody(world: World, source: str):
    await world.check("salon", CROWD)
    day = datetime.now(UTC).isoformat()
    body = {"opt_outs": [{"number": n, "source": source, "at": day} for n in CROWD[:60]]}
    answer = await world.client.post("/v1/opt-outs", json=body, headers=world.bearer("salon"))
    assert answer.is_success, answer.text

    assert len(await world.opposed("salon", *CROWD)) == 60
    assert await looked(world) == []


async def test_stops_of_hours_ago_hold_nobody(world: World):
    await world.check("salon", CROWD)
    await say_stop(world, CROWD[:60], received_at=(datetime.now(UTC) - timedelta(hours=2)).isoformat())

    assert await looked(world) == []


async def test_few_stops_and_a_small_part_hold_nobody(world: World):
    await world.check("salon", CROWD)
    await say_stop(world, CROWD[:49])
    assert await looked(world) == []
    await profile(world, storm_share=0.5)
    await say_stop(world, CROWD[49:100])
    assert await looked(world) == []


async def test_who_came_back_is_counted_no_more(world: World):
    await world.check("salon", CROWD)
    await profile(world, storm_share=1)
    await say_stop(world, CROWD[:55])
    await looked(world)
    await say_stop(world, CROWD[:10], "START", received_at=datetime.now(UTC).isoformat())
    assert len(await world.opposed("salon", *CROWD)) == 45
    await profile(world, storm_share=0.03)

    assert await looked(world) == []


async def test_a_profile_decides_the_bounds(world: World):
    await profile(world, storm_count_min=5)
    await world.check("salon", CROWD)
    await say_stop(world, CROWD[:7])

    [row] = await looked(world)
    assert "the bounds are 5 and 3.0%" in row.reason


async def test_a_release_needs_a_reason_and_the_same_burst_holds_nothing_again(world: World):
    await world.check("salon", CROWD, campaign="soldes")
    await say_stop(world, CROWD[:60])
    await looked(world)
    what = Target("campaign", "soldes")
    with pytest.raises(InvalidValueError):
        await holding.release(world.registry, "cli:anne", SALON, what, " ")
    await holding.release(world.registry, "cli:anne", SALON, what, "The list was bought; it is gone")

    assert not world.registry.alarms.is_open(Kind.STOP_STORM, f"{SALON}: soldes")
    assert await looked(world) == []
    await say_stop(world, CROWD[60:130])  # the same messages, answered late
    assert await looked(world) == []
    assert await status(world, campaign="soldes") == 200


async def test_what_is_cleared_after_a_release_can_hold_again(world: World):
    await world.check("salon", CROWD, campaign="soldes")
    await say_stop(world, CROWD[:60])
    await looked(world)
    await holding.release(world.registry, "cli:anne", SALON, Target("campaign", "soldes"), "The list is gone")
    await world.check("salon", PEOPLE[200:300], campaign="soldes")
    await say_stop(world, PEOPLE[200:260])

    [row] = await looked(world)
    assert row.reason.startswith("60 of 100")


@pytest.fixture
async def other(world: World, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A second server on the same database."""
    app = create_app(world.registry.settings, database_url)
    async with app.lifespan(), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://other") as client:
        yield client


async def test_a_storm_that_one_server_sees_holds_in_the_other(world: World, other: httpx.AsyncClient):
    assert await status(world, client=other) == 200
    await world.check("salon", CROWD)
    await say_stop(world, CROWD[:60])
    await looked(world)

    assert await status(world, client=other) == 423


@pytest.mark.usefixtures("other")
async def test_two_servers_that_see_one_storm_hold_once(world: World):
    await world.check("salon", CROWD)
    await say_stop(world, CROWD[:60])
    sender = await world.registry.directory.sender(SALON)
    await asyncio.gather(*(Breaker(world.registry).look([sender.sender_id]) for _ in range(4)))

    assert len(await holding.history(world.registry, SALON)) == 1
    assert len(await entries(world, "hold")) == 1


async def test_nobody_needs_to_look(world: World):
    await world.check("salon", CROWD)
    await say_stop(world, CROWD[:60])

    async def is_held() -> bool:
        return await status(world) == 423

    await until(is_held)


async def test_a_sweep_finds_what_another_process_took_and_could_not_judge(world: World):
    await world.check("salon", CROWD)
    await say_stop(world, CROWD[:60])
    world.registry.tally.take()
    sender = await world.registry.directory.sender(SALON)
    breaker = Breaker(world.registry)

    assert sender.sender_id in await breaker.sweep()
    await watch.look(world.registry, breaker, everything=True)
    assert await status(world) == 423
    fresh = Breaker(world.registry)
    await fresh.look([sender.sender_id])
    assert sender.sender_id not in await fresh.sweep()


async def test_a_check_that_was_under_way_when_the_hold_came_is_revoked_soon_after(world: World):
    token = (await world.check("salon", CROWD))["clearance"]["token"]
    async with world.registry.pool.acquire() as db:  # a hold whose commit did not see the clearance
        await db.execute(
            "INSERT INTO hold (sender_id, hold_id, scope, subject, kind, purposes, reason, held_by, held_at)"
            " SELECT sender_id, 'h', 'sender', '', 'manual', '{marketing}', 'x', 'x', $2 FROM sender WHERE slug = $1",
            SALON,
            clock.now(),
        )
    await watch.look(world.registry, Breaker(world.registry))
    answer = await world.client.post("/v1/clearances/verify", json={"token": token}, headers=world.bearer("salon"))

    assert [fault["what"] for fault in answer.json()["faults"]] == ["revoked"]
