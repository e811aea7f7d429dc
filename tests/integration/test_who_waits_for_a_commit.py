"""Only the wait for a commit is bounded: whoever waits may leave or be told that time is over, the commit goes on."""

import asyncio
from pathlib import Path

import pytest

from app import clock, ledger
from app.appends import Record
from app.errors import UnavailableError
from tests.world import SALON, World, opened_world

pytestmark = pytest.mark.anyio
PATIENCE_SECONDS = 30


async def note(world: World, subject: str) -> Record:
    sender = await world.registry.directory.sender(SALON)

    def build(index: int) -> ledger.Entry:
        return ledger.NoteEntry(
            index=index, recorded=ledger.timestamp(clock.now()), kind="review", subject=subject, detail={}
        )

    return Record(sender.sender_id, build)


async def test_a_caller_that_leaves_does_not_take_the_commit_along(database_url: str, tmp_path: Path):
    async with opened_world(database_url, tmp_path) as world:
        sequencer = world.registry.sequencer
        first = await sequencer.record(await note(world, "first"), PATIENCE_SECONDS)
        leaving = asyncio.create_task(sequencer.record(await note(world, "left behind"), PATIENCE_SECONDS))
        await asyncio.sleep(0)
        leaving.cancel()

        assert await sequencer.record(await note(world, "last"), PATIENCE_SECONDS) == first + 2


async def test_a_caller_whose_time_is_over_is_told_that_the_outcome_is_unknown(database_url: str, tmp_path: Path):
    async with opened_world(database_url, tmp_path) as world:
        sequencer = world.registry.sequencer
        first = await sequencer.record(await note(world, "first"), PATIENCE_SECONDS)
        with pytest.raises(UnavailableError):
            await sequencer.record(await note(world, "too slow"), 0)

        assert await sequencer.record(await note(world, "last"), PATIENCE_SECONDS) == first + 2


async def test_callers_that_come_together_share_readings_of_the_directory(database_url: str, tmp_path: Path):
    async with opened_world(database_url, tmp_path) as world:
        directory = world.registry.directory
        before = await directory.current()
        readings = await asyncio.gather(*(directory.current(max_age_seconds=0) for _ in range(20)))

        assert len({id(reading) for reading in readings}) <= 2  # the one begun before the others came, and theirs
        assert readings[0] is not before
