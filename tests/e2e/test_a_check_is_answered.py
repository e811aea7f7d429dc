"""POST /v1/checks: the contract of a batch."""

import hashlib
import json
import random

import numpy as np
import pytest

from app import holding
from tests.world import OWN_CODE, SALON, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"


async def test_numbers_come_back_exactly_as_they_were_sent(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE), message("mo-2", BRUNO, "STOP", OWN_CODE))
    spellings = ["06 39 98 00 01", "0033639980002", CHLOE]

    assert await world.opposed("salon", *spellings) == spellings[:2]


async def test_every_position_gets_one_reason_and_the_counts_add_up(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    check = await world.check("salon", [ANNE, BRUNO, "06 39 98 00 02", "12 34", CHLOE, "06.39.98.00.01"])

    assert check["counts"] == {
        "submitted": 6, "allowed": 2, "invalid": 1, "repeated": 2, "opted_out": 1, "duplicate": 0, "quiet_hours": 0,
    }  # fmt: skip
    assert check["withheld"]["opted_out"] == [ANNE]
    assert check["withheld"]["repeated"] == [2, 5]
    assert [(bad["index"], bad["value"]) for bad in check["withheld"]["invalid"]] == [(3, "12 34")]


async def test_reasons_that_nobody_met_are_empty_lists(world: World):
    check = await world.check("salon", [ANNE])

    assert check["withheld"]["quiet_hours"] == []
    assert check["withheld"]["duplicate"] == []


async def test_the_allowed_come_on_request(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    body = {"numbers": [ANNE, BRUNO, CHLOE]}
    answer = await world.client.post("/v1/checks?as=allowed", json=body, headers=world.bearer("salon"))

    assert answer.json()["allowed"] == [BRUNO, CHLOE]


async def test_an_empty_batch_is_answered(world: World):
    assert (await world.check("salon", []))["counts"]["submitted"] == 0


async def test_a_check_is_recorded_with_its_cleared_tags_before_it_is_answered(world: World):
    check = await world.check("salon", [ANNE, BRUNO], campaign="soldes")
    async with world.registry.pool.acquire() as db:
        record = await db.fetchrow("SELECT * FROM check_record WHERE check_id = $1", check["check_id"])
        tags = await db.fetchval("SELECT tags FROM cleared WHERE check_id = $1", check["check_id"])

    assert record["campaign"] == "soldes"
    assert json.loads(record["counts"])["allowed"] == 2
    assert len(tags) == 2 * 8


@pytest.mark.parametrize("as_lines", [False, True])
async def test_a_long_list_of_cleared_tags_is_the_one_that_its_entry_vouches_for(world: World, *, as_lines: bool):
    numbers = [f"+3363998{last:04}" for last in range(3_000)]
    await world.mo(message("mo-1", numbers[7], "STOP", OWN_CODE))
    if as_lines:
        headers = {**world.bearer("salon"), "content-type": "text/plain"}
        answer = await world.client.post("/v1/checks", content="\n".join(numbers), headers=headers)
        check = answer.json()
    else:
        check = await world.check("salon", numbers)
    async with world.registry.pool.acquire() as db:
        blobs = await db.fetch("SELECT check_id, tags FROM cleared")
        entries = await db.fetch("SELECT entry FROM ledger_entry WHERE sender_id = 1 ORDER BY entry_index")
    tags = np.frombuffer(blobs[0]["tags"], "<i8")

    assert [blob["check_id"] for blob in blobs] == [check["check_id"]]
    assert (tags.size, (np.diff(tags) > 0).all()) == (2_999, True)
    assert json.loads(entries[-1]["entry"])["batch"] == hashlib.sha256(blobs[0]["tags"]).hexdigest()
    assert check["withheld"]["opted_out"] == [numbers[7]]
    assert json.loads(entries[-1]["entry"])["clearance"] == check["clearance"]["id"]


async def test_a_hundred_thousand_numbers_are_screened_for_two_senders_whose_lists_differ(world: World):
    picked = random.Random(7)
    numbers = [f"+3363998{last:04}" for last in range(10_000)] + [f"+336{n:08}" for n in range(10_000_000, 10_090_000)]
    picked.shuffle(numbers)
    for_salon, for_spa = numbers[:40], numbers[30:70]
    await world.mo(*(message(f"a{i}", n, "STOP", OWN_CODE) for i, n in enumerate(for_salon)))
    await world.mo(*(message(f"b{i}", n, "STOP LILAS") for i, n in enumerate(for_spa)))
    picked.shuffle(numbers)

    assert set(await world.opposed("salon", *numbers)) == set(for_salon)
    assert set(await world.opposed("spa", *numbers)) == set(for_spa)


async def test_a_warm_index_sees_what_a_cold_one_sees(world: World):
    numbers = [f"+3363998{last:04}" for last in range(2_000)]
    await world.check("salon", numbers)  # large enough to build the index
    await world.mo(message("mo-1", numbers[5], "STOP", OWN_CODE))
    await world.mo(message("mo-2", numbers[6], "STOP", OWN_CODE, received_at="2026-11-20T09:00:00Z"))
    await world.mo(message("mo-3", numbers[6], "START", OWN_CODE, received_at="2026-11-20T10:00:00Z"))

    assert await world.opposed("salon", *numbers) == [numbers[5]]
    assert await world.opposed("salon", numbers[5], numbers[6]) == [numbers[5]]


async def test_a_change_that_is_no_append_makes_the_index_rebuild(world: World):
    numbers = [f"+3363998{last:04}" for last in range(2_000)]
    await world.mo(message("mo-1", numbers[5], "STOP", OWN_CODE))
    assert await world.opposed("salon", *numbers) == [numbers[5]]
    async with world.registry.pool.acquire() as db:
        await db.execute("DELETE FROM opt_out")
        await db.execute("UPDATE ledger_head SET generation = generation + 1")

    assert await world.opposed("salon", *numbers) == []


async def test_too_many_numbers_are_refused(database_url, tmp_path):
    from tests.world import opened_world

    async with opened_world(database_url, tmp_path, check_numbers_max=3) as world:
        body = {"numbers": [ANNE] * 4}
        answer = await world.client.post("/v1/checks", json=body, headers=world.bearer("salon"))

    assert answer.status_code == 413
    assert answer.json()["type"].endswith("/too-large")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"null", 400),
        (b'{"numbers":"+33639980001"}', 422),
        (b'{"numbers":[1]}', 422),
        (b'{"numbers":[],"campain":"x"}', 400),
        (b'{"campaign":"x"}', 400),
        (b'{"numbers":[],"purpose":"emergency"}', 403),
        (b'{"numbers":[],"sender":"nobody"}', 404),
    ],
)
async def test_a_body_that_cannot_be_used_is_refused_precisely(world: World, body: bytes, status: int):
    answer = await world.client.post("/v1/checks", content=body, headers=world.bearer("salon"))

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


async def test_a_problem_is_titled_in_the_callers_language(world: World):
    headers = {**world.bearer("salon"), "Accept-Language": "fr-FR,fr;q=0.9"}
    answer = await world.client.post("/v1/checks", content=b"{", headers=headers)

    assert answer.json()["title"] == "La requête est illisible"


async def test_a_held_sender_may_not_send(world: World):
    await holding.hold(world.registry, "tests", SALON, holding.WHOLE, "audit")
    answer = await world.client.post("/v1/checks", json={"numbers": [ANNE]}, headers=world.bearer("salon"))

    assert answer.status_code == 423
