"""Every route is guarded, and one sender cannot learn anything about another."""

import pytest

from app import administration
from tests.world import ACTOR, SALON, SPA, World, message

pytestmark = pytest.mark.anyio
GUARDED = [
    ("POST", "/v1/checks"),
    ("POST", "/v1/opt-outs"),
    ("GET", "/v1/audit/export"),
    ("POST", "/v1/audit/subjects"),
    ("GET", f"/v1/ledgers/{SALON}/checkpoint"),
]


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_no_route_answers_without_a_key(world: World, method: str, path: str):
    answer = await world.client.request(method, path, content=b"{")

    assert answer.status_code == 401


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_an_admin_sees_no_persons_data(world: World, method: str, path: str):
    answer = await world.client.request(method, path, content=b"{}", headers=world.bearer("admin"))

    assert answer.status_code == 403


async def test_an_auditor_may_not_check(world: World):
    answer = await world.client.post("/v1/checks", json={"numbers": []}, headers=world.bearer("auditor"))

    assert answer.status_code == 403


async def test_another_senders_ledger_looks_exactly_like_one_that_does_not_exist(world: World):
    theirs = await world.client.get(f"/v1/ledgers/{SPA}/checkpoint", headers=world.bearer("salon"))
    nobodys = await world.client.get("/v1/ledgers/nobody/checkpoint", headers=world.bearer("salon"))

    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert theirs.json()["detail"] == nobodys.json()["detail"]


async def test_another_senders_check_and_export_do_not_exist(world: World):
    check = await world.client.post("/v1/checks", json={"numbers": [], "sender": SPA}, headers=world.bearer("salon"))
    export = await world.client.get("/v1/audit/export", params={"sender": SPA}, headers=world.bearer("auditor"))

    assert (check.status_code, export.status_code) == (404, 404)


async def test_a_delegate_of_two_senders_must_say_for_whom(world: World):
    answer = await world.client.post("/v1/checks", json={"numbers": []}, headers=world.bearer("agency"))

    assert answer.status_code == 422
    assert "sender" in answer.json()["detail"]


async def test_a_senders_opposition_stays_unknown_to_another(world: World):
    await world.mo(message("mo-1", "+33639980001", "STOP MARTIN"))

    assert await world.opposed("spa", "+33639980001") == []


async def test_a_revoked_key_is_refused_from_the_next_request_on(world: World):
    await world.check("salon", [])
    await administration.revoke_key(world.registry, ACTOR, world.keys["salon"])
    answer = await world.client.post("/v1/checks", json={"numbers": []}, headers=world.bearer("salon"))

    assert answer.status_code == 401


async def test_a_key_is_stored_only_as_a_digest(world: World):
    secret = world.keys["salon"].split("_")[2]
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT * FROM api_key")

    assert not any(secret[:20] in str(value) for row in rows for value in row.values())


async def test_an_expired_key_is_refused(world: World):
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE api_key SET expires_at = now() - interval '1 second'")
    answer = await world.client.post("/v1/checks", json={"numbers": []}, headers=world.bearer("salon"))

    assert answer.status_code == 401
