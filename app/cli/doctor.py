"""doctor: is this registry set up well."""

import asyncio
import logging
import sys
from pathlib import Path

import rich_click as click

from app.cli.common import DONE, REFUSED, actor, data_dir_option, database, plain_errors, settings_for, with_registry
from app.errors import RegistryError
from app.registry import Registry
from app.settings import Settings

AFTER = (
    "Restart every process of this node, and run the same command on every other node.",
    "Reconcile with the operators and import other lists again, if that was not done before.",
    "Clearances given in what was lost are valid until they end, an hour at most; who asks for admissions is refused.",
)


@click.command()
@click.option("--accept-restore", is_flag=True, help="Say what a restored database has lost; with --yes, accept it.")
@click.option("--reason", default="", help="Why the loss is accepted: it goes into every ledger concerned.")
@click.option("--yes", is_flag=True, help="Accept. Without it, only say what was lost.")
@data_dir_option
@plain_errors
def doctor(data_dir: Path | None, reason: str, *, accept_restore: bool, yes: bool) -> None:
    """Judge the set-up: the database, the key, each connection and each sender; one line each, and what to do.

    Lines begin with ok, warn or FAIL. Exit status 1 says that something must be mended: checks are refused for it, or
    STOPs would be lost.

    Example: stop-registry doctor
    """
    if accept_restore:
        sys.exit(with_registry(data_dir, lambda registry: _accepted(registry, reason, yes=yes)))
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


async def _accepted(registry: Registry, reason: str, *, yes: bool) -> int:
    """Show what a restore has lost, and accept it if told to; return the exit status."""
    from app.doctor import restoring

    seen = await restoring.preview(registry)
    if seen is None:
        click.echo("Nothing to accept: every ledger goes on from what this node's witness has seen.")
        return DONE
    if seen.forgotten:
        click.echo("The witness of this node is lost: nobody can say what the ledgers have lost.")
    for loss in seen.losses:
        click.echo(str(loss))
    click.echo(f"Signatures will bear the name {seen.era.origin}.")
    if not yes:
        click.echo("Nothing was changed. To accept the loss for good, add: --yes --reason …")
        return REFUSED
    await restoring.accept(registry, seen, actor(), reason)
    click.echo("Accepted; this node clears again.")
    for line in AFTER:
        click.echo(line)
    return DONE
