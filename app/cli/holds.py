"""Holding what a sender sends, from the command line: hold, release, holds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import rich_click as click

from app.cli.administer import sender
from app.cli.common import actor, data_dir_option, plain_errors, with_registry
from app.queries.holds import HoldRow, PastHoldRow
from app.registry import Registry

PURPOSES = ("marketing", "service", "transactional", "emergency")


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what names a part of a sender."""
    delegate = click.option("--delegate", default=None, help="Only what this key asks for: its id.")
    return delegate(
        click.option("--campaign", default=None, help="Only this campaign, as its checks name it.")(command)
    )


@sender.command("hold")
@click.argument("slug")
@click.option("--reason", required=True, help="Why: it stands in the ledger, and callers read it.")
@click.option(
    "--purpose",
    "purposes",
    multiple=True,
    type=click.Choice(PURPOSES),
    default=PURPOSES[:-1],
    show_default=True,
    help="What may not be sent; repeat for several.",
)
@target_options
@data_dir_option
@plain_errors
def sender_hold(
    slug: str, reason: str, purposes: tuple[str, ...], delegate: str | None, campaign: str | None, data_dir: Path | None
) -> None:
    """Refuse every check of a sender, or of one of its delegates or campaigns, from now on.

    Clearances that live are revoked. Emergency alerts pass, unless you name that purpose too.

    Example: stop-registry sender hold salon-martin --campaign soldes --reason "Wrong list"
    """
    from app import holding

    what = holding.target(delegate, campaign)
    with_registry(data_dir, lambda registry: holding.hold(registry, actor(), slug, what, reason, purposes))
    click.echo(f"held {_named(slug, what.scope, what.subject)}: {', '.join(purposes)}")


@sender.command("release")
@click.argument("slug")
@click.option("--reason", required=True, help="Why it may go on: it stands in the ledger.")
@target_options
@data_dir_option
@plain_errors
def sender_release(slug: str, reason: str, delegate: str | None, campaign: str | None, data_dir: Path | None) -> None:
    """Release what is held, by a person or by the storm breaker.

    What was revoked stays revoked: check the rest of the list again.

    Example: stop-registry sender release salon-martin --campaign soldes --reason "List corrected"
    """
    from app import holding

    what = holding.target(delegate, campaign)

    async def done(registry: Registry) -> tuple[list[HoldRow], list[PastHoldRow]]:
        return await holding.release(registry, actor(), slug, what, reason), await holding.history(registry, slug)

    released, everything = with_registry(data_dir, done)
    for row in released:
        click.echo(f"released {_named(slug, row.scope, row.subject)} ({row.kind})")
    for row in everything:
        if row.released_at is None:
            click.echo(f"still held: {_line(slug, row)}", err=True)


@sender.command("holds")
@click.argument("slug")
@data_dir_option
@plain_errors
def sender_holds(slug: str, data_dir: Path | None) -> None:
    """List what is and was held for a sender, the newest first."""
    from app import holding

    for row in with_registry(data_dir, lambda registry: holding.history(registry, slug)):
        click.echo(_line(slug, row))


def _line(slug: str, row: PastHoldRow) -> str:
    """Write one hold as a line of columns."""
    columns = (
        _state(row),
        _named(slug, row.scope, row.subject),
        row.kind,
        ",".join(row.purposes),
        f"{row.held_at:%Y-%m-%dT%H:%M:%SZ}",
        row.held_by,
        row.reason,
    )
    return "\t".join(columns)


def _state(row: PastHoldRow) -> str:
    if row.released_at is None:
        return "held"
    return f"released {row.released_at:%Y-%m-%dT%H:%M:%SZ} by {row.released_by}: {row.release_reason}"


def _named(slug: str, scope: str, subject: str) -> str:
    return slug if scope == "sender" else f"{slug} {scope} {subject}"
