"""The purge: what is due, forgetting it in small transactions, and the task that does it every day.

Before anything of a sender's contact record goes, an entry of its ledger says how much, from which instant back and by
which rule; the journal says it of every class. A crash in between leaves an entry that says too much, never too little:
the next purge writes a new one for what it finds.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import msgspec
import structlog

from app import clock, journal, ledger
from app.administration import note
from app.queries import retention
from app.queries.retention import DueRow
from app.registry import Registry
from app.retention.classes import CLASSES, DataClass, cut_of
from app.retention.freezing import holding

EVERY = timedelta(days=1)
LOOK_EVERY_SECONDS = 600.0
RUN_SECONDS_MAX = 6 * 3600
ROWS_AT_ONCE = 50
"""A list of a million people is 8 MB: so many go in one transaction at most."""
ENDS_SECONDS = 5
SERVICE = "retention"

Chore = Callable[[Registry], Awaitable[object]]
log = structlog.get_logger()


class Line(msgspec.Struct, frozen=True):
    """What is due of one class, or was forgotten of it; frozen: how many entries wait for a freeze to end."""

    name: str
    what: str
    kept_days: int
    before: datetime
    entries: int
    people: int
    oldest: datetime | None
    frozen: int


async def preview(registry: Registry) -> list[Line]:
    """Return what a purge would forget now."""
    now = clock.now()
    async with registry.pool.acquire() as db:
        frozen = await retention.open_freezes(db)
        found = [(kind, await kind.due(db, cut_of(kind, registry.settings, now))) for kind in CLASSES]
    return [_line(registry, kind, rows, frozen, now) for kind, rows in found]


async def run(registry: Registry, by: str = SERVICE) -> list[Line]:
    """Forget what is due and not frozen; return what was."""
    now, lines = clock.now(), []
    for kind in CLASSES:
        before = cut_of(kind, registry.settings, now)
        async with registry.pool.acquire() as db:
            rows, frozen = await kind.due(db, before), await retention.open_freezes(db)
        for row in _free(kind, rows, frozen):
            await forget(registry, kind, row, before, by)
        lines.append(_line(registry, kind, rows, frozen, now))
    log.info("retention", **{line.name: line.entries for line in lines if line.entries})
    return lines


@asynccontextmanager
async def running(registry: Registry, chores: Sequence[Chore] = ()) -> AsyncIterator[None]:
    """Purge at once and then every day as long as the registry is served, and do some chores every ten minutes."""
    task = asyncio.create_task(_keep_running(registry, chores), name="retention")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=ENDS_SECONDS)


async def _keep_running(registry: Registry, chores: Sequence[Chore]) -> None:
    """Run until cancelled; while the database is away, or another process is at it, look again later."""
    every = timedelta()
    while True:
        await _attempt(run_due(registry, every))
        for chore in chores:
            await _attempt(chore(registry))
        every = EVERY
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _attempt(act: Awaitable[object]) -> None:
    try:
        await act
    except Exception as error:  # noqa: BLE001 - whatever it was, the next attempt may pass
        log.warning("retention_failed", error=type(error).__name__)


async def run_due(registry: Registry, every: timedelta) -> bool:
    """Run if the last run began so long ago and nobody else is at it; False otherwise."""
    now = clock.now()
    async with registry.pool.acquire() as db:
        if not await retention.claim(db, now, now + timedelta(seconds=RUN_SECONDS_MAX), now - every):
            return False
    well = False
    try:
        await run(registry)
        well = True
    finally:
        with contextlib.suppress(Exception):  # the claim ends by itself
            async with registry.pool.acquire() as db:
                await retention.end(db, clock.now(), well=well)
    return True


async def forget(registry: Registry, kind: DataClass, row: DueRow, before: datetime, by: str) -> None:
    """Say what goes, then let it go, some at a time."""
    detail = {
        "class": kind.name,
        "entries": str(row.entries),
        "people": str(row.people),
        "before": ledger.timestamp(before),
        "by": by,
    }
    if kind.proven:
        await note(registry, row.sender_id, "purge", kind.name, detail)
    await journal.write(registry, by, "retention.purge", kind.name, detail, [row.sender_id] if row.sender_id else [])
    while True:
        async with registry.pool.acquire() as db:
            if kind.evidence and holding(await retention.open_freezes(db), row.sender_id):
                return
            gone = await kind.purge(db, row.sender_id, before, ROWS_AT_ONCE)
        if gone < ROWS_AT_ONCE:
            return


def _free(kind: DataClass, rows: Sequence[DueRow], frozen: Sequence[retention.FreezeRow]) -> list[DueRow]:
    due = [row for row in rows if row.entries]
    return [row for row in due if not kind.evidence or holding(frozen, row.sender_id) is None]


def _line(
    registry: Registry,
    kind: DataClass,
    rows: Sequence[DueRow],
    frozen: Sequence[retention.FreezeRow],
    now: datetime,
) -> Line:
    free = _free(kind, rows, frozen)
    entries = sum(row.entries for row in free)
    return Line(
        name=kind.name,
        what=kind.what,
        kept_days=kind.kept(registry.settings).days,
        before=cut_of(kind, registry.settings, now),
        entries=entries,
        people=sum(row.people for row in free),
        oldest=min((row.oldest for row in free if row.oldest), default=None),
        frozen=sum(row.entries for row in rows) - entries,
    )
