"""Each sender's opposed tags in memory, brought up to the database at every check (D6).

The database is the truth. A check reads in one statement, on the primary, the ledger's size, its generation and the
rows that changed since this index's own size, so the index it then asks agrees with that size exactly. Whatever is not
an append bumps the generation and forces a rebuild. A version in use by a check is never changed: an update makes a
new one that shares the base array.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.appends import Addition
from app.database import Pool
from app.errors import KeyRotatedError, NotFoundError
from app.heavy import heavy
from app.queries import holds, oppositions
from app.queries.holds import HoldRow
from app.queries.rows import Db
from app.tagset import CopyReader, TagSet

DELTA_ENTRIES_MAX = 50_000
"""Entries that an index catches up with; beyond, reading them as rows would stop the event loop for too long."""
BUILDS_AT_ONCE = 2
LONG_LIST_TAGS = 50_000
SMALL_BATCH_NUMBERS = 1_000
NOTHING_CHANGED = 2**62
ASKED_BEFORE_BUILT = 32
"""Small batches that ask the table about one sender; then its list is worth its memory."""


class Version(msgspec.Struct, frozen=True):
    """A sender's list at one ledger size."""

    size: int
    peaks: bytes
    generation: int
    holds: tuple[HoldRow, ...]
    """What stands in the way of sending, at this very reading."""
    tags: TagSet
    inherits: tuple[int, ...]
    """The senders whose lists hold for this one too."""
    epoch: int
    """Of the key that made the tags."""


class Index:
    """The versions of all senders, least recently used dropped first beyond the memory bound."""

    def __init__(self, pool: Pool, bytes_max: int) -> None:
        self._pool = pool
        self._bytes_max = bytes_max
        self._versions: OrderedDict[int, Version] = OrderedDict()
        self._locks: dict[int, asyncio.Lock] = {}
        self._building = asyncio.Semaphore(BUILDS_AT_ONCE)
        self._asked_of: Counter[int] = Counter()
        self._believed: set[int] = set()
        """Of whom nobody but this process seems to write: found twice as they were left, or added to by it alone."""

    async def opposed(self, sender_id: int, tags: NDArray[np.int64], epoch: int) -> tuple[Version, NDArray[np.bool_]]:
        """Tell which of the tags are opposed, at a ledger size not older than this call.

        KeyRotatedError when the key that made them is no longer in force: none of them would be found.
        """
        if len(tags) <= SMALL_BATCH_NUMBERS and not self._worth_building(sender_id):
            version, found = await self._asked(sender_id, tags)
            _require(version, epoch)
            return version, found
        version = await self.at_present(sender_id)
        _require(version, epoch)
        if len(tags) <= SMALL_BATCH_NUMBERS:
            return version, version.tags.contains(tags)
        return version, await _found_beside(version.tags, tags)

    def believed(self, sender_id: int) -> Version | None:
        """Return the sender's list as it should be now, without asking; None where asking is wiser.

        Whoever uses it must see to it that nothing is concluded unless it is so (`sequencer.Believed`).
        """
        version = self._versions.get(sender_id) if sender_id in self._believed else None
        return None if version is None or version.holds or version.inherits else version

    def doubt(self, sender_id: int) -> None:
        """Believe nothing of this sender until it is found as it was left."""
        self._believed.discard(sender_id)

    def saw(self, added: Addition) -> None:
        """Learn of what this process has committed: records of checks leave a list as it is. Costs next to nothing."""
        sender_id, *before = added.before
        known = self._versions.get(sender_id)
        if known is None or [known.size, known.peaks] != before or added.states:
            self._believed.discard(sender_id)
            return
        size, peaks = added.after
        self._versions[sender_id] = msgspec.structs.replace(known, size=size, peaks=peaks)

    async def at_present(self, sender_id: int) -> Version:
        """Return the sender's version, caught up or built."""
        version = await self._caught_up(sender_id) or await self._built_once(sender_id)
        self._keep(sender_id, version)
        return version

    async def _caught_up(self, sender_id: int) -> Version | None:
        """Bring the known version up; several checks may do so side by side, each from what it found."""
        known = self._versions.get(sender_id)
        if known is None:
            return None
        async with self._pool.acquire() as db:
            rows = await oppositions.read_state(db, sender_id, known.size, known.generation, DELTA_ENTRIES_MAX)
        if not rows or rows[0].generation != known.generation or rows[0].size - known.size > DELTA_ENTRIES_MAX:
            return None
        if rows[0].size == known.size:
            self._believed.add(sender_id)
        return _version(rows[0], await _with_delta(known.tags, rows))

    async def _built_once(self, sender_id: int) -> Version:
        """Build, or wait for whoever builds the same list already and go on from there."""
        async with self._locks.setdefault(sender_id, asyncio.Lock()):
            version = await self._caught_up(sender_id)
            if version is None:
                async with self._building:
                    version = await self._built(sender_id)
                self._keep(sender_id, version)
        return version

    async def _built(self, sender_id: int) -> Version:
        """Copy the state in the snapshot that read the size."""
        copy = CopyReader()

        async def take(chunk: bytes) -> None:
            copy.feed(chunk)

        async with self._pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            state = await _state(db, sender_id)
            await oppositions.copy_opposed(db, sender_id, state.epoch, take)
        return _version(state, await heavy(lambda: TagSet.of(copy.finish())))

    def _worth_building(self, sender_id: int) -> bool:
        """Tell whether a small batch finds the list in memory, or is one of many."""
        if sender_id in self._versions:
            return True
        self._asked_of[sender_id] += 1
        if self._asked_of[sender_id] <= ASKED_BEFORE_BUILT or 2 * self.nbytes > self._bytes_max:
            return False
        del self._asked_of[sender_id]
        return True

    async def _asked(self, sender_id: int, tags: NDArray[np.int64]) -> tuple[Version, NDArray[np.bool_]]:
        """Ask the table about a small batch on a cold index, in the snapshot that read the size."""
        async with self._pool.acquire() as db:
            answer = await oppositions.state_and_opposed_among(db, sender_id, tags.tolist())
        if answer is None:
            raise NotFoundError("There is no such sender.")
        state, found = answer
        present = TagSet.of(np.array(found, dtype=np.int64))
        return _version(state, present), present.contains(tags)

    def _keep(self, sender_id: int, version: Version) -> None:
        """Remember the newest version, as the one used last; checks in flight hold theirs whatever is dropped here."""
        known = self._versions.get(sender_id)
        if known is None or (known.generation, known.size) <= (version.generation, version.size):
            self._versions[sender_id] = version
        self._versions.move_to_end(sender_id)
        while len(self._versions) > 1 and self.nbytes > self._bytes_max:
            self._versions.popitem(last=False)

    @property
    def held(self) -> tuple[int, ...]:
        """The senders whose lists are in memory, the one used longest ago first."""
        return tuple(self._versions)

    @property
    def nbytes(self) -> int:
        """Bytes held for all senders."""
        return sum(version.tags.nbytes for version in self._versions.values())


async def _found_beside(opposed: TagSet, tags: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Ask about a large batch in two halves at once: mostly it waits for memory, and two threads wait together."""
    half = len(tags) // 2
    parts = (heavy(opposed.contains, part) for part in (tags[:half], tags[half:]))
    return np.concatenate(await asyncio.gather(*parts))


async def _state(db: Db, sender_id: int) -> oppositions.StateRow:
    # No row changed at such an index: the statement then reads the state alone, not every opt-out beside it.
    rows = await oppositions.read_state(db, sender_id, NOTHING_CHANGED, 0, 0)
    if not rows:
        raise NotFoundError("There is no such sender.")
    return rows[0]


async def _with_delta(tags: TagSet, rows: Sequence[oppositions.StateRow]) -> TagSet:
    """Apply what changed; beside the event loop where that may mean to merge a long list."""
    changed = [row for row in rows if row.tag is not None]
    if not changed:
        return tags
    if len(tags) + len(changed) <= LONG_LIST_TAGS:
        return _applied(tags, changed)
    return await heavy(_applied, tags, changed)


def _applied(tags: TagSet, changed: Sequence[oppositions.StateRow]) -> TagSet:
    opposed = np.array([row.tag for row in changed if row.opposed], dtype=np.int64)
    lifted = np.array([row.tag for row in changed if not row.opposed], dtype=np.int64)
    return tags.applied(opposed, lifted)


def _version(state: oppositions.StateRow, tags: TagSet) -> Version:
    inherits, held = tuple(state.inherits), holds.read(state.holds)
    return Version(state.size, state.peaks, state.generation, held, tags, inherits, state.epoch)


def _require(version: Version, epoch: int) -> None:
    if version.epoch != epoch:
        raise KeyRotatedError("This sender's key was rotated a moment ago; send the same request again.")
