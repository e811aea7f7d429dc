"""A hundred thousand numbers against a million stored oppositions, for two senders whose lists differ."""

import numpy as np
import pytest

from app import tags
from tests.world import SALON, SPA, World

pytestmark = pytest.mark.anyio
STORED = 1_000_000
CHECKED = 100_000
MAINLAND = 33 * 10**9 + 610_000_000  # to …637 999 999: no overseas prefix lies in between


async def test_exactly_each_senders_own_people_are_withheld(world: World):
    picked = np.random.default_rng(5)
    people = picked.choice(28_000_000, STORED + CHECKED, replace=False) + MAINLAND
    asked = people[:CHECKED]
    for_salon, for_spa = people[2_000:][:STORED], people[:3_000]
    await store(world, SALON, for_salon)
    await store(world, SPA, for_spa)
    numbers = [f"+{number}" for number in asked.tolist()]

    assert set(await world.opposed("salon", *numbers)) == set(numbers[2_000:])
    assert set(await world.opposed("spa", *numbers)) == set(numbers[:3_000])


async def store(world: World, slug: str, people: np.ndarray) -> None:
    """Write oppositions as if they had come long ago: no message brings a million in a test."""
    sender = await world.registry.directory.sender(slug)
    rows = [(sender.sender_id, tag, True, 0) for tag in tags.tags(sender.key, people).tolist()]
    columns = ["sender_id", "tag", "opposed", "changed_at_index"]
    async with world.registry.pool.acquire() as db:
        await db.execute(
            "CREATE TEMPORARY TABLE seed (sender_id integer, tag bigint, opposed boolean, changed_at_index bigint)"
        )
        await db.copy_records_to_table("seed", records=rows, columns=columns)
        await db.execute(
            "INSERT INTO opt_out (sender_id, tag, opposed, since, source, changed_at_index, history)"
            " SELECT sender_id, tag, opposed, now(), 'mo', changed_at_index, ''::bytea FROM seed"
        )
        await db.execute("DROP TABLE seed")
