"""Reading the lists of operators that keep STOPs to themselves, on time and once.

What a list holds is compared, as keyed digests, with what it held at the last pull: what is new is applied as an event
of that connection, what is gone is forgotten, so that its return is news. Nothing on a list is ever lifted from here.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import urlsplit

import httpx
import structlog

from app import clock, intake
from app.directory import Link
from app.errors import ConflictError, NotFoundError, RegistryError
from app.operators import Message
from app.operators.pull import SOURCES, Item, PullError, Source, base
from app.queries import pulls
from app.registry import Registry

LOOK_EVERY_SECONDS = 20.0
ANSWER_SECONDS_MAX = 30.0
ANSWER_BYTES_MAX = 64 << 20
PULL_SECONDS_MAX = 900
DETAILS_MAX = 500
"""Questions about single lines in one pull. A line beyond them counts from its first sight, which is later than its
own date and so the stronger STOP; answers wait for the next pull."""
MESSAGES_AT_ONCE = 200

log = structlog.get_logger()


async def pull(registry: Registry, slug: str, *, due: datetime | None = None) -> pulls.PullRow:
    """Read a connection's lists now, or only if the last pull began before `due`; return how it went.

    ConflictError when another process is at it, PullError when it failed, which is also kept for `operator list`.
    """
    link = await registry.directory.link(slug)
    if link is None:
        raise NotFoundError(f"There is no operator connection `{slug}`; see `stop-registry operator list`.")
    now = clock.now()
    async with registry.pool.acquire() as db:
        until = now + timedelta(seconds=PULL_SECONDS_MAX)
        if not await pulls.claim_pull(db, link.connection_id, now, until, due or now):
            raise ConflictError("Another process is reading this operator's lists, or has just done so.")
    try:
        async with asyncio.timeout(PULL_SECONDS_MAX):
            listed, applied = await _pulled(registry, link, now)
    except asyncio.CancelledError:
        await _failed(registry, link, PullError("The registry was stopped meanwhile."))
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is kept, and told without what was read
        await _failed(registry, link, error)
        raise _told(error) from None
    async with registry.pool.acquire() as db:
        await pulls.end_pull(db, link.connection_id, clock.now(), listed, applied)
    log.info("pulled", connection=slug, listed=listed, applied=applied)
    return (await health(registry))[link.connection_id]


async def health(registry: Registry) -> dict[int, pulls.PullRow]:
    """Return how the last pull of each connection went."""
    async with registry.pool.acquire() as db:
        return {row.connection_id: row for row in await pulls.list_pulls(db)}


async def pull_due(registry: Registry) -> None:
    """Pull every connection whose time has come; one that fails does not hold up the others."""
    snapshot = await registry.directory.current()
    for link in snapshot.links.values():
        minutes = link.connection.config.get("pull_every_minutes")
        if link.connection.provider in SOURCES and isinstance(minutes, int | float) and minutes > 0:
            with contextlib.suppress(RegistryError):
                await pull(registry, link.connection.slug, due=clock.now() - timedelta(minutes=minutes))


async def keep_pulling(registry: Registry, stopping: asyncio.Event) -> None:
    """Pull on time until told to stop. Every worker does; the claim in the database lets one of them at a time."""
    while not stopping.is_set():
        try:
            await pull_due(registry)
        except Exception as error:  # noqa: BLE001 - the database may be away; the next round comes
            log.warning("pulling_interrupted", error=type(error).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), LOOK_EVERY_SECONDS)


@asynccontextmanager
async def running(registry: Registry) -> AsyncIterator[None]:
    """Keep pulling as long as the context lasts."""
    stopping = asyncio.Event()
    task = asyncio.create_task(keep_pulling(registry, stopping), name="puller")
    try:
        yield
    finally:
        stopping.set()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _pulled(registry: Registry, link: Link, now: datetime) -> tuple[int, int]:
    source = SOURCES.get(link.connection.provider)
    if source is None:
        raise PullError(f"Only {' and '.join(SOURCES)} are read this way; this connection's operator calls.")
    async with _Api(source, link) as api:
        listed = await api.lists(now)
        keys = {
            one.key: registry.root.digest("pulled", f"{link.connection.slug}\0{one.key}".encode()) for one in listed
        }
        async with registry.pool.acquire() as db:
            known = await pulls.pulled_items(db, link.connection_id)
        fresh = list({one.key: one for one in listed if keys[one.key] not in known}.values())
        applied = 0
        for start in range(0, len(fresh), MESSAGES_AT_ONCE):
            some = fresh[start : start + MESSAGES_AT_ONCE]
            read = [(one, await api.message(one)) for one in some]
            await _apply(registry, link, [message for _, message in read if message is not None])
            done = [keys[one.key] for one, message in read if message is not None or api.answered(one)]
            async with registry.pool.acquire() as db:
                await pulls.add_pulled(db, link.connection_id, done, now)
            applied += sum(message is not None for _, message in read)
    gone = known - set(keys.values())
    async with registry.pool.acquire() as db:
        await pulls.drop_pulled(db, link.connection_id, sorted(gone))
    return len(keys), applied


async def _apply(registry: Registry, link: Link, messages: Sequence[Message]) -> None:
    """Apply what is new. Where it concerns nobody, nothing is taken for done."""
    found = await intake.cases(registry, link, messages)
    if any(not case.attribution.senders for case in found):
        account = found[0].message.account
        raise PullError(f"Nobody knows whom this concerns: give the connection --account {account}=SENDER or a code.")
    await intake.apply(registry, link, found, "pull")


class _Api:
    """One operator's interface during one pull."""

    def __init__(self, source: Source, link: Link) -> None:
        self._source = source
        self._connection = link.connection
        self._base = base(source, link.connection)
        self._details = 0
        self._answered: set[str] = set()
        direct = urlsplit(self._base).scheme == "http"  # this machine
        self._client = httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, follow_redirects=False, trust_env=not direct)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def lists(self, now: datetime) -> list[Item]:
        """Read every list."""
        found: list[Item] = []
        for path in self._source.lists(self._connection, now):
            found += self._source.items(self._connection, path, await self._get(path))
        return found

    async def message(self, item: Item) -> Message | None:
        """Read one line in full, as long as questions are left; None for one that waits or is no message."""
        if item.detail is None:
            return item.message
        if self._details >= DETAILS_MAX:
            return item.message
        self._details += 1
        body = await self._get(item.detail, may_be_gone=True)
        self._answered.add(item.key)
        return self._source.message(self._connection, item, body) if body else item.message

    def answered(self, item: Item) -> bool:
        """Tell whether a line was read in full."""
        return item.key in self._answered

    async def _get(self, path: str, *, may_be_gone: bool = False) -> bytes:
        url = self._base + path
        headers = {"accept": "application/json", **self._source.headers(self._connection, url, clock.now())}
        async with self._client.stream("GET", url, headers=headers) as answer:
            if may_be_gone and answer.status_code == httpx.codes.NOT_FOUND:
                return b""
            if answer.status_code != httpx.codes.OK:
                raise PullError(f"{urlsplit(url).hostname} answered {answer.status_code}; check the keys and rights.")
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > ANSWER_BYTES_MAX:
                    raise PullError("The operator's list is longer than anything this reads.")
        return bytes(body)


def _told(error: Exception) -> RegistryError:
    """Put any failure into words that hold nothing of what was read or asked: an URL may hold a key or a number."""
    if isinstance(error, RegistryError):
        return error
    if isinstance(error, httpx.HTTPError | httpx.InvalidURL | TimeoutError | OSError):
        return PullError(f"The operator could not be reached ({type(error).__name__}).")
    return PullError(f"Reading the operator's lists failed ({type(error).__name__}).")


async def _failed(registry: Registry, link: Link, error: Exception) -> None:
    told = _told(error)
    log.error("pull_failed", connection=link.connection.slug, error=str(told))
    with contextlib.suppress(Exception):  # the database may be what failed; the claim runs out by itself
        async with registry.pool.acquire() as db:
            await pulls.fail_pull(db, link.connection_id, clock.now(), str(told))
