"""A dead STOP channel: nobody is cleared for a code through which no STOP would arrive."""

import asyncio
from datetime import datetime, timedelta

import pytest

from app import canaries, clock, intake, liveness
from app.alarms import Kind
from app.errors import StopChannelDownError
from app.operators import Message
from app.pulse import PROOF_FRESH_FOR
from app.registry import open_registry
from app.safeguards.channels import channel_findings, judge
from app.server import create_app
from tests import world as usual
from tests.channels import OWN_CODE, SHARED_CODE, add_unproven_codes, backdate, plan, sent, timeline
from tests.world import KANNEL_TOKEN, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"
QUIET_DAYS = 20


@pytest.fixture
async def world(world: World) -> World:
    await add_unproven_codes(world)
    return world


async def refusal(world: World, code: str = OWN_CODE) -> StopChannelDownError:
    with pytest.raises(StopChannelDownError) as refused:
        await judge(world.registry, await plan(world.registry, code), clock.now())
    return refused.value


async def passes(world: World, code: str = OWN_CODE) -> list[str]:
    return list(await judge(world.registry, await plan(world.registry, code), clock.now()))


async def silent_after(world: World, numbers: int) -> None:
    """A STOP came; then so many numbers were cleared and nothing came for weeks."""
    await world.mo(message("mo-once", ANNE, "STOP", OWN_CODE))
    await sent(world.registry, OWN_CODE, numbers, clock.now() + timedelta(minutes=1))
    await backdate(world, OWN_CODE, QUIET_DAYS)


async def open_alarms(world: World) -> set[tuple[str, str]]:
    await world.registry.alarms.flush()
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT kind, subject FROM alarm WHERE closed_at IS NULL AND kind <> 'rights-granted'")
    return {(row["kind"], row["subject"]) for row in rows}


async def test_a_code_that_nothing_ever_proved_is_refused_with_the_way_out_in_two_languages(world: World):
    refused = await refusal(world)
    assert (refused.status, refused.slug) == (409, "stop-channel-down")
    canary = refused.members["canary"]
    assert canaries.typed(canary) is not None
    assert f"text {canary} to {OWN_CODE} from your phone" in str(refused)
    assert f"envoyez {canary} au {OWN_CODE} depuis votre téléphone" in refused.french
    assert refused.members["rule"] == "stop-channel.never-proven"
    assert refused.members.keys() >= {"profile", "source", "changed_by", "state", "short_code"}


async def test_a_stop_proves_its_code_and_no_other(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    assert await passes(world) == []
    assert (await refusal(world, SHARED_CODE)).members["state"] == "never-proven"
    assert await timeline(world.registry) == [("agregateur", "never-proven", "alive")]


@pytest.mark.parametrize(
    "text", ["START", "CONTACT", "AIDE", "Bonjour, a quelle heure ouvrez-vous ?", "Pourquoi STOP ?"]
)
async def test_only_a_stop_proves_that_stops_arrive(world: World, text: str):
    assert (await world.mo(message("mo-1", ANNE, text, OWN_CODE))).is_success
    assert (await refusal(world)).members["state"] == "never-proven"


async def test_what_a_plan_is_for_decides_whether_it_hangs_on_a_code(world: World):
    for purpose in ("service", "transactional", "emergency"):
        assert await judge(world.registry, await plan(world.registry, OWN_CODE, purpose), clock.now()) == ()
    assert await judge(world.registry, await plan(world.registry, None), clock.now()) == ()


async def test_one_living_connection_of_two_is_enough(world: World):
    url = f"/v1/mo/kannel/{KANNEL_TOKEN}?from=%2B33639980001&to={OWN_CODE}&text=STOP&id=1"
    assert (await world.client.get(url)).is_success
    assert await passes(world) == []
    assert await timeline(world.registry) == [("kannel", "never-proven", "alive")]


async def test_a_canary_proves_a_channel_opposes_nobody_and_is_confirmed(world: World):
    token = (await refusal(world)).members["canary"]
    typed = token.replace("-", " ").lower()
    url = f"/v1/mo/kannel/{KANNEL_TOKEN}"
    answer = await world.client.get(url, params={"from": ANNE, "to": OWN_CODE, "text": f" {typed} ", "id": "1"})
    assert f"Le STOP au {OWN_CODE} fonctionne" in answer.text
    assert await passes(world) == []
    assert await world.opposed("salon", ANNE) == []
    (row,) = await canaries.listed(world.registry, 10)
    assert (row.slug, row.issued_by, row.as_stop) == ("kannel", "registry", False)
    why = (await world.registry.pulse.of(OWN_CODE, clock.now()))[0].why
    assert f"Canary {token} came back through kannel" in why
    assert "passes the word STOP on was not proven" in why


async def test_a_refused_check_shows_the_same_canary_again_and_floods_no_journal(world: World):
    assert len({(await refusal(world)).members["canary"] for _ in range(3)}) == 1
    assert len(await canaries.listed(world.registry, 10)) == 1


async def test_a_canary_that_an_administrator_issued_may_be_texted_as_a_stop_and_works_once(world: World):
    issued = await canaries.issue(world.registry, "tests", OWN_CODE)
    await world.mo(message("mo-1", ANNE, f"Stop {issued.token}", OWN_CODE))
    assert await passes(world) == []
    assert await world.opposed("salon", ANNE) == []

    await world.mo(message("mo-2", BRUNO, f"Stop {issued.token}", OWN_CODE))
    assert await world.opposed("salon", ANNE, BRUNO) == [BRUNO]


async def test_a_canary_that_is_delivered_again_is_the_same_canary(world: World):
    issued = await canaries.issue(world.registry, "tests", OWN_CODE)
    for webhook in ("wh-1", "wh-2", "wh-3"):
        answer = await world.mo(message("mo-1", ANNE, f"STOP {issued.token}", OWN_CODE), webhook_id=webhook)
        assert answer.is_success
    assert await world.opposed("salon", ANNE) == []
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT times_seen FROM mo WHERE rule = 'canary'") == 3


async def test_a_canary_without_an_id_that_is_delivered_again_is_the_same_canary(world: World):
    issued = await canaries.issue(world.registry, "tests", OWN_CODE)
    for _ in range(2):
        query = {"from": ANNE, "to": OWN_CODE, "text": f"STOP {issued.token}"}
        assert (await world.client.get(f"/v1/mo/kannel/{KANNEL_TOKEN}", params=query)).is_success
    assert await world.opposed("salon", ANNE) == []


async def test_what_a_refused_check_shows_can_swallow_nobodys_stop(world: World):
    token = (await refusal(world)).members["canary"].removeprefix("TEST-")
    await world.mo(message("mo-1", ANNE, f"STOP {token}", OWN_CODE))
    assert await world.opposed("salon", ANNE) == [ANNE]


@pytest.mark.parametrize("change", ["expires_at = now() - interval '1 second'", f"code = '{SHARED_CODE}'"])
async def test_a_stop_with_a_token_that_is_not_live_is_an_ordinary_stop(world: World, change: str):
    issued = await canaries.issue(world.registry, "tests", OWN_CODE)
    async with world.registry.pool.acquire() as db:
        await db.execute(f"UPDATE canary SET {change}")
    await world.mo(message("mo-1", ANNE, f"STOP {issued.token}", OWN_CODE))
    await world.mo(message("mo-2", BRUNO, f"TEST-{issued.token}", OWN_CODE))
    assert await world.opposed("salon", ANNE, BRUNO) == [ANNE]


async def test_issuing_is_journalled_and_noted_in_the_ledger_of_every_sender_of_the_code(world: World):
    issued = await canaries.issue(world.registry, "tests", SHARED_CODE)
    await world.mo(message("mo-1", ANNE, f"TEST-{issued.token}", SHARED_CODE))
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT actor FROM admin_journal WHERE action = 'canary.issue'") == "tests"
        rows = await db.fetch('SELECT sender_id, entry FROM ledger_entry WHERE entry LIKE \'%"kind":"canary"%\'::bytea')
    assert sorted(row["sender_id"] for row in rows) == [1, 1, 2, 2]
    entries = b"".join(row["entry"] for row in rows)
    assert entries.count(b'"event":"returned"') == 2
    assert b"639980001" not in entries


async def test_a_canary_for_a_code_that_nobody_knows_is_not_issued(world: World):
    with pytest.raises(canaries.NotFoundError):
        await canaries.issue(world.registry, "tests", "36999")
    assert "code add 36999" in str(await refusal(world, "36999"))


async def test_silence_first_warns_and_then_refuses(world: World):
    await silent_after(world, 40_000)
    (warning,) = await passes(world)
    assert "suspect" in warning
    assert "40000 cleared messages" in warning
    assert (str(Kind.STOP_CHANNEL_SUSPECT), f"{OWN_CODE} agregateur") in await open_alarms(world)

    await sent(world.registry, OWN_CODE, 400_000, clock.now() - timedelta(days=1))
    refused = await refusal(world)
    assert refused.members["rule"] == "stop-channel.dead"
    assert "440000 messages" in refused.french
    assert await open_alarms(world) == {(str(Kind.STOP_CHANNEL_DEAD), f"{OWN_CODE} agregateur")}
    assert [became for _, _, became in await timeline(world.registry)] == ["alive", "suspect", "dead"]


async def test_a_small_sender_that_hears_nothing_for_weeks_is_not_refused(world: World):
    await silent_after(world, 900)
    assert await passes(world) == []


async def test_what_was_cleared_a_moment_ago_is_not_unanswered_yet(world: World):
    await silent_after(world, 10)
    await sent(world.registry, OWN_CODE, 5_000_000, clock.now() - timedelta(minutes=90))
    assert await passes(world) == []


@pytest.mark.parametrize("kind", ["stop", "canary"])
async def test_a_dead_channel_comes_back_by_itself_and_tells(world: World, kind: str):
    await silent_after(world, 1_000_000)
    token = (await refusal(world)).members["canary"]
    await world.mo(message("mo-2", BRUNO, "STOP" if kind == "stop" else token, OWN_CODE))
    assert await passes(world) == []
    assert (await timeline(world.registry))[-1] == ("agregateur", "dead", "alive")
    assert await open_alarms(world) == set()


async def test_a_stop_delivered_again_proves_no_more_than_the_first_time(world: World):
    await silent_after(world, 1_000_000)
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE mo SET received_at = received_at - $1::interval", timedelta(days=QUIET_DAYS))
    await refusal(world)
    assert (await world.mo(message("mo-once", ANNE, "STOP", OWN_CODE))).is_success
    assert (await refusal(world)).members["state"] == "dead"


async def test_another_code_goes_on(world: World):
    await silent_after(world, 1_000_000)
    await world.mo(message("mo-2", BRUNO, "STOP", SHARED_CODE))
    await refusal(world)
    assert await passes(world, SHARED_CODE) == []


async def test_two_processes_agree(world: World, database_url: str):
    async with open_registry(world.registry.settings, database_url) as other:

        async def judged() -> object:
            return await judge(other, await plan(other), clock.now())

        with pytest.raises(StopChannelDownError):
            await judged()
        await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
        assert await judged() == ()

    await sent(world.registry, OWN_CODE, 1_000_000, clock.now() + timedelta(minutes=1))
    await backdate(world, OWN_CODE, QUIET_DAYS)
    async with open_registry(world.registry.settings, database_url) as third:
        both = await asyncio.gather(
            judge(third, await plan(third), clock.now()),
            judge(world.registry, await plan(world.registry), clock.now() + timedelta(minutes=2)),
            return_exceptions=True,
        )
    assert [type(one) for one in both] == [StopChannelDownError] * 2
    assert await timeline(world.registry) == [("agregateur", "never-proven", "alive"), ("agregateur", "alive", "dead")]


async def test_the_first_proof_is_written_before_its_stop_is_acknowledged(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT state FROM channel WHERE code = $1", OWN_CODE) == "alive"


async def test_further_stops_are_written_later_and_together(world: World):
    await world.mo(message("mo-0", ANNE, "STOP", OWN_CODE))
    async with world.registry.pool.acquire() as db:
        first = await db.fetchrow("SELECT xmin, stop_at FROM channel WHERE code = $1", OWN_CODE)
        for number in range(1, 6):
            await world.mo(message(f"mo-{number}", f"+3363998000{number}", "STOP", OWN_CODE))
        assert await db.fetchrow("SELECT xmin, stop_at FROM channel WHERE code = $1", OWN_CODE) == first
        await world.registry.pulse.write()
        assert await db.fetchval("SELECT stop_at FROM channel WHERE code = $1", OWN_CODE) > first["stop_at"]
        assert await db.fetchval("SELECT sum(stops) FROM channel_day WHERE code = $1", OWN_CODE) == 6


async def test_what_is_noted_is_written_when_a_registry_closes(world: World, database_url: str):
    async with open_registry(world.registry.settings, database_url) as other:
        other.pulse.cleared(OWN_CODE, 1_000, clock.now())
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT numbers FROM code_cleared") == 1_000


def test_a_proof_is_renewed_before_silence_can_count():
    assert PROOF_FRESH_FOR < liveness.SETTLING


async def test_a_reminder_is_raised_for_a_code_that_nothing_proved_for_days(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    assert await canaries.remind(world.registry, clock.now()) == [SHARED_CODE]
    assert (str(Kind.CANARY_DUE), SHARED_CODE) in await open_alarms(world)
    later = clock.now() + timedelta(days=world.registry.settings.canary_days, hours=1)
    assert {OWN_CODE, SHARED_CODE} <= set(await canaries.remind(world.registry, later))

    issued = await canaries.issue(world.registry, "tests", SHARED_CODE)
    await world.mo(message("mo-2", BRUNO, f"TEST-{issued.token}", SHARED_CODE))
    assert await canaries.remind(world.registry, clock.now()) == []
    assert await open_alarms(world) == set()


async def test_the_doctor_is_told_of_every_code(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    levels = {text.partition(":")[0]: (level, text) for level, text in await channel_findings(world.registry)}
    assert levels[OWN_CODE][0] == "ok"
    assert levels[SHARED_CODE][0] == "error"
    assert f"canary issue {SHARED_CODE}" in levels[SHARED_CODE][1]


async def told(world: World, text: str | None, source: str, at: datetime) -> None:
    """A message that no webhook brought."""
    link = await world.registry.directory.link("agregateur")
    one = Message(33639980001, ANNE, OWN_CODE, OWN_CODE, text, message_id="mo-1", received_at=at)
    found = await intake.cases(world.registry, link, [one])
    await intake.apply(world.registry, link, found, source)


async def test_a_stop_that_had_to_be_reconciled_does_not_prove_the_channel(world: World):
    await told(world, "STOP", intake.RECONCILIATION, clock.now())
    assert await world.opposed("salon", ANNE) == [ANNE]
    await refusal(world)


async def test_a_stop_on_a_list_that_is_read_proves_the_channel_at_its_own_time(world: World):
    at = clock.now() - timedelta(days=400)
    await told(world, None, "pull", at)
    assert await passes(world) == []
    (channel,) = await world.registry.pulse.of(OWN_CODE, clock.now())
    assert channel.row.stop_at == at


async def test_a_canary_in_an_operators_own_account_opposes_nobody_and_proves_nothing(world: World):
    issued = await canaries.issue(world.registry, "tests", OWN_CODE)
    await told(world, f"STOP {issued.token}", intake.RECONCILIATION, clock.now())
    assert await world.opposed("salon", ANNE) == []
    await refusal(world)


async def test_what_checks_clear_is_what_a_silence_is_measured_by(world: World):
    await world.check("salon", [ANNE, BRUNO])
    await world.mo(message("mo-1", ANNE, "STOP", usual.OWN_CODE))
    await world.check("salon", [ANNE, BRUNO])
    await world.registry.pulse.write()
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT sum(numbers) FROM code_cleared WHERE code = $1", usual.OWN_CODE) == 3


async def test_a_check_is_refused_over_http_and_passes_once_the_canary_is_texted(world: World):
    asked = {"numbers": [BRUNO], "short_code": OWN_CODE, "text": f"Soldes : -20 %. STOP {OWN_CODE}"}
    refused = await world.client.post("/v1/checks", json=asked, headers=world.bearer("salon"))
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2].rpartition(":")[2]) == (
        409,
        "stop-channel-down",
    )
    assert refused.json()["rule"] == "stop-channel.never-proven"
    await world.mo(message("mo-1", ANNE, refused.json()["canary"], OWN_CODE))
    answer = await world.client.post("/v1/checks", json=asked, headers=world.bearer("salon"))
    assert answer.status_code == 200, answer.text


async def test_what_the_database_does_not_take_stays_due(world: World, database_url: str):
    async with open_registry(world.registry.settings, database_url) as other:
        async with world.registry.pool.acquire() as db:
            await db.execute("ALTER TABLE channel RENAME TO channel_away")
            other.pulse.heard(1, OWN_CODE, clock.now(), new=True)
            await other.pulse.prove()
            await db.execute("ALTER TABLE channel_away RENAME TO channel")
        await refusal(world)
        await other.pulse.write()
        assert await passes(world) == []


async def test_a_served_registry_writes_and_reminds_by_itself(world: World, database_url: str):
    app = create_app(world.registry.settings, database_url)
    async with app.lifespan(), world.registry.pool.acquire() as db, asyncio.timeout(20):
        while not {code for _, code in await open_alarms(world)} >= {OWN_CODE, SHARED_CODE}:
            await db.execute("SELECT pg_sleep(0.02)")
