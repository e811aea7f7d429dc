"""Proofs over HTTP: what someone who kept a receipt or an old checkpoint can hold against the present ledger."""

import time
from itertools import combinations_with_replacement

import pytest

from app import audit, ledger
from tests.conftest import run_sql
from tests.world import OWN_CODE, SALON, SPA, World, message

pytestmark = pytest.mark.anyio
MANY = 200_000
MANY_SECONDS_MAX = 10


@pytest.fixture
async def leaves(world: World) -> list[bytes]:
    for number in range(5):
        await world.mo(message(f"mo-{number}", f"+3363998000{number}", "STOP", OWN_CODE))
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT entry FROM ledger_entry WHERE sender_id = 1 ORDER BY entry_index")
    return [ledger.leaf_hash(row["entry"]) for row in rows]


async def ask(world: World, which: str, key: str = "auditor", sender: str = SALON, **query: object):
    path = f"/v1/ledgers/{sender}/proofs/{which}"
    return await world.client.get(path, params=query, headers=world.bearer(key))


async def key_of(world: World) -> str:
    return audit.verifier_key(world.registry, await world.registry.directory.sender(SALON))


async def test_every_entry_is_proven_at_every_size_under_a_signed_checkpoint(world, leaves):
    key = await key_of(world)
    for index, size in ((i, s) for s in range(1, len(leaves) + 1) for i in range(s)):
        answer = (await ask(world, "inclusion", index=index, size=size)).json()
        head = ledger.read_checkpoint(answer["checkpoint"], key)
        proof = [bytes.fromhex(node) for node in answer["proof"]]

        assert answer["leaf"] == leaves[index].hex()
        assert (head.size, head.root.hex()) == (size, answer["root"])
        assert ledger.verify_inclusion(leaves[index], index, size, proof, head.root)


async def test_every_size_is_proven_to_begin_every_larger_one(world, leaves):
    key = await key_of(world)
    for old, new in combinations_with_replacement(range(len(leaves) + 1), 2):
        answer = (await ask(world, "consistency", **{"from": old, "to": new})).json()
        head = ledger.read_checkpoint(answer["checkpoint"], key)
        proof = [bytes.fromhex(node) for node in answer["proof"]]

        assert (answer["from"], answer["to"], head.size) == (old, new, new)
        assert ledger.verify_consistency(old, new, ledger.root_of(leaves[:old]), head.root, proof)


async def test_without_a_size_the_present_one_is_meant(world, leaves):
    assert (await ask(world, "inclusion", index=0)).json()["size"] == len(leaves)
    assert (await ask(world, "consistency", **{"from": 1})).json()["to"] == len(leaves)


@pytest.mark.parametrize(
    ("which", "query", "status", "word"),
    [
        ("inclusion", {"index": 3, "size": 3}, 422, "`index`"),
        ("inclusion", {"index": -1, "size": 3}, 422, "`index`"),
        ("inclusion", {"index": 0, "size": 0}, 422, "`index`"),
        ("inclusion", {"index": 0, "size": 10**6}, 422, "`size`"),
        ("inclusion", {"index": 0, "size": 10**30}, 422, "`size`"),
        ("inclusion", {"index": "one"}, 400, ""),
        ("inclusion", {}, 400, ""),
        ("consistency", {"from": 3, "to": 2}, 422, "`from`"),
        ("consistency", {"from": -1}, 422, "`from`"),
        ("consistency", {"from": 0, "to": -1}, 422, "`to`"),
        ("consistency", {"from": 0, "to": 10**6}, 422, "`to`"),
        ("consistency", {}, 400, ""),
    ],
)
@pytest.mark.usefixtures("leaves")
async def test_what_lies_outside_the_ledger_is_refused_in_words(world, which, query, status, word):
    answer = await ask(world, which, **query)

    assert answer.status_code == status
    assert word in answer.json()["detail"]


@pytest.mark.parametrize(
    ("key", "sender", "status"),
    [
        ("spa", SALON, 404),
        ("auditor", SPA, 404),
        ("auditor", "nobody", 404),
        ("vendor", SALON, 403),
        ("salon", SALON, 200),
    ],
)
@pytest.mark.usefixtures("leaves")
async def test_another_ledger_does_not_exist(world, key, sender, status):
    for which, query in (("inclusion", {"index": 0}), ("consistency", {"from": 0})):
        assert (await ask(world, which, key, sender, **query)).status_code == status


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_entry SET entry = entry || ' ' WHERE sender_id = 1 AND entry_index = {last}",
        "DELETE FROM ledger_entry WHERE sender_id = 1 AND entry_index = {last}",
    ],
)
async def test_a_ledger_that_was_tampered_with_gives_no_proof_of_any_size(world, leaves, database_url, change):
    run_sql(database_url, change.format(last=len(leaves) - 1))

    for which, query in (("inclusion", {"index": 0, "size": 1}), ("consistency", {"from": 1, "to": 2})):
        answer = await ask(world, which, **query)
        assert answer.status_code == 500
        assert "checkpoint" not in answer.json()


async def test_a_large_ledger_is_proven_in_seconds(world, leaves):
    have = len(leaves)
    line = "convert_to('entry ' || i, 'UTF8')"
    async with world.registry.pool.acquire() as db:
        await db.execute(
            f"INSERT INTO ledger_entry (sender_id, entry_index, entry) SELECT 1, i, {line} "
            f"FROM generate_series({have}, {MANY - 1}) i"
        )
    all_leaves = leaves + [ledger.leaf_hash(b"entry %d" % i) for i in range(have, MANY)]
    frontier = ledger.append(ledger.EMPTY, all_leaves)
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE ledger_head SET size = $1, peaks = $2 WHERE sender_id = 1", MANY, frontier.peaks)

    started = time.perf_counter()
    answer = (await ask(world, "inclusion", index=1)).json()

    assert time.perf_counter() - started < MANY_SECONDS_MAX
    proof = [bytes.fromhex(node) for node in answer["proof"]]
    assert ledger.verify_inclusion(leaves[1], 1, MANY, proof, ledger.root(frontier))
