"""What a person must know is in the database, whoever writes it down."""

import asyncio

import pytest

from app import alarms
from app.alarms import Change, Kind
from app.queries.rows import Db
from tests.world import World

pytestmark = pytest.mark.anyio


async def test_who_is_told_that_alarms_are_written_finds_them_all(world: World, monkeypatch: pytest.MonkeyPatch):
    write = alarms._write  # noqa: SLF001 - it is made slow

    async def slow(db: Db, change: Change) -> None:
        await asyncio.sleep(0.2 if change.subject == "second" else 0)
        await write(db, change)

    await world.registry.alarms.flush()
    monkeypatch.setattr(alarms, "_write", slow)
    for subject in ("first", "second"):
        world.registry.alarms.raise_alarm(Kind.CANARY_DUE, subject, "Look.")
    somebody = asyncio.create_task(world.registry.alarms.flush())
    await asyncio.sleep(0)
    await world.registry.alarms.flush()
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT subject FROM alarm WHERE detail = 'Look.' ORDER BY subject")
    await somebody

    assert [row["subject"] for row in rows] == ["first", "second"]
