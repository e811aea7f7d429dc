"""The record of a check, committed before its answer leaves (D6).

Order of durability: the cleared tags are committed first, then the check's ledger entry and record; only then the
answer leaves. Were it the other way round, a crash would leave an answer that nothing can explain. Before it leaves,
the head that has the record is witnessed outside the database, unless the message is an emergency.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import msgspec

from app import clearance, ledger
from app.appends import CheckRow, Permit, Record, Replay, addition_alone
from app.auth import Caller
from app.check.asking import Asked, Fields
from app.directory import Sender
from app.heavy import heavy
from app.queries import checks
from app.registry import Registry
from app.safeguards.plan import EMERGENCY
from app.sequencer import Believed
from app.verdict import Verdict

INLINE_CLEARED_BYTES_MAX = 8_000  # a thousand tags
T = TypeVar("T")


class Case(msgspec.Struct, frozen=True):
    """Who asks what for which sender."""

    registry: Registry
    caller: Caller
    asked: Asked
    fields: Fields
    sender: Sender


class Made(msgspec.Struct, frozen=True):
    """A check that is decided and not yet recorded."""

    check_id: str
    now: datetime
    size: int
    """Of the ledger that the verdict was computed at."""
    peaks: bytes
    judged: Verdict
    purpose: str
    """As it was judged: a screen is one of its own, a service text that offers STOP is marketing."""
    campaign: str | None
    permit: Permit | None = None
    policy: str | None = None
    drill: bool = False
    contacts_at: int | None = None
    """Up to which ledger index the sender's contacts were known."""
    stored: str | None = None
    """The digest of the cleared tags, hexadecimal, where they are committed already."""


async def stored_beside(case: Case, check_id: str, now: datetime, judged: Verdict, making: Awaitable[Made]) -> Made:
    """Return what is made, and commit a long list of cleared tags meanwhile: the making then costs no time of its own.

    A list that goes into its record is left to that.
    """
    if judged.cleared.nbytes <= INLINE_CLEARED_BYTES_MAX:
        return await making
    cleared = judged.record()
    made, digest, _ = await asyncio.gather(
        making,
        heavy(lambda: hashlib.sha256(cleared).hexdigest()),
        _store(case, check_id, now, cleared),
    )
    return msgspec.structs.replace(made, stored=digest)


async def record(case: Case, made: Made, replay: Replay | None) -> None:
    """Commit that a check was asked, its clearance and a short list of whom it cleared; a screen clears nobody.

    A long list is committed before: `stored_beside`.
    """
    work = _work(case, made, replay)
    index = await case.registry.sequencer.record(work, case.registry.settings.commit_seconds_max)
    if made.purpose != EMERGENCY:
        await case.registry.witness.vouch(case.sender.sender_id, index + 1)


async def record_beside(case: Case, made: Made, generation: int, meanwhile: Callable[[], T]) -> T:
    """Commit a small check that was judged by what is believed, and do something else while the disk works.

    NotAsBelievedError when it is not so, and nothing is committed. What came of the rest is for nobody to see before
    this returns.
    """
    registry, work = case.registry, _work(case, made)
    added = addition_alone(work, (made.size, made.peaks))

    def beside() -> T:
        registry.witness.expect(added)
        return meanwhile()

    believed = Believed(work, added, generation)
    index, answer = await registry.sequencer.believed(believed, registry.settings.commit_seconds_max, beside)
    await registry.witness.vouch(case.sender.sender_id, index + 1)
    return answer


def _work(case: Case, made: Made, replay: Replay | None = None) -> Record:
    check_id, now, judged = made.check_id, made.now, made.judged
    cleared = b"" if made.stored else bytes(judged.record())
    digest = made.stored or hashlib.sha256(cleared).hexdigest()
    counts = ledger.Counts(**msgspec.structs.asdict(judged.counts))
    row = CheckRow(
        sender_id=case.sender.sender_id,
        check_id=check_id,
        key_id=case.caller.key_id,
        purpose=made.purpose,
        campaign=made.campaign,
        checked_at=now,
        evaluated_at=made.size,
        counts=msgspec.json.encode(counts).decode(),
        cleared=None if made.stored or case.asked.screen else cleared,
        replay=replay,
        permit=made.permit,
        contacts_at=made.contacts_at if made.permit else None,
        epoch=case.sender.epoch,
    )

    def build(index: int) -> ledger.Entry:
        return ledger.CheckEntry(
            index=index,
            recorded=ledger.timestamp(now),
            check=check_id,
            caller=case.caller.key_id,
            purpose=made.purpose,
            campaign=made.campaign,
            evaluated_at=made.size,
            counts=counts,
            cleared=judged.cleared.size,
            batch=digest,
            clearance=clearance.clearance_id(check_id) if made.permit else None,
            policy=made.policy,
            terms=clearance.digest(made.permit.terms) if made.permit else None,
            drill=made.drill,
        )

    return Record(case.sender.sender_id, build, row, (made.size, made.peaks))


async def _store(case: Case, check_id: str, now: datetime, cleared: memoryview) -> None:
    """Commit the cleared tags; until their record is there too, nothing refers to them and a purge may take them."""
    async with case.registry.pool.acquire() as db:
        await checks.store_cleared(db, case.sender.sender_id, check_id, now, cleared, case.sender.epoch)
