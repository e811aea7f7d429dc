"""A world of two senders, served in this process, on a database of its own.

Founding and populating a registry takes longer than most tests, so it is done once a session: every world begins as a
copy of that database, with the same root key, passphrase and witness file beside it.
"""

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import pytest

from app.registry import open_registry
from tests.conftest import HOME_VARIABLE, copies_of, copy_of, url_of
from tests.e2e.typed import Typed, typed_in
from tests.world import World, found, populate, reopened_world, settings_in

POPULATED = "populated"
KEYS = "keys.json"


@pytest.fixture(scope="session")
def populated(server_url: str, migrated_database: Callable[[], AbstractContextManager[str]]) -> Path:  # noqa: ARG001 - the template it is made of
    """The folder of a registry whose database is the template of all worlds; workers make it once."""
    folder = Path(os.environ[HOME_VARIABLE]) / POPULATED
    with (Path(os.environ[HOME_VARIABLE]) / "populated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / KEYS).exists():
            folder.mkdir()
            with copy_of(server_url, POPULATED):
                keys = asyncio.run(_populated(folder, url_of(server_url, POPULATED)))
            (folder / KEYS).write_bytes(msgspec.json.encode(keys))
    return folder


async def _populated(folder: Path, url: str) -> dict[str, str]:
    settings = settings_in(folder)
    await found(settings, url)
    async with open_registry(settings, url) as registry:
        return await populate(registry)


@pytest.fixture
def database_url(
    request: pytest.FixtureRequest, server_url: str, migrated_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[str]:
    """A database of this test's own: the world's where there is one, else an empty one at the present schema."""
    if "populated_keys" not in request.fixturenames:
        with migrated_database() as url:
            yield url
        return
    request.getfixturevalue("populated")
    with copies_of(server_url, POPULATED) as url:
        yield url


@pytest.fixture
def populated_keys(populated: Path, tmp_path: Path) -> dict[str, str]:
    """The keys of the populated registry, whose files are laid where this test's registry looks for them."""
    for file in populated.iterdir():
        if file.is_file() and file.name != KEYS:
            shutil.copy2(file, tmp_path)
    return msgspec.json.decode((populated / KEYS).read_bytes(), type=dict[str, str])


@pytest.fixture
async def world(database_url: str, populated_keys: dict[str, str], tmp_path: Path) -> AsyncIterator[World]:
    async with reopened_world(database_url, tmp_path, populated_keys) as opened:
        yield opened


@pytest.fixture
def typed(world: World, database_url: str) -> Typed:
    return typed_in(world, database_url)
