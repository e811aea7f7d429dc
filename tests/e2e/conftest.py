"""A world of two senders, served in this process, on a database of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.typed import Typed, typed_in
from tests.world import World, opened_world


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with opened_world(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def typed(world: World, database_url: str) -> Typed:
    return typed_in(world, database_url)
