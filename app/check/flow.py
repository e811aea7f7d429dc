"""One check from the call to its answer; every refusal is a RegistryError that says what to do."""

import msgspec
import numpy as np

from app import clock, inheritance, verdict
from app.auth import Caller, Role, sender_of
from app.check import replaying, screening
from app.check.answering import Answer, Outcome, render
from app.check.asking import MARKETING, Asked, Batch, Fields, question, read_batch
from app.check.gate import in_thread
from app.check.recording import Case, record
from app.check.replaying import Key
from app.errors import ForbiddenError, HeldError, KeyTakenError
from app.queries.replays import ReplayRow
from app.registry import Registry


async def check(registry: Registry, caller: Caller, call: Asked) -> Answer:
    """Screen a batch, once under each Idempotency-Key; return the answer in the form asked for."""
    caller.require(Role.SENDER, Role.DELEGATE)
    registry.spool.require_empty()
    size = len(call.body)
    asked_about = await in_thread(size, question, call)
    _allow_purpose(asked_about.fields, screen=call.screen)
    sender = await sender_of(caller, registry.directory, asked_about.fields.sender)
    case = Case(registry, caller, call, asked_about.fields, sender)
    key = await in_thread(size, replaying.key_of, case) if call.idempotency_key is not None else None
    async with replaying.alone(key):
        earlier = await replaying.find(case, key)
        batch = await in_thread(size, read_batch, registry.settings.check_numbers_max, asked_about, sender.key)
        outcome = await _again(case, batch, earlier) if earlier else await _once(case, batch, key)
    return await in_thread(size, render, case, outcome)


def _allow_purpose(fields: Fields, *, screen: bool) -> None:
    """Only marketing needs no grant, and no profile grants another purpose yet."""
    if fields.purpose == MARKETING:
        return
    if screen:
        raise ForbiddenError("A screen is a purpose of its own: leave `purpose` out.")
    raise ForbiddenError("The sender's profile grants no purpose but `marketing`.")


async def _once(case: Case, batch: Batch, key: Key | None) -> Outcome:
    """Evaluate anew; where another process was faster under the same key, its check is the one."""
    try:
        return await _anew(case, batch, key)
    except KeyTakenError:
        earlier = await replaying.find(case, key)
        if earlier is None:
            raise
    return await _again(case, batch, earlier)


async def _anew(case: Case, batch: Batch, key: Key | None) -> Outcome:
    size = len(case.asked.body)
    version, opposed = await inheritance.opposed(
        case.registry, case.sender.sender_id, batch.numbers.numbers, batch.tags
    )
    days = None
    if case.asked.screen:
        opposed, days = await screening.shown(case, batch.tags, opposed)
    else:
        _refuse_held(version.held_reason)
    judged = await in_thread(size, verdict.decide, batch.numbers.numbers, batch.tags, opposed)
    if case.asked.screen:
        judged = msgspec.structs.replace(judged, cleared=np.empty(0, np.int64))
    check_id, now = clock.new_id("chk"), clock.now()
    replay = await in_thread(size, replaying.replay, key, now, version.peaks, judged) if key else None
    await record(case, version, judged, check_id, now, replay)
    return Outcome(check_id, now, version.size, version.peaks, judged, batch.numbers, days)


async def _again(case: Case, batch: Batch, earlier: ReplayRow) -> Outcome:
    """Give the earlier verdict again while nobody it cleared has said STOP since."""
    version, opposed = await inheritance.opposed(
        case.registry, case.sender.sender_id, batch.numbers.numbers, batch.tags
    )
    days = None
    if case.asked.screen:
        opposed, days = await screening.shown(case, batch.tags, opposed)
    else:
        _refuse_held(version.held_reason)
    judged = await in_thread(len(case.asked.body), replaying.rebuilt, earlier, batch.numbers.numbers, opposed)
    return Outcome(
        earlier.check_id,
        earlier.checked_at,
        earlier.evaluated_at,
        earlier.peaks,
        judged,
        batch.numbers,
        days,
        replayed=True,
    )


def _refuse_held(reason: str | None) -> None:
    if reason is not None:
        raise HeldError("Sending is held for this sender; whoever held it, or its administrator, can release it.")
