"""Whom each sender was cleared for lately, in memory, caught up by ledger position at every check.

So that nobody gets one campaign, or one text, twice within the sender's window, whichever vendor sends it. A clearance
counts for everybody it covers, but for what was given back; where the gateway asks for admissions, once the clearance
has ended, for those alone who were admitted. Every list of cleared tags is read once, when it is new.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

import msgspec
import numpy as np

from app.database import Pool
from app.pages import is_marked
from app.queries import admissions, contacts
from app.queries.contacts import ContactRow
from app.queries.rows import Db
from app.tags import Chain, retag
from app.tagset import Mask, Tags, TagSet
from app.verdict import RECORD

SENDERS_MAX = 64
NONE = np.empty(0, np.int64)
FEW = 20_000  # tags: beyond, the event loop is kept free
WIDER = timedelta(hours=1)
"""A window that begins so much earlier than before was widened, and everything is read anew."""
P = ParamSpec("P")
T = TypeVar("T")


class Wanted(msgspec.Struct, frozen=True):
    """What a check asks about its numbers."""

    campaign: str | None
    text_digest: bytes | None
    since: datetime
    """Start of the window of the same campaign or text; clearances that begin later count."""
    capped_since: datetime | None = None
    """Start of the window of the frequency cap; None: no cap."""
    cap: int = 0
    """As many messages as this and no more reach a person within the cap's window."""


class Found(msgspec.Struct, frozen=True):
    """Which tags were contacted, and up to which ledger index every clearance was seen."""

    contacted: Mask
    seen_to: int


class _Union(msgspec.Struct):
    """Contacts of one campaign or text, merged."""

    members: frozenset[tuple[str, int, bool]] = frozenset()
    tags: TagSet = TagSet.of(NONE)


class _Sender(msgspec.Struct):
    """What is known of one sender."""

    generation: int
    key: Chain
    since: datetime
    lock: asyncio.Lock
    seen_to: int = 0
    rows: dict[str, ContactRow] = {}
    unions: dict[tuple[str, object], _Union] = {}


class Contacts:
    """The contacts of the senders that checked last."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: OrderedDict[int, _Sender] = OrderedDict()

    async def among(
        self, sender_id: int, generation: int, key: Chain, tags: Tags, wanted: Wanted, now: datetime
    ) -> Found:
        """Tell which of the tags were contacted lately by this campaign or with this text, or too often.

        `key`: the one that made the tags, in force at this generation; older lists are brought up to it.
        """
        since = min(wanted.since, wanted.capped_since or wanted.since)
        known = self._known.get(sender_id)
        if known is None or known.generation != generation or since < known.since - WIDER:
            known = _Sender(generation, key, since, asyncio.Lock())
        self._keep(sender_id, known)
        # One at a time: what is merged while another reads would be lost.
        async with known.lock:
            await self._catch_up(sender_id, known, since)
            return Found(await self._contacted(sender_id, known, tags, wanted, now), known.seen_to)

    async def _contacted(self, sender_id: int, known: _Sender, tags: Tags, wanted: Wanted, now: datetime) -> Mask:
        contacted = np.zeros(tags.size, np.bool_)
        for name, value in (("campaign", wanted.campaign), ("text_digest", wanted.text_digest)):
            if value is None:
                continue
            rows = [row for row in known.rows.values() if getattr(row, name) == value and row.not_before > wanted.since]
            union = await self._merged(sender_id, known, (name, value), rows, now)
            contacted |= await _beside(tags.size, union.tags.contains, tags)
        if wanted.capped_since is not None:
            contacted |= await self._too_often(sender_id, known, tags, wanted, now)
        return contacted

    async def _catch_up(self, sender_id: int, known: _Sender, since: datetime) -> None:
        async with self._pool.acquire() as db:
            rows = await contacts.contacts_since(db, sender_id, known.seen_to, since)
        known.rows = {key: row for key, row in known.rows.items() if row.not_before > since}
        known.rows |= {row.check_id: row for row in rows}
        known.seen_to = max([known.seen_to, *(row.changed_at_index + 1 for row in rows)])

    async def _merged(
        self, sender_id: int, known: _Sender, key: tuple[str, object], rows: Sequence[ContactRow], now: datetime
    ) -> _Union:
        union = known.unions.setdefault(key, _Union())
        members = frozenset(_member(row, now) for row in rows)
        if not union.members <= members:
            union.members, union.tags = frozenset(), TagSet.of(NONE)
        fresh = [row for row in rows if _member(row, now) not in union.members]
        if fresh:
            added = np.concatenate([await self._tags(sender_id, known, row, now) for row in fresh])
            union.tags = await _beside(added.size + len(union.tags), _with, union.tags, added)
        union.members = members
        return union

    async def _too_often(self, sender_id: int, known: _Sender, tags: Tags, wanted: Wanted, now: datetime) -> Mask:
        since = wanted.capped_since
        rows = [row for row in known.rows.values() if since is not None and row.not_before > since]
        lists = [await self._tags(sender_id, known, row, now) for row in rows]
        if len(lists) < wanted.cap:
            return np.zeros(tags.size, np.bool_)
        return await _beside(sum(map(len, lists)), _reached_often, lists, wanted.cap, tags)

    async def _tags(self, sender_id: int, known: _Sender, row: ContactRow, now: datetime) -> Tags:
        async with self._pool.acquire() as db:
            raw = row.tags
            if raw is None:
                cleared = await admissions.cleared_of(db, sender_id, row.check_id)
                raw = cleared.tags if cleared else b""
            # Places are those of the list as it was cleared, so it is brought up only afterwards.
            reached = await _reached(db, sender_id, row, np.frombuffer(raw, RECORD), now)
        later = known.key[row.epoch + 1 :]
        return await _beside(reached.size, retag, later, reached) if later else reached

    def _keep(self, sender_id: int, known: _Sender) -> None:
        self._known[sender_id] = known
        self._known.move_to_end(sender_id)
        while len(self._known) > SENDERS_MAX:
            self._known.popitem(last=False)


async def _beside(size: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run heavy work beside the event loop, light work on it."""
    return function(*args, **kwargs) if size <= FEW else await asyncio.to_thread(function, *args, **kwargs)


def _with(known: TagSet, added: Tags) -> TagSet:
    return known.applied(added, NONE) if len(known) else TagSet.of(added)


def _reached_often(lists: Sequence[Tags], cap: int, tags: Tags) -> Mask:
    contacted, counts = np.unique(np.concatenate(lists), return_counts=True)
    return TagSet.of(contacted[counts >= cap]).contains(tags)


def _member(row: ContactRow, now: datetime) -> tuple[str, int, bool]:
    """Name a contact in its present form; in another form it is merged anew."""
    return row.check_id, row.changed_at_index, _is_final(row, now)


def _is_final(row: ContactRow, now: datetime) -> bool:
    """Tell whether only those who were admitted can have been reached."""
    return bool(row.released) or (row.gated and row.expires_at <= now)


async def _reached(db: Db, sender_id: int, row: ContactRow, tags: Tags, now: datetime) -> Tags:
    if not row.paged:
        return NONE if _is_final(row, now) else tags
    pages = await contacts.pages_of(db, sender_id, row.check_id)
    places = np.arange(tags.size)
    grouped: dict[bool, dict[int, bytes]] = defaultdict(dict)
    for released, page, bits in pages:
        grouped[released][page] = bits
    if _is_final(row, now):
        return tags[is_marked(places, grouped[False])]
    return tags[~is_marked(places, grouped[True])] if grouped[True] else tags
