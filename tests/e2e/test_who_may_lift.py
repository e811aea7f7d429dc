"""Each rule of D16, over HTTP: what a START or a consent needs to end an opposition."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest

import msgspec
import pytest

from app import review
from app.administration import ConnectionPlan, add_connection
from app.lifting import LiftBudgetError
from tests.world import OWN_CODE, SALON, SIGNED_SECRET, World, message, signed

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"
NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
SECOND_SECRET = "whsec_" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="


async def say(world: World, text: str, at: datetime | None, *, code: str = OWN_CODE, number: str = ANNE) -> None:
    when = {} if at is None else {"received_at": at.isoformat()}
    answer = await world.mo(message(f"{text}-{at}-{number}", number, text, code, **when))
    assert answer.is_success


async def say_elsewhere(world: World, text: str, at: datetime) -> None:
    """The same person, through another connection that may lift."""
    plan = ConnectionPlan("second", "standard_webhooks", secrets=(SECOND_SECRET,), codes=(OWN_CODE,), may_lift=True)
    if "second" not in (await world.registry.directory.current()).links:
        await add_connection(world.registry, "tests", plan)
    one = message(f"{text}-{at}", ANNE, text, OWN_CODE, received_at=at.isoformat())
    body = msgspec.json.encode({"messages": [one]})
    answer = await world.client.post("/v1/mo/second", content=body, headers=signed(body, SECOND_SECRET))
    assert answer.is_success


async def reasons(world: World) -> list[str]:
    return [reason for item in await review.items(world.registry) for reason in item.reasons]


async def test_strictly_later_on_the_same_connection(world: World):
    await say(world, "STOP", NINE)
    await say(world, "START", NINE)
    assert (await world.opposed("salon", ANNE), await reasons(world)) == ([ANNE], ["not-later"])
    await say(world, "START", NINE + timedelta(seconds=1))
    assert await world.opposed("salon", ANNE) == []


async def test_by_more_than_five_minutes_across_connections(world: World):
    await say(world, "STOP", NINE)
    await say_elsewhere(world, "START", NINE + timedelta(minutes=5))
    assert (await world.opposed("salon", ANNE), await reasons(world)) == ([ANNE], ["not-later"])
    await say_elsewhere(world, "START", NINE + timedelta(minutes=5, seconds=1))
    assert await world.opposed("salon", ANNE) == []


async def test_a_start_without_time_counts_as_older_by_the_providers_retry_span(world: World):
    now = datetime.now(UTC)
    await say(world, "STOP", now - timedelta(hours=23))
    await say(world, "STOP", now - timedelta(hours=25), number=BRUNO)
    await say(world, "START", None)
    await say(world, "START", None, number=BRUNO)

    assert await world.opposed("salon", ANNE, BRUNO) == [ANNE]
    assert await reasons(world) == ["not-later"]


async def test_a_person_may_lift_what_only_lacked_a_time(world: World):
    await say(world, "STOP", datetime.now(UTC) - timedelta(hours=23))
    await say(world, "START", None)
    [item] = await review.items(world.registry)
    await review.decide(world.registry, "cli:tests", item.item_id, "lift", "came a day after the STOP")

    assert await world.opposed("salon", ANNE) == []


async def test_only_from_a_message_that_is_authentic(world: World):
    await say(world, "STOP", NINE)
    body = b'{"messages":[{"id":"x","from":"+33639980001","to":"36111","text":"START"}]}'
    headers = signed(body, SIGNED_SECRET.replace("Y", "Z"))

    assert (await world.client.post("/v1/mo/agregateur", content=body, headers=headers)).status_code == 401
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_not_from_a_copy_of_an_old_request(world: World):
    """Signed outside the provider's window, a STOP counts and a START asks."""
    await say(world, "STOP", NINE)
    late = message("x", ANNE, "START", OWN_CODE, received_at="2026-11-20T10:00:00Z")
    body = msgspec.json.encode({"messages": [late]})
    headers = signed(body)
    old = str(int(headers["webhook-timestamp"]) - 3_600)
    key = b64decode(SIGNED_SECRET.removeprefix("whsec_"))
    mac = b64encode(digest(key, f"wh-1.{old}.".encode() + body, sha256)).decode()
    headers |= {"webhook-timestamp": old, "webhook-signature": f"v1,{mac}"}

    assert (await world.client.post("/v1/mo/agregateur", content=body, headers=headers)).is_success
    assert (await world.opposed("salon", ANNE), await reasons(world)) == ([ANNE], ["stale"])


async def test_only_through_a_connection_that_may(world: World):
    await say(world, "STOP", NINE)
    plan = ConnectionPlan("second", "standard_webhooks", secrets=(SECOND_SECRET,), codes=(OWN_CODE,))
    await add_connection(world.registry, "tests", plan)
    await say_elsewhere(world, "START", NINE + timedelta(hours=1))

    assert (await world.opposed("salon", ANNE), await reasons(world)) == ([ANNE], ["may-not-lift"])


async def test_only_with_certain_attribution(world: World):
    await say(world, "STOP", NINE, code="36200")
    await say(world, "START", NINE + timedelta(hours=1), code="36200")

    assert (await world.opposed("salon", ANNE), await reasons(world)) == ([ANNE], ["uncertain-attribution"])


async def test_a_start_of_somebody_who_is_not_opposed_asks_nobody(world: World):
    await say(world, "START", NINE, code="36200")

    assert await reasons(world) == []


async def test_twenty_a_day_and_then_a_person(world: World):
    numbers = [f"+336399801{n:02}" for n in range(22)]
    for at, text in ((NINE, "STOP"), (NINE + timedelta(hours=1), "START")):
        for half in (numbers[:11], numbers[11:]):
            batch = [message(f"{text}-{n}", n, text, OWN_CODE, received_at=at.isoformat()) for n in half]
            assert (await world.mo(*batch)).is_success

    assert len(await world.opposed("salon", *numbers)) == 2
    assert await reasons(world) == ["budget", "budget"]


async def test_a_sender_of_many_oppositions_has_half_a_percent_a_day(world: World):
    sender = await world.registry.directory.sender(SALON)
    async with world.registry.pool.acquire() as db:
        await db.execute(
            "INSERT INTO opt_out SELECT $1, n, true, now(), 'mo', 0, NULL, '' FROM generate_series(1, 4200) AS n",
            sender.sender_id,
        )
    numbers = [f"+336399801{n:02}" for n in range(25)]
    for at, text in ((NINE, "STOP"), (NINE + timedelta(hours=1), "START")):
        await world.mo(*(message(f"{text}-{n}", n, text, OWN_CODE, received_at=at.isoformat()) for n in numbers))

    assert len(await world.opposed("salon", *numbers)) == 4


async def test_a_delegate_cannot_say_that_somebody_consented(world: World):
    await say(world, "STOP", NINE)
    for caller in ("agency", "vendor", "auditor", "admin"):
        answer = await world.client.post("/v1/opt-ins", json=consent(), headers=world.bearer(caller))
        assert answer.status_code == 403
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_consent_newer_than_the_opposition_lifts_it_whatever_its_code(world: World):
    await say(world, "STOP", NINE)
    await say(world, "STOP", NINE, code="36200")
    answer = await world.client.post("/v1/opt-ins", json=consent(), headers=world.bearer("salon"))

    assert (answer.status_code, answer.json()["outcome"]) == (200, "lifted"), answer.text
    assert await world.opposed("salon", ANNE) == []
    assert await world.opposed("spa", ANNE) == [ANNE]


@pytest.mark.parametrize("seconds", [0, -1])
async def test_a_consent_that_is_not_newer_is_refused_and_leaves_no_trace(world: World, seconds: int):
    await say(world, "STOP", NINE)
    before = await size(world)
    body = consent(NINE + timedelta(seconds=seconds))
    answer = await world.client.post("/v1/opt-ins", json=body, headers=world.bearer("salon"))

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/consent-older")
    assert (await world.opposed("salon", ANNE), await size(world)) == (
        [ANNE],
        before + 2,
    )  # the two checks' own entries


async def test_a_consent_stands_in_the_ledger_with_a_digest_of_its_proof(world: World):
    await say(world, "STOP", NINE)
    answer = await world.client.post("/v1/opt-ins", json=consent(), headers=world.bearer("salon"))
    async with world.registry.pool.acquire() as db:
        lines = [row["entry"].decode() for row in await db.fetch("SELECT entry FROM ledger_entry")]

    [line] = [line for line in lines if '"rule":"opt-in.proof"' in line]
    assert f"proof:{answer.json()['proof']}" in line
    assert answer.json()["message"] in line
    assert "formulaire-77" not in line


async def test_another_proof_has_another_digest(world: World):
    first = (await world.client.post("/v1/opt-ins", json=consent(), headers=world.bearer("salon"))).json()
    other = consent(reference="formulaire-78")
    second = (await world.client.post("/v1/opt-ins", json=other, headers=world.bearer("salon"))).json()

    assert first["outcome"] == "not-opposed"
    assert first["proof"] != second["proof"]


async def test_the_same_consent_twice_is_one(world: World):
    await say(world, "STOP", NINE)
    answers = [
        (await world.client.post("/v1/opt-ins", json=consent(), headers=world.bearer("salon"))).status_code
        for _ in range(2)
    ]
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM mo WHERE rule = 'opt-in.proof'") == 1
    assert answers == [200, 200]


async def test_consents_share_the_budget_and_beyond_it_a_person_decides(world: World):
    sender = await world.registry.directory.sender(SALON)
    await say(world, "STOP", NINE)
    async with world.registry.pool.acquire() as db:
        day = "(now() AT TIME ZONE 'UTC')::date"
        await db.execute(f"INSERT INTO lift_budget VALUES ($1, {day}, 20, 20)", sender.sender_id)
    for _ in range(2):
        answer = await world.client.post("/v1/opt-ins", json=consent(), headers=world.bearer("salon"))
        assert (answer.status_code, answer.json()["outcome"]) == (202, "review")

    assert await world.opposed("salon", ANNE) == [ANNE]
    [item] = await review.items(world.registry)
    assert "formulaire-77" in item.text
    async with world.registry.pool.acquire() as db:
        await db.execute("DELETE FROM lift_budget")  # a new day
    with pytest.raises(LiftBudgetError):
        await review.decide(world.registry, "cli:tests", item.item_id, "lift", "the form was read")
    await review.decide(world.registry, "cli:tests", item.item_id, "lift", "the form was read", by_dpo=True)
    assert await world.opposed("salon", ANNE) == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"consented_at": "2026-11-20T10:00:00"}, 400),
        ({"consented_at": "2999-01-01T00:00:00Z"}, 422),
        ({"number": "12"}, 422),
        ({"proof": {"channel": "web"}}, 400),
        ({"sender": "spa-des-lilas"}, 404),
    ],
)
async def test_a_consent_that_says_too_little_is_refused(world: World, change: dict, status: int):
    answer = await world.client.post("/v1/opt-ins", json=consent() | change, headers=world.bearer("salon"))

    assert answer.status_code == status


def consent(at: datetime = NINE + timedelta(hours=1), reference: str = "formulaire-77") -> dict:
    proof = {"channel": "web", "reference": reference, "text": "Oui, écrivez-moi."}
    return {"number": "06 39 98 00 01", "consented_at": at.isoformat(), "proof": proof}


async def size(world: World) -> int:
    return (await world.check("salon", [BRUNO]))["ledger"]["size"]
