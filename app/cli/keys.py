"""Keys from the command line: those of callers, and what happens to the registry's own: rotate, escrow, restore."""

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from app import clock
from app.cli.administer import key, passphrase, write_private
from app.cli.common import actor, data_dir_option, database, plain_errors, settings_for, with_registry
from app.errors import ConflictError, InvalidValueError, UnavailableError
from app.keys import Root, seal_root
from app.registry import open_root
from app.settings import Settings

if TYPE_CHECKING:
    from app.shares import Rebuilt

__all__ = ["key"]


@key.command("rotate")
@click.option("--sender", "slug", required=True, help="The sender whose key is rotated.")
@click.option("--reason", required=True, help="Why, in one line; it stays in the sender's ledger.")
@click.option(
    "--remove-after",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Seconds after which the former pseudonyms are removed: longer than any request takes.",
)
@data_dir_option
@plain_errors
def key_rotate(slug: str, reason: str, remove_after: float, data_dir: Path | None) -> None:
    """Rotate the key of a sender's pseudonyms, while its checks and its STOPs go on.

    Needs no number. Interrupted, the same command goes on. It ends when nobody reads the former pseudonyms any more and
    they are removed. Run it as the owner of the tables, as migrate is.

    Example: stop-registry key rotate --sender salon-martin --reason "Rotation annuelle"
    """
    from app import rotation

    done = with_registry(
        data_dir,
        lambda registry: rotation.rotate(registry, actor(), slug, reason, sweep_after_seconds=remove_after),
    )
    click.echo(f"{slug}: key {done.epoch + 1} is in force")
    for name, rows in done.rows.items():
        click.echo(f"{rows:>12,}  {name}")


@key.command("escrow")
@click.option("--holders", type=click.IntRange(2, 16), required=True, help="How many people get a share.")
@click.option("--needed", type=click.IntRange(2, 16), required=True, help="How many of them rebuild the key.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where the shares go.")
@click.option(
    "--passphrase-file",
    "passphrase_files",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    multiple=True,
    help="A holder's passphrase; once for each share, in their order. Else each holder types it.",
)
@data_dir_option
@plain_errors
def key_escrow(holders: int, needed: int, out: Path, passphrase_files: tuple[Path, ...], data_dir: Path | None) -> None:
    """Split the root key into shares, each sealed under its holder's own passphrase.

    Give each holder one file and keep none; keep the passphrases apart from the files.

    Example: stop-registry key escrow --holders 5 --needed 3 --out parts
    """
    from app import escrow

    names = [out / f"share-{number}-of-{holders}.key" for number in range(1, holders + 1)]
    taken = [name for name in names if name.exists()]
    if taken:
        raise ConflictError(f"There is a {taken[0]} already; take an empty directory.")
    passphrases = _passphrases([name.name for name in names], passphrase_files, confirm=True)
    files = with_registry(data_dir, lambda registry: escrow.escrow(registry, actor(), passphrases, needed))
    for name, content in zip(names, files, strict=True):
        write_private(name, content)
        click.echo(name)
    click.echo(f"any {needed} of these {holders} shares rebuild the root key: try it with `key restore --drill`")


@key.command("restore")
@click.argument("files", metavar="SHARE…", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--drill", is_flag=True, help="Rebuild the key, compare it, and write nothing.")
@click.option(
    "--passphrase-file",
    "passphrase_files",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    multiple=True,
    help="A holder's passphrase; once for each share, in their order. Else each holder types it.",
)
@data_dir_option
@plain_errors
def key_restore(
    files: tuple[Path, ...], passphrase_files: tuple[Path, ...], data_dir: Path | None, *, drill: bool
) -> None:
    """Rebuild the root key from its shares and seal it under the registry's own passphrase.

    The key is compared with what the database was founded with, where that can be reached; another one is not written.
    Every share that is bad is named. An existing key file is never overwritten.

    Example: stop-registry key restore --drill parts/share-1-of-5.key parts/share-3-of-5.key parts/share-4-of-5.key
    """
    from app import shares

    settings = settings_for(data_dir)
    if not drill and settings.root_key_path.exists():
        raise ConflictError(f"There is a key at {settings.root_key_path} already; move it away first.")
    passphrases = _passphrases([file.name for file in files], passphrase_files, confirm=False)
    given = [shares.Given(str(file), _content(file), secret) for file, secret in zip(files, passphrases, strict=True)]
    rebuilt = shares.rebuild(given)
    for fault in rebuilt.faults:
        click.echo(f"stop-registry: {fault}", err=True)
    click.echo(_compared(settings, rebuilt, drill=drill))
    if drill:
        click.echo("drill passed: nothing was written")
        return
    sealed = seal_root(rebuilt.root, passphrase(settings), clock.random_bytes(16), clock.random_bytes(12))
    write_private(settings.root_key_path, sealed)
    click.echo(f"root key written to {settings.root_key_path}, sealed under {settings.passphrase_path}")


def _compared(settings: Settings, rebuilt: "Rebuilt", *, drill: bool) -> str:
    """Compare with the database and journal it there; say what was compared. ConflictError: it is another key."""
    from app import escrow, logs
    from app.registry import NotReadyError, WrongRootKeyError, open_registry

    logs.configure(logging.WARNING)
    act = "key.restore-drill" if drill else "key.restore"
    root = Root(rebuilt.root)

    async def compare(address: str) -> str:
        async with open_registry(settings, address, root) as registry:
            await escrow.tell(registry, actor(), act, {"check_value": root.check_value().hex()})
        return f"this is the key that the database of {registry.origin} was founded with"

    # Without an address, an embedded database is only asked where there is one: none is made to ask it.
    if settings.database_url or (settings.data_dir / "postgres").exists():
        try:
            with database(settings) as address:
                return asyncio.run(compare(address))
        except WrongRootKeyError as wrong:
            raise ConflictError(str(wrong)) from None
        except (NotReadyError, UnavailableError) as away:
            reason = str(away)
    else:
        reason = "there is none here"
    if settings.root_key_path.exists() and open_root(settings).check_value() != root.check_value():
        raise ConflictError(f"The shares rebuild another key than the one in {settings.root_key_path}.")
    return (
        f"the shares rebuild the key of {rebuilt.origin}, check value {root.check_value().hex()}; "
        f"the database was not asked and nothing is journalled: {reason}"
    )


def _content(file: Path) -> bytes:
    """Read a share; one that is not there counts as a damaged one, so that the others are still judged."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _passphrases(names: list[str], files: tuple[Path, ...], *, confirm: bool) -> list[bytes]:
    """Read the passphrases from files, or let each holder type one."""
    if files and len(files) != len(names):
        raise InvalidValueError(f"Give --passphrase-file {len(names)} times, once for each share in their order.")
    if files:
        return [file.read_bytes().strip() for file in files]
    return [
        str(click.prompt(f"Passphrase of {name}", hide_input=True, confirmation_prompt=confirm)).encode()
        for name in names
    ]
