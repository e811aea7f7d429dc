"""The task that looks every two seconds at what this process committed, and every minute at everything."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import structlog

from app import clock, holding
from app.breakers import flood
from app.breakers.storm import Breaker
from app.queries import breakers
from app.registry import Registry

LOOK_EVERY_SECONDS: Final = 2.0
SWEEP_EVERY_SECONDS: Final = 60.0
ENDS_SECONDS: Final = 5
YOUNG: Final = timedelta(minutes=2)
"""A check that read the state before a hold is committed long before a hold is that old."""

log = structlog.get_logger()


@contextlib.asynccontextmanager
async def watching(registry: Registry) -> AsyncIterator[None]:
    """Watch for as long as the registry is served. Every process does: of two that see a storm, one holds."""
    stopping = asyncio.Event()
    task = asyncio.create_task(_watch(registry, stopping), name="breakers")
    try:
        yield
    finally:
        stopping.set()  # a cancellation can get lost where a wait ends at the same instant
        task.cancel()
        await asyncio.wait([task], timeout=ENDS_SECONDS)


async def _watch(registry: Registry, stopping: asyncio.Event) -> None:
    breaker, waiting, swept_at = Breaker(registry), frozenset[int](), -SWEEP_EVERY_SECONDS
    while not stopping.is_set():
        due = time.monotonic() - swept_at >= SWEEP_EVERY_SECONDS
        swept_at = time.monotonic() if due else swept_at
        waiting = await look(registry, breaker, waiting, everything=due)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), LOOK_EVERY_SECONDS)


async def look(
    registry: Registry, breaker: Breaker, waiting: frozenset[int] = frozenset(), *, everything: bool = False
) -> frozenset[int]:
    """Judge what was committed since the last look; return the senders that wait for the next one."""
    taken = registry.tally.take()
    waiting |= taken.senders
    try:
        await flood.add(registry, taken)
    except Exception as error:  # noqa: BLE001 - the database may be away; what was counted stays counted
        log.warning("breakers_wait", error=type(error).__name__)
        registry.tally.put_back(taken)
        return waiting
    try:
        await flood.judge(registry, taken)
        await _revoke_late(registry)
        if everything:
            waiting |= await breaker.sweep()
            await flood.forget(registry)
        return await breaker.look(waiting)
    except Exception as error:  # noqa: BLE001 - the same
        log.warning("breakers_wait", error=type(error).__name__)
        return waiting


async def _revoke_late(registry: Registry) -> None:
    """End what was cleared by checks that were under way while a hold was committed."""
    now = clock.now()
    async with registry.pool.acquire() as db:
        for sender_id in await breakers.senders_held_since(db, now - YOUNG):
            await holding.revoke(db, sender_id, now)
