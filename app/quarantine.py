"""What waits in quarantine, and its way out after a secret or a configuration is mended (D2).

A replayed request is judged as if it came now: by the secrets and the configuration of today, but with its original
time of receipt. It leaves the quarantine only after everything in it is committed, so a crash in between costs
nothing: replayed once more, it is the same event.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec

from app import intake, operators
from app.alarms import Kind
from app.directory import Link
from app.errors import BadSignatureError, NotFoundError
from app.keys import BrokenBoxError
from app.queries import mo, quarantine
from app.queries.mo import QuarantineRow
from app.registry import Registry

PAGE_REQUESTS = 200
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Replayed(msgspec.Struct, frozen=True):
    """How a replay ended."""

    applied: int
    staying: int


async def waiting(registry: Registry, slug: str) -> AsyncIterator[QuarantineRow]:
    """Yield the requests in quarantine, oldest first; their boxes stay sealed."""
    link = await _link(registry, slug)
    place, last = BEGINNING, b""
    while page := await _page(registry, link, place, last):
        for row in page:
            yield row
        place, last = page[-1].received_at, page[-1].fingerprint


async def replay(registry: Registry, slug: str) -> Replayed:
    """Run everything in a connection's quarantine again; what passes is applied and leaves."""
    link = await _link(registry, slug)
    applied = staying = 0
    async for row in waiting(registry, slug):
        if await passes(registry, link, row):
            async with registry.pool.acquire() as db:
                await quarantine.leave_quarantine(db, link.connection_id, row.fingerprint)
            applied += 1
        else:
            staying += 1
    await _close_alarms(registry, link)
    return Replayed(applied, staying)


async def _link(registry: Registry, slug: str) -> Link:
    link = await registry.directory.link(slug)
    if link is None:
        raise NotFoundError("There is no such operator connection; look it up with `stop-registry operator list`.")
    return link


async def _page(registry: Registry, link: Link, place: datetime, last: bytes) -> list[QuarantineRow]:
    async with registry.pool.acquire() as db:
        return await quarantine.quarantine_page(db, link.connection_id, place, last, PAGE_REQUESTS)


async def passes(registry: Registry, link: Link, row: QuarantineRow) -> bool:
    """Authenticate, decode and commit; False when any part of the request still cannot be used."""
    try:
        aad = intake.quarantine_aad(link.connection_id, row.fingerprint)
        request = intake.request_of(registry.root.open("quarantine", row.box, aad))
        provider = operators.provider(link.connection.provider)
        authentic = provider.authenticate(request, link.connection, row.received_at)
    except (BadSignatureError, BrokenBoxError, msgspec.MsgspecError):
        return False
    unusable: list[str] = []

    async def set_aside(reason: str) -> None:
        unusable.append(reason)

    await intake.take(registry, link, request, row.received_at, set_aside, stale=authentic.stale)
    return not unusable


async def _close_alarms(registry: Registry, link: Link) -> None:
    """What nobody waits for any more is no cause for an alarm."""
    slug = link.connection.slug
    async with registry.pool.acquire() as db:
        size = await mo.quarantine_size(db, link.connection_id)
    if size < registry.settings.quarantine_requests_max:
        registry.alarms.close_alarm(Kind.QUARANTINE_FULL, slug)
    if size == 0:
        registry.alarms.close_alarm(Kind.QUARANTINE_GROWING, slug)
        registry.alarms.close_alarm(Kind.BAD_SIGNATURE, slug)
