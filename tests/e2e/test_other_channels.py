"""Oppositions that came by web form, call centre or letter: POST /v1/opt-outs."""

import asyncio
import hashlib
from datetime import UTC, datetime

import pytest

from app import channels
from app.channels import Told
from tests.world import SALON, SPA, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"
FORM = {"number": ANNE, "source": "web-form"}


async def tell(world: World, *opt_outs: dict, key: str = "salon", **more: object) -> list[dict]:
    body = {"opt_outs": list(opt_outs), **more}
    answer = await world.client.post("/v1/opt-outs", json=body, headers=world.bearer(key))
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


async def entries(world: World, sender: str = SALON) -> list[str]:
    """The sender's oppositions, as the ledger spells them."""
    found = await world.registry.directory.sender(sender)
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT entry FROM ledger_entry WHERE sender_id = $1 ORDER BY 1", found.sender_id)
    return [line for row in rows if '"kind":"stop"' in (line := row["entry"].decode())]


async def state(world: World) -> dict:
    async with world.registry.pool.acquire() as db:
        return dict(await db.fetchrow("SELECT opposed, since, source FROM opt_out"))


async def test_an_opposition_by_web_form_is_seen_by_the_next_check(world: World):
    results = await tell(world, FORM)

    assert results[0]["result"] == "recorded"
    assert await world.opposed("salon", ANNE, BRUNO) == [ANNE]
    assert await world.opposed("spa", ANNE) == []


async def test_the_original_date_and_the_source_are_kept(world: World):
    await tell(world, {**FORM, "at": "12/03/2024 à 14h05"})

    (line,) = await entries(world)
    assert '"at":"2024-03-12T13:05:00.000000Z"' in line
    assert '"connection":"channel:web-form"' in line
    assert '"code":null' in line
    assert (await state(world))["source"] == "web-form"
    assert (await state(world))["since"].isoformat() == "2024-03-12T13:05:00+00:00"


async def test_a_date_in_the_future_counts_as_now(world: World):
    await tell(world, {**FORM, "at": "2099-01-01T00:00:00Z"})

    (line,) = await entries(world)
    assert '"at":"2099' not in line


@pytest.mark.parametrize(
    "more",
    [{}, {"at": "2024-03-12T13:05:00Z"}, {"reference": "letter 17"}, {"at": "12/03/2024", "reference": "letter 17"}],
)
async def test_the_same_opposition_told_twice_is_one_entry(world: World, more: dict):
    first = await tell(world, {**FORM, **more}, {**FORM, **more})
    again = await tell(world, {**FORM, **more})

    assert [one["result"] for one in first] == ["recorded", "known"]
    assert again == [{"result": "known"}]
    assert len(await entries(world)) == 1


@pytest.mark.parametrize("more", [{"reference": "letter 18"}, {"at": "2024-03-13"}, {"source": "letter"}])
async def test_another_reference_time_or_source_is_another_opposition(world: World, more: dict):
    opt_out = {**FORM, "reference": "letter 17"} if "reference" in more else {**FORM, "at": "2024-03-12"}
    results = await tell(world, opt_out, {**opt_out, **more})

    assert [one["result"] for one in results] == ["recorded", "recorded"]
    assert len(await entries(world)) == 2


async def test_an_older_date_told_later_is_recorded_and_changes_nothing(world: World):
    await tell(world, {**FORM, "at": "2025-01-01"})
    results = await tell(world, {**FORM, "at": "2024-01-01"})

    assert results[0]["result"] == "recorded"
    assert [('"effect":"unchanged"' in line) for line in await entries(world)] == [False, True]
    assert (await state(world))["since"].year == 2024  # midnight of 1 January 2025 in Paris, written in UTC


async def test_one_unreadable_number_does_not_hold_up_the_others(world: World):
    results = await tell(world, {"number": "anonymous", "source": "letter"}, FORM, {**FORM, "source": "NOT A SOURCE"})

    assert results[0] == {"result": "refused", "reason": "unreadable-number"}
    assert results[1]["result"] == "recorded"
    assert results[2] == {"result": "refused", "reason": "bad-source"}
    assert await world.opposed("salon", ANNE) == [ANNE]


@pytest.mark.parametrize("spelling", ["06 39 98 00 01", "0033639980001", 33639980001, "Anne : 06.39.98.00.01"])
async def test_a_number_counts_in_any_spelling(world: World, spelling: object):
    await tell(world, {"number": spelling, "source": "call-centre"})

    assert await world.opposed("salon", ANNE) == [ANNE]


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512"])
async def test_a_hash_is_never_taken_for_a_number(world: World, name: str):
    digests = [hashlib.new(name, f"3363998{last:04}".encode()).hexdigest() for last in range(40)]
    results = await tell(world, *({"number": digest, "source": "import"} for digest in digests))

    assert {one.get("reason") for one in results} == {"is-a-hash"}
    assert await entries(world) == []


async def test_an_unreadable_date_does_not_lose_the_opposition(world: World):
    results = await tell(world, {**FORM, "at": "some day in spring"})

    assert results[0]["result"] == "recorded"
    assert results[0]["date"] == "unreadable"
    assert '"flags":["undated"]' in (await entries(world))[0]
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_start_on_a_short_code_does_not_lift_it(world: World):
    await tell(world, {**FORM, "at": "2024-01-01"})
    await world.mo(message("mo-1", ANNE, "START", "36111", received_at="2026-11-20T09:00:00Z"))

    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_an_undated_opposition_beside_a_stop_on_a_code_is_recorded(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", "36111", received_at="2026-11-20T09:00:00Z"))
    await tell(world, FORM)
    await world.mo(message("mo-2", ANNE, "START", "36111", received_at="2026-11-20T10:00:00Z"))

    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_delegate_says_for_whom(world: World):
    await tell(world, FORM, key="agency", sender=SPA)
    nobody = await world.client.post("/v1/opt-outs", json={"opt_outs": [FORM]}, headers=world.bearer("agency"))

    assert await world.opposed("spa", ANNE) == [ANNE]
    assert await world.opposed("salon", ANNE) == []
    assert nobody.status_code == 422


@pytest.mark.parametrize(("key", "status"), [("auditor", 403), ("admin", 403), ("spa", 404)])
async def test_only_those_who_act_for_the_sender_may_tell(world: World, key: str, status: int):
    body = {"sender": SALON, "opt_outs": [FORM]}
    answer = await world.client.post("/v1/opt-outs", json=body, headers=world.bearer(key))

    assert answer.status_code == status
    assert await entries(world) == []


async def test_more_than_one_call_takes_is_refused(world: World):
    answer = await world.client.post("/v1/opt-outs", json={"opt_outs": [FORM] * 10_001}, headers=world.bearer("salon"))

    assert answer.status_code == 413


async def test_several_thousand_are_taken_in_one_call(world: World):
    numbers = [f"+3363998{last:04}" for last in range(2_500)]
    results = await tell(world, *({"number": number, "source": "import"} for number in numbers))

    assert all(one["result"] == "recorded" for one in results)
    assert len(await world.opposed("salon", *numbers)) == 2_500


async def test_a_message_has_its_turn_between_two_parts_of_a_long_list(world: World):
    salon = await world.registry.directory.sender(SALON)
    told = [Told(33639980000 + last, datetime(2024, 3, 12, tzinfo=UTC)) for last in range(1_000, 3_000)]
    long = asyncio.create_task(channels.bring_in(world.registry, salon, "crm", told, seconds=60, at_once=100))
    await asyncio.sleep(0)  # the first part is in the queue
    await world.mo(message("mo-1", ANNE, "STOP", "36111"))
    assert not long.done()
    await long

    found = await entries(world)
    assert '"connection":"agregateur"' in "".join(found[:-1_000])
    assert len(found) == 2_001
