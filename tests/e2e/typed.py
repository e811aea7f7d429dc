"""The command line, typed against the world that a test has opened in this process."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from tests.e2e.served import clean_environment
from tests.world import World

Typed: TypeAlias = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]


def typed_in(world: World, database_url: str) -> Typed:
    """Return what runs `stop-registry` with these arguments."""
    environment = {
        **clean_environment(),
        "DATABASE_URL": database_url,
        "STOP_REGISTRY_DATA_DIR": str(world.registry.settings.data_dir),
        "STOP_REGISTRY_UNSAFE_NOT_DURABLE": "true",
    }

    async def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "app", *arguments]
        return await asyncio.to_thread(
            subprocess.run, line, env=environment | more, capture_output=True, text=True, check=False
        )

    return run
