"""What a sender without admissions asks and says about a clearance: who said STOP since, and what it did not send."""

from typing import Annotated

import msgspec
import numpy as np

from app import admissions, clearance, clock, inheritance, ledger, tags
from app.admissions import ACTING, Refused, read_numbers, roster_of
from app.appends import Record
from app.auth import Caller
from app.errors import BusyError, ClearanceExpiredError, HeldError, NotFoundError
from app.pages import PAGE_PLACES, is_marked, marked
from app.queries import admissions as rows
from app.queries import clearances
from app.queries.clearances import ClearanceRow
from app.registry import Registry
from app.safeguards.plan import EMERGENCY

NUMBERS_MAX = 1_000_000
NO_NUMBERS = msgspec.Raw(b"null")
TRIES_MAX = 20


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers that were not sent to; without any, all of them."""

    numbers: msgspec.Raw = NO_NUMBERS
    reason: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class Recalled(msgspec.Struct, frozen=True):
    """Who must not be sent to any more; everybody else still may, until the clearance ends."""

    recalled: list[Refused]
    ledger_size: int


class Released(msgspec.Struct, frozen=True):
    """How many were given back."""

    released: int


async def recall(registry: Registry, caller: Caller, clearance_id: str, body: bytes) -> Recalled:
    """Name those of the unsent numbers that must not be sent to any more.

    ClearanceExpiredError, HeldError when nothing may be sent any more, whoever said what.
    """
    caller.require(*ACTING)
    request = msgspec.json.decode(body, type=Request)
    numbers = read_numbers(request.numbers, NUMBERS_MAX)
    roster = await roster_of(registry, caller, clearance_id)
    await admissions.require_every_stop(registry, roster)
    sender = await registry.directory.sender_by_id(roster.row.sender_id)
    if sender is None:
        raise NotFoundError("There is no such clearance.")
    tagged = tags.tags(sender.key, numbers.numbers)
    version, opposed = await inheritance.opposed(registry, sender, numbers.numbers, tagged)
    await _require_live(registry, caller, clearance_id, held=admissions.is_held(version, roster.row))
    roster = await registry.rosters.find(caller.sender_ids, roster.row.check_id, version.generation) or roster
    _, covered = roster.places_of(sender.key, numbers.numbers)
    reasons = np.zeros(len(numbers), "U16")
    if roster.row.purpose != EMERGENCY:
        reasons[opposed] = "recalled"
    reasons[~covered | (numbers.numbers == 0)] = "not-cleared"
    at = np.flatnonzero(reasons != "").tolist()
    return Recalled([Refused(numbers.text(place), str(reasons[place])) for place in at], version.size)


async def _require_live(registry: Registry, caller: Caller, clearance_id: str, *, held: bool) -> None:
    check_id = (await roster_of(registry, caller, clearance_id)).row.check_id
    async with registry.pool.acquire() as db:
        row = await clearances.find_clearance(db, caller.sender_ids, check_id)
    if row is None:
        raise NotFoundError("There is no such clearance.")
    if held or row.revoked_reason == "held":
        raise HeldError(
            "Sending is held: send nothing more of this batch.",
            french="Les envois sont suspendus : n'envoyez plus rien de ce lot.",
        )
    if row.revoked_reason is not None or clock.now() >= row.expires_at:
        raise ClearanceExpiredError(
            "This clearance has ended: send nothing more of this batch; check the rest again.",
            french="Cette autorisation a pris fin : n'envoyez plus rien de ce lot, redemandez pour le reste.",
        )


async def release(registry: Registry, caller: Caller, clearance_id: str, body: bytes) -> Released:
    """Take back what was not sent: all of it ends the clearance, some numbers cannot be admitted any more.

    It is the sender's word that these people got nothing; whom a gateway was admitted to send to stays sent to.
    """
    caller.require(*ACTING)
    request = msgspec.json.decode(body or b"{}", type=Request)
    roster = await roster_of(registry, caller, clearance_id)
    row = roster.row
    if bytes(request.numbers) == b"null":
        async with registry.pool.acquire() as db:
            ended = await clearances.revoke_clearance(db, row.sender_id, row.check_id, clock.now(), "released")
        return await _noted(registry, caller, row, int(roster.tags.size) if ended else 0)
    numbers = read_numbers(request.numbers, NUMBERS_MAX)
    sender = await registry.directory.sender_by_id(row.sender_id)
    if sender is None:
        raise NotFoundError("There is no such clearance.")
    places, covered = roster.places_of(sender.key, numbers.numbers)
    wanted = np.unique(places[covered & (numbers.numbers != 0)])
    for _ in range(TRIES_MAX):
        async with registry.pool.acquire() as db:
            pages = np.unique(wanted // PAGE_PLACES).tolist()
            state = await rows.admission_state(db, row.sender_id, row.check_id, pages, None)
        if state is None:
            raise NotFoundError("There is no such clearance.")
        free = wanted[~is_marked(wanted, state.pages) & ~is_marked(wanted, state.released)]
        added = marked(free, state.released)
        writers, judged_at = registry.writers, state.admissions
        if await rows.admit(writers, row.sender_id, row.check_id, judged_at, added, clock.now(), released=True):
            return await _noted(registry, caller, row, int(free.size))
    raise BusyError("Too many requests about this clearance at once; send the same request again.")


async def _noted(registry: Registry, caller: Caller, row: ClearanceRow, count: int) -> Released:
    """Tell the ledger; only from this entry on do these people count as not contacted."""
    now, subject = clock.now(), clearance.clearance_id(row.check_id)

    def build(index: int) -> ledger.Entry:
        detail = {"numbers": str(count), "by": caller.key_id}
        return ledger.NoteEntry(
            index=index, recorded=ledger.timestamp(now), kind="release", subject=subject, detail=detail
        )

    work = Record(row.sender_id, build, touches=row.check_id)
    await registry.sequencer.record(work, registry.settings.commit_seconds_max)
    return Released(count)
