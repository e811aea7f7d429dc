"""Setting the registry up from the command line: migrate, sender, code, key."""

import asyncio
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

import rich_click as click

from app import administration
from app.auth import Role
from app.cli.common import actor, data_dir_option, database, plain_errors, settings_for, with_registry
from app.registry import Registry, opened
from app.settings import Settings


@click.command()
@data_dir_option
@click.option("--create-key", is_flag=True, help="Found the registry: make its root key, once, in an empty database.")
@click.option("--origin", default="stop-registry.local", help="The registry's name in checkpoints and receipts.")
@plain_errors
def migrate(data_dir: Path | None, origin: str, *, create_key: bool) -> None:
    """Bring the database to this version's schema; with --create-key, found the registry.

    The root key is sealed under the passphrase in STOP_REGISTRY_PASSPHRASE_FILE (default: `passphrase` in the data
    directory, made if it is missing). Keep a copy of both elsewhere: without them every opposition is unreadable.

    Example: stop-registry migrate --create-key --origin registre.example.fr
    """
    settings = settings_for(data_dir)
    with database(settings) as address:
        for line in asyncio.run(migrated(settings, address, origin, create_key=create_key)):
            click.echo(line)


async def migrated(settings: Settings, address: str, origin: str, *, create_key: bool) -> list[str]:
    """Migrate, and found the registry if asked; return what was done, a line each."""
    from app.database import migrate as run_migrations

    async with opened(address, 1, "stop-registry migrate") as pool, pool.acquire() as db:
        done = [f"applied {name}" for name in await run_migrations(db)] or ["the schema is current"]
        if create_key:
            async with db.transaction():
                sealed = await administration.found(db, origin, passphrase(settings))
                # On disk before the row is committed: a key that exists twice is harmless, one that is lost is not.
                write_private(settings.root_key_path, sealed)
            done.append(f"founded {origin}; root key in {settings.root_key_path}: keep a copy of it and its passphrase")
    return done


def passphrase(settings: Settings) -> bytes:
    """Read the passphrase, or make one where there is none yet."""
    if not settings.passphrase_path.exists():
        write_private(settings.passphrase_path, secrets.token_urlsafe(32).encode() + b"\n")
    return settings.passphrase_path.read_bytes().strip()


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read, durably; an existing one is never overwritten."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@click.group()
def sender() -> None:
    """The brands on whose behalf messages go out."""


@sender.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="The name customers recognise.")
@data_dir_option
@plain_errors
def sender_add(slug: str, name: str, data_dir: Path | None) -> None:
    """Add a sender.

    Example: stop-registry sender add salon-martin --name "Salon Martin"
    """
    with_registry(data_dir, lambda registry: administration.add_sender(registry, actor(), slug, name))
    click.echo(f"added sender {slug}")


@sender.command("list")
@data_dir_option
@plain_errors
def sender_list(data_dir: Path | None) -> None:
    """List the senders: short name, name, something of it held or not, or erased."""
    from app import holding

    async def listed(registry: Registry) -> list[str]:
        held = await holding.held_slugs(registry)
        senders = (await registry.directory.current()).senders.values()
        states = ["erased" if found.erased else "held" if found.slug in held else "open" for found in senders]
        return [f"{found.slug}\t{found.name}\t{state}" for found, state in zip(senders, states, strict=True)]

    for line in with_registry(data_dir, listed):
        click.echo(line)


@click.group()
def code() -> None:
    """The short codes people answer to."""


@code.command("add")
@click.argument("number")
@click.option(
    "--sender", "senders", multiple=True, required=True, help="A sender that uses it; repeat for a shared code."
)
@click.option("--keyword", "keywords", multiple=True, help="A word that names this one sender in STOP <word>.")
@click.option("--tariff", default="non surtaxé", show_default=True, help="What an answer costs, as people are told.")
@click.option(
    "--territory", "territories", multiple=True, help="Where it can be answered (FR, GP, RE …).  [default: everywhere]"
)
@data_dir_option
@plain_errors
def code_add(
    number: str,
    senders: tuple[str, ...],
    keywords: tuple[str, ...],
    tariff: str,
    territories: tuple[str, ...],
    data_dir: Path | None,
) -> None:
    """Add a short code, or a sender on it.

    Example: stop-registry code add 36200 --sender salon-martin --keyword martin
    """
    with_registry(
        data_dir, lambda r: administration.add_code(r, actor(), number, senders, keywords, tariff, territories)
    )
    click.echo(f"added code {number} for {', '.join(senders)}")


@code.command("list")
@data_dir_option
@plain_errors
def code_list(data_dir: Path | None) -> None:
    """List the codes: code, tariff, senders."""
    snapshot = with_registry(data_dir, lambda registry: registry.directory.current())
    for found in snapshot.codes.values():
        users = ",".join(snapshot.senders[candidate.sender_id].slug for candidate in found.candidates)
        click.echo(f"{found.code}\t{found.tariff}\t{users}")


@code.command("keyword")
@click.argument("number")
@click.argument("word")
@click.argument(
    "intent", type=click.Choice(["STOP", "START", "CONTACT", "HELP", "OTHER", "NONE"], case_sensitive=False)
)
@click.option("--sender", "sender_slug", default=None, help="Only for this sender of the code.")
@data_dir_option
@plain_errors
def code_keyword(number: str, word: str, intent: str, sender_slug: str | None, data_dir: Path | None) -> None:
    """Let a word mean something on a code, as a whole text or its first word; NONE forgets it.

    Never against a STOP, and a START needs the whole text. Every change counts up the version of the code's words,
    which the ledger writes behind the classifier's own: 1.c0c7b69d+k3.

    Example: stop-registry code keyword 36200 QUITTER STOP
    """
    from app.intent import Intent

    meaning = None if intent.upper() == "NONE" else Intent(intent.upper())
    version = with_registry(
        data_dir, lambda r: administration.set_keyword(r, actor(), number, word, meaning, sender_slug)
    )
    click.echo(f"keywords of {number}: version {version}")


@click.group()
def key() -> None:
    """Keys of callers; rotate, keep and restore the registry's own."""


@key.command("issue")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--sender", "senders", multiple=True, help="A sender the key acts for; a delegate's key takes several.")
@click.option("--label", required=True, help="Who holds it, for the journal.")
@click.option("--expires", type=click.DateTime(), default=None, help="The day it ends, UTC.")
@data_dir_option
@plain_errors
def key_issue(role: str, senders: tuple[str, ...], label: str, expires: datetime | None, data_dir: Path | None) -> None:
    """Issue a key; it is shown once.

    Example: stop-registry key issue --role sender --sender salon-martin --label "CRM du salon"
    """
    ends = expires.replace(tzinfo=UTC) if expires else None
    click.echo(
        with_registry(data_dir, lambda r: administration.issue_key(r, actor(), Role(role), label, senders, ends))
    )


@key.command("revoke")
@click.argument("key_id")
@data_dir_option
@plain_errors
def key_revoke(key_id: str, data_dir: Path | None) -> None:
    """Revoke a key, by its id or its whole text; its next request is refused."""
    with_registry(data_dir, lambda registry: administration.revoke_key(registry, actor(), key_id))
    click.echo("revoked")
