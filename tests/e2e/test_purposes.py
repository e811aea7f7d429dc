"""Which safeguards each purpose obeys: the table of decision D8, cell by cell, as callers see it."""

import httpx
import pytest

from app import administration, clock, holding, ledger
from app.directory import Declaration
from app.operators import Request
from app.queries.holds import HoldRow
from app.safeguards.holds import HELD_BY_A_STORM, SENDER, STORM
from app.server import LARGE_CHECK_BYTES
from app.spool import Spool, Spooled
from tests.world import ACTOR, DIRECT_ROUTE, OWN_CODE, SALON, SPA, World, let_send, message, opened_world

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"
MARKETING, SERVICE, TRANSACTIONAL, EMERGENCY = PURPOSES = ("marketing", "service", "transactional", "emergency")
GRANTS = [SERVICE, TRANSACTIONAL, EMERGENCY]
A_MINUTE_A_WEEK = {
    "days": ["03:00-03:01", *[None] * 6],  # no sending of an hour ever fits
    "sundays": "closed",
    "holidays": "closed",
    "source": "the tests: as good as closed",
    "version": "2026-11",
}


@pytest.fixture
async def granted(world: World) -> World:
    await profile(world)
    return world


async def profile(world: World, **more: object) -> None:
    await let_send(world.registry, SALON, OWN_CODE, **{"grants": GRANTS, **more})


async def post(world: World, purpose: str, *numbers: str, **fields: object) -> httpx.Response:
    body = {"numbers": list(numbers or (ANNE, BRUNO)), "purpose": purpose, **fields}
    return await world.client.post("/v1/checks", json=body, headers=world.bearer("salon"))


async def outcomes(world: World, **fields: object) -> dict[str, str]:
    """For each purpose "passes", or the slug of what refuses it."""
    found = {}
    for purpose in PURPOSES:
        answer = await post(world, purpose, **fields)
        found[purpose] = "passes" if answer.is_success else answer.json()["type"].rpartition("/")[2]
    return found


def only(slug: str, *purposes: str) -> dict[str, str]:
    return {purpose: slug if purpose in purposes else "passes" for purpose in PURPOSES}


async def withheld(world: World, purpose: str, what: str = "opted_out", **fields: object) -> list[str]:
    answer = await post(world, purpose, **fields)
    assert answer.is_success, answer.text
    return answer.json()["withheld"][what]


async def test_only_marketing_needs_no_grant(world: World):
    assert await outcomes(world) == only("forbidden", SERVICE, TRANSACTIONAL, EMERGENCY)
    await profile(world, grants=[EMERGENCY])
    assert await outcomes(world) == only("forbidden", SERVICE, TRANSACTIONAL)
    await profile(world, marketing=False)
    assert await outcomes(world) == only("forbidden", MARKETING)


async def test_who_only_calls_it_an_emergency_does_not_hold_up_the_lane_of_alerts(world: World):
    body = {"numbers": [1], "purpose": EMERGENCY}  # no list of numbers, as reading it would tell
    answer = await world.client.post("/v1/checks", json=body, headers=world.bearer("salon"))
    assert (answer.status_code, answer.json()["rule"]) == (403, "purpose.emergency")


@pytest.mark.parametrize(
    ("decided", "service"),
    [
        ({}, []),
        ({"stop_covers_service": True}, [ANNE]),
        ({"stop_covers_service": False, "marketing": False}, []),
        ({"marketing": False}, [ANNE]),
    ],
    ids=["it sends marketing too", "the profile says yes", "the profile says no", "it sends no marketing"],
)
async def test_a_stop_covers_marketing_always_service_by_the_profile_and_alerts_never(
    world: World, decided: dict, service: list[str]
):
    await profile(world, **decided)
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))

    if decided.get("marketing", True):
        assert await withheld(world, MARKETING) == [ANNE]
    assert await withheld(world, SERVICE) == service
    assert await withheld(world, TRANSACTIONAL) == service
    assert await withheld(world, EMERGENCY) == []


async def test_hours_hold_up_marketing_only(world: World):
    await profile(world, hours=A_MINUTE_A_WEEK)
    assert await outcomes(world) == only("quiet-hours", MARKETING)


async def test_only_marketing_must_say_how_to_stop(granted: World):
    assert await outcomes(granted, text="Le portail ferme à 18 heures.") == only("no-stop-mention", MARKETING)


async def test_a_dead_channel_holds_up_marketing_only(granted: World):
    await administration.add_code(granted.registry, ACTOR, "36300", [SALON], [], "non surtaxé")
    fields = {"short_code": "36300", "text": "Fermeture. STOP 36300"}
    found = await outcomes(granted, **fields)
    # A service text that offers STOP is a commercial one, and is judged so.
    assert found == only("stop-channel-down", MARKETING, SERVICE)
    assert await outcomes(granted, short_code="36300", text="Fermeture") == only("no-stop-mention", MARKETING)


async def test_a_service_text_that_offers_stop_is_judged_and_recorded_as_marketing(granted: World):
    await granted.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    answer = (await post(granted, SERVICE, text=f"Votre rendez-vous. STOP {OWN_CODE}")).json()

    assert (answer["purpose"], answer["withheld"]["opted_out"]) == ("marketing", [ANNE])
    assert (await last_entry(granted)).purpose == "marketing"
    alert = (await post(granted, EMERGENCY, text=f"Incendie. STOP {OWN_CODE}")).json()
    assert (alert["purpose"], alert["withheld"]["opted_out"]) == ("emergency", [])


async def test_the_duplicate_veto_is_for_marketing_only(world: World):
    await profile(world, duplicate_hours=24)
    for purpose in PURPOSES:
        assert (
            await withheld(world, purpose, "duplicate", text="Soldes. STOP 36111" if purpose == MARKETING else "x")
            == []
        )
    for purpose in PURPOSES:
        again = await withheld(world, purpose, "duplicate", text="Soldes. STOP 36111" if purpose == MARKETING else "x")
        assert again == ([ANNE, BRUNO] if purpose == MARKETING else [])


async def test_a_storm_holds_marketing_only(granted: World):
    sender = await granted.registry.directory.sender(SALON)
    row = HoldRow(clock.new_id("hold"), SENDER, "", STORM, list(HELD_BY_A_STORM), "many STOPs", "registry", clock.now())
    assert await holding.commit(granted.registry, sender, row)
    assert await outcomes(granted) == only("sender-held", MARKETING)


async def test_a_person_holds_everything_but_alerts(granted: World):
    cleared = (await post(granted, EMERGENCY)).json()["clearance"]["id"]
    await holding.hold(granted.registry, ACTOR, SALON, holding.WHOLE, "Wrong list")

    assert await outcomes(granted) == only("sender-held", MARKETING, SERVICE, TRANSACTIONAL)
    assert (await admitted(granted, cleared)).json()["send"] == [ANNE, BRUNO]


async def test_the_budget_of_new_numbers_is_for_all_but_alerts(world: World):
    await profile(world, first_seen_per_day=0)
    many = [f"+33{number}" for number in range(640_000_000, 640_050_000)]
    found = {purpose: (await post(world, purpose, *many)).status_code for purpose in PURPOSES}
    assert found == {MARKETING: 429, SERVICE: 429, TRANSACTIONAL: 429, EMERGENCY: 200}


@pytest.mark.parametrize(
    "declared",
    [
        Declaration("unknown", ("FR",), "C-1", stop_returns=True),
        Declaration("direct", ("RU",), "C-1", stop_returns=True),
    ],
    ids=["grey", "data elsewhere"],
)
async def test_a_forbidden_route_is_refused_to_all_and_alerts_are_warned(granted: World, declared: Declaration):
    await administration.declare(granted.registry, ACTOR, "agregateur", declared)
    assert await outcomes(granted) == only("route-refused", MARKETING, SERVICE, TRANSACTIONAL)
    assert "route" in " ".join((await post(granted, EMERGENCY)).json()["warnings"])


async def test_a_forbidden_sender_id_is_refused_to_all_and_alerts_are_warned(granted: World):
    assert await outcomes(granted, sender_id="0639980001") == only("route-refused", MARKETING, SERVICE, TRANSACTIONAL)
    assert "06 or 07" in " ".join((await post(granted, EMERGENCY, sender_id="0639980001")).json()["warnings"])


async def test_a_route_without_stops_back_carries_all_but_marketing(granted: World):
    silent = Declaration("direct", ("FR",), "C-1", stop_returns=False)
    await administration.declare(granted.registry, ACTOR, "agregateur", silent)
    assert await outcomes(granted) == only("route-refused", MARKETING)
    await administration.declare(granted.registry, ACTOR, "agregateur", DIRECT_ROUTE)
    assert await outcomes(granted) == only("")


async def test_an_alert_goes_wherever_it_can_be_dialled(granted: World):
    malformed = "06 39 98 00 07 (maman)"
    numbers = (ANNE, malformed, "personne")
    for purpose in (MARKETING, SERVICE, TRANSACTIONAL):
        answer = (await post(granted, purpose, *numbers)).json()
        assert [one["value"] for one in answer["withheld"]["invalid"]] == [malformed, "personne"]
    alert = (await post(granted, EMERGENCY, *numbers)).json()
    assert [one["value"] for one in alert["withheld"]["invalid"]] == ["personne"]
    assert alert["counts"]["allowed"] == 2
    assert (await admitted(granted, alert["clearance"]["id"], ANNE)).json()["send"] == [ANNE]


async def test_a_drill_is_marked_in_the_clearance_and_in_the_ledger(granted: World):
    for drill in (True, False):
        given = (await post(granted, EMERGENCY, drill=drill)).json()["clearance"]
        body = {"token": given["token"]}
        verified = await granted.client.post("/v1/clearances/verify", json=body, headers=granted.bearer("salon"))
        assert verified.json()["terms"]["drill"] is drill
        assert (await last_entry(granted)).drill is drill


async def test_an_alert_hangs_on_no_stop_that_waits_in_the_spool(granted: World):
    early = (await post(granted, EMERGENCY)).json()["clearance"]["id"]
    commercial = (await post(granted, MARKETING)).json()["clearance"]["id"]
    settings = granted.registry.settings
    # Of another process that lives: its part of the spool is its own to drain.
    other = Spool(settings.data_dir / "spool", granted.registry.root, settings.spool_bytes_max)
    request = Request("POST", "/", b"", {}, b"{}", "")
    await other.put(Spooled(1, "agregateur", clock.now(), stale=False, request=request))

    assert await outcomes(granted) == only("registry-unavailable", MARKETING, SERVICE, TRANSACTIONAL)
    assert (await admitted(granted, commercial)).status_code == 503
    assert (await recalled(granted, commercial)).status_code == 503
    assert (await admitted(granted, early)).json()["send"] == [ANNE, BRUNO]
    assert (await recalled(granted, early)).json()["recalled"] == []
    await other.close()


async def test_an_alert_has_a_lane_of_its_own(database_url, tmp_path):
    async with opened_world(database_url, tmp_path, checks_at_once_max=1) as world:
        await profile(world)
        many = [f"+33{number}" for number in range(640_000_000, 640_000_000 + LARGE_CHECK_BYTES // 14)]
        lines = {"content": "\n".join(many), "params": {"purpose": EMERGENCY}}
        async with world.app.state.lanes.campaigns:  # as a campaign that takes long
            as_json = await post(world, EMERGENCY, *many)
            plain = world.bearer("salon") | {"Content-Type": "text/plain"}
            as_lines = await world.client.post("/v1/checks", headers=plain, **lines)
        assert (as_json.status_code, as_lines.status_code) == (200, 200)
        assert as_json.json()["counts"]["allowed"] == len(many)


async def test_the_same_alert_goes_out_three_times(granted: World):
    for _ in range(3):
        answer = (await post(granted, EMERGENCY, campaign="intrusion", text="Confinement")).json()
        assert answer["counts"]["allowed"] == 2
        assert (await admitted(granted, answer["clearance"]["id"])).json()["send"] == [ANNE, BRUNO]


async def test_a_grant_is_the_senders_own(granted: World):
    body = {"numbers": [ANNE], "purpose": EMERGENCY, "sender": SPA}
    answer = await granted.client.post("/v1/checks", json=body, headers=granted.bearer("agency"))
    assert answer.status_code == 403


async def admitted(world: World, clearance_id: str, *numbers: str) -> httpx.Response:
    return await act(world, clearance_id, "admissions", *numbers)


async def recalled(world: World, clearance_id: str) -> httpx.Response:
    return await act(world, clearance_id, "recall")


async def act(world: World, clearance_id: str, name: str, *numbers: str) -> httpx.Response:
    body = {"numbers": list(numbers or (ANNE, BRUNO))}
    return await world.client.post(f"/v1/clearances/{clearance_id}/{name}", json=body, headers=world.bearer("salon"))


async def last_entry(world: World) -> ledger.CheckEntry:
    async with world.registry.pool.acquire() as db:
        line = await db.fetchval(
            "SELECT e.entry FROM ledger_entry e JOIN sender s USING (sender_id) WHERE s.slug = $1 "
            "ORDER BY e.entry_index DESC LIMIT 1",
            SALON,
        )
    return ledger.decode(line)
