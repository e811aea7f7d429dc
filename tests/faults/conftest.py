"""A world whose cable to the database can be cut."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.faults.proxy import Cable, cable
from tests.world import World, after_the_first_retention_run, found, opened_world, settings_in

SCALE = float(os.environ.get("STOP_REGISTRY_FAULT_SCALE", "1"))


@pytest.fixture
def scale() -> float:
    """How many times the ordinary size: 1 for every run, 10 and more by hand."""
    return SCALE


@pytest.fixture
def line(database_url: str) -> Iterator[Cable]:
    with cable(database_url) as made:
        yield made


@pytest.fixture
async def world(database_url: str, line: Cable, tmp_path: Path) -> AsyncIterator[World]:
    await found(settings_in(tmp_path), database_url)
    async with opened_world(line.url, tmp_path, commit_seconds_max=2, spool_bytes_max=200_000) as opened:
        yield await after_the_first_retention_run(opened)  # its commits are not those that a test has in mind
