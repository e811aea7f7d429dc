"""Review from the command line: what is doubtful, what was decided, what is forgotten."""

from datetime import datetime
from pathlib import Path
from typing import cast

import rich_click as click

from app.cli.common import actor, data_dir_option, plain_errors, with_registry

SECONDS_PER_HOUR = 3600
HOURS_PER_DAY = 24


@click.group(invoke_without_command=True)
@click.option("--all", "decided", is_flag=True, help="Show decided items too.")
@click.option("--limit", default=100, show_default=True, help="How many, the oldest first.")
@data_dir_option
@click.pass_context
@plain_errors
def review(ctx: click.Context, limit: int, data_dir: Path | None, *, decided: bool) -> None:
    """List the messages that a person must read: id, age, senders, rule, why, text.

    Example: stop-registry review
    """
    if ctx.invoked_subcommand is not None:
        return
    from app import journal
    from app import review as cases
    from app.registry import Registry

    async def read(registry: Registry) -> list[cases.Shown]:
        shown = await cases.items(registry, limit, decided=decided)
        slugs = (await registry.directory.current()).slugs
        concerned = sorted({slugs[slug].sender_id for item in shown for slug in item.senders})
        detail = {"items": [item.item_id for item in shown]}
        await journal.write(registry, actor(), "review.read", "review", detail, concerned)
        return shown

    for item in with_registry(data_dir, read):
        state = item.decision or ("suppresses" if item.suppresses else "open")
        text = "(purged)" if item.text is None else _one_line(item.text)
        click.echo(
            "\t".join(
                (
                    item.item_id,
                    _age(item.opened_at),
                    ",".join(item.senders),
                    item.rule,
                    ",".join(item.reasons),
                    state,
                    text,
                )
            )
        )


@review.command("decide")
@click.argument("item_id")
@click.argument("decision", type=click.Choice(["oppose", "lift", "leave"]))
@click.option("--reason", required=True, help="Why, in one line without numbers; it stays in the ledger.")
@click.option("--sender", "senders", multiple=True, help="Decide for this sender only; repeat for several.")
@click.option("--as-dpo", is_flag=True, help="You decide as data protection officer, beyond the budget of the day.")
@data_dir_option
@plain_errors
def review_decide(
    item_id: str, decision: str, reason: str, senders: tuple[str, ...], data_dir: Path | None, *, as_dpo: bool
) -> None:
    """Decide one item; a later decision replaces an earlier one.

    oppose: the message was a STOP. lift: a suppressed message was no STOP and what it did is taken back, earlier STOPs
    stand; any other message was a START, and lifts what is older. leave: nothing changes.

    Example: stop-registry review decide 1f… lift --reason "asks where the bus stop is"
    """
    from app import review as cases
    from app.lifting import Decision
    from app.registry import Registry

    async def act(registry: Registry) -> list[str]:
        ruled = await cases.decide(
            registry, actor(), item_id, cast("Decision", decision), reason, senders, by_dpo=as_dpo
        )
        names = (await registry.directory.current()).senders
        return [
            f"{names[one.sender_id].slug}\t{one.effect}\t{'opposed' if one.opposed else 'not opposed'}" for one in ruled
        ]

    for line in with_registry(data_dir, act):
        click.echo(line)


@review.command("purge")
@data_dir_option
@plain_errors
def review_purge(data_dir: Path | None) -> None:
    """Forget texts older than STOP_REGISTRY_REVIEW_DAYS, and parts of long messages after two days.

    `serve` does it once a day by itself.
    """
    from app import review as cases

    purged = with_registry(data_dir, cases.purge)
    click.echo(f"forgot {purged.texts} texts and {purged.parts} parts")


def _age(opened_at: datetime) -> str:
    from app import clock

    hours = int((clock.now() - opened_at).total_seconds()) // SECONDS_PER_HOUR
    return f"{hours // HOURS_PER_DAY}d" if hours >= HOURS_PER_DAY else f"{hours}h"


def _one_line(text: str) -> str:
    """Show a stranger's text on one line, with nothing a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)
