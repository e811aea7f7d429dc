"""The registry as its own processes, started by its own command line, with real crashes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from app.registry import open_registry
from app.settings import Settings
from tests.e2e.kannel import free_port
from tests.world import found, populate

START_SECONDS = 60


@dataclass
class Served:
    """A running server: its address, log and what kills it."""

    url: str
    log: Path
    environment: dict[str, str]
    workers: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        port = self.url.rpartition(":")[2]
        command = [sys.executable, "-m", "app", "serve", "--port", port, "--workers", str(self.workers)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            try:
                if httpx.get(f"{self.url}/health/ready", trust_env=False).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError("the server is not ready: " + self.log.read_text()[-3000:])

    def kill(self) -> None:
        """End every process of the server at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that configures a registry."""
    ours = ("STOP_REGISTRY_", "DATABASE_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def prepared(settings: Settings, database_url: str, **profile: object) -> dict[str, str]:
    """Found and populate a registry, with something in every sender's profile; return its keys."""

    async def work() -> dict[str, str]:
        await found(settings, database_url)
        async with open_registry(settings, database_url) as registry:
            keys = await populate(registry)
            if profile:
                async with registry.pool.acquire() as db:
                    text = msgspec.json.encode(profile).decode()
                    await db.execute("UPDATE sender SET profile = profile::jsonb || $1::jsonb", text)
            return keys

    return asyncio.run(work())


def environment_of(settings: Settings, database_url: str | None) -> dict[str, str]:
    """What a command of this registry finds in its environment."""
    environment = {
        **clean_environment(),
        "STOP_REGISTRY_DATA_DIR": str(settings.data_dir),
        "STOP_REGISTRY_UNSAFE_NOT_DURABLE": str(settings.unsafe_not_durable).lower(),
        "PYTHONUNBUFFERED": "1",
    }
    if database_url:
        environment["DATABASE_URL"] = database_url
    return environment


@contextmanager
def served(settings: Settings, database_url: str | None, folder: Path, workers: int = 1) -> Iterator[Served]:
    """Serve a prepared registry until the context ends; without a database address, on its embedded PostgreSQL."""
    environment = environment_of(settings, database_url)
    server = Served(f"http://127.0.0.1:{free_port()}", folder / "server.log", environment, workers)
    try:
        server.start()
        yield server
    finally:
        server.stop()
