"""From an operator's webhook to the next check."""

import pytest

from app.directory import Secrets, seal_secrets
from app.queries import setup
from tests.world import KANNEL_TOKEN, OWN_CODE, World, message, signed

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"


async def test_a_stop_on_a_dedicated_code_is_seen_by_the_next_check(world: World):
    answer = await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))

    assert answer.status_code == 200
    assert await world.opposed("salon", ANNE, BRUNO) == [ANNE]
    assert await world.opposed("spa", ANNE, BRUNO) == []


async def test_a_stop_on_a_shared_code_concerns_all_its_senders(world: World):
    await world.mo(message("mo-1", ANNE, "STOP"))

    assert await world.opposed("salon", ANNE) == [ANNE]
    assert await world.opposed("spa", ANNE) == [ANNE]


async def test_a_keyword_narrows_a_shared_code(world: World):
    await world.mo(message("mo-1", ANNE, "STOP LILAS"))

    assert await world.opposed("salon", ANNE) == []
    assert await world.opposed("spa", ANNE) == [ANNE]


async def test_two_vendors_of_one_brand_share_one_list(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))

    assert await world.opposed("vendor", ANNE) == [ANNE]
    check = await world.check("agency", [ANNE], sender="salon-martin")
    assert check["withheld"]["opted_out"] == [ANNE]
    assert check["delegate"]


async def test_a_batch_is_answered_with_a_signed_receipt_a_message(world: World):
    answer = await world.mo(message("mo-1", ANNE, "STOP"), message("mo-2", BRUNO, "STOP"))

    receipts = answer.json()["receipts"]
    assert len(receipts) == 2
    assert all(str(receipt).count(".") >= 2 for receipt in receipts)


async def test_a_repeated_delivery_gives_the_same_receipt_and_one_entry(world: World):
    first = await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    before = (await world.check("salon", [ANNE]))["ledger"]["size"]
    second = await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))

    assert first.json() == second.json()
    assert (await world.check("salon", [ANNE]))["ledger"]["size"] == before + 1  # the first check's own entry


async def test_two_people_under_one_provider_id_are_two_events(world: World):
    await world.mo(message("mo-1", ANNE, "STOP"))
    await world.mo(message("mo-1", BRUNO, "STOP"))

    assert await world.opposed("salon", ANNE, BRUNO) == [ANNE, BRUNO]


async def test_a_stop_after_a_contact_under_the_same_id_is_not_swallowed(world: World):
    await world.mo(message("mo-1", ANNE, "CONTACT"))
    await world.mo(message("mo-1", ANNE, "STOP"))

    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_words_that_ask_nothing_change_nothing(world: World):
    await world.mo(message("mo-1", ANNE, "Ok merci"))

    assert await world.opposed("salon", ANNE) == []


async def test_an_unclear_text_with_a_stop_word_suppresses_provisionally(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?"))

    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_later_start_on_a_dedicated_code_lifts(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at="2026-11-20T09:00:00Z"))
    await world.mo(message("mo-2", ANNE, "START", OWN_CODE, received_at="2026-11-20T09:01:00Z"))

    assert await world.opposed("salon", ANNE) == []


async def test_a_start_on_a_shared_code_does_not_lift(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", received_at="2026-11-20T09:00:00Z"))
    await world.mo(message("mo-2", ANNE, "START", received_at="2026-11-20T09:01:00Z"))

    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_start_through_a_connection_that_may_not_lift_lifts_nothing(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at="2026-11-20T09:00:00Z"))
    query = {"from": ANNE, "to": OWN_CODE, "text": "START", "id": "k-1", "ts": "1795600000", "coding": "0"}
    answer = await world.client.get(f"/v1/mo/kannel/{KANNEL_TOKEN}", params=query)

    assert answer.status_code == 200
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_an_unknown_short_code_reaches_every_sender_of_the_connection(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", "36999"))

    assert await world.opposed("salon", ANNE) == [ANNE]
    assert await world.opposed("spa", ANNE) == [ANNE]


async def test_a_late_stop_is_applied(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at="2026-11-01T09:00:00Z"))

    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_kannel_gets_the_confirmation_for_the_phone_once_a_day(world: World):
    def stop(message_id: str) -> dict[str, str]:
        return {"from": ANNE, "to": OWN_CODE, "text": "STOP", "id": message_id, "coding": "0", "charset": "UTF-8"}

    first = await world.client.get(f"/v1/mo/kannel/{KANNEL_TOKEN}", params=stop("k-1"))
    again = await world.client.get(f"/v1/mo/kannel/{KANNEL_TOKEN}", params=stop("k-1"))
    second = await world.client.get(f"/v1/mo/kannel/{KANNEL_TOKEN}", params=stop("k-2"))

    assert "Salon Martin" in first.text
    assert again.text == first.text  # the same message: its first answer may have been lost
    assert second.text == ""


async def test_contact_is_answered_with_the_publishers_name(world: World):
    query = {"from": ANNE, "to": OWN_CODE, "text": "CONTACT", "id": "k-1", "coding": "0", "charset": "UTF-8"}
    answer = await world.client.get(f"/v1/mo/kannel/{KANNEL_TOKEN}", params=query)

    assert answer.text == "Edite par Salon Martin"


async def test_a_bad_signature_is_refused_and_kept_in_quarantine(world: World):
    body = b'{"messages":[]}'
    answer = await world.client.post("/v1/mo/agregateur", content=body, headers=signed(body + b" "))

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert await quarantined(world) == ["not-authentic"]


async def test_well_signed_gibberish_is_taken_and_kept_in_quarantine(world: World):
    body = b"\xff\xfe gibberish"
    answer = await world.client.post("/v1/mo/agregateur", content=body, headers=signed(body))

    assert answer.is_success
    assert len(await quarantined(world)) == 1


async def test_a_stop_from_an_unreadable_number_is_kept_in_quarantine(world: World):
    answer = await world.mo(message("mo-1", "anonymous", "STOP"))

    assert answer.is_success
    assert await quarantined(world) == ["unreadable-number"]


async def test_the_old_secret_works_while_two_are_in_force(world: World):
    link = await world.registry.directory.link("agregateur")
    fresh = "whsec_" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
    both = Secrets((fresh, link.connection.secrets[0]))
    async with world.registry.pool.acquire() as db:
        box = seal_secrets(world.registry.root, "agregateur", both, b"n" * 12)
        await setup.set_connection_secrets(db, link.connection_id, box)
    await world.registry.directory.current(max_age_seconds=0)

    assert (await world.mo(message("mo-1", ANNE, "STOP"))).is_success
    assert (await world.mo(message("mo-2", ANNE, "STOP"), secret=fresh)).is_success


async def test_an_unknown_connection_is_not_found_and_nothing_is_stored(world: World):
    answer = await world.client.post("/v1/mo/nobody", content=b"x")

    assert answer.status_code == 404
    assert await quarantined(world) == []


async def quarantined(world: World) -> list[str]:
    async with world.registry.pool.acquire() as db:
        return [row["reason"] for row in await db.fetch("SELECT reason FROM quarantine ORDER BY received_at")]
