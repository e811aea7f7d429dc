"""Each sender's opposed tags in memory, brought up to the database at every check (D6).

The database is the truth. A check reads in one statement, on the primary, the ledger's size, its generation and the
rows that changed since this index's own size, so the index it then asks agrees with that size exactly. Whatever is not
an append bumps the generation and forces a rebuild. A version in use by a check is never changed: an update makes a
new one that shares the base array.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.database import Pool
from app.errors import NotFoundError
from app.queries import oppositions
from app.queries.rows import Db
from app.tagset import CopyReader, TagSet

DELTA_ENTRIES_MAX = 200_000
SMALL_BATCH_NUMBERS = 1_000


class Version(msgspec.Struct, frozen=True):
    """A sender's list at one ledger size."""

    size: int
    peaks: bytes
    generation: int
    held_reason: str | None
    tags: TagSet
    inherits: tuple[int, ...]
    """The senders whose lists hold for this one too."""


class Index:
    """The versions of all senders, least recently used dropped first beyond the memory bound."""

    def __init__(self, pool: Pool, bytes_max: int) -> None:
        self._pool = pool
        self._bytes_max = bytes_max
        self._versions: OrderedDict[int, Version] = OrderedDict()
        self._locks: dict[int, asyncio.Lock] = {}

    async def opposed(self, sender_id: int, tags: NDArray[np.int64]) -> tuple[Version, NDArray[np.bool_]]:
        """Tell which of the tags are opposed, at a ledger size not older than this call."""
        if sender_id not in self._versions and len(tags) <= SMALL_BATCH_NUMBERS:
            return await self._asked(sender_id, tags)
        version = await self.at_present(sender_id)
        if len(tags) <= SMALL_BATCH_NUMBERS:
            return version, version.tags.contains(tags)
        return version, await asyncio.to_thread(version.tags.contains, tags)

    async def at_present(self, sender_id: int) -> Version:
        """Return the sender's version, caught up or built."""
        async with self._locks.setdefault(sender_id, asyncio.Lock()):
            version = await self._caught_up(sender_id) or await self._built(sender_id)
            self._versions[sender_id] = version
            self._versions.move_to_end(sender_id)
            self._drop_least_used()
        return version

    async def _caught_up(self, sender_id: int) -> Version | None:
        known = self._versions.get(sender_id)
        if known is None:
            return None
        async with self._pool.acquire() as db:
            rows = await oppositions.read_state(db, sender_id, known.size, known.generation, DELTA_ENTRIES_MAX)
        if not rows or rows[0].generation != known.generation or rows[0].size - known.size > DELTA_ENTRIES_MAX:
            return None
        return _version(rows[0], _with_delta(known.tags, rows))

    async def _built(self, sender_id: int) -> Version:
        """Copy the state in the snapshot that read the size."""
        copy = CopyReader()

        async def take(chunk: bytes) -> None:
            copy.feed(chunk)

        async with self._pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            state = await _state(db, sender_id)
            await oppositions.copy_opposed(db, sender_id, take)
        return _version(state, await asyncio.to_thread(lambda: TagSet.of(copy.finish())))

    async def _asked(self, sender_id: int, tags: NDArray[np.int64]) -> tuple[Version, NDArray[np.bool_]]:
        """Ask the table about a small batch on a cold index, in the snapshot that read the size."""
        async with self._pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            state = await _state(db, sender_id)
            found = await oppositions.opposed_among(db, sender_id, tags.tolist())
        present = TagSet.of(np.array(found, dtype=np.int64))
        return _version(state, present), present.contains(tags)

    def _drop_least_used(self) -> None:
        while len(self._versions) > 1 and sum(v.tags.nbytes for v in self._versions.values()) > self._bytes_max:
            self._versions.popitem(last=False)


async def _state(db: Db, sender_id: int) -> oppositions.StateRow:
    rows = await oppositions.read_state(db, sender_id, 0, 0, 0)
    if not rows:
        raise NotFoundError("There is no such sender.")
    return rows[0]


def _with_delta(tags: TagSet, rows: Sequence[oppositions.StateRow]) -> TagSet:
    changed = [row for row in rows if row.tag is not None]
    if not changed:
        return tags
    opposed = np.array([row.tag for row in changed if row.opposed], dtype=np.int64)
    lifted = np.array([row.tag for row in changed if not row.opposed], dtype=np.int64)
    return tags.applied(opposed, lifted)


def _version(state: oppositions.StateRow, tags: TagSet) -> Version:
    return Version(state.size, state.peaks, state.generation, state.held_reason, tags, tuple(state.inherits))
