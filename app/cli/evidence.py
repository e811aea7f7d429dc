"""Proof from the command line: export, and verify, which needs neither network nor database."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rich_click as click

from app.cli.common import REFUSED, actor, data_dir_accepted, data_dir_option, plain_errors, with_registry


@click.command()
@click.option("--sender", "slug", required=True, help="Whose ledger.")
@click.option("--from", "start", type=click.DateTime(), default=None, help="Start of the period in the tables, UTC.")
@click.option("--to", "end", type=click.DateTime(), default=None, help="End of the period, exclusive, UTC.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The zip to write.")
@data_dir_option
@plain_errors
def export(slug: str, start: datetime | None, end: datetime | None, out: Path, data_dir: Path | None) -> None:
    """Write a sender's export: its whole ledger, the signed checkpoint, and tables for a spreadsheet.

    Example: stop-registry export --sender salon-martin --out salon-martin.zip
    """
    from app import administration, audit
    from app.registry import Registry

    scope = audit.Scope(start and start.replace(tzinfo=UTC), end and end.replace(tzinfo=UTC))

    async def write(registry: Registry) -> None:
        sender = await administration.sender_named(registry, slug)
        part = out.with_name(out.name + ".part")
        with part.open("wb") as file:
            async for piece in await audit.export(registry, sender, scope, actor()):
                file.write(piece)
        part.rename(out)

    with_registry(data_dir, write)
    click.echo(f"wrote {out}")


def _kept(option: str, name: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add an option that takes files, any number of times."""
    return click.option(
        option, name, multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help=text
    )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_dir_accepted
@click.option("--key", default=None, help="The verifier key you were given; else the one inside the export is named.")
@_kept("--checkpoint", "checkpoints", "An older signed head that you kept; its entries must still be the same.")
@_kept("--receipt", "receipts", "A receipt that an operator kept; its entry must be in this ledger.")
@_kept("--clearance", "clearances", "A clearance; its check, and the list it was judged by, must be in this ledger.")
@plain_errors
def verify(
    file: Path,
    key: str | None,
    checkpoints: tuple[Path, ...],
    receipts: tuple[Path, ...],
    clearances: tuple[Path, ...],
) -> None:
    """Verify an export offline: signature, every entry, every table, and papers that you kept.

    Exit status 0 when all is well, 1 when anything differs; the first wrong entry is named.

    Example: stop-registry verify salon-martin.zip --receipt recu.jws
    """
    from app import evidence
    from app.evidence import Paper, PaperKind

    given = {PaperKind.CHECKPOINT: checkpoints, PaperKind.RECEIPT: receipts, PaperKind.CLEARANCE: clearances}
    papers = [
        Paper(kind, path.name, path.read_text(errors="surrogateescape"))
        for kind, paths in given.items()
        for path in paths
    ]
    report = evidence.verify_export(file, key, papers)
    for finding in report.findings:
        click.echo(f"✗ {finding}")
    if not report.ok:
        sys.exit(REFUSED)
    click.echo(f"✓ {report.size} entries, root {report.root}")
    click.echo(f"✓ signed by {report.verifier}")
    for paper in papers:
        click.echo(f"✓ {paper.kind} {paper.name}")
    if key is None:
        click.echo("  This key came with the file. Compare it with one you got another way, or pass it as --key.")
