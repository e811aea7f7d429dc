"""A gateway asks at the moment of sending: each number goes once, whoever asks, and never after a STOP."""

import asyncio
import random
from datetime import timedelta

import httpx
import numpy as np
import pytest

from app import admissions
from tests.world import OWN_CODE, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"


async def cleared(world: World, *numbers: str, key: str = "salon") -> str:
    return (await world.check(key, list(numbers)))["clearance"]["id"]


async def post(world: World, clearance_id: str, act: str, key: str = "salon", **body: object) -> httpx.Response:
    return await world.client.post(f"/v1/clearances/{clearance_id}/{act}", json=body, headers=world.bearer(key))


async def asked(world: World, clearance_id: str, *numbers: str, **more: object) -> dict:
    answer = await post(world, clearance_id, "admissions", numbers=list(numbers), **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def reasons(answer: dict) -> dict[str, str]:
    return {refused["number"]: refused["reason"] for refused in answer["refused"]}


async def test_each_number_goes_once_in_whatever_spelling(world: World):
    given = await cleared(world, ANNE, BRUNO)

    assert (await asked(world, given, ANNE))["send"] == [ANNE]
    assert reasons(await asked(world, given, "06 39 98 00 01")) == {"06 39 98 00 01": "already-admitted"}
    assert (await asked(world, given, ANNE, BRUNO))["send"] == [BRUNO]


async def test_a_number_named_twice_in_one_request_goes_once(world: World):
    given = await cleared(world, ANNE, BRUNO)
    answer = await asked(world, given, "x", ANNE, "0639980001", BRUNO)

    assert answer["send"] == [ANNE, BRUNO]
    assert reasons(answer) == {"x": "not-cleared", "0639980001": "already-admitted"}


async def test_who_was_not_cleared_is_not_admitted(world: World):
    given = await cleared(world, ANNE)

    assert reasons(await asked(world, given, BRUNO, "", "12")) == {
        BRUNO: "not-cleared",
        "": "not-cleared",
        "12": "not-cleared",
    }


async def test_a_stop_after_the_clearance_recalls_exactly_that_person(world: World):
    given = await cleared(world, ANNE, BRUNO, CHLOE)
    await world.mo(message("mo-1", BRUNO, "STOP", OWN_CODE))

    answer = await asked(world, given, ANNE, BRUNO, CHLOE)
    assert answer["send"] == [ANNE, CHLOE]
    assert reasons(answer) == {BRUNO: "recalled"}


async def test_a_lost_answer_comes_again_under_its_request_id(world: World):
    given = await cleared(world, ANNE, BRUNO)
    first = await asked(world, given, ANNE, BRUNO, request_id="a")

    assert await asked(world, given, ANNE, BRUNO, request_id="a") == first
    assert (await asked(world, given, ANNE, BRUNO, request_id="b"))["send"] == []


async def test_a_lost_answer_comes_again_without_who_said_stop_since(world: World):
    given = await cleared(world, ANNE, BRUNO)
    await asked(world, given, ANNE, BRUNO, request_id="a")
    await world.mo(message("mo-1", BRUNO, "STOP", OWN_CODE))

    answer = await asked(world, given, ANNE, BRUNO, request_id="a")
    assert (answer["send"], reasons(answer)) == ([ANNE], {BRUNO: "recalled"})


async def test_a_request_id_belongs_to_one_request(world: World):
    given = await cleared(world, ANNE, BRUNO)
    await asked(world, given, ANNE, request_id="a")

    answer = await post(world, given, "admissions", numbers=[BRUNO], request_id="a")
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("idempotency-key-reused")


async def test_after_its_end_nobody_is_admitted(world: World):
    given = await cleared(world, ANNE)
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE clearance SET expires_at = now() - interval '1 second'")
    world.registry.rosters._known.clear()  # noqa: SLF001 - what is kept of a clearance never changes, but for this test

    assert reasons(await asked(world, given, ANNE)) == {ANNE: "expired"}


async def test_before_its_beginning_nobody_is_admitted(world: World):
    given = await cleared(world, ANNE)
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE clearance SET not_before = now() + interval '1 hour'")
    world.registry.rosters._known.clear()  # noqa: SLF001 - as above

    assert reasons(await asked(world, given, ANNE)) == {ANNE: "not-yet"}


@pytest.mark.parametrize("act", ["revoke", "release"])
async def test_an_ended_clearance_admits_nobody(world: World, act: str):
    given = await cleared(world, ANNE, BRUNO)
    assert (await asked(world, given, ANNE))["send"] == [ANNE]
    assert (await post(world, given, act)).is_success

    assert reasons(await asked(world, given, BRUNO)) == {BRUNO: "revoked"}


async def test_what_was_given_back_is_not_admitted(world: World):
    given = await cleared(world, ANNE, BRUNO, CHLOE)
    await asked(world, given, ANNE)
    answer = await post(world, given, "release", numbers=[ANNE, BRUNO])

    assert answer.json() == {"released": 1}
    assert reasons(await asked(world, given, BRUNO)) == {BRUNO: "recalled"}
    assert (await asked(world, given, CHLOE))["send"] == [CHLOE]


async def test_a_recall_names_who_said_stop_and_who_was_never_cleared(world: World):
    given = await cleared(world, ANNE, BRUNO)
    await world.mo(message("mo-1", BRUNO, "STOP", OWN_CODE))
    answer = (await post(world, given, "recall", numbers=[ANNE, BRUNO, CHLOE])).json()

    assert answer["recalled"] == [
        {"number": BRUNO, "reason": "recalled"},
        {"number": CHLOE, "reason": "not-cleared"},
    ]


async def test_nothing_is_left_to_recall_of_an_ended_clearance(world: World):
    given = await cleared(world, ANNE)
    await post(world, given, "revoke")

    answer = await post(world, given, "recall", numbers=[ANNE])
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "clearance-expired")


async def test_another_senders_clearance_does_not_exist(world: World):
    given = await cleared(world, ANNE)

    for act in ("admissions", "recall", "release"):
        assert (await post(world, given, act, "spa", numbers=[ANNE])).status_code == 404
    for wrong in ("clr_", "chk_1", "clr_" + "0" * 32, "clr_%00"):
        assert (await post(world, wrong, "admissions", numbers=[ANNE])).status_code == 404


@pytest.mark.parametrize("body", [{}, {"numbers": ANNE}, {"numbers": [1]}, {"numbers": [], "x": 1}, {"request_id": ""}])
async def test_what_is_no_request_is_refused(world: World, body: dict):
    given = await cleared(world, ANNE)

    assert 400 <= (await post(world, given, "admissions", **body)).status_code < 500


async def test_many_gateways_at_once_admit_everybody_exactly_once(world: World):
    everybody = [f"+3363998{n:04}" for n in range(9_000)]
    given = await cleared(world, *everybody)
    drawn = random.Random(7)

    async def gateway() -> list[str]:
        went = []
        for _ in range(6):
            went += (await asked(world, given, *drawn.sample(everybody, 3_000)))["send"]
        return went

    went = [number for sent in await asyncio.gather(*(gateway() for _ in range(6))) for number in sent]
    went += (await asked(world, given, *everybody))["send"]
    assert sorted(went) == everybody


async def test_an_admission_that_another_process_overtook_is_judged_anew(world: World):
    given = await cleared(world, ANNE, BRUNO)
    roster = await world.registry.rosters.find((1,), given.replace("clr_", "chk_"))
    pages = admissions.marked(np.array([0]), {})
    now = roster.row.not_before + timedelta(seconds=1)
    row = roster.row
    admit = admissions.admissions.admit

    assert await admit(world.registry.writers, row.sender_id, row.check_id, 0, pages, now)
    assert not await admit(world.registry.writers, row.sender_id, row.check_id, 0, pages, now)
    assert len((await asked(world, given, ANNE, BRUNO))["send"]) == 1
