"""The STOPs and STARTs of each connection against its usual; far beyond it, nothing that comes through it may lift.

STOPs through it go on counting: doubt widens. A START through it asks a person, until an administrator gives the right
back with a reason.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from app import clock
from app.alarms import Kind
from app.directory import Link
from app.errors import ConflictError, NotFoundError
from app.queries import breakers, setup
from app.queries.breakers import RateRow
from app.queries.rows import Db
from app.registry import Registry
from app.review import said_why
from app.tally import Taken

ACTOR: Final = "registry:flood"
LATELY: Final = timedelta(minutes=10)
USUAL_DAYS: Final = timedelta(days=7)
FAR_BEYOND: Final = 10
"""Times the usual: a connection's busiest ten minutes of the last week."""
USUAL_STOPS_MIN: Final = 200
USUAL_STARTS_MIN: Final = 20
"""In ten minutes; a connection whose usual is less, or unknown yet, counts as this busy. STARTs are rare: a sender may
lift twenty oppositions a day by them. A connection's config may say more, as usual_stops and usual_starts."""

log = structlog.get_logger()


async def add(registry: Registry, taken: Taken) -> None:
    """Add what this process counted to what all have."""
    if taken.messages:
        async with registry.pool.acquire() as db:
            await breakers.add_rates(db, _rates(taken))


async def judge(registry: Registry, taken: Taken) -> None:
    """Judge the connections through which something came."""
    links = (await registry.directory.current()).links.values()
    busy = {connection_id for connection_id, _, _ in taken.messages}
    for link in links:
        if link.connection_id in busy and link.may_lift:
            await _judge(registry, link, clock.now())


async def forget(registry: Registry) -> None:
    """Forget what is older than what anything is compared with."""
    async with registry.pool.acquire() as db:
        await breakers.forget_rates(db, clock.now() - USUAL_DAYS - LATELY)


async def restore(registry: Registry, actor: str, slug: str, reason: str) -> None:
    """Let STARTs through a connection lift again; what came until now counts no more."""
    said = said_why(reason)
    link = await registry.directory.link(slug)
    if link is None:
        raise NotFoundError(f"There is no operator connection `{slug}`; see `stop-registry operator list`.")
    now = clock.now()
    async with registry.pool.acquire() as db, db.transaction():
        if not await breakers.restore_lifting(db, link.connection_id, now, actor, said):
            raise ConflictError(f"Nothing suspends lifting through `{slug}`.")
        await setup.journal_admin(db, now, actor, "operator.restore-lifting", slug, _json({"reason": said}))
    registry.alarms.close_alarm(Kind.LIFTING_SUSPENDED, slug)
    await registry.directory.current(max_age_seconds=0)


async def _judge(registry: Registry, link: Link, now: datetime) -> None:
    async with registry.pool.acquire() as db:
        found = await _flood(db, link, now)
        if found is None:
            return
        async with db.transaction():
            if not await breakers.suspend_lifting(db, link.connection_id, now, found):
                return
            await setup.journal_admin(
                db, now, ACTOR, "operator.suspend-lifting", link.connection.slug, _json({"reason": found})
            )
    slug = link.connection.slug
    log.error("lifting_suspended", connection=slug)
    command = f"stop-registry operator restore-lifting {slug} --reason …"
    detail = f"{found}. STARTs through it lift nothing and go to review. When you know why: {command}"
    registry.alarms.raise_alarm(Kind.LIFTING_SUSPENDED, slug, detail)
    await registry.directory.current(max_age_seconds=0)


async def _flood(db: Db, link: Link, now: datetime) -> str | None:
    """Say what came far beyond the usual, if anything did since the right was last given back."""
    restored_at = await breakers.lifting_restored_at(db, link.connection_id)
    since = now - LATELY
    if restored_at is not None:
        since = max(since, restored_at)
    lately = await breakers.rate_since(db, link.connection_id, since)
    least = RateRow(_least(link, "usual_stops", USUAL_STOPS_MIN), _least(link, "usual_starts", USUAL_STARTS_MIN))
    if lately.stops <= FAR_BEYOND * least.stops and lately.starts <= FAR_BEYOND * least.starts:
        return None
    usual = await breakers.usual_rate(db, link.connection_id, now - USUAL_DAYS, since - LATELY)
    for word, came, known in (
        ("STOP", lately.stops, max(usual.stops, least.stops)),
        ("START", lately.starts, max(usual.starts, least.starts)),
    ):
        if came > FAR_BEYOND * known:
            return f"{came} messages saying {word} within ten minutes, where {known} are many"
    return None


def _least(link: Link, name: str, otherwise: int) -> int:
    said = link.connection.config.get(name)
    return max(said, otherwise) if isinstance(said, int) else otherwise


def _rates(taken: Taken) -> Iterable[tuple[int, datetime, int, int]]:
    places = sorted({(connection_id, minute) for connection_id, minute, _ in taken.messages})
    for connection_id, minute in places:
        stops, starts = (taken.messages.get((connection_id, minute, intent), 0) for intent in ("STOP", "START"))
        yield connection_id, minute, stops, starts


def _json(value: dict[str, str]) -> str:
    return msgspec.json.encode(value).decode()
