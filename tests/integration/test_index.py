"""The lists in memory: never behind the database, bounded, and the same for every process."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import numpy as np
import pytest

from app.database import Pool, open_pool
from app.index import DELTA_ENTRIES_MAX, SMALL_BATCH_NUMBERS, Index

pytestmark = pytest.mark.anyio
SENDERS = 12
TAGS_EACH = 3_000
PLENTY = 1_000_000_000
LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)
Many = np.ndarray


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    opened = await open_pool(database_url, min_size=1, max_size=6, application_name="tests")
    async with opened.acquire() as db:
        for number in range(1, SENDERS + 1):
            await db.execute(
                "INSERT INTO sender (slug, name, salt, created_at) VALUES ($1, $1, $2, $3)",
                f"marque-{number}", bytes(32), LONG_AGO,
            )  # fmt: skip
            await db.execute("INSERT INTO ledger_head (sender_id) VALUES ($1)", number)
            await change(db, number, tags_of(number), opposed=True)
    yield opened
    await opened.close()


def tags_of(sender_id: int) -> Many:
    return np.random.default_rng(sender_id).integers(-(2**63), 2**63 - 1, TAGS_EACH)


async def change(db: object, sender_id: int, tags: Many, *, opposed: bool) -> None:
    """What a transaction of the sequencer leaves behind: states that changed, and a head that is as much larger."""
    size = await db.fetchval("SELECT size FROM ledger_head WHERE sender_id = $1", sender_id)
    await db.execute(
        "INSERT INTO opt_out (sender_id, tag, opposed, since, source, changed_at_index, history)"
        " SELECT $1, t, $2, $3, 'mo', $4::bigint + n - 1, '' FROM unnest($5::bigint[]) WITH ORDINALITY u (t, n)"
        " ON CONFLICT (sender_id, tag) DO UPDATE SET"
        " opposed = EXCLUDED.opposed, changed_at_index = EXCLUDED.changed_at_index",
        sender_id, opposed, LONG_AGO, size, tags.tolist(),
    )  # fmt: skip
    await db.execute("UPDATE ledger_head SET size = size + $2 WHERE sender_id = $1", sender_id, tags.size)


async def all_opposed(index: Index, sender_id: int, tags: Many) -> bool:
    _, opposed = await index.opposed(sender_id, tags, 0)
    return bool(opposed.all())


async def test_many_senders_stay_within_the_bound_and_the_least_used_goes_first(pool: Pool):
    one_list = (await Index(pool, PLENTY).at_present(1)).tags.nbytes
    index = Index(pool, 4 * one_list)
    for sender_id in range(1, SENDERS + 1):
        await index.at_present(1)  # used again and again
        assert await all_opposed(index, sender_id, tags_of(sender_id))
        assert index.nbytes <= 4 * one_list

    assert 1 in index.held
    assert SENDERS in index.held
    assert 2 not in index.held


async def test_a_list_larger_than_the_bound_is_still_served(pool: Pool):
    index = Index(pool, 1)

    assert await all_opposed(index, 1, tags_of(1))
    assert await all_opposed(index, 2, tags_of(2))
    assert index.held == (2,)


async def test_a_version_in_use_outlives_its_being_dropped(pool: Pool):
    index = Index(pool, 1)
    in_use = await index.at_present(1)
    await index.at_present(2)

    assert 1 not in index.held
    assert in_use.tags.contains(tags_of(1)).all()


async def test_checks_that_come_together_build_a_cold_list_once(pool: Pool):
    index = Index(pool, PLENTY)
    versions = await asyncio.gather(*(index.at_present(1) for _ in range(16)))

    assert len({id(version.tags) for version in versions}) == 1


async def test_many_cold_senders_at_once_are_all_built(pool: Pool):
    index = Index(pool, PLENTY)
    found = await asyncio.gather(*(all_opposed(index, sender, tags_of(sender)) for sender in range(1, SENDERS + 1)))

    assert all(found)


async def test_checks_beside_changes_never_go_back(pool: Pool):
    index = Index(pool, PLENTY)
    await index.at_present(1)
    fresh = np.arange(1, 41, dtype=np.int64)

    async def oppose() -> None:
        for tag in fresh:
            async with pool.acquire() as db, db.transaction():
                await change(db, 1, np.array([tag]), opposed=True)
            version, opposed = await index.opposed(1, fresh[:tag], 0)
            assert opposed.all()
            assert version.size == TAGS_EACH + tag

    async def look() -> None:
        size = 0
        for _ in range(40):
            version = await index.at_present(1)
            assert version.size >= size
            size = version.size

    await asyncio.gather(oppose(), look(), look())


async def test_two_processes_agree_after_either_of_them_has_seen_a_change(pool: Pool, database_url: str):
    other_pool = await open_pool(database_url, min_size=1, max_size=2, application_name="tests of the other process")
    here, there = Index(pool, PLENTY), Index(other_pool, PLENTY)
    await asyncio.gather(here.at_present(1), there.at_present(1))
    gone, come = tags_of(1)[:5], np.arange(1, 6, dtype=np.int64)
    async with pool.acquire() as db:
        await change(db, 1, gone, opposed=False)
        await change(db, 1, come, opposed=True)

    for index in (here, there):
        _, opposed = await index.opposed(1, np.concatenate([gone, come]), 0)
        assert opposed.tolist() == [False] * 5 + [True] * 5
    await other_pool.close()


async def test_a_small_batch_on_a_cold_list_builds_nothing(pool: Pool):
    index = Index(pool, PLENTY)
    asked = np.append(tags_of(1)[:10], 1)
    version, opposed = await index.opposed(1, asked, 0)

    assert opposed.tolist() == [True] * 10 + [False]
    assert version.size == TAGS_EACH
    assert index.held == ()


@pytest.mark.parametrize("count", [SMALL_BATCH_NUMBERS, SMALL_BATCH_NUMBERS + 1])
async def test_small_and_large_batches_agree(pool: Pool, count: int):
    asked = np.append(tags_of(1)[: count - 1], 1)
    cold = (await Index(pool, PLENTY).opposed(1, asked, 0))[1]

    assert cold.tolist() == [True] * (count - 1) + [False]


async def test_a_list_too_far_behind_is_built_anew(pool: Pool):
    index = Index(pool, PLENTY)
    old = await index.at_present(1)
    many = np.arange(1, DELTA_ENTRIES_MAX + 2, dtype=np.int64)
    async with pool.acquire() as db:
        await change(db, 1, many, opposed=True)
    new = await index.at_present(1)

    assert new.tags.contains(many).all()
    assert not old.tags.contains(many).any()
