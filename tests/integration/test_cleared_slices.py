"""Whom a check cleared is answered from a slice of its sorted list, whatever the list looks like."""

from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec
import numpy as np
import pytest

from app import lookback
from app.database import STATEMENTS, Connection
from app.queries import attribution

pytestmark = pytest.mark.anyio
SENDER, NOW = 7, datetime(2026, 11, 23, 12, tzinfo=UTC)
HOURS_AGO = NOW - timedelta(hours=72)
BLOCKS_OF_THE_WHOLE_BLOB = 1_000

_checks = count(1)


def spread(length: int) -> np.ndarray:
    """Distinct tags as a cipher makes them."""
    random = np.random.default_rng(length)
    return np.unique(random.integers(-(2**63), 2**63 - 1, size=length, dtype=np.int64))


async def store(db: Connection, tags: np.ndarray, *, stored_at: datetime = NOW, recorded: bool = True) -> str:
    check_id = f"chk_{next(_checks):032x}"
    await db.execute(
        "INSERT INTO cleared (sender_id, check_id, stored_at, tags) VALUES ($1, $2, $3, $4)",
        SENDER, check_id, stored_at, np.sort(tags).astype("<i8").tobytes(),
    )  # fmt: skip
    if recorded:
        await db.execute(
            "INSERT INTO check_record VALUES ($1, $2, 0, 'k', 'marketing', NULL, $3, 0, '{}')",
            SENDER, check_id, stored_at,
        )  # fmt: skip
    return check_id


async def cleared(db: Connection, tag: int, checks: list[str] | None = None) -> bool:
    return SENDER in await lookback._holders(db, {(SENDER, 0): tag}, HOURS_AGO, checks)  # noqa: SLF001 - what is tested


@pytest.mark.parametrize("length", [1, 2, 3, 100, 5_000, 300_000])
async def test_everyone_in_a_list_is_found_and_nobody_else(connection: Connection, length: int):
    tags = spread(length)
    await store(connection, tags)
    picked = [int(tags[at]) for at in {0, len(tags) // 3, len(tags) // 2, len(tags) - 1}]

    assert all([await cleared(connection, tag) for tag in picked])
    assert not any([await cleared(connection, tag + 1) for tag in picked])


async def test_an_empty_list_holds_nobody(connection: Connection):
    await store(connection, np.empty(0, np.int64))

    assert not await cleared(connection, 0)


async def test_the_least_and_the_greatest_tag_there_are_can_be_asked_for(connection: Connection):
    ends = [-(2**63), 2**63 - 1]
    await store(connection, np.array([*ends, *spread(5_000)], dtype=np.int64))

    assert all([await cleared(connection, tag) for tag in ends])


async def test_a_list_that_is_not_spread_evenly_is_read_wider_until_it_answers(connection: Connection):
    crowded = np.arange(2**62, 2**62 + 2 * 200_000, 2, dtype=np.int64)
    await store(connection, crowded)

    places = [(SENDER, 0, int(crowded[5]).to_bytes(8, "little", signed=True), 0.75)]
    first = await attribution.cleared_slices(connection, places, HOURS_AGO, None, lookback.REACHES[0])
    assert not first[0].found
    assert await cleared(connection, int(crowded[5]))
    assert not await cleared(connection, int(crowded[5]) + 1)


async def test_only_recorded_checks_of_these_hours_count(connection: Connection):
    tags = spread(10)
    tag = int(tags[4])
    await store(connection, tags, stored_at=HOURS_AGO - timedelta(seconds=1))
    await store(connection, tags, recorded=False)
    assert not await cleared(connection, tag)

    await store(connection, tags, stored_at=HOURS_AGO)
    assert await cleared(connection, tag)


async def test_one_check_among_several_can_be_asked(connection: Connection):
    tags, others = spread(10), spread(11)
    mine, other = await store(connection, tags), await store(connection, others)

    assert await cleared(connection, int(tags[3]), [mine])
    assert not await cleared(connection, int(tags[3]), [other])


async def test_a_look_up_in_a_million_reads_a_slice_and_not_the_blob(connection: Connection):
    tags = spread(1_000_000)
    await store(connection, tags)
    tag = int(tags[400_000])
    places = [[SENDER], [0], [tag.to_bytes(8, "little", signed=True)], [(tag + 2**63) / 2**64]]

    plan = await connection.fetchval(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + STATEMENTS["look_back"],
        *places, HOURS_AGO, None, lookback.REACHES[0],
    )  # fmt: skip
    top = msgspec.json.decode(plan)[0]["Plan"]

    assert await cleared(connection, tag)
    assert top["Actual Rows"] == 1
    assert top["Shared Hit Blocks"] + top["Shared Read Blocks"] < BLOCKS_OF_THE_WHOLE_BLOB / 10
