"""What the commands share: where the data are, an opened registry, and errors turned into a sentence and a status."""

import asyncio
import functools
import getpass
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from app.errors import ConflictError, RegistryError, UnavailableError
from app.settings import Settings, from_environ

if TYPE_CHECKING:
    from app.registry import Registry

DONE, REFUSED, WRONG_USE, UNAVAILABLE = 0, 1, 2, 3
T = TypeVar("T")


def data_dir_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --data-dir."""
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        default=None,
        help="Where the key file and the embedded database lie. [default: the user's data directory]",
    )(command)


def data_dir_accepted(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command that keeps nothing on this machine be called like all the others."""
    return click.option(
        "--data-dir", expose_value=False, help="Taken as by every command; this one needs nothing there."
    )(command)


def plain_errors(command: Callable[..., T]) -> Callable[..., T]:
    """Turn an error that was written for a person into one sentence on standard error, and its exit status."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> T:  # noqa: ANN401 - whatever the command takes
        try:
            return command(*args, **kwargs)
        except RegistryError as error:
            click.echo(f"stop-registry: {error}", err=True)
            sys.exit(status_of(error))

    return wrapped


def status_of(error: RegistryError) -> int:
    """Return the exit status of an error: 1 the answer is no, 2 wrong use, 3 registry unavailable."""
    if isinstance(error, ConflictError):
        return REFUSED
    return UNAVAILABLE if isinstance(error, UnavailableError) or error.status >= RegistryError.status else WRONG_USE


def settings_for(data_dir: Path | None) -> Settings:
    """Read the settings of this environment."""
    return from_environ(os.environ, data_dir)


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """Give the address of the database: the one configured, or the embedded one, started if it does not run."""
    if settings.database_url:
        yield settings.database_url
        return
    from app.database import embedded_postgres

    with embedded_postgres(settings.data_dir) as address:
        yield address


def with_registry(data_dir: Path | None, act: "Callable[[Registry], Awaitable[T]]") -> T:
    """Open the registry, do one thing with it, close it."""
    from app import logs
    from app.registry import open_registry

    logs.configure(logging.WARNING)  # standard output is the command's answer
    settings = settings_for(data_dir)

    async def run(address: str) -> T:
        async with open_registry(settings, address) as registry:
            return await act(registry)

    with database(settings) as address:
        return asyncio.run(run(address))


def actor() -> str:
    """Name who is at the keyboard, for the journal."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:{os.getuid()}"
