"""A check that has no company is committed in one statement; alone or in a crowd, the ledger has no gap."""

import asyncio
import json
from pathlib import Path

import pytest

from app import ledger
from app.queries import checks, ledgers
from app.registry import open_registry
from tests.world import OWN_CODE, SALON, World, message, opened_world, settings_in

pytestmark = pytest.mark.anyio
ANNE = "+33639980001"


async def proven(world: World, slug: str = SALON) -> list[dict]:
    """Every line of a ledger, once its indexes are complete and its root is the head's."""
    sender = await world.registry.directory.sender(slug)
    async with world.registry.pool.acquire() as db:
        head = await ledgers.read_head(db, sender.sender_id)
        rows = await ledgers.entries_page(db, sender.sender_id, 0, head.size + 1)
    lines = [row.entry for row in rows]

    assert [row.entry_index for row in rows] == [ledger.place(line)[0] for line in lines] == list(range(head.size))
    assert ledger.root(ledger.Frontier(head.size, head.peaks)) == ledger.root_of(list(map(ledger.leaf_hash, lines)))
    return [json.loads(line) for line in lines]


async def records(world: World) -> int:
    async with world.registry.pool.acquire() as db:
        return await db.fetchval("SELECT count(*) FROM check_record")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each record that was tried alone was written so."""
    outcomes: list[bool] = []
    real = checks.record_alone

    async def told(*given: object) -> bool:
        outcomes.append(await real(*given))
        return outcomes[-1]

    monkeypatch.setattr(checks, "record_alone", told)
    return outcomes


async def test_a_lone_check_leaves_all_that_a_check_leaves(world: World, alone: list[bool]):
    before = await proven(world)
    check = await world.check("salon", [ANNE], campaign="soldes-hiver")
    entry = (await proven(world))[-1]
    async with world.registry.pool.acquire() as db:
        row = await db.fetchrow("SELECT * FROM check_record WHERE check_id = $1", check["check_id"])
        tags = await db.fetchval("SELECT tags FROM cleared WHERE check_id = $1", check["check_id"])
        terms = await db.fetchval("SELECT terms FROM clearance WHERE check_id = $1", check["check_id"])

    assert alone == [True]
    assert (entry["index"], entry["check"], entry["evaluated_at"]) == (len(before), check["check_id"], len(before))
    assert (row["entry_index"], row["evaluated_at"], row["campaign"]) == (len(before), len(before), "soldes-hiver")
    assert len(tags) == 8
    assert json.loads(terms)["check"] == check["check_id"]


async def test_a_check_that_clears_nobody_leaves_no_clearance(world: World, alone: list[bool]):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    check = await world.check("salon", [ANNE])
    async with world.registry.pool.acquire() as db:
        cleared = await db.fetchval("SELECT count(*) FROM clearance WHERE check_id = $1", check["check_id"])

    assert alone == [True]
    assert cleared == 0
    await proven(world)


async def test_a_check_that_was_overtaken_goes_the_long_way(
    world: World, alone: list[bool], monkeypatch: pytest.MonkeyPatch
):
    """A STOP is committed between the reading of the head and the record."""
    sequencer, record = world.registry.sequencer, world.registry.sequencer.record

    async def late(work: object, seconds: float) -> int:
        assert (await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))).status_code == 200
        return await record(work, seconds)

    monkeypatch.setattr(sequencer, "record", late)
    await world.check("salon", [ANNE])
    stop, check = (await proven(world))[-2:]

    assert alone == [False]
    assert (stop["kind"], check["kind"]) == ("stop", "check")
    assert (check["index"], check["evaluated_at"]) == (stop["index"] + 1, stop["index"])


async def test_checks_one_by_one_and_in_a_crowd_give_one_ledger_without_a_gap(world: World, alone: list[bool]):
    for _ in range(3):
        await world.check("salon", [ANNE])
    await asyncio.gather(*(world.check("salon", [ANNE]) for _ in range(30)))
    for _ in range(3):
        await world.check("salon", [ANNE])
    lines = await proven(world)

    assert sum(line["kind"] == "check" for line in lines) == 36 == await records(world)
    assert alone[:3] == alone[-3:] == [True] * 3


async def test_two_registries_on_one_database_give_one_ledger_without_a_gap(
    database_url: str, tmp_path: Path, alone: list[bool]
):
    """Each finds the other's entries where it meant to write its own, and goes the long way."""
    async with (
        opened_world(database_url, tmp_path) as world,
        open_registry(settings_in(tmp_path), database_url) as other,
    ):
        mine = world.registry.sequencer
        first = await proven(world)

        async def checks_in_turn(name: str) -> None:
            for number in range(20):
                await world.check("salon", [ANNE], campaign=f"{name}-{number}")

        async def stops_in_turn() -> None:
            for number in range(20):
                assert (await world.mo(message(f"mo-{number}", f"+3363998{number:04}", "STOP", OWN_CODE))).is_success

        record = mine.record
        turns = iter(range(1_000))

        async def by_turns(work: object, seconds: float) -> int:
            return await (record if next(turns) % 2 else other.sequencer.record)(work, seconds)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(mine, "record", by_turns)
            await asyncio.gather(*map(checks_in_turn, ("a", "b", "c")), stops_in_turn())
        lines = await proven(world)

        assert len(lines) == len(first) + 80
        assert await records(world) == 60
        assert False in alone
        await world.check("salon", [ANNE])
        assert alone[-1]
