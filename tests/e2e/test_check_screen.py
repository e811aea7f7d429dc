"""POST /v1/checks?mode=screen: who is opposed and since which day, with no clearance, telling nothing on others."""

import json

import numpy as np
import pytest

from app import holding, review
from app.check import screening
from tests.world import OWN_CODE, SALON, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"


async def screen(world: World, key: str, *numbers: str, query: str = "", **fields: object) -> dict:
    body = {"numbers": list(numbers), **fields}
    answer = await world.client.post(f"/v1/checks?mode=screen{query}", json=body, headers=world.bearer(key))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_opposed_come_by_day_and_no_finer(world: World):
    await world.mo(
        message("mo-1", ANNE, "STOP", OWN_CODE, received_at="2026-11-18T23:59:59Z"),
        message("mo-2", BRUNO, "STOP", OWN_CODE, received_at="2026-11-20T00:00:01Z"),
        message("mo-3", "+33639980004", "STOP", OWN_CODE, received_at="2026-11-18T00:00:00Z"),
    )
    found = await screen(world, "salon", BRUNO, "06 39 98 00 01", CHLOE, "+33639980004", ANNE)

    assert found["opted_out_days"] == [
        {"day": "2026-11-18", "numbers": ["06 39 98 00 01", "+33639980004"]},
        {"day": "2026-11-20", "numbers": [BRUNO]},
    ]
    assert found["withheld"]["opted_out"] == [BRUNO, "06 39 98 00 01", "+33639980004"]
    assert found["counts"]["allowed"] == 1
    assert "23:59" not in json.dumps(found)


async def test_a_screen_is_recorded_as_one_and_clears_nobody(world: World):
    found = await screen(world, "salon", ANNE, BRUNO, campaign="crm")
    async with world.registry.pool.acquire() as db:
        record = await db.fetchrow("SELECT * FROM check_record WHERE check_id = $1", found["check_id"])
        entry = await db.fetchval("SELECT entry FROM ledger_entry WHERE entry_index = $1", record["entry_index"])
        cleared = await db.fetchval("SELECT count(*) FROM cleared")

    assert found["purpose"] == record["purpose"] == json.loads(entry)["purpose"] == "screen"
    assert json.loads(entry)["cleared"] == 0
    assert cleared == 0
    assert found["clearance"] is None


@pytest.mark.parametrize("text", ["STOP", "STOP TOUT"])
async def test_a_stop_said_to_all_of_a_shared_code_is_not_told_to_who_never_wrote_to_them(world: World, text: str):
    await world.mo(message("mo-1", ANNE, text))

    assert (await screen(world, "salon", ANNE))["withheld"]["opted_out"] == []
    assert await world.opposed("salon", ANNE) == [ANNE]  # a check withholds all the same


async def test_nor_one_on_a_code_that_nobody_knows(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", "36999"))

    assert (await screen(world, "spa", ANNE))["withheld"]["opted_out"] == []


@pytest.mark.parametrize(("senders", "told"), [((), []), (("salon-martin",), [ANNE])])
async def test_a_decision_tells_only_the_sender_it_names(world: World, senders: tuple[str, ...], told: list[str]):
    await world.mo(message("mo-1", ANNE, "Annuler"))
    [item] = await review.items(world.registry)
    await review.decide(world.registry, "cli:tests", item.item_id, "oppose", "wants no more", senders)

    assert (await screen(world, "salon", ANNE))["withheld"]["opted_out"] == told
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_it_is_told_to_a_sender_that_had_cleared_them(world: World):
    await world.check("salon", [ANNE])
    await world.mo(message("mo-1", ANNE, "STOP"), message("mo-2", BRUNO, "STOP"))

    assert (await screen(world, "salon", ANNE, BRUNO))["withheld"]["opted_out"] == [ANNE]
    assert (await screen(world, "spa", ANNE, BRUNO))["withheld"]["opted_out"] == []


async def test_a_large_batch_that_cleared_them_counts_as_well(world: World):
    await world.check("salon", [f"+3363998{n:04}" for n in range(3_000)])
    await world.check("salon", [f"+3363998{n:04}" for n in range(5_000, 5_010)])
    await world.mo(*(message(f"mo-{n}", f"+3363998{n:04}", "STOP") for n in (7, 2_999, 3_000, 5_009, 5_010)))
    asked = [f"+3363998{n:04}" for n in (3_000, 7, 5_010, 5_009, 2_999)]

    assert (await screen(world, "salon", *asked))["withheld"]["opted_out"] == [asked[1], asked[3], asked[4]]


@pytest.mark.parametrize("few", [0, 1_000], ids=["whole", "slices"])
async def test_people_are_found_in_large_batches_whole_or_in_slices(world: World, monkeypatch, few: int):
    monkeypatch.setattr(screening, "FEW_TAGS", few)
    numbers = [f"+3363998{n:04}" for n in range(10_000)]
    await world.check("salon", numbers[:4_000:2])
    await world.check("salon", numbers[4_000:7_000:3])
    asked = numbers[0:7_100:50]
    await world.mo(*(message(f"mo-{n}", number, "STOP") for n, number in enumerate(asked)))
    cleared = {*numbers[:4_000:2], *numbers[4_000:7_000:3]}

    assert (await screen(world, "salon", *asked))["withheld"]["opted_out"] == [n for n in asked if n in cleared]


async def test_a_slice_that_misses_its_place_is_no_answer(world: World):
    """Tags that lie unevenly, which only chance could bring: the whole is looked at."""
    tags = np.sort(np.append(np.arange(50_000, dtype=np.int64), np.arange(2**62, 2**62 + 50_000)))
    async with world.registry.pool.acquire() as db:
        await db.execute("INSERT INTO cleared VALUES (1, 'chk_a', now(), $1)", tags.astype("<i8").tobytes())
        await db.execute("INSERT INTO check_record VALUES (1, 'chk_a', 0, 'k', 'marketing', NULL, now(), 0, '{}')")
        asked = np.array([-5, 0, 7, 49_999, 50_000, 2**62 - 1, 2**62 + 3, 2**62 + 50_000], np.int64)

        sender = await world.registry.directory.sender_by_id(1)
        found = await screening._never_cleared(db, sender, asked)  # noqa: SLF001 - people cannot be had by their tags
    assert found.tolist() == asked[[0, 4, 5, 7]].tolist()


async def test_a_screen_does_not_make_people_known(world: World):
    await screen(world, "salon", ANNE)
    await world.mo(message("mo-1", ANNE, "STOP"))

    assert (await screen(world, "salon", ANNE))["withheld"]["opted_out"] == []


async def test_a_batch_whose_record_was_never_committed_makes_nobody_known(world: World):
    await world.check("salon", [ANNE])
    await world.mo(message("mo-1", ANNE, "STOP"))
    async with world.registry.pool.acquire() as db:
        await db.execute("DELETE FROM check_record")

    assert (await screen(world, "salon", ANNE))["withheld"]["opted_out"] == []


async def test_a_stop_that_named_the_sender_is_told_whatever_else_was_said(world: World):
    await world.mo(message("mo-1", ANNE, "STOP LILAS"), message("mo-2", BRUNO, "STOP", OWN_CODE))
    await world.mo(message("mo-3", ANNE, "STOP"), message("mo-4", BRUNO, "STOP"))

    assert (await screen(world, "spa", ANNE, BRUNO))["withheld"]["opted_out"] == [ANNE]
    assert (await screen(world, "salon", ANNE, BRUNO))["withheld"]["opted_out"] == [BRUNO]


async def test_a_stop_that_was_lifted_does_not_explain_a_later_one(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at="2026-11-18T09:00:00Z"))
    await world.mo(message("mo-2", ANNE, "START", OWN_CODE, received_at="2026-11-18T10:00:00Z"))
    await world.mo(message("mo-3", ANNE, "STOP", received_at="2026-11-19T09:00:00Z"))

    assert await world.opposed("salon", ANNE) == [ANNE]
    assert (await screen(world, "salon", ANNE))["withheld"]["opted_out"] == []


async def test_counts_add_up_with_what_is_not_told(world: World):
    await world.mo(message("mo-1", ANNE, "STOP"), message("mo-2", BRUNO, "STOP", OWN_CODE))
    found = await screen(
        world, "salon", ANNE, BRUNO, CHLOE, "06 39 98 00 02", "06 39 98 00 01", "x", query="&as=allowed"
    )

    assert found["counts"] == {
        "submitted": 6, "allowed": 2, "invalid": 1, "repeated": 2, "opted_out": 1, "duplicate": 0, "quiet_hours": 0,
    }  # fmt: skip
    assert found["allowed"] == [ANNE, CHLOE]


async def test_a_warm_index_screens_as_a_cold_one(world: World):
    numbers = [f"+3363998{n:04}" for n in range(2_000)]
    await world.mo(message("mo-1", numbers[5], "STOP", OWN_CODE), message("mo-2", numbers[6], "STOP"))
    before = (await screen(world, "salon", numbers[5], numbers[6]))["opted_out_days"]
    await screen(world, "salon", *numbers)

    assert (await screen(world, "salon", numbers[5], numbers[6]))["opted_out_days"] == before
    assert [day["numbers"] for day in before] == [[numbers[5]]]


async def test_a_repeated_screen_is_the_same_screen(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    headers = world.bearer("salon") | {"Idempotency-Key": "k-1"}
    body = {"numbers": [ANNE, BRUNO]}
    first = await world.client.post("/v1/checks?mode=screen", json=body, headers=headers)
    second = await world.client.post("/v1/checks?mode=screen", json=body, headers=headers)
    await world.mo(message("mo-2", BRUNO, "STOP", OWN_CODE))
    third = await world.client.post("/v1/checks?mode=screen", json=body, headers=headers)

    assert second.headers["idempotency-replayed"] == "true"
    assert first.content == second.content
    assert (third.status_code, third.json()["type"].rpartition("/")[2]) == (409, "recalled")


async def test_a_held_sender_may_still_look_after_its_file(world: World):
    await holding.hold(world.registry, "tests", SALON, holding.WHOLE, "audit")

    assert (await screen(world, "salon", ANNE))["counts"]["allowed"] == 1


async def test_a_screen_takes_no_other_purpose(world: World):
    body = {"numbers": [ANNE], "purpose": "service"}
    answer = await world.client.post("/v1/checks?mode=screen", json=body, headers=world.bearer("salon"))

    assert answer.status_code == 403
