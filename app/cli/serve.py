"""serve: the HTTP service, with as many worker processes as asked."""

import asyncio
import gc
import os
import sys
import tempfile
from pathlib import Path

import rich_click as click

from app.cli.common import data_dir_option, database, plain_errors, settings_for
from app.settings import PREFIX, Settings, from_environ

GRACE_SECONDS = 20
SWITCH_SECONDS = 0.0005
OBJECTS_UNTIL_COLLECTION = 50_000
"""A hundred STOPs at once hold thousands; Python's 700 would look for garbage among them at every seventh."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes; each one commits for itself.")
@data_dir_option
@plain_errors
def serve(host: str, port: int, workers: int, data_dir: Path | None) -> None:
    """Serve the registry over HTTP.

    Example: stop-registry serve --port 8000
    """
    settings = settings_for(data_dir)
    with database(settings) as address:
        asyncio.run(ready(settings, address))
        run_server(settings, address, host, port, workers)


async def ready(settings: Settings, address: str) -> None:
    """Open the registry once before any worker does, so that what is missing is said once and plainly."""
    from app.registry import open_registry

    async with open_registry(settings, address):
        pass


def run_server(settings: Settings, address: str, host: str, port: int, workers: int) -> None:
    """Run uvicorn until it is told to stop. Workers find their settings in the environment they inherit."""
    os.environ["DATABASE_URL"] = address
    os.environ[PREFIX + "DATA_DIR"] = str(settings.data_dir)
    with tempfile.TemporaryDirectory(prefix="stop-registry-metrics-") as folder:
        if workers > 1:
            # Before a worker imports the library: each writes its counts there, and any of them can add them up.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        _run(host, port, workers)


def _run(host: str, port: int, workers: int) -> None:
    import uvicorn

    uvicorn.run(
        "app.cli.serve:application",
        factory=True,
        host=host,
        port=port,
        http="app.answers:Together",
        workers=workers,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def application() -> object:
    """Build a worker's application from the environment."""
    from app import logs
    from app.server import create_asgi

    logs.configure()
    # A worker thread in the middle of a large check lets the event loop through this often.
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(OBJECTS_UNTIL_COLLECTION)
    settings = from_environ(os.environ)
    if settings.database_url is None:
        raise RuntimeError("A worker is started by `stop-registry serve`, which sets DATABASE_URL.")
    return create_asgi(settings, settings.database_url)
