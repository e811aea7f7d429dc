"""One STOP to a code that two thousand senders share: in time, to all of them, once, whatever happens meanwhile."""

import asyncio
import contextlib
import time
from threading import Thread

import asyncpg
import httpx
import msgspec
import pytest

from app import administration, appends, fanout
from app.sequencer import FAN_OUT_HEADS, HEADS_PER_TRANSACTION_MAX
from tests.conftest import run_sql, with_connection
from tests.e2e.served import prepared, served
from tests.world import ACTOR, SHARED_CODE, World, let_send, message, settings_in, signed

ANNE, CODE, COUNT = "+33639980001", "36999", 2_000
BUSY = """
INSERT INTO sender (slug, name, salt, created_at{columns})
SELECT 'enseigne-' || n, 'Enseigne ' || n, decode(md5(n::text) || md5('salt' || n), 'hex'), now(){values}
FROM generate_series(1, 2000) AS n"""
SETUP = (
    "INSERT INTO ledger_head (sender_id) SELECT sender_id FROM sender WHERE slug LIKE 'enseigne-%'",
    f"INSERT INTO short_code (code, created_at) VALUES ('{CODE}', now())",
    f"INSERT INTO code_sender SELECT '{CODE}', sender_id FROM sender WHERE slug LIKE 'enseigne-%'",
)
OPPOSED = "SELECT count(*) FROM opt_out o JOIN sender s USING (sender_id) WHERE o.opposed AND s.slug LIKE 'enseigne-%'"
ENTRIES = "SELECT count(*) FROM ledger_entry e JOIN sender s USING (sender_id) WHERE s.slug LIKE 'enseigne-%'"
MESSAGES = "SELECT array_agg(times_seen) AS seen, bool_or(fanning_out) AS open FROM mo WHERE code = $1"


def two_thousand(url: str, columns: str = "", values: str = "") -> None:
    run_sql(url, BUSY.format(columns=columns, values=values), *SETUP)


async def counted(url: str, query: str, *values: object) -> asyncpg.Record:
    held = await asyncpg.connect(url)
    try:
        return await held.fetchrow(query, *values)
    finally:
        await held.close()


@pytest.mark.anyio
async def test_a_stop_suppresses_for_all_of_them_within_three_seconds(world: World, database_url: str):
    two_thousand(database_url)
    await world.registry.directory.current(max_age_seconds=0)
    took = []
    for number in (1, 2, 3):  # the fastest counts: whatever else runs on this machine only ever makes it slower
        begun = time.monotonic()
        answer = await world.mo(message(f"mo-{number}", f"+3363998000{number}", "STOP", CODE))
        took.append(time.monotonic() - begun)
        assert answer.status_code == 200
        assert (await counted(database_url, OPPOSED))["count"] == number * COUNT

    assert (await counted(database_url, ENTRIES))["count"] == 3 * COUNT
    assert min(took) < 3


@pytest.mark.anyio
async def test_a_look_back_over_all_of_them_finds_the_one_that_wrote(world: World, database_url: str):
    two_thousand(database_url, ", enforced_since", ", now() - interval '30 days'")
    snapshot = await world.registry.directory.current(max_age_seconds=0)
    wrote = snapshot.slugs["enseigne-1234"]
    async with world.registry.pool.acquire() as db:
        await db.execute(
            "INSERT INTO api_key_sender SELECT key_id, $1 FROM api_key WHERE label = 'agency'", wrote.sender_id
        )
    await administration.add_code(world.registry, ACTOR, SHARED_CODE, [wrote.slug], ["n1234"], "non surtaxé")
    await let_send(world.registry, wrote.slug, SHARED_CODE)
    await world.check("agency", [ANNE], sender=wrote.slug)
    await world.mo(message("mo-1", ANNE, "STOP", CODE))

    assert (await counted(database_url, OPPOSED))["count"] == 1


@pytest.mark.anyio
async def test_a_repeat_is_answered_alike_and_writes_nothing(world: World, database_url: str):
    two_thousand(database_url)
    await world.registry.directory.current(max_age_seconds=0)
    first = await world.mo(message("mo-1", ANNE, "STOP", CODE))
    again = await world.mo(message("mo-1", ANNE, "STOP", CODE))

    assert again.json() == first.json()
    assert (await counted(database_url, ENTRIES))["count"] == COUNT
    assert tuple(await counted(database_url, MESSAGES, CODE)) == ([2], False)


@pytest.mark.anyio
async def test_two_deliveries_at_once_write_every_sender_once(world: World, database_url: str):
    two_thousand(database_url)
    await world.registry.directory.current(max_age_seconds=0)
    answers = await asyncio.gather(*(world.mo(message("mo-1", ANNE, "STOP", CODE)) for _ in range(3)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert (await counted(database_url, ENTRIES))["count"] == COUNT


def test_a_server_killed_half_way_has_acknowledged_nothing_and_the_repeat_goes_on(database_url, tmp_path):
    settings = settings_in(tmp_path)
    prepared(settings, database_url)
    two_thousand(database_url)
    body = msgspec.json.encode({"messages": [message("mo-1", ANNE, "STOP", CODE)]})
    answers: list[httpx.Response] = []

    with served(settings, database_url, tmp_path) as server:

        def deliver() -> None:
            headers = signed(body)
            with contextlib.suppress(httpx.TransportError):
                answers.append(
                    httpx.post(
                        f"{server.url}/v1/mo/agregateur", content=body, headers=headers, timeout=30, trust_env=False
                    )
                )

        first = Thread(target=deliver)
        first.start()
        done = killed_half_way(database_url, server)
        first.join()
        assert (answers, 0 < done < COUNT) == ([], True)
        server.start()
        deliver()

    assert [answer.status_code for answer in answers] == [200]
    assert with_connection(database_url, lambda held: held.fetchval(OPPOSED)) == COUNT
    assert with_connection(database_url, lambda held: held.fetchval(ENTRIES)) == COUNT


def killed_half_way(url: str, server) -> int:
    """Kill the server as soon as the first senders are written; return how many were in the end."""

    async def watch(held: asyncpg.Connection) -> None:
        deadline = time.monotonic() + 30
        while not await held.fetchval(OPPOSED):
            assert time.monotonic() < deadline, "nothing is written"
            await asyncio.sleep(0.002)

    with_connection(url, watch)
    server.kill()
    # The server's session may still be ending its last transaction.
    with_connection(url, lambda held: held.execute("BEGIN; LOCK TABLE opt_out IN SHARE MODE; COMMIT"))
    return with_connection(url, lambda held: held.fetchval(OPPOSED))


def test_no_transaction_locks_more_heads_than_it_may():
    wishes = tuple(appends.Wish(sender, 1, opposes=True, lifts=False) for sender in range(COUNT))
    whole = msgspec.structs.replace(MESSAGE, wishes=wishes)

    parts = fanout.parts_of(whole, FAN_OUT_HEADS)
    assert max(len(part.wishes) for part in parts) <= HEADS_PER_TRANSACTION_MAX
    assert sum(len(part.wishes) for part in parts) == COUNT


MESSAGE = appends.Message(
    connection_id=1, connection="op", dedupe=b"\x01" * 16, has_id=True, received_at=None, event_at=None, intent="STOP",
    rule="stop.keyword", classifier="1", code=CODE, basis="shared", candidates=COUNT, flags=(), wishes=(),
)  # fmt: skip
