"""subject: what is held about a person."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from app.cli.common import actor, data_dir_option, plain_errors, with_registry

if TYPE_CHECKING:
    from app.registry import Registry
    from app.subjects import Answer, Erased

FORMATS = click.Choice(["text", "json", "html"])
INPUT = "-"


class NumberFirst(click.RichGroup):
    """A group whose first word may be a number, or - for standard input."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take what is no command for a number to look up."""
        if args and args[0] not in {*self.commands, "--help", "-h"}:
            args = ["look-up", *args]
        return super().parse_args(ctx, args)


@click.group(cls=NumberFirst)
def subject() -> None:
    """What is held about a person: `stop-registry subject NUMBER`, or - for standard input, one number a line.

    A number on the command line stays in the shell's history: better type it on standard input.

    Example: stop-registry subject - --reference "courrier 26-14" --format html < plainte.txt > reponse.html
    """


@subject.command("look-up", hidden=True)
@click.argument("number")
@click.option("--sender", "slugs", multiple=True, help="Only for this sender; repeat for several.")
@click.option("--reference", default=None, help="Of the person's request: its clock runs from now, or from --received.")
@click.option("--received", type=click.DateTime(["%Y-%m-%d"]), default=None, help="The day the request arrived, UTC.")
@click.option(
    "--format", "form", type=FORMATS, default="text", show_default=True, help="text, json, or a page to print."
)
@click.option("--erase", is_flag=True, help="Erase what may be erased, for one --sender; the opposition stays.")
@click.option("--reason", default="", help="With --erase: why, in one line without numbers.")
@data_dir_option
@plain_errors
def subject_look_up(
    number: str,
    slugs: tuple[str, ...],
    reference: str | None,
    received: datetime | None,
    form: str,
    reason: str,
    data_dir: Path | None,
    *,
    erase: bool,
) -> None:
    """Say everything that is held about a number, for every sender, with the proofs and an explanation in French.

    Each look-up is on record. With --erase: exit status 1 while an incident or control forbids it.

    Example: stop-registry subject - --reference "courrier 26-14" --format html < plainte.txt > reponse.html
    """
    from app import subjects

    asked = subjects.read_numbers(sys.stdin.read()) if number == INPUT else [number]
    if erase:
        _erase(asked, slugs, reason, reference, form, data_dir)
        return

    async def look(registry: "Registry") -> "Answer":
        known = (await registry.directory.current()).slugs
        from app.administration import sender_named

        senders = [await sender_named(registry, slug) for slug in slugs] or list(known.values())
        at = received.replace(tzinfo=UTC) if received else None
        return await subjects.look_up(registry, subjects.Reader(actor()), asked, senders, reference, at)

    answer = with_registry(data_dir, look)
    click.echo({"text": subjects.as_text, "json": _json, "html": subjects.as_html}[form](answer))


def _erase(
    asked: list[str], slugs: tuple[str, ...], reason: str, reference: str | None, form: str, data_dir: Path | None
) -> None:
    from app import subjects
    from app.administration import sender_named

    if len(asked) != 1 or len(slugs) != 1:
        raise click.UsageError("--erase takes one number and one --sender: each sender answers for its own list.")

    async def act(registry: "Registry") -> "Erased":
        sender = await sender_named(registry, slugs[0])
        return await subjects.erase(registry, actor(), sender, asked[0], reason, reference)

    done = with_registry(data_dir, act)
    click.echo({"text": subjects.erased_as_text, "json": _json, "html": subjects.erased_as_html}[form](done))


@subject.command("open")
@click.argument("reference")
@click.argument("number", default=INPUT)
@click.option("--received", type=click.DateTime(["%Y-%m-%d"]), default=None, help="The day it arrived, UTC.")
@data_dir_option
@plain_errors
def subject_open(reference: str, number: str, received: datetime | None, data_dir: Path | None) -> None:
    """Note a person's request before it is looked up; prints until when it must be answered.

    Example: stop-registry subject open "courrier 26-14" --received 2026-11-20 < plainte.txt
    """
    from app import subjects

    asked = subjects.read_numbers(sys.stdin.read()) if number == INPUT else [number]
    at = received.replace(tzinfo=UTC) if received else None
    row = with_registry(data_dir, lambda registry: subjects.noted(registry, actor(), reference, asked, at))
    click.echo(f"due\t{row.due_at:%Y-%m-%d}")


@subject.command("close")
@click.argument("reference")
@click.option("--outcome", required=True, help="How it was answered, in one line without numbers.")
@data_dir_option
@plain_errors
def subject_close(reference: str, outcome: str, data_dir: Path | None) -> None:
    """Close a person's request that was answered; its clock stops.

    Example: stop-registry subject close "courrier 26-14" --outcome "réponse envoyée par courrier"
    """
    from app import subjects

    with_registry(data_dir, lambda registry: subjects.close(registry, actor(), reference, outcome))
    click.echo(f"closed {reference}")


@subject.command("list")
@click.option("--all", "closed_too", is_flag=True, help="Those that are closed, too.")
@data_dir_option
@plain_errors
def subject_list(data_dir: Path | None, *, closed_too: bool) -> None:
    """List people's requests: reference, people, arrived, due, closed or open, outcome.

    Example: stop-registry subject list
    """
    from app import subjects

    for row in with_registry(data_dir, lambda registry: subjects.listed(registry, closed_too=closed_too)):
        state = f"{row.closed_at:%Y-%m-%d}" if row.closed_at else "open"
        dates = f"{row.opened_at:%Y-%m-%d}\t{row.due_at:%Y-%m-%d}\t{state}"
        click.echo(f"{row.reference}\t{row.people}\t{dates}\t{row.outcome or ''}")


def _json(value: object) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value)).decode()
