"""canary: test messages that prove a STOP channel, and what is known of each channel."""

from datetime import datetime
from pathlib import Path

import rich_click as click

from app.cli.common import actor, data_dir_option, plain_errors, with_registry
from app.registry import Registry

SHOWN_MAX = 1_000


@click.group()
def canary() -> None:
    """Test messages that prove that a STOP to a code arrives."""


@canary.command("issue")
@click.argument("code")
@click.option("--hours", type=int, default=None, help="How long it may take to come back. [default: 24]")
@data_dir_option
@plain_errors
def canary_issue(code: str, hours: int | None, data_dir: Path | None) -> None:
    """Issue a canary and print what to text to CODE, from any phone, within a day; it works once and opposes nobody.

    Texted as "STOP 7F3A" it also proves that the operator passes the word STOP on.

    Example: stop-registry canary issue 36200
    """
    from app import canaries

    issued = with_registry(data_dir, lambda registry: canaries.issue(registry, actor(), code, hours))
    click.echo(issued.text)
    click.echo(
        f"Text it, or STOP {issued.token}, to {code} from any phone before {_instant(issued.expires_at)}.", err=True
    )


@canary.command("list")
@data_dir_option
@plain_errors
def canary_list(data_dir: Path | None) -> None:
    """List the canaries, newest first: id, code, issued, by whom, what became of it, through which connection, delay.

    Example: stop-registry canary list
    """
    from app import canaries, clock

    now = clock.now()
    for row in with_registry(data_dir, lambda registry: canaries.listed(registry, SHOWN_MAX)):
        shown = [str(row.canary_id), row.code, _instant(row.issued_at), row.issued_by]
        if row.returned_at is None:
            state = f"{'waits until' if row.expires_at > now else 'expired'} {_instant(row.expires_at)}"
            click.echo("\t".join((*shown, state)))
            continue
        delay = f"{(row.returned_at - row.issued_at).total_seconds():.0f} s"
        click.echo("\t".join((*shown, f"returned {_instant(row.returned_at)}", row.slug or "", delay)))


@canary.command("channels")
@click.argument("code", required=False)
@click.option(
    "--timeline", is_flag=True, help="What became of them, newest first: when, code, connection, change, why."
)
@data_dir_option
@plain_errors
def canary_channels(code: str | None, data_dir: Path | None, *, timeline: bool) -> None:
    """Say what is known of each STOP channel: code, connection, state, since when, what was proven and what was not.

    Example: stop-registry canary channels 36200 --timeline
    """
    for line in with_registry(data_dir, lambda registry: (_steps if timeline else _states)(registry, code)):
        click.echo(line)


async def _states(registry: Registry, code: str | None) -> list[str]:
    from app import canaries, clock
    from app.liveness import NOTHING_PROVEN, State

    judged = {(one.row.code, one.row.slug): one for one in await registry.pulse.all(clock.now())}
    snapshot = await registry.directory.current()
    lines = []
    for known in sorted(snapshot.codes if code is None else {code} & snapshot.codes.keys()):
        for link in canaries.carrying(snapshot, known):
            one = judged.get((known, link.connection.slug))
            said = (one.state, _instant(one.row.since), one.why) if one else (State.NEVER_PROVEN, "-", NOTHING_PROVEN)
            lines.append("\t".join((known, link.connection.slug, *said)))
    return lines


async def _steps(registry: Registry, code: str | None) -> list[str]:
    from app import clock
    from app.queries import channels

    await registry.pulse.all(clock.now())
    async with registry.pool.acquire() as db:
        rows = await channels.list_channel_events(db, code, SHOWN_MAX)
    return ["\t".join((_instant(row.at), row.code, row.slug, f"{row.was} -> {row.became}", row.why)) for row in rows]


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
