"""retention: what is forgotten when."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from app.cli.common import actor, data_dir_option, plain_errors, with_registry

if TYPE_CHECKING:
    from app.retention import Line


@click.group()
def retention() -> None:
    """What is forgotten when. `serve` forgets what is due once a day; oppositions never end by themselves.

    Example: stop-registry retention preview
    """


@retention.command("preview")
@data_dir_option
@plain_errors
def retention_preview(data_dir: Path | None) -> None:
    """Say what a purge would forget now: class, days kept, due, people in it, held by a freeze; then the freezes.

    Example: stop-registry retention preview
    """
    from app import retention as rules
    from app.registry import Registry

    async def look(registry: Registry) -> tuple[list[rules.Line], list[rules.Freeze]]:
        return await rules.preview(registry), await rules.freezes(registry)

    lines, freezes = with_registry(data_dir, look)
    _show(lines)
    for one in freezes:
        click.echo(f"frozen\t{one.freeze_id}\t{one.sender or 'everybody'}\t{one.opened_at:%Y-%m-%d}\t{one.reason}")


@retention.command("run")
@data_dir_option
@plain_errors
def retention_run(data_dir: Path | None) -> None:
    """Forget what is due and sign the days of the journal that are over.

    Example: stop-registry retention run
    """
    from app import journal
    from app import retention as rules
    from app.registry import Registry

    async def act(registry: Registry) -> "list[Line]":
        lines = await rules.run(registry, actor())
        await journal.seal(registry)
        return lines

    _show(with_registry(data_dir, act))


@retention.command("freeze")
@click.option("--reason", required=True, help="Why, in one line without numbers, such as the incident's reference.")
@click.option("--sender", "slug", default=None, help="Only what is held for this sender.")
@data_dir_option
@plain_errors
def retention_freeze(reason: str, slug: str | None, data_dir: Path | None) -> None:
    """Forget nothing from now on, because of an incident or a control; prints the number to thaw it by.

    Example: stop-registry retention freeze --sender salon-martin --reason "contrôle CNIL 26-14"
    """
    from app import retention as rules

    click.echo(with_registry(data_dir, lambda registry: rules.freeze(registry, actor(), reason, slug)))


@retention.command("thaw")
@click.argument("freeze_id", type=int)
@click.option("--reason", required=True, help="Why, in one line without numbers.")
@data_dir_option
@plain_errors
def retention_thaw(freeze_id: int, reason: str, data_dir: Path | None) -> None:
    """End a freeze; what became due meanwhile goes with the next purge.

    Example: stop-registry retention thaw 1 --reason "contrôle clos"
    """
    from app import retention as rules

    with_registry(data_dir, lambda registry: rules.thaw(registry, actor(), freeze_id, reason))
    click.echo(f"thawed {freeze_id}")


@retention.command("oppositions")
@click.option(
    "--sender", "slug", required=True, help="Whose list; neither it nor an heir may have checked for 3 years."
)
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Nothing of these people since, UTC.")
@click.option("--confirm", "count", type=int, default=None, help="The number of people that the preview gave: end it.")
@click.option("--reason", default="", help="Why, in one line without numbers; it stays in the ledger.")
@click.option("--as-dpo", is_flag=True, help="You decide as data protection officer.")
@data_dir_option
@plain_errors
def retention_oppositions(
    slug: str, before: datetime, count: int | None, reason: str, data_dir: Path | None, *, as_dpo: bool
) -> None:
    """Preview the end of a list of oppositions, or end it: the one thing here that cannot be taken back.

    Example: stop-registry retention oppositions --sender salon-martin --before 2022-01-01
    """
    from app import retention as rules

    day = before.replace(tzinfo=UTC)
    if count is None:
        seen = with_registry(data_dir, lambda registry: rules.preview_oppositions(registry, slug, day))
        click.echo(f"{seen.people} people, {seen.opposed} of them opposed, have said nothing since {day:%Y-%m-%d}.")
        click.echo(f"To forget them for good, add: --confirm {seen.people} --as-dpo --reason …")
        return
    done = with_registry(
        data_dir,
        lambda registry: rules.end_oppositions(registry, actor(), slug, day, count, reason, by_dpo=as_dpo),
    )
    click.echo(f"forgot {done.people} people")


def _show(lines: "list[Line]") -> None:
    for line in lines:
        counts = f"{line.entries} due\t{line.people} people\t{line.frozen} frozen"
        click.echo(f"{line.name}\t{line.kept_days} days\t{counts}\t{line.what}")
