"""A gateway's last question at the moment of sending, number by number: may this one go now? Once for each number.

An admission is committed before it is answered, by one statement that finds the clearance as it was judged or writes
nothing; so it is exact whoever else asks at the same moment, in this process or another. Where an answer was lost, the
same `request_id` brings it again: what that request was admitted, without whoever has said STOP since.
"""

import asyncio
from datetime import datetime
from typing import Annotated, Final
from weakref import WeakValueDictionary

import msgspec
import numpy as np
from numpy.typing import NDArray

from app import clearance, clock, inheritance, phone, tags
from app.auth import Caller, Role
from app.directory import Sender
from app.errors import BusyError, InvalidValueError, KeyReusedError, NotFoundError
from app.index import Version
from app.pages import PAGE_PLACES, is_marked, marked
from app.queries import admissions
from app.queries.admissions import Asked, Believed, StateRow
from app.queries.clearances import ClearanceRow
from app.registry import Registry
from app.roster import Roster
from app.safeguards import holds
from app.safeguards.plan import EMERGENCY
from app.tagset import Mask, Tags

NUMBERS_MAX: Final = 10_000
FEW_NUMBERS: Final = 100
"""So many are admitted by belief: beyond, asking costs little."""
TRIES_MAX: Final = 50
ACTING = (Role.SENDER, Role.DELEGATE)

_at_work: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""Requests about one clearance wait for each other here; between processes the statement decides."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers about to be sent to."""

    numbers: msgspec.Raw
    request_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None


_REQUEST = msgspec.json.Decoder(Request)


class Refused(msgspec.Struct, frozen=True):
    """A number that must not be sent to, as it came, and why."""

    number: str
    reason: str


class Admitted(msgspec.Struct, frozen=True):
    """Whom to send to now, as they came, and whom not."""

    send: list[str]
    refused: list[Refused]


class Question(msgspec.Struct, frozen=True, eq=False):
    """A request with everything about its numbers that no other admission changes."""

    registry: Registry
    roster: Roster
    numbers: phone.Numbers
    places: NDArray[np.intp]
    covered: Mask
    opposed: Mask
    held: bool
    now: datetime
    asked: Asked | None

    @property
    def size(self) -> int:
        """How many numbers are asked about."""
        return len(self.numbers)


async def admit(registry: Registry, caller: Caller, clearance_id: str, body: bytes) -> Admitted:
    """Say which of the numbers may be sent to now, and remember that they were."""
    caller.require(*ACTING)
    question = await _question(registry, caller, clearance_id, body)
    check_id = question.roster.row.check_id
    async with _at_work.setdefault(check_id, asyncio.Lock()):
        for _ in range(TRIES_MAX):
            answer = await _once(question)
            if answer is not None:
                return answer
    raise BusyError("Too many gateways ask about this clearance at once; send the same request again.")


async def believed(registry: Registry, caller: Caller, clearance_id: str, body: bytes) -> bytes | None:
    """Answer with JSON, in one round trip, by what is remembered; None where it must be asked about.

    The statement that admits compares with the database whatever was not read, and writes nothing where it differs.
    """
    check_id = clearance.check_id(clearance_id)
    known = registry.rosters.believed(check_id)
    if known is None or check_id in _at_work or not clearance.is_id(clearance_id):
        return None
    try:
        question, belief = await _believed(registry, caller, known[0], body)
        state = _narrowed(known[1], question)
        reasons = _reasons(question, state)
    except Exception:  # noqa: BLE001 - perhaps only because of what was believed; else it is met again in a moment
        return None
    going = reasons == ""
    if not going.any():
        return None
    async with _at_work.setdefault(check_id, asyncio.Lock()):
        if await _committed(question, state, going, belief):
            return msgspec.json.encode(_answer(question, reasons))
    registry.rosters.doubt(check_id)
    registry.index.doubt(known[0].row.sender_id)
    return None


async def _believed(registry: Registry, caller: Caller, roster: Roster, body: bytes) -> tuple[Question, Believed]:
    """Put a question together without asking the database; NotFoundError where too little is known."""
    caller.require(*ACTING)
    sender = await registry.directory.sender_by_id(roster.row.sender_id)
    version = registry.index.believed(roster.row.sender_id)
    foreign = roster.row.sender_id not in caller.sender_ids
    if sender is None or version is None or foreign or version.generation != roster.generation:
        raise NotFoundError
    request = _REQUEST.decode(body)
    numbers = read_numbers(request.numbers, NUMBERS_MAX)
    if _is_anothers(caller, roster) or len(numbers) > FEW_NUMBERS or version.epoch != sender.epoch:
        raise NotFoundError
    await require_every_stop(registry, roster)
    tagged = tags.tags(sender.key, numbers.numbers, sender.tagger)
    belief = Believed(version.size, version.generation, version.epoch, caller.key_id)
    asked = _asked(registry, caller, request, body)
    opposed = version.tags.contains(tagged)
    return _put(registry, roster, sender, numbers, tagged, opposed, asked, held=False), belief


def _narrowed(state: StateRow, question: Question) -> StateRow:
    """Return what is remembered of the pages that the numbers are on; KeyError when one was never looked at."""
    wanted = {place // PAGE_PLACES for place in question.places[question.covered].tolist()}
    released = {page: state.released[page] for page in wanted & state.released.keys()}
    return msgspec.structs.replace(state, pages={page: state.pages[page] for page in wanted}, released=released)


async def _question(registry: Registry, caller: Caller, clearance_id: str, body: bytes) -> Question:
    request = _REQUEST.decode(body)
    numbers = read_numbers(request.numbers, NUMBERS_MAX)
    roster = await roster_of(registry, caller, clearance_id)
    await require_every_stop(registry, roster)
    sender = await registry.directory.sender_by_id(roster.row.sender_id)
    if sender is None:
        raise NotFoundError("There is no such clearance.")
    tagged = tags.tags(sender.key, numbers.numbers)
    version, opposed = await inheritance.opposed(registry, sender, numbers.numbers, tagged)
    roster = await registry.rosters.find(caller.sender_ids, roster.row.check_id, version.generation) or roster
    asked = _asked(registry, caller, request, body)
    return _put(registry, roster, sender, numbers, tagged, opposed, asked, held=is_held(version, roster.row))


def _put(
    registry: Registry,
    roster: Roster,
    sender: Sender,
    numbers: phone.Numbers,
    tagged: Tags,
    opposed: Mask,
    asked: Asked | None,
    *,
    held: bool,
) -> Question:
    same = roster.epoch == sender.epoch
    places, covered = roster.places(tagged) if same else roster.places_of(sender.key, numbers.numbers)
    return Question(
        registry=registry,
        roster=roster,
        numbers=numbers,
        places=places,
        covered=covered & (numbers.numbers != 0),
        opposed=opposed if roster.row.purpose != EMERGENCY else np.zeros(len(numbers), np.bool_),
        held=held,
        now=clock.now(),
        asked=asked,
    )


async def require_every_stop(registry: Registry, roster: Roster) -> None:
    """Refuse while STOPs wait in the spool, or the database may lack some; an alert hangs on none of them."""
    if roster.row.purpose != EMERGENCY:
        registry.spool.require_empty()
        await registry.witness.require(roster.row.sender_id)


def is_held(version: Version, row: ClearanceRow) -> bool:
    """Tell whether a hold stops what this clearance is for."""
    found = holds.hold_on(version.holds, purpose=row.purpose, campaign=row.campaign, key_id=row.key_id)
    return found is not None


def _asked(registry: Registry, caller: Caller, request: Request, body: bytes) -> Asked | None:
    if request.request_id is None:
        return None
    name = f"{caller.key_id}\n{request.request_id}".encode()
    return Asked(registry.root.digest("admission-request", name), registry.root.digest("admission-body", body))


def read_numbers(raw: msgspec.Raw, numbers_max: int) -> phone.Numbers:
    """Read a list of numbers; InvalidValueError when it is none or too long."""
    try:
        numbers = phone.read_json(bytes(raw))
    except ValueError as fault:
        raise InvalidValueError(f"`numbers` must be a list of strings: {fault}.") from None
    if len(numbers) > numbers_max:
        raise InvalidValueError(f"At most {numbers_max:,} numbers go into one request.")
    return numbers


async def roster_of(registry: Registry, caller: Caller, clearance_id: str) -> Roster:
    """Return whom a clearance covers; somebody else's does not exist, and a delegate has its own alone."""
    roster = None
    if clearance.is_id(clearance_id):
        roster = await registry.rosters.find(caller.sender_ids, clearance.check_id(clearance_id))
    if roster is None or _is_anothers(caller, roster):
        raise NotFoundError("There is no such clearance.")
    return roster


def _is_anothers(caller: Caller, roster: Roster) -> bool:
    return caller.role is Role.DELEGATE and roster.row.key_id != caller.key_id


async def _once(question: Question) -> Admitted | None:
    """Judge by the present state and commit; None when somebody else was admitted meanwhile."""
    row, pages = question.roster.row, question.places // PAGE_PLACES
    wanted = np.unique(pages[question.covered]).tolist()
    request = question.asked.request if question.asked else None
    async with question.registry.pool.acquire() as db:
        state = await admissions.admission_state(db, row.sender_id, row.check_id, wanted, request)
    if state is None:
        raise NotFoundError("There is no such clearance.")
    if question.asked and state.body is not None:
        return _told_again(question, state)
    reasons = _reasons(question, state)
    going = reasons == ""
    if not going.any():
        return _answer(question, reasons)
    # A page without a row is one that was looked at all the same.
    looked_at = {page: state.pages.get(page, bytes(PAGE_PLACES // 8)) for page in wanted}
    state = msgspec.structs.replace(state, pages=looked_at)
    return _answer(question, reasons) if await _committed(question, state, going) else None


async def _committed(question: Question, state: StateRow, going: Mask, believed: Believed | None = None) -> bool:
    """Admit those who may go; durable when this returns, and not an instant earlier may the gateway send."""
    registry, row = question.registry, question.roster.row
    kept = msgspec.structs.replace(question.asked, admitted=np.packbits(going).tobytes()) if question.asked else None
    added, now = marked(question.places[going], state.pages), question.now
    done = await admissions.admit(
        registry.writers, row.sender_id, row.check_id, state.admissions, added, now, asked=kept, believed=believed
    )
    if done:
        registry.rosters.left(row.check_id, state, added)
    return done


def _told_again(question: Question, state: StateRow) -> Admitted:
    """Give a lost answer again, but never somebody who must not be sent to by now."""
    if question.asked is None or state.body != question.asked.body:
        raise KeyReusedError("This request_id was used for another request; take a new one for each.")
    admitted = np.unpackbits(np.frombuffer(state.admitted or b"", np.uint8), count=question.size).astype(np.bool_)
    reasons = _reasons(question, msgspec.structs.replace(state, pages={}))
    reasons[~admitted & (reasons == "")] = "already-admitted"
    return _answer(question, reasons)


def _reasons(question: Question, state: StateRow) -> NDArray[np.str_]:
    """Return why each number must not be sent to, "" where it may; written last to first, so that the first stays."""
    reasons = np.zeros(question.size, "U16")
    taken = is_marked(question.places, state.pages)
    reasons[taken | _again(question)] = "already-admitted"
    reasons[question.opposed | is_marked(question.places, state.released)] = "recalled"
    reasons[~question.covered] = "not-cleared"
    if (whole := _of_all(question, state)) is not None:
        reasons[:] = whole
    return reasons


def _of_all(question: Question, state: StateRow) -> str | None:
    row = question.roster.row
    if state.revoked_reason is not None:
        return "held" if state.revoked_reason == "held" else "revoked"
    if question.held:
        return "held"
    if question.now >= row.expires_at:
        return "expired"
    return "not-yet" if question.now < row.not_before else None


def _again(question: Question) -> Mask:
    """Tell which positions name somebody that an earlier position named."""
    if question.size == 1:
        return np.zeros(1, np.bool_)
    again = np.ones(question.size, np.bool_)
    # Places of those who are not covered mean nothing; each is made one of its own.
    places = np.where(question.covered, question.places, -1 - np.arange(question.size))
    again[np.unique(places, return_index=True)[1]] = False
    return again


def _answer(question: Question, reasons: NDArray[np.str_]) -> Admitted:
    text, send, refused = question.numbers.text, [], []
    for position, reason in enumerate(reasons.tolist()):
        if reason:
            refused.append(Refused(text(position), reason))
        else:
            send.append(text(position))
    return Admitted(send, refused)
