"""The STOPs of each sender against whom it was cleared for; beyond its bounds, its marketing is held.

What counts is a person's own STOP, named to this sender, through a connection that proves who sent it. What only
reaches a sender because others use its code holds nobody, nor does what other channels or imports bring.

It stays cheap: a sender is looked at when it has news, its news alone are read, and as long as its STOPs are few for
every list that it was cleared for, no list is read at all. Then lists are read, for at most a twentieth of the time.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
import numpy as np
import structlog

from app import clock, holding
from app.alarms import Kind
from app.attribution import FANNED_OUT
from app.breakers.bounds import Bounds, Storm, judge
from app.directory import Sender, Snapshot
from app.heavy import heavy
from app.profile import Profile
from app.queries import breakers, holds, ledgers
from app.queries.breakers import ClearingRow
from app.queries.holds import HoldRow
from app.queries.rows import Db
from app.registry import Registry
from app.safeguards.holds import CAMPAIGN, HELD_BY_A_STORM, SENDER, STORM, campaign_key, release_command
from app.safeguards.plan import MARKETING
from app.tags import Chain, retag
from app.tagset import TagSet
from app.verdict import RECORD

ACTOR: Final = "registry:stop-storm"
CHANGES_AT_ONCE: Final = 5_000
"""Rows read in one go; the rest in the next look."""
SHARE_OF_TIME: Final = 20

log = structlog.get_logger()


class Line(msgspec.Struct, frozen=True):
    """What of a ledger line tells how a STOP came."""

    connection: str = ""
    basis: str = ""


class Watched(msgspec.Struct):
    """What this process knows of one sender."""

    size: int
    """Of the ledger, up to which changes were read."""
    stops: dict[int, datetime] = {}
    """Tags of who said STOP within the sender's minutes, and when."""
    rests_until: float = 0.0
    epoch: int = 0
    """Of the key that made these tags; after a rotation everything is read anew."""


class Breaker:
    """Watches all senders of a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._watched: dict[int, Watched] = {}

    async def sweep(self) -> frozenset[int]:
        """Return the senders whose ledgers have grown since they were looked at."""
        async with self._registry.pool.acquire() as db:
            sizes = await breakers.ledger_sizes(db)
        return frozenset(
            sender_id
            for sender_id, size in sizes.items()
            if (known := self._watched.get(sender_id)) is None or known.size != size
        )

    async def look(self, senders: Iterable[int]) -> frozenset[int]:
        """Look at these senders; return those that must be looked at again, because they rest or have more news."""
        left = set()
        snapshot = await self._registry.directory.current()
        for sender_id in senders:
            sender = snapshot.senders.get(sender_id)
            if sender is None or sender.erased:
                continue
            if self._rests(sender_id) or not await self._look_at(snapshot, sender):
                left.add(sender_id)
        return frozenset(left)

    def _rests(self, sender_id: int) -> bool:
        known = self._watched.get(sender_id)
        return known is not None and time.monotonic() < known.rests_until

    async def _look_at(self, snapshot: Snapshot, sender: Sender) -> bool:
        """Read a sender's news and judge them; False when there are more."""
        now, started = clock.now(), time.monotonic()
        since = now - timedelta(minutes=sender.profile.storm_minutes)
        async with self._registry.pool.acquire() as db:
            complete = await self._catch_up(db, snapshot, sender, since)
            known = self._watched[sender.sender_id]
            known.stops = {tag: at for tag, at in known.stops.items() if at >= since}
            storms = await _judged(db, sender, known, since, now)
        for storm in storms:
            await _hold(self._registry, sender, storm, now)
        known.rests_until = time.monotonic() + SHARE_OF_TIME * (time.monotonic() - started)
        return complete

    async def _catch_up(self, db: Db, snapshot: Snapshot, sender: Sender, since: datetime) -> bool:
        head = await ledgers.read_head(db, sender.sender_id)
        size = head.size if head else 0
        known = self._watched.get(sender.sender_id)
        if known is None or known.epoch != sender.epoch:
            first = await breakers.oldest_clearing(db, sender.sender_id, since)
            known = self._watched[sender.sender_id] = Watched(size if first is None else first, epoch=sender.epoch)
        rows = await breakers.changes_since(db, sender.sender_id, known.size, size, CHANGES_AT_ONCE)
        for row in rows:
            if row.opposed and _counts(snapshot, row.entry):
                known.stops[row.tag] = row.since
            else:
                known.stops.pop(row.tag, None)
        complete = len(rows) < CHANGES_AT_ONCE
        known.size = size if complete else rows[-1].changed_at_index + 1
        return complete


def _counts(snapshot: Snapshot, entry: bytes) -> bool:
    """Tell whether a STOP was said to this sender, through a connection that proves who sent it.

    What other channels bring names no connection: its lines say `channel:…`, and no connection is called so.
    """
    line = msgspec.json.decode(entry, type=Line)
    link = snapshot.links.get(line.connection)
    proven = link is not None and bool(link.connection.token or link.connection.secrets)
    return proven and line.basis not in FANNED_OUT


async def _judged(db: Db, sender: Sender, known: Watched, since: datetime, now: datetime) -> tuple[Storm, ...]:
    """Return what is beyond the bounds. Each step only where the one before does not rule a storm out."""
    bounds = _bounds(sender.profile)
    if len(known.stops) < bounds.count_min:
        return ()
    standing = await holds.standing_holds(db, sender.sender_id)
    if any(hold.scope == SENDER and MARKETING in hold.purposes for hold in standing):
        return ()
    groups = _groups(await _clearings(db, sender, since, now))
    names = {key: rows[0].campaign for key, rows in groups.items()}
    held = {campaign_key(hold.subject) for hold in standing if hold.scope == CAMPAIGN and MARKETING in hold.purposes}
    possible = [key for key, rows in groups.items() if bounds.beyond(len(known.stops), max(r.people for r in rows))]
    if not set(possible) - held:
        return ()
    stops = np.array(list(known.stops), np.int64)
    cleared = {key: await _tags(db, sender, groups[key]) for key in possible}
    found = await heavy(judge, stops, cleared, bounds, held)
    if found and len(possible) < len(groups):
        # A storm: only now it matters whether its people were cleared for anything larger, too.
        cleared |= {key: await _tags(db, sender, rows) for key, rows in groups.items() if key not in cleared}
        found = await heavy(judge, stops, cleared, bounds, held)
    return tuple(msgspec.structs.replace(storm, campaign=names.get(storm.campaign)) for storm in found)


async def _clearings(db: Db, sender: Sender, since: datetime, now: datetime) -> list[ClearingRow]:
    """Return the checks that may have caused these STOPs; none of before a person's release of the same."""
    releases = await breakers.storm_releases(db, sender.sender_id)
    rows = await breakers.clearings(db, sender.sender_id, since, now)
    return [
        row
        for row in rows
        if all(
            row.checked_at > release.released_at
            for release in releases
            if release.scope == SENDER or campaign_key(release.subject) == _key(row.campaign)
        )
    ]


def _groups(rows: Sequence[ClearingRow]) -> dict[str | None, list[ClearingRow]]:
    groups: dict[str | None, list[ClearingRow]] = {}
    for row in rows:
        groups.setdefault(_key(row.campaign), []).append(row)
    return groups


def _key(campaign: str | None) -> str | None:
    return None if campaign is None else campaign_key(campaign)


async def _tags(db: Db, sender: Sender, rows: Sequence[ClearingRow]) -> TagSet:
    stored = await breakers.cleared_by(db, sender.sender_id, [row.check_id for row in rows])
    return await heavy(_present, sender.key, stored)


def _present(key: Chain, stored: Sequence[tuple[int, bytes]]) -> TagSet:
    """Return lists of all epochs in the form of the present key."""
    lists = [retag(key[epoch + 1 :], np.frombuffer(tags, RECORD)).astype(np.int64) for epoch, tags in stored]
    return TagSet.of(np.concatenate([np.empty(0, np.int64), *lists]))


def _bounds(profile: Profile) -> Bounds:
    return Bounds(profile.storm_count_min, profile.storm_share)


async def _hold(registry: Registry, sender: Sender, storm: Storm, now: datetime) -> None:
    """Hold marketing, of the campaign or the whole sender; of several processes that see it, one does."""
    profile = sender.profile
    reason = (
        f"{storm.stops} of {storm.cleared:,} people cleared said STOP within {profile.storm_minutes} minutes; "
        f"the bounds are {profile.storm_count_min} and {profile.storm_share:.1%}"
    )
    scope, subject = (SENDER, "") if storm.campaign is None else (CAMPAIGN, storm.campaign)
    row = HoldRow(clock.new_id("hold"), scope, subject, STORM, list(HELD_BY_A_STORM), reason, ACTOR, now)
    if not await holding.commit(registry, sender, row):
        return
    log.error("stop_storm", sender=sender.slug, stops=storm.stops, cleared=storm.cleared)
    detail = f"{reason}. Marketing is held. When you know why: {release_command(sender.slug, row)}"
    registry.alarms.raise_alarm(Kind.STOP_STORM, holding.alarm_subject(sender.slug, row), detail)
    await holding.enter(registry, sender, row)
