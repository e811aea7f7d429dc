"""journal: who did, saw and exported what."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import rich_click as click

from app.cli.common import REFUSED, data_dir_option, plain_errors, with_registry


@click.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Another day than today, UTC.")
@click.option("--note", "wants_note", is_flag=True, help="Print the signed head of the day; keep it somewhere else.")
@click.option("--verify", is_flag=True, help="Recompute every day and compare it with what was signed.")
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="With --verify: a head that you kept; repeat for several.",
)
@data_dir_option
@plain_errors
def journal(
    day: datetime | None, against: tuple[Path, ...], data_dir: Path | None, *, wants_note: bool, verify: bool
) -> None:
    """List the entries of a day: time, who, what, about what, details. No number is in it.

    Days that are over are signed once a day by `serve` or `stop-registry retention run`. With --verify: exit status 1
    when anything was changed, left out or added beside; a head kept with --note is proof against a rewritten end.

    Example: stop-registry journal --verify --against journal-2026-11-23.txt
    """
    from app import clock

    wanted = (day or clock.now()).replace(tzinfo=UTC).date()
    if verify:
        _verify([path.read_text("utf-8") for path in against], data_dir)
        return
    from app import journal as log

    if wants_note:
        click.echo(with_registry(data_dir, lambda registry: log.note(registry, wanted)), nl=False)
        return
    for row in with_registry(data_dir, lambda registry: log.entries(registry, wanted)):
        click.echo(f"{row.at:%Y-%m-%dT%H:%M:%SZ}\t{row.actor}\t{row.action}\t{row.subject}\t{row.detail}")


def _verify(kept: list[str], data_dir: Path | None) -> None:
    from app import journal as log
    from app.registry import Registry

    async def check(registry: Registry) -> tuple[log.Report, str]:
        return await log.verify(registry, kept), log.verifier_key(registry)

    report, key = with_registry(data_dir, check)
    for finding in report.findings:
        click.echo(f"✗ {finding}")
    if report.findings:
        sys.exit(REFUSED)
    click.echo(f"✓ {report.entries} entries in {report.days} days")
    click.echo(f"✓ signed by {key}")
