"""A check repeated under its Idempotency-Key is the same check."""

import asyncio
import gzip
import json
import random
from pathlib import Path

import asyncpg
import httpx
import pytest

from app import holding
from tests.e2e.served import prepared, served
from tests.world import OWN_CODE, SALON, World, let_send, message, settings_in

ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"
NUMBERS = [ANNE, BRUNO, "06 39 98 00 02", "12 34", CHLOE]
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


async def ask(world: World, key: str, body: object = None, query: str = "", caller: str = "salon", **more: str):
    content = body if isinstance(body, bytes) else json.dumps(body or {"numbers": NUMBERS}).encode()
    headers = world.bearer(caller) | {"Idempotency-Key": key} | more
    return await world.client.post("/v1/checks" + query, content=content, headers=headers)


async def checks_recorded(world: World) -> int:
    async with world.registry.pool.acquire() as db:
        return await db.fetchval("SELECT count(*) FROM check_record")


def replayed(answer: httpx.Response) -> bool:
    return answer.headers.get("idempotency-replayed") == "true"


@pytest.mark.anyio
async def test_the_same_call_gets_the_same_answer_and_is_one_check(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    first = await ask(world, "k-1")
    await world.mo(message("mo-2", "+33639980077", "STOP", OWN_CODE))  # somebody else
    second = await ask(world, "k-1")

    assert (replayed(first), replayed(second)) == (False, True)
    assert first.content == second.content
    assert await checks_recorded(world) == 1


@pytest.mark.anyio
async def test_a_hundred_thousand_random_positions_are_the_same_again(world: World):
    picked = random.Random(23)
    numbers = [f"+3363998{picked.randrange(10_000):04}" for _ in range(50_000)] + ["x"] * 50
    picked.shuffle(numbers)
    await world.mo(*(message(f"mo-{n}", f"+3363998{n:04}", "STOP", OWN_CODE) for n in range(0, 600, 7)))
    first = await ask(world, "k-1", {"numbers": numbers}, "?as=allowed")
    second = await ask(world, "k-1", {"numbers": numbers}, "?as=allowed")

    assert replayed(second)
    assert first.content == second.content


@pytest.mark.anyio
async def test_how_the_answer_is_written_or_the_body_packed_is_no_other_call(world: World):
    body = json.dumps({"numbers": NUMBERS}).encode()
    first = await ask(world, "k-1", body)
    packed = await ask(world, "k-1", gzip.compress(body), **{"Content-Encoding": "gzip"})
    lines = await ask(world, "k-1", body, Accept="text/plain")

    assert packed.content == first.content
    assert replayed(lines)
    assert lines.headers["x-check-id"] == first.json()["check_id"]
    assert lines.text == f"{ANNE}\n{BRUNO}\n{CHLOE}\n"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "query", "kind"),
    [
        ({"numbers": [ANNE]}, "", ""),
        ({"numbers": NUMBERS, "campaign": "x"}, "", ""),
        ({"numbers": NUMBERS}, "?mode=screen", ""),
        (json.dumps({"numbers": NUMBERS}).encode(), "", "text/plain"),
    ],
    ids=["numbers", "field", "mode", "type"],
)
async def test_another_call_under_the_key_is_refused(world: World, body: object, query: str, kind: str):
    await ask(world, "k-1")
    answer = await ask(world, "k-1", body, query, **{"Content-Type": kind or "application/json"})

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/idempotency-key-reused")


@pytest.mark.anyio
async def test_another_caller_or_sender_has_keys_of_its_own(world: World):
    answers = [
        await ask(world, "k-1"),
        await ask(world, "k-1", caller="vendor"),
        await ask(world, "k-1", {"numbers": NUMBERS, "sender": "salon-martin"}, caller="agency"),
        await ask(world, "k-1", {"numbers": NUMBERS, "sender": "spa-des-lilas"}, caller="agency"),
    ]

    assert not any(map(replayed, answers))
    assert len({answer.json()["check_id"] for answer in answers}) == 4


@pytest.mark.anyio
async def test_after_its_life_an_answer_is_not_given_again(world: World):
    await ask(world, "k-1")
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE check_replay SET expires_at = now() - interval '1 second'")
    answer = await ask(world, "k-1")

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/clearance-expired")


@pytest.mark.anyio
async def test_an_answer_lives_as_long_as_its_clearance(world: World):
    check = (await ask(world, "k-1")).json()
    async with world.registry.pool.acquire() as db:
        row = await db.fetchrow(
            "SELECT expires_at - checked_at AS life FROM check_replay JOIN check_record USING (check_id)"
        )

    assert check["checked_at"]
    assert 3_598 < row["life"].total_seconds() <= 3_600  # its clearance's, which begins with a whole second


@pytest.mark.anyio
async def test_after_a_stop_of_somebody_it_cleared_an_answer_is_recalled(world: World):
    await ask(world, "k-1")
    await world.mo(message("mo-1", CHLOE, "STOP", OWN_CODE))
    answer = await ask(world, "k-1")

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/recalled")
    assert "639980003" not in answer.text
    assert (await ask(world, "k-2")).json()["withheld"]["opted_out"] == [CHLOE]


@pytest.mark.anyio
async def test_a_stop_of_somebody_withheld_anyway_changes_nothing(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    first = await ask(world, "k-1")
    await world.mo(message("mo-2", ANNE, "STOP", OWN_CODE))

    assert (await ask(world, "k-1")).content == first.content


@pytest.mark.anyio
async def test_somebody_who_came_back_is_still_withheld_under_the_key(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at="2026-11-20T09:00:00Z"))
    first = await ask(world, "k-1")
    await world.mo(message("mo-2", ANNE, "START", OWN_CODE, received_at="2026-11-20T10:00:00Z"))
    second = await ask(world, "k-1")

    assert replayed(second)
    assert second.content == first.content


@pytest.mark.anyio
async def test_a_sender_held_since_gets_no_answer_again(world: World):
    await ask(world, "k-1")
    await holding.hold(world.registry, "tests", SALON, holding.WHOLE, "audit")

    assert (await ask(world, "k-1")).json()["type"].endswith("/clearance-expired")
    assert (await ask(world, "k-2")).status_code == 423


@pytest.mark.anyio
async def test_twenty_calls_at_once_under_one_key_are_one_check(world: World):
    answers = await asyncio.gather(*(ask(world, "k-1") for _ in range(20)))

    assert {answer.content for answer in answers} == {answers[0].content}
    assert sum(map(replayed, answers)) == 19
    assert await checks_recorded(world) == 1


def test_calls_at_once_to_two_registries_are_one_check(database_url: str, tmp_path: Path):
    """Between processes only the table decides: both evaluate, both wait for the ledger's head, one is recorded."""
    settings = settings_in(tmp_path)
    headers = {"Authorization": f"Bearer {prepared(settings, database_url)['salon']}", "Idempotency-Key": "k-1"}
    (tmp_path / "other").mkdir()

    async def race(urls: list[str]) -> list[httpx.Response]:
        held = await asyncpg.connect(database_url)
        async with httpx.AsyncClient(trust_env=False, timeout=30, headers=headers) as client, held.transaction():
            await held.execute("SELECT 1 FROM ledger_head FOR UPDATE")
            calls = [asyncio.create_task(client.post(url + "/v1/checks", json={"numbers": NUMBERS})) for url in urls]
            async with asyncio.timeout(8):
                while await held.fetchval(WAITING) < 2:  # noqa: ASYNC110 - what is waited for happens in PostgreSQL
                    await asyncio.sleep(0.02)
            await held.execute("COMMIT")
            answers = await asyncio.gather(*calls)
            await held.execute("BEGIN")
        count = await held.fetchval("SELECT count(*) FROM check_record")
        await held.close()
        assert count == 1
        return answers

    with served(settings, database_url, tmp_path) as one, served(settings, database_url, tmp_path / "other") as two:
        answers = asyncio.run(race([one.url, two.url]))

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert sorted(map(replayed, answers)) == [False, True]


@pytest.mark.anyio
async def test_nothing_that_is_kept_holds_a_number_or_the_key(world: World):
    await ask(world, "a-readable-key")
    async with world.registry.pool.acquire() as db:
        row = await db.fetchrow("SELECT check_replay::text AS row FROM check_replay")

    assert "39980" not in row["row"]
    assert b"a-readable-key".hex() not in row["row"]


@pytest.mark.anyio
async def test_keys_long_expired_are_forgotten(world: World):
    await ask(world, "k-1")
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE check_replay SET expires_at = now() - interval '2 days'")
    await ask(world, "k-2")
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM check_replay") == 1


@pytest.mark.anyio
@pytest.mark.parametrize("key", ["", "x" * 300])
async def test_a_key_that_is_none_is_refused(world: World, key: str):
    assert (await ask(world, key)).status_code == 422


@pytest.mark.anyio
@pytest.mark.parametrize("what", ["another call", "its time is over", "a STOP since"])
async def test_a_lost_answer_can_be_given_back_by_the_clearance_that_the_refusal_names(world: World, what: str):
    """A caller that never saw the answer knows no clearance, and its people would be withheld as duplicates."""
    await let_send(world.registry, SALON, OWN_CODE, duplicate_hours=24)
    lost = (await ask(world, "k-1")).json()["clearance"]["id"]
    body = {"numbers": NUMBERS, "drill": True} if what == "another call" else None
    if what == "its time is over":
        async with world.registry.pool.acquire() as db:
            await db.execute("UPDATE check_replay SET expires_at = now() - interval '1 second'")
    if what == "a STOP since":
        await world.mo(message("mo-1", CHLOE, "STOP", OWN_CODE))
    refused = await ask(world, "k-1", body)

    assert refused.json()["clearance"] == lost, refused.text
    assert (await ask(world, "k-2")).json()["counts"]["allowed"] == 0
    await world.client.post(f"/v1/clearances/{lost}/release", json={}, headers=world.bearer("salon"))
    assert (await ask(world, "k-3")).json()["counts"]["duplicate"] == 0
