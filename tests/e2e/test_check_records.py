"""GET /v1/checks/{id}: what was recorded, for callers of that sender."""

import json

import pytest

from tests.world import OWN_CODE, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"


async def test_a_check_is_found_again_with_its_place_in_the_ledger(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    check = await world.check("vendor", [ANNE, BRUNO], campaign="soldes")
    found = (await world.client.get(f"/v1/checks/{check['check_id']}", headers=world.bearer("salon"))).json()
    async with world.registry.pool.acquire() as db:
        entry = json.loads(await db.fetchval("SELECT entry FROM ledger_entry WHERE entry_index = $1", found["index"]))

    assert entry["check"] == found["check_id"] == check["check_id"]
    assert entry["caller"] == found["caller"] == check["delegate"]
    assert found["counts"] == check["counts"]
    assert found["evaluated_at"] == check["ledger"]["size"]
    assert (found["sender"], found["purpose"], found["campaign"]) == ("salon-martin", "marketing", "soldes")
    assert found["checked_at"] == check["checked_at"]


@pytest.mark.parametrize(
    ("key", "status"), [("vendor", 200), ("agency", 200), ("auditor", 200), ("spa", 404), ("admin", 404)]
)
async def test_only_who_acts_for_the_sender_finds_it(world: World, key: str, status: int):
    check = await world.check("salon", [ANNE])
    answer = await world.client.get(f"/v1/checks/{check['check_id']}", headers=world.bearer(key))

    assert answer.status_code == status


@pytest.mark.parametrize("check_id", ["chk_" + "0" * 32, "x", "chk_%00", "%ff", "chk_" + "f" * 5_000, "' OR 1=1"])
async def test_what_is_no_check_is_not_found(world: World, check_id: str):
    answer = await world.client.get(f"/v1/checks/{check_id}", headers=world.bearer("salon"))

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_without_a_key_nothing_is_said(world: World):
    assert (await world.client.get("/v1/checks/chk_" + "0" * 32)).status_code == 401
