"""Bulk suppression check: which numbers of a batch must be withheld, and the record that it was asked (D6, D7).

Order of durability: the cleared tags are committed first, then the check's ledger entry and record; only then the
answer leaves. Were it the other way round, a crash would leave an answer that nothing can explain.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, ParamSpec, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from app import clock, ledger, phone, tags, verdict
from app.appends import CheckRow, Record
from app.auth import Caller, Role
from app.directory import Sender
from app.errors import BusyError, ForbiddenError, HeldError, InvalidValueError, NotFoundError, TooLargeError
from app.index import Version
from app.queries import checks
from app.registry import Registry
from app.verdict import Reason

SMALL_BATCH_NUMBERS = 1_000
INLINE_CLEARED_BYTES_MAX = 8 * SMALL_BATCH_NUMBERS
MARKETING = "marketing"
NO_CONTROL_CHARACTERS = r"\A[^\x00-\x1f\x7f]*\Z"  # PostgreSQL cannot store NUL, people cannot read the others
P = ParamSpec("P")
T = TypeVar("T")


class CheckRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /v1/checks; `numbers` stays undecoded until it is read as one array."""

    numbers: msgspec.Raw
    sender: str | None = None
    campaign: Annotated[str, msgspec.Meta(max_length=200, pattern=NO_CONTROL_CHARACTERS)] | None = None
    purpose: str = MARKETING
    short_code: str | None = None
    route: str | None = None
    sender_id: str | None = None
    send_at: datetime | None = None
    send_minutes: int | None = None
    text: str | None = None
    template: str | None = None
    drill: bool = False


class Batch(msgspec.Struct, frozen=True):
    """A batch read: its numbers and the sender's tags of them."""

    numbers: phone.Numbers
    tags: NDArray[np.int64]


_REQUEST = msgspec.json.Decoder(CheckRequest)


async def check(registry: Registry, caller: Caller, body: bytes, *, list_allowed: bool = False) -> bytes:
    """Screen a batch and return the answer's JSON; every refusal is a RegistryError that says what to do."""
    caller.require(Role.SENDER, Role.DELEGATE)
    request = _REQUEST.decode(body)
    sender = await _sender(registry, caller, request.sender)
    _allow_purpose(request.purpose)
    batch = await _in_thread(len(body), _read, registry.settings.check_numbers_max, request, sender.key)
    version, opposed = await registry.index.opposed(sender.sender_id, batch.tags)
    if version.held_reason is not None:
        raise HeldError("Sending is held for this sender; whoever held it, or its administrator, can release it.")
    judged = await _in_thread(len(body), verdict.decide, batch.numbers.numbers, batch.tags, opposed)
    check_id, now = clock.new_id("chk"), clock.now()
    await _record(registry, caller, sender, request, version, judged, check_id, now)
    return await _in_thread(
        len(body), _answer, caller, sender, request, version, batch.numbers, judged, check_id, now, list_allowed
    )


async def _sender(registry: Registry, caller: Caller, slug: str | None) -> Sender:
    named = await registry.directory.sender(slug) if slug is not None else None
    if slug is not None and named is None:
        raise NotFoundError("There is no such sender.")
    sender = await registry.directory.sender_by_id(caller.chosen(named.sender_id if named else None))
    if sender is None:
        raise NotFoundError("There is no such sender.")
    return sender


def _allow_purpose(purpose: str) -> None:
    """Only marketing needs no grant, and no profile grants another purpose yet."""
    if purpose != MARKETING:
        raise ForbiddenError("The sender's profile grants no purpose but `marketing`.")


def _read(numbers_max: int, request: CheckRequest, key: bytes) -> Batch:
    try:
        numbers = phone.read_json(bytes(request.numbers))
    except ValueError as fault:
        raise InvalidValueError(f"`numbers` must be a list of strings: {fault}.") from None
    if len(numbers) > numbers_max:
        raise TooLargeError(f"One check takes at most {numbers_max:,} numbers; send the rest in a second check.")
    return Batch(numbers, tags.tags(key, numbers.numbers))


async def _record(
    registry: Registry,
    caller: Caller,
    sender: Sender,
    request: CheckRequest,
    version: Version,
    judged: verdict.Verdict,
    check_id: str,
    now: datetime,
) -> None:
    cleared = bytes(judged.record())
    counts = ledger.Counts(**msgspec.structs.asdict(judged.counts))
    inline = len(cleared) <= INLINE_CLEARED_BYTES_MAX
    if not inline:
        async with registry.pool.acquire() as db:
            await checks.store_cleared(db, sender.sender_id, check_id, now, cleared)
        # The blob is durable; until its record is too, nothing refers to it and a purge may take it.
    digest = await _in_thread(len(cleared), lambda: hashlib.sha256(cleared).hexdigest())
    row = CheckRow(
        sender_id=sender.sender_id,
        check_id=check_id,
        key_id=caller.key_id,
        purpose=request.purpose,
        campaign=request.campaign,
        checked_at=now,
        evaluated_at=version.size,
        counts=msgspec.json.encode(counts).decode(),
        cleared=cleared if inline else None,
    )

    def build(index: int) -> ledger.Entry:
        return ledger.CheckEntry(
            index=index,
            recorded=ledger.timestamp(now),
            check=check_id,
            caller=caller.key_id,
            purpose=request.purpose,
            campaign=request.campaign,
            evaluated_at=version.size,
            counts=counts,
            cleared=counts.allowed,
            batch=digest,
        )

    record = Record(sender.sender_id, build, row)
    await registry.sequencer.record(record, registry.settings.commit_seconds_max)


def _answer(
    caller: Caller,
    sender: Sender,
    request: CheckRequest,
    version: Version,
    numbers: phone.Numbers,
    judged: verdict.Verdict,
    check_id: str,
    now: datetime,
    list_allowed: bool,  # noqa: FBT001 - passed on by position through a worker thread
) -> bytes:
    """Put the answer together from bytes: the numbers go back exactly as they came, never decoded."""
    head = {
        "check_id": check_id,
        "sender": sender.slug,
        "delegate": caller.key_id if caller.role is Role.DELEGATE else None,
        "purpose": request.purpose,
        "checked_at": now,
        "policy": None,
        "counts": judged.counts,
    }
    root = ledger.root(ledger.Frontier(version.size, version.peaks)).hex()
    tail: dict[str, object] = {"warnings": [], "ledger": {"size": version.size, "root": root}, "clearance": None}
    parts = [
        msgspec.json.encode(head)[:-1],
        b',"withheld":{"opted_out":[',
        numbers.tokens(judged.positions(Reason.OPTED_OUT)),
        b'],"quiet_hours":[],"duplicate":[],"repeated":',
        msgspec.json.encode(judged.positions(Reason.REPEATED).tolist()),
        b',"invalid":',
        msgspec.json.encode(_invalid(numbers, judged.positions(Reason.INVALID))),
        b"},",
        msgspec.json.encode(tail)[1:-1],
    ]
    if list_allowed:
        parts += [b',"allowed":[', numbers.tokens(judged.positions(Reason.ALLOWED)), b"]"]
    return b"".join([*parts, b"}"])


def _invalid(numbers: phone.Numbers, positions: verdict.Positions) -> list[dict[str, object]]:
    return [
        {
            "index": position,
            "value": numbers.text(position),
            "reason": numbers.problems[position].reason,
            "suggestion": numbers.problems[position].suggestion,
        }
        for position in positions.tolist()
    ]


async def _in_thread(size_bytes: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run heavy work beside the event loop, light work on it: a thread costs more than a small batch."""
    if size_bytes <= SMALL_BATCH_NUMBERS * 20:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)


class Gate:
    """At most so many heavy checks at once, and a short queue; beyond it the caller is asked to come back."""

    def __init__(self, at_once: int, waiting_max: int = 8) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._waiting_max = waiting_max

    async def __aenter__(self) -> None:
        """Wait for a slot; BusyError when too many wait already."""
        if self._waiting >= self._waiting_max:
            raise BusyError("Too many large checks at once; send this one again in a few seconds.")
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        """Free the slot."""
        self._slots.release()
