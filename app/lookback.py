"""What our own records add to a message on a shared code: the check that it answers, whom this number was cleared for.

Cleared tags lie in the database as one sorted blob a check. A tag is the output of a cipher, so tags are spread evenly
over all 64-bit numbers, and the place of one in a sorted list of n is known beforehand within a few square roots of n:
32 kB around there answer for a list of 8 MB. A slice that turns out too narrow is read again, wider.

Whatever goes wrong here leaves the message with all its candidates: doubt widens.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import structlog

from app import tags
from app.attribution import NO_TRACES, Attribution, Candidate, Traces
from app.directory import Snapshot
from app.operators import Message
from app.queries import attribution
from app.queries.attribution import SliceRow
from app.queries.rows import Db
from app.registry import Registry

SECONDS_MAX = 2.0
"""A look-back that takes longer is given up: the commit must still be made in time."""
EVENT_AGE_MAX = timedelta(days=7)
"""A message that is told so late may answer checks that are purged; it concerns all candidates."""
REACHES = (2.0, 16.0, 1e9)
"""In square roots of a list's length, to both sides. An even spread strays by half a root at most, so the first slice
misses once in 15,000 times; the last one is the whole list."""
TAG_BYTES = 8
CHECK_ID = re.compile(r"chk_[0-9a-f]{32}")
Wanted = tuple[int, int]
"""A sender and an epoch of its key."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)
NARROWABLE = "shared"
NAMEABLE = frozenset({"keyword", "all", "shared", "reachable"})
"""The bases that our own records can change."""

log = structlog.get_logger()


class Question(msgspec.Struct, frozen=True):
    """A message, the senders it may concern, and what was concluded without our records."""

    message: Message
    candidates: Sequence[Candidate]
    found: Attribution
    event_at: datetime
    opposes: bool


async def traces(registry: Registry, snapshot: Snapshot, question: Question, now: datetime) -> Traces:
    """Return what the records say; NO_TRACES where they cannot change the attribution, or do not answer in time."""
    since = question.event_at - timedelta(hours=registry.settings.lookback_hours)
    enforced = _enforced(snapshot, question, since) if now - question.event_at <= EVENT_AGE_MAX else frozenset()
    if question.message.msisdn is None or not (_names_a_check(question) or enforced):
        return NO_TRACES
    try:
        async with asyncio.timeout(SECONDS_MAX), registry.pool.acquire() as db:
            answered = await _answered(db, snapshot, question)
            if answered is not None or not enforced:
                return Traces(answered=answered)
            cleared = await _holders(db, _tags(snapshot, question, enforced), since, None)
    except Exception as error:  # noqa: BLE001 - whatever it is, the message must be committed, to all candidates
        log.warning("look_back_given_up", error=type(error).__name__)
        return NO_TRACES
    return Traces(enforced=enforced, cleared=cleared, hours=registry.settings.lookback_hours)


def _enforced(snapshot: Snapshot, question: Question, since: datetime) -> frozenset[int]:
    """Return the candidates that sent nothing uncleared all through the look-back; nobody where none is needed."""
    if not question.opposes or question.found.basis != NARROWABLE:
        return frozenset()
    starts = {c.sender_id: snapshot.senders[c.sender_id].enforced_since for c in question.candidates}
    return frozenset(sender_id for sender_id, start in starts.items() if start is not None and start <= since)


def _names_a_check(question: Question) -> bool:
    named = CHECK_ID.fullmatch(question.message.in_reply_to or "")
    return named is not None and question.found.basis in NAMEABLE


async def _answered(db: Db, snapshot: Snapshot, question: Question) -> int | None:
    """Return the sender of the check that the operator names, if it cleared this number for one of the candidates."""
    if not _names_a_check(question) or question.message.in_reply_to is None:
        return None
    everyone = frozenset(candidate.sender_id for candidate in question.candidates)
    holders = await _holders(db, _tags(snapshot, question, everyone), EVER, [question.message.in_reply_to])
    return next(iter(holders)) if len(holders) == 1 else None


def _tags(snapshot: Snapshot, question: Question, senders: frozenset[int]) -> dict[Wanted, int]:
    """Return the tags that may stand in lists: what was cleared before a rotation keeps the form of its time."""
    number = question.message.msisdn or 0
    return {
        (sender_id, epoch): tags.tag(snapshot.senders[sender_id].key[: epoch + 1], number)
        for sender_id in sorted(senders)
        for epoch in range(snapshot.senders[sender_id].epoch + 1)
    }


async def _holders(db: Db, wanted: Mapping[Wanted, int], since: datetime, checks: list[str] | None) -> frozenset[int]:
    """Return the senders one of whose checks cleared their tag."""
    holders: set[int] = set()
    for reach in REACHES:
        places = [(*sender, _stored(tag), _place(tag)) for sender, tag in wanted.items()]
        rows = await attribution.cleared_slices(db, places, since, checks, reach)
        holders |= {row.sender_id for row in rows if row.found}
        narrow = [r for r in rows if r.sender_id not in holders and not _covers(r, wanted[r.sender_id, r.epoch])]
        if not narrow:
            break
        wanted = {(row.sender_id, row.epoch): wanted[row.sender_id, row.epoch] for row in narrow}
        checks = [row.check_id for row in narrow]
    return frozenset(holders)


def _stored(tag: int) -> bytes:
    return tag.to_bytes(TAG_BYTES, "little", signed=True)


def _place(tag: int) -> float:
    """Return the part of all tags that lie below this one, 0 to 1."""
    return (tag + 2**63) / 2**64


def _covers(row: SliceRow, tag: int) -> bool:
    """Tell whether the tag would be in the slice, if it were in the list."""
    above = row.lowest is None or int.from_bytes(row.lowest, "little", signed=True) <= tag
    return above and (row.highest is None or tag <= int.from_bytes(row.highest, "little", signed=True))
