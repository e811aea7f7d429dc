"""Oppositions that no operator brought: web form, call centre, letter, and lists kept elsewhere.

They concern every short code of the sender. Doubt suppresses: only an unreadable number keeps an opposition out, an
unreadable date does not. The same one told twice is one entry, by its reference, else by its time; one with neither is
there already while the person stands opposed that way.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
import numpy as np

from app import bulk, clock, dates, phone, tags
from app.auth import Caller, Role, sender_of
from app.bulk import Bulk, Opposition
from app.directory import Sender
from app.errors import TooLargeError
from app.queries import imports
from app.queries import oppositions as queries
from app.registry import Registry

OPPOSITIONS_AT_ONCE = 1_000
"""In one transaction of a serving registry: it plans and commits them in about 60 ms, then messages have their turn."""

DIGEST_BYTES = 16
SOURCE = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
HASH = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|(?:[0-9a-fA-F]{8}){7,16}|[0-9A-Za-z+/_-]{22,86}={1,2}")
"""Digests as they are usually written; lenient reading would find digits of a number that is not there."""

UNREADABLE_NUMBER, IS_HASH, BAD_SOURCE = "unreadable-number", "is-a-hash", "bad-source"


class OptOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One opposition as a caller tells it; times and numbers in any spelling."""

    number: str | int
    source: str
    at: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    reference: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class OptOutRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /v1/opt-outs."""

    opt_outs: list[OptOut]
    sender: str | None = None


class Told(msgspec.Struct, frozen=True, gc=False):
    """A readable opposition: whose number, when it was expressed, and the teller's own name for it."""

    number: int
    at: datetime | None = None
    reference: str | None = None


_REQUEST = msgspec.json.Decoder(OptOutRequest)


async def take(registry: Registry, caller: Caller, body: bytes) -> bytes:
    """Bring in the oppositions of one call; return one result for each, in its order, as JSON."""
    caller.require(Role.SENDER, Role.DELEGATE)
    request = _REQUEST.decode(body)
    most = registry.settings.opt_outs_max
    if len(request.opt_outs) > most:
        raise TooLargeError(f"One call takes at most {most:,} oppositions; `stop-registry import` takes whole lists.")
    sender = await sender_of(caller, registry.directory, request.sender)
    results = [_refusal(one) for one in request.opt_outs]
    sources: dict[str, list[int]] = {}
    for position, one in enumerate(request.opt_outs):
        if results[position] is None:
            sources.setdefault(one.source, []).append(position)
    for source, positions in sources.items():
        told = [_told(request.opt_outs[position]) for position in positions]
        outcomes = await bring_in(registry, sender, source, told, registry.settings.commit_seconds_max)
        for position, read, outcome in zip(positions, told, outcomes, strict=True):
            results[position] = _result(request.opt_outs[position], read, outcome)
    counts = {name: sum(one["result"] == name for one in results if one) for name in ("recorded", "known", "refused")}
    return msgspec.json.encode({"sender": sender.slug, "counts": counts, "results": results})


async def bring_in(
    registry: Registry,
    sender: Sender,
    source: str,
    told: Sequence[Told],
    seconds: float,
    at_once: int = OPPOSITIONS_AT_ONCE,
) -> list[int]:
    """Commit oppositions, part by part; return the entry index of each, or bulk.KNOWN.

    UnavailableError where it is not known whether a part was committed: the same call settles it.
    """
    outcomes: list[int] = []
    for start in range(0, len(told), at_once):
        now = clock.now()
        work = Bulk(
            sender_id=sender.sender_id,
            source=source,
            connection=f"channel:{source}",
            recorded=now,
            flags=(),
            oppositions=oppositions(registry, sender, source, told[start : start + at_once], now),
            epochs={sender.sender_id: sender.epoch},
        )
        outcomes.extend(await registry.sequencer.bulk(work, seconds))
    return outcomes


class Memory(msgspec.Struct):
    """What a trial of a list would have brought in so far."""

    digests: set[bytes] = set()
    tags: set[int] = set()


async def known(registry: Registry, sender: Sender, source: str, told: Sequence[Told], memory: Memory) -> list[bool]:
    """Tell which were brought in before, without bringing in anything; `memory` goes from part to part of a list."""
    found = oppositions(registry, sender, source, told, clock.now())
    async with registry.pool.acquire() as db:
        states = await queries.standings(db, sorted({(sender.sender_id, one.tag) for one in found}))
        lines = await imports.lines_about(db, sender.sender_id, bulk.suspects(states))
    answers = bulk.known(found, memory.digests | bulk.digests(lines), memory.tags | bulk.standing_tags(states))
    memory.digests.update(one.digest for one in found)
    memory.tags.update(one.tag for one in found if not one.named)
    return answers


def oppositions(
    registry: Registry, sender: Sender, source: str, told: Sequence[Told], now: datetime
) -> list[Opposition]:
    """Turn what was told into tags and digests; no number goes further than here."""
    numbers = np.array([one.number for one in told], dtype=np.int64)
    # Told again after a rotation it is still the same opposition: its digest is of the first key's tag.
    first = tags.tags(sender.key[:1], numbers)
    found = tags.retag(sender.key[1:], first)
    key = registry.root.purpose_key("opposition")
    prefix = f"opposition-1\0{sender.sender_id}\0{source}\0".encode()
    return [
        Opposition(
            tag, one.at, _digest(key, prefix, earliest, one, now), named=one.at is not None or one.reference is not None
        )
        for tag, earliest, one in zip(found.tolist(), first.tolist(), told, strict=True)
    ]


def read_number(text: str) -> int | str:
    """Return the number that a text means, or why there is none."""
    if HASH.fullmatch(text.strip()):
        return IS_HASH
    return phone.read_lenient(text) or UNREADABLE_NUMBER


def _digest(key: bytes, prefix: bytes, tag: int, one: Told, now: datetime) -> bytes:
    if one.reference is not None:
        own = b"reference\0" + one.reference.encode("utf-8", "surrogatepass")
    else:
        own = f"at\0{(one.at or now).isoformat()}".encode()
    return hmac.digest(key, prefix + tag.to_bytes(8, "big", signed=True) + own, "sha256")[:DIGEST_BYTES]


def _refusal(one: OptOut) -> dict[str, Any] | None:
    reason = read_number(str(one.number))
    if not SOURCE.fullmatch(one.source):
        reason = BAD_SOURCE
    return {"result": "refused", "reason": reason} if isinstance(reason, str) else None


def _told(one: OptOut) -> Told:
    number = read_number(str(one.number))
    return Told(int(number), dates.read(one.at) if one.at else None, one.reference)


def _result(one: OptOut, told: Told, outcome: int) -> dict[str, Any]:
    """Say what became of it; a date that could not be read is said, since the opposition then counts from now."""
    result: dict[str, Any] = {"result": "known"} if outcome == bulk.KNOWN else {"result": "recorded", "entry": outcome}
    return {**result, "date": "unreadable"} if one.at and told.at is None else result
