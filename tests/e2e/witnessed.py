"""Registries opened again on the same data directory: the same database, another one, an older copy of it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx

from app.server import create_app
from tests.conftest import run_sql, url_of
from tests.world import World, settings_in


@asynccontextmanager
async def reopened(database_url: str, folder: Path, keys: dict[str, str], **more: object) -> AsyncIterator[World]:
    """Serve a registry that was founded and populated before."""
    app = create_app(settings_in(folder, **more), database_url)
    async with app.lifespan():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
            yield World(app.state.registry, keys, client, app)


@contextmanager
def copied(server_url: str, database_url: str) -> Iterator[str]:
    """Give a copy of a database that nobody is connected to, as a backup of this instant."""
    source = database_url.split("?", maxsplit=1)[0].rsplit("/", 1)[1]
    run_sql(server_url, f"CREATE DATABASE {source}_copy TEMPLATE {source} STRATEGY FILE_COPY")
    try:
        yield url_of(server_url, f"{source}_copy")
    finally:
        run_sql(server_url, f"DROP DATABASE {source}_copy WITH (FORCE)")
