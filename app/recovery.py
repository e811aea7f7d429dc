"""What a node does while its database is away, and first of all when it is back (D2).

A watch asks the database every half second. When it answers, whatever waits in the spool goes through the intake
again, with its original time of receipt: the operator's own retry and the drained copy are one event, because both
carry the same key. Checks are refused until nothing waits.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog

from app import clock, intake
from app.alarms import Kind
from app.database import is_unavailable
from app.errors import RegistryError, UnavailableError
from app.registry import Registry
from app.spool import Segment, Spooled

LOOK_SECONDS = 0.5
PROBE_SECONDS = 2.0
DIRECTORY_SECONDS = 5.0
RECORDS_AT_ONCE = 512

log = structlog.get_logger()


@contextlib.asynccontextmanager
async def watching(registry: Registry) -> AsyncIterator[None]:
    """Watch the database and drain the spool for as long as the context lasts."""
    await registry.directory.current()  # should the database go away now, operators can still be authenticated
    stopping = asyncio.Event()
    watch = asyncio.create_task(_watch(registry, stopping), name="watch")
    try:
        yield
    finally:
        stopping.set()  # a cancellation can get lost where a wait ends at the same instant
        watch.cancel()
        await asyncio.wait([watch])


async def database_answers(registry: Registry) -> bool:
    """Tell whether the database answers now."""
    try:
        async with asyncio.timeout(PROBE_SECONDS), registry.pool.acquire(timeout=PROBE_SECONDS) as db:
            await db.execute("SELECT 1")
    except Exception as error:
        if is_unavailable(error):
            return False
        raise
    return True


async def _watch(registry: Registry, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            back = await look(registry)
        except Exception as error:  # noqa: BLE001 - the watch must outlive whatever it meets
            log.error("watch_failed", error=type(error).__name__)  # noqa: TRY400 - the database quotes values
            back = False
        if not back:
            await asyncio.sleep(LOOK_SECONDS)
            continue
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(registry.spool.filled.wait(), LOOK_SECONDS)
        registry.spool.filled.clear()


async def look(registry: Registry) -> bool:
    """Ask the database once, and drain the spool if it answers; False when it is away."""
    if not await database_answers(registry):
        registry.alarms.raise_alarm(Kind.DATABASE_AWAY, clock.node(), "Operators and checks are answered 503.")
        return False
    registry.alarms.close_alarm(Kind.DATABASE_AWAY, clock.node())
    try:
        await registry.directory.current(DIRECTORY_SECONDS)  # also on a node that nobody called for a while
        await drain(registry)
    except UnavailableError:
        return False
    finally:
        await registry.alarms.flush()
    return True


async def drain(registry: Registry) -> None:
    """Bring everything into the database that this process wrote or a dead one left; UnavailableError ends it early."""
    for segment in await registry.spool.take_over():
        await _drain_segment(registry, segment)
    if registry.spool.is_empty():
        registry.alarms.close_alarm(Kind.SPOOL_NOT_EMPTY, clock.node())
        registry.alarms.close_alarm(Kind.SPOOL_FULL, clock.node())


async def _drain_segment(registry: Registry, segment: Segment) -> None:
    records, intact = await asyncio.to_thread(registry.spool.read, segment)
    while segment.drained < len(records):
        group = records[segment.drained : segment.drained + RECORDS_AT_ONCE]
        used = await asyncio.gather(*(_resume(registry, record) for record in group), return_exceptions=True)
        failures = [result for result in used if isinstance(result, BaseException)]
        if failures:
            raise failures[0]
        intact = intact and all(used)
        segment.drained += len(group)
    if not intact:
        detail = "A segment of the spool could not be used whole; it was set aside beside the others."
        registry.alarms.raise_alarm(Kind.SPOOL_DAMAGED, clock.node(), detail)
    registry.spool.finish(segment, intact=intact)
    log.warning("spool_drained", requests=len(records))


async def _resume(registry: Registry, record: Spooled) -> bool:
    """Take a spooled request as if it came now, but at its time; False when its connection is gone."""
    link = await registry.directory.link(record.slug)
    if link is None or link.connection_id != record.connection_id:
        return False

    async def set_aside(reason: str) -> None:
        await intake.quarantine(registry, link, reason, record.request, record.received_at, bounded=False)

    try:
        await intake.take(registry, link, record.request, record.received_at, set_aside, stale=record.stale)
    except UnavailableError:
        raise
    except Exception as error:  # noqa: BLE001 - one request that cannot be used must not hold up the others
        kind = error.slug if isinstance(error, RegistryError) else type(error).__name__
        log.error("spooled_request_cannot_be_applied", error=kind)  # noqa: TRY400 - an error may quote values
        await set_aside("cannot-be-applied")
    return True
