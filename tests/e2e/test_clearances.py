"""A check clears the rest of its batch: a token that verifies offline, is in the ledger, and can be ended."""

import hashlib
import json
from base64 import urlsafe_b64decode

import httpx
import pytest

from app import clearances, ledger
from tests.world import OWN_CODE, SALON, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CHLOE = "+33639980001", "06 39 98 00 02", "0033639980003"


def payload(token: str) -> bytes:
    part = token.split(".")[1]
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def verified(world: World, token: str, key: str = "salon", **more: object) -> dict:
    body = {"token": token, **more}
    answer = await world.client.post("/v1/clearances/verify", json=body, headers=world.bearer(key))
    assert answer.status_code == 200, answer.text
    return answer.json()


def what(answer: dict) -> list[str]:
    return [fault["what"] for fault in answer["faults"]]


async def revoked(world: World, clearance_id: str, key: str = "salon") -> httpx.Response:
    return await world.client.post(f"/v1/clearances/{clearance_id}/revoke", headers=world.bearer(key))


async def test_a_clearance_covers_exactly_the_allowed(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    given = (await world.check("salon", [ANNE, BRUNO, CHLOE]))["clearance"]

    assert (await verified(world, given["token"], numbers=[BRUNO, CHLOE]))["valid"]
    assert (await verified(world, given["token"], numbers=["+33639980003", "+33639980002"]))["valid"]
    assert what(await verified(world, given["token"], numbers=[ANNE, BRUNO])) == ["numbers"]
    assert what(await verified(world, given["token"], numbers=[ANNE, BRUNO, CHLOE])) == ["numbers"]


async def test_nobody_allowed_means_no_clearance(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))

    assert (await world.check("salon", [ANNE]))["clearance"] is None


async def test_a_screen_clears_nobody(world: World):
    answer = await world.client.post("/v1/checks?mode=screen", json={"numbers": [ANNE]}, headers=world.bearer("salon"))

    assert answer.json()["clearance"] is None


async def test_the_terms_are_those_of_the_check_and_its_ledger_entry(world: World):
    check = await world.check("vendor", [ANNE, BRUNO], campaign="soldes")
    terms = json.loads(payload(check["clearance"]["token"]))

    assert (terms["sender"], terms["campaign"], terms["count"]) == (SALON, "soldes", 2)
    assert terms["delegate"] == check["delegate"] is not None
    assert (terms["ledger_size"], terms["ledger_root"]) == (check["ledger"]["size"], check["ledger"]["root"])
    assert (terms["jti"], terms["batch_digest"]) == (check["clearance"]["id"], check["clearance"]["batch_digest"])
    entry = await last_entry(world)
    assert (entry.check, entry.clearance) == (check["check_id"], check["clearance"]["id"])
    assert entry.terms == hashlib.sha256(payload(check["clearance"]["token"])).hexdigest()


async def last_entry(world: World) -> ledger.CheckEntry:
    async with world.registry.pool.acquire() as db:
        line = await db.fetchval(
            "SELECT e.entry FROM ledger_entry e JOIN sender s USING (sender_id) WHERE s.slug = $1 "
            "ORDER BY e.entry_index DESC LIMIT 1",
            SALON,
        )
    return ledger.decode(line)


async def test_the_answer_as_lines_carries_the_token_in_a_header(world: World):
    headers = world.bearer("salon") | {"Accept": "text/plain", "Content-Type": "text/plain"}
    answer = await world.client.post("/v1/checks", content=f"{ANNE}\n{BRUNO}\n", headers=headers)

    assert (await verified(world, answer.headers["x-clearance"], numbers=[ANNE, BRUNO]))["valid"]


async def test_a_repeated_call_gives_the_same_token_until_it_is_ended(world: World):
    headers = world.bearer("salon") | {"Idempotency-Key": "a"}
    body = {"numbers": [ANNE, BRUNO]}
    first = await world.client.post("/v1/checks", json=body, headers=headers)
    again = await world.client.post("/v1/checks", json=body, headers=headers)
    assert again.json()["clearance"] == first.json()["clearance"]

    await revoked(world, first.json()["clearance"]["id"])
    assert (
        (await world.client.post("/v1/checks", json=body, headers=headers)).json()["type"].endswith("clearance-expired")
    )


async def test_an_ended_clearance_is_named_so(world: World):
    given = (await world.check("salon", [ANNE]))["clearance"]
    assert (await revoked(world, given["id"])).status_code == 204
    assert (await revoked(world, given["id"])).status_code == 204

    assert what(await verified(world, given["token"])) == ["revoked"]


async def test_another_senders_clearance_does_not_exist(world: World):
    given = (await world.check("salon", [ANNE]))["clearance"]

    assert (await revoked(world, given["id"], "spa")).status_code == 404
    body = {"token": given["token"]}
    answer = await world.client.post("/v1/clearances/verify", json=body, headers=world.bearer("spa"))
    assert answer.status_code == 404


async def test_a_delegate_ends_only_its_own_clearances(world: World):
    given = (await world.check("agency", [ANNE], sender=SALON))["clearance"]

    assert (await revoked(world, given["id"], "vendor")).status_code == 404
    assert (await revoked(world, given["id"], "agency")).status_code == 204


async def test_an_altered_token_is_told_so(world: World):
    token = (await world.check("salon", [ANNE]))["clearance"]["token"]

    assert what(await verified(world, token[:-2] + ("AA" if token[-2:] != "AA" else "BB"))) == ["token"]


async def test_rotation_publishes_ahead_and_forgets_no_key(world: World):
    before = (await world.client.get("/.well-known/jwks.json")).json()["keys"]
    given = (await world.check("salon", [ANNE]))["clearance"]
    await clearances.rotate(world.registry, "tests")
    after = (await world.client.get("/.well-known/jwks.json")).json()["keys"]
    newer = (await world.check("salon", [ANNE]))["clearance"]

    known = {key["kid"] for key in before}
    assert known < {key["kid"] for key in after}
    assert kid(newer["token"]) in known - {kid(given["token"])}
    assert (await verified(world, given["token"]))["valid"]
    assert (await verified(world, newer["token"]))["valid"]


def kid(token: str) -> str:
    head = token.split(".", maxsplit=1)[0]
    return json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]
