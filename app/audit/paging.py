"""A ledger's stored lines, page by page, in constant memory and short transactions."""

import asyncio
from collections.abc import AsyncGenerator

from app.directory import Sender
from app.queries import exports
from app.registry import Registry

PAGE_BYTES = 750_000
PAGE_ENTRIES_FIRST, PAGE_ENTRIES_MAX = 100, 4_000


async def pages(registry: Registry, sender: Sender, size: int) -> AsyncGenerator[bytes]:
    """Yield the stored lines page by page, about PAGE_BYTES each, the next one being read while one is worked on."""

    async def read(first: int, end: int) -> bytes:
        async with registry.pool.acquire() as db:
            return await exports.lines(db, sender.sender_id, first, end)

    first, end = 0, min(PAGE_ENTRIES_FIRST, size)
    coming = asyncio.create_task(read(first, end))
    try:
        while first < size:
            page = await coming
            count = max(1, min(PAGE_ENTRIES_MAX, (end - first) * PAGE_BYTES // max(len(page), 1)))
            first, end = end, min(end + count, size)
            if first < size:
                coming = asyncio.create_task(read(first, end))
            yield page
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
