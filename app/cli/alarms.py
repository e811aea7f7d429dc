"""alarms: what a person must know."""

from pathlib import Path

import rich_click as click

from app.cli.common import data_dir_option, plain_errors, with_registry
from app.errors import NotFoundError
from app.registry import Registry

SHOWN_MAX = 1_000


@click.command()
@click.option("--all", "closed_too", is_flag=True, help="Those that are over, too.")
@click.option("--close", "alarm_id", type=int, default=None, help="Close the alarm of this id: it was seen to.")
@data_dir_option
@plain_errors
def alarms(data_dir: Path | None, alarm_id: int | None, *, closed_too: bool) -> None:
    """List the open alarms, newest first: id, opened, closed or open, kind, subject, what to do.

    Example: stop-registry alarms
    """
    from app import clock
    from app.queries import alarms as queries

    async def act(registry: Registry) -> list[queries.AlarmRow]:
        async with registry.pool.acquire() as db:
            if alarm_id is not None and not await queries.close_alarm_by_id(db, alarm_id, clock.now()):
                raise NotFoundError("There is no open alarm of this id; see `stop-registry alarms`.")
            return await queries.list_alarms(db, closed_too=closed_too, limit=SHOWN_MAX)

    for row in with_registry(data_dir, act):
        end = f"{row.closed_at:%Y-%m-%dT%H:%M:%SZ}" if row.closed_at else "open"
        click.echo(
            f"{row.alarm_id}\t{row.opened_at:%Y-%m-%dT%H:%M:%SZ}\t{end}\t{row.kind}\t{row.subject}\t{row.detail}"
        )
