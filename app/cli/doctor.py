"""doctor: is this registry set up well."""

import asyncio
import logging
import sys
from pathlib import Path

import rich_click as click

from app.cli.common import DONE, REFUSED, data_dir_option, database, plain_errors, settings_for
from app.errors import RegistryError
from app.settings import Settings


@click.command()
@data_dir_option
@plain_errors
def doctor(data_dir: Path | None) -> None:
    """Judge the set-up: the database, the key, each connection and each sender; one line each, and what to do.

    Lines begin with ok, warn or FAIL. Exit status 1 says that something must be mended: checks are refused for it, or
    STOPs would be lost.

    Example: stop-registry doctor
    """
    from app import logs
    from app.doctor import Finding, Level

    logs.configure(logging.ERROR)  # standard output is the command's answer
    settings = settings_for(data_dir)
    try:
        with database(settings) as address:
            failed = asyncio.run(_examined(settings, address))
    except RegistryError as error:
        click.echo(str(Finding(Level.FAIL, "database", str(error))))
        failed = True
    sys.exit(REFUSED if failed else DONE)


async def _examined(settings: Settings, address: str) -> bool:
    """Print every finding; return whether one of them must be mended."""
    from app.doctor import Level, examine

    failed = False
    async for found in examine(settings, address):
        failed = failed or found.level is Level.FAIL
        click.echo(str(found))
    return failed
