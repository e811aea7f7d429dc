"""Whom each sender was cleared for lately, in memory, caught up by ledger position at every check.

So that nobody gets one campaign, or one text, twice within the sender's window, whichever vendor sends it. A clearance
counts for everybody it covers, but for what was given back; where the gateway asks for admissions, once the clearance
has ended, for those alone who were admitted. Every list of cleared tags is read once, when it is new.
"""

import asyncio
import bisect
import itertools
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

import msgspec
import numpy as np

from app.database import Pool
from app.heavy import heavy
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
PRUNED_AFTER = 100_000  # short lists
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
    """The long lists of one campaign or text, merged."""

    members: frozenset[tuple[str, int, bool]] = frozenset()
    tags: TagSet = TagSet.of(NONE)


class _Group(msgspec.Struct):
    """Who got one campaign, or one text."""

    long: dict[str, ContactRow] = {}
    union: _Union = msgspec.field(default_factory=_Union)
    short: dict[int, float] = {}
    """From short lists, tag -> when its sending began (seconds since 1970); a check of one number asks nothing else."""
    ordered: TagSet | None = None
    """The tags of `short` as a set, once many are asked about; None after a change."""

    def add(self, tags: Iterable[int], at: float) -> None:
        """Note short lists; nobody stands in two that both count, since the second was vetoed."""
        self.short.update(dict.fromkeys(tags, at))
        self.ordered = None

    def drop(self, tags: Iterable[int], at: float) -> None:
        """Forget people whom this very sending did not reach."""
        for tag in tags:
            if self.short.get(tag) == at:
                del self.short[tag]
        self.ordered = None

    def prune(self, since: float) -> None:
        """Forget what lies before the window."""
        self.short = {tag: at for tag, at in self.short.items() if at > since}
        self.ordered = None

    def among(self, tags: Tags, since: float) -> Mask:
        """Tell which of the tags stand in short lists of the window."""
        if tags.size <= FEW:
            return np.array([self.short.get(tag, 0.0) > since for tag in tags.tolist()], np.bool_)
        if self.ordered is None:
            self.ordered = TagSet.of(np.fromiter(self.short, np.int64, len(self.short)))
        maybe = self.ordered.contains(tags)
        maybe[maybe] = [self.short[tag] > since for tag in tags[maybe].tolist()]
        return maybe


class _Sender(msgspec.Struct):
    """What is known of one sender."""

    generation: int
    key: Chain
    since: datetime
    with_history: bool
    lock: asyncio.Lock
    seen_to: int = 0
    groups: dict[tuple[str, object], _Group] = {}
    gated: list[tuple[datetime, str]] = []
    """When clearances end whose gateways ask, the earliest first: from then on only the admitted count."""
    history: dict[str, ContactRow] = {}
    """All clearances, kept only where a frequency cap counts them."""
    noted: int = 0
    """Short lists noted since the last pruning."""

    def serves(self, generation: int, since: datetime, *, capped: bool) -> bool:
        """Tell whether enough is known, under the right key, for a window that begins then."""
        return self.generation == generation and since >= self.since - WIDER and (self.with_history or not capped)

    def of(self, row: ContactRow) -> list[_Group]:
        """Return the groups that a clearance belongs to."""
        keys = [("campaign", row.campaign), ("text_digest", row.text_digest)]
        return [self.groups.setdefault(key, _Group()) for key in keys if key[1] is not None]


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
        since, capped = min(wanted.since, wanted.capped_since or wanted.since), wanted.capped_since is not None
        known = self._known.get(sender_id)
        if (
            known is None
            or known.generation != generation
            or since < known.since - WIDER
            or capped > known.with_history
        ):
            known = _Sender(generation, key, since, capped, asyncio.Lock())
        self._keep(sender_id, known)
        # One at a time: what is merged while another reads would be lost.
        async with known.lock:
            await self._catch_up(sender_id, known, since, now)
            return Found(await self._contacted(sender_id, known, tags, wanted, now), known.seen_to)

    async def _contacted(self, sender_id: int, known: _Sender, tags: Tags, wanted: Wanted, now: datetime) -> Mask:
        contacted, since = np.zeros(tags.size, np.bool_), wanted.since.timestamp()
        asked = frozenset[tuple[str, int, bool]]()
        for key in (("campaign", wanted.campaign), ("text_digest", wanted.text_digest)):
            group = known.groups.get(key)
            if group is None:
                continue
            contacted |= await _beside(tags.size, group.among, tags, since)
            rows = [row for row in group.long.values() if row.not_before > wanted.since]
            members = frozenset(_member(row, now) for row in rows)
            if not members <= asked:  # one campaign has one text as a rule, and so the same long lists
                asked |= members
                merged = await self._merged(sender_id, known, group.union, rows, now)
                contacted |= await _beside(tags.size, merged.contains, tags)
        if wanted.capped_since is not None:
            contacted |= await self._too_often(sender_id, known, tags, wanted, now)
        return contacted

    async def _catch_up(self, sender_id: int, known: _Sender, since: datetime, now: datetime) -> None:
        ended = list(itertools.takewhile(lambda one: one[0] <= now, known.gated))
        async with self._pool.acquire() as db:
            rows = await contacts.contacts_since(db, sender_id, known.seen_to, since)
            known.seen_to = max([known.seen_to, *(row.changed_at_index + 1 for row in rows)])
            if ended:
                del known.gated[: len(ended)]
                rows += await contacts.contacts_again(db, sender_id, [check_id for _, check_id in ended])
        for row in rows:
            await self._note(sender_id, known, row, now)
        if known.noted > PRUNED_AFTER:
            known.noted = 0
            for group in known.groups.values():
                group.prune(since.timestamp())
                group.long = {key: row for key, row in group.long.items() if row.not_before > since}

    async def _note(self, sender_id: int, known: _Sender, row: ContactRow, now: datetime) -> None:
        """Take a clearance in, as it is now; it may be known in an earlier form."""
        if known.with_history:
            known.history[row.check_id] = row
        if row.gated and row.expires_at > now:
            bisect.insort(known.gated, (row.expires_at, row.check_id))
        if row.tags is None:
            for group in known.of(row):
                group.long[row.check_id] = row
            return
        known.noted += 1
        at, changed = row.not_before.timestamp(), row.paged or bool(row.released) or row.expires_at <= now
        whole = _brought_up(known, row, np.frombuffer(row.tags, RECORD)).tolist() if changed else ()
        reached = (await self._tags(sender_id, known, row, now)).tolist()
        for group in known.of(row):
            group.drop(whole, at)
            group.add(reached, at)

    async def _merged(
        self, sender_id: int, known: _Sender, union: _Union, rows: Sequence[ContactRow], now: datetime
    ) -> TagSet:
        members = frozenset(_member(row, now) for row in rows)
        if not union.members <= members:
            union.members, union.tags = frozenset(), TagSet.of(NONE)
        fresh = [row for row in rows if _member(row, now) not in union.members]
        if fresh:
            added = np.concatenate([await self._tags(sender_id, known, row, now) for row in fresh])
            union.tags = await _beside(added.size + len(union.tags), _with, union.tags, added)
        union.members = members
        return union.tags

    async def _too_often(self, sender_id: int, known: _Sender, tags: Tags, wanted: Wanted, now: datetime) -> Mask:
        since = wanted.capped_since
        known.history = {key: row for key, row in known.history.items() if since is not None and row.not_before > since}
        if len(known.history) < wanted.cap:
            return np.zeros(tags.size, np.bool_)
        lists = [await self._tags(sender_id, known, row, now) for row in known.history.values()]
        return await _beside(sum(map(len, lists)), _reached_often, lists, wanted.cap, tags)

    async def _tags(self, sender_id: int, known: _Sender, row: ContactRow, now: datetime) -> Tags:
        """Return whom a clearance reached or may reach, under the key in force."""
        raw = row.tags
        if raw is not None and not row.paged:
            reached = NONE if _is_final(row, now) else np.frombuffer(raw, RECORD)
            return _brought_up(known, row, reached)
        async with self._pool.acquire() as db:
            if raw is None:
                cleared = await admissions.cleared_of(db, sender_id, row.check_id)
                raw = cleared.tags if cleared else b""
            # Places are those of the list as it was cleared, so it is brought up only afterwards.
            reached = await _reached(db, sender_id, row, np.frombuffer(raw, RECORD), now)
        return await _beside(reached.size, _brought_up, known, row, reached)

    def _keep(self, sender_id: int, known: _Sender) -> None:
        self._known[sender_id] = known
        self._known.move_to_end(sender_id)
        while len(self._known) > SENDERS_MAX:
            self._known.popitem(last=False)


def _brought_up(known: _Sender, row: ContactRow, tags: Tags) -> Tags:
    later = known.key[row.epoch + 1 :]
    return retag(later, tags) if later and tags.size else tags


async def _beside(size: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run heavy work beside the event loop, light work on it."""
    return function(*args, **kwargs) if size <= FEW else await heavy(function, *args, **kwargs)


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
