"""One check from the call to its answer; every refusal is a RegistryError that says what to do."""

from datetime import datetime

import msgspec
import numpy as np

from app import clearance, clock, inheritance, quiet_hours, verdict
from app.appends import Replay
from app.auth import Caller, Role, sender_of
from app.check import clearing, duplicates, planning, replaying, screening
from app.check.answering import Answer, Outcome, render
from app.check.asking import MARKETING, SCREEN, Asked, Batch, dialable, question, read_batch
from app.check.clearing import Ground
from app.check.gate import in_thread
from app.check.planning import Planned
from app.check.recording import Case, Made, record, stored_beside
from app.check.replaying import Key
from app.contacts import Found
from app.directory import Sender
from app.errors import BusyError, ForbiddenError, KeyRotatedError, KeyTakenError
from app.index import Version
from app.queries.replays import ReplayRow
from app.registry import Registry
from app.safeguards import enumeration
from app.safeguards.holds import refuse_held
from app.safeguards.plan import EMERGENCY, Plan
from app.safeguards.purposes import require_grant, rules_of
from app.sequencer import ContactsMovedError
from app.tagset import Mask

LOOKS_MAX = 10


class Look(msgspec.Struct, frozen=True, eq=False):
    """A batch that its safeguards let through, to be judged by the lists."""

    case: Case
    batch: Batch
    key: Key | None
    planned: Planned
    now: datetime


class Repeated(msgspec.Struct, frozen=True):
    """What an earlier check was for, as far as a hold looks at it."""

    sender: Sender
    caller: Caller
    purpose: str
    campaign: str | None


async def check(registry: Registry, caller: Caller, call: Asked) -> Answer:
    """Screen a batch, once under each Idempotency-Key; return the answer in the form asked for."""
    try:
        return await _check(registry, caller, call)
    except KeyRotatedError:
        # A rotation came between reading the key and asking the list; the next one is far away.
        await registry.directory.current(max_age_seconds=0)
        return await _check(registry, caller, call)


async def _check(registry: Registry, caller: Caller, call: Asked) -> Answer:
    caller.require(Role.SENDER, Role.DELEGATE)
    size = len(call.body)
    asked_about = await in_thread(size, question, call)
    sender = await sender_of(caller, registry.directory, asked_about.fields.sender)
    case = Case(registry, caller, call, asked_about.fields, sender)
    _refuse_purpose_of_screen(case)
    if asked_about.fields.purpose != EMERGENCY:  # whom it may not reach hangs on no STOP that waits here
        registry.spool.require_empty()
        await registry.witness.require(sender.sender_id)
    else:  # who only calls it so shall not hold up the lane of alerts
        require_grant(sender.slug, sender.profile, EMERGENCY)
    key = await in_thread(size, replaying.key_of, case) if call.idempotency_key is not None else None
    async with replaying.alone(key):
        earlier = await replaying.find(case, key)
        batch = await in_thread(size, read_batch, registry.settings.check_numbers_max, asked_about, sender.key)
        outcome = await _again(case, batch, earlier) if earlier else await _once(case, batch, key)
    return await in_thread(size, render, case, outcome)


def _refuse_purpose_of_screen(case: Case) -> None:
    if case.asked.screen and case.fields.purpose != MARKETING:
        raise ForbiddenError("A screen is a purpose of its own: leave `purpose` out.")


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
    return await (_screened if case.asked.screen else _cleared)(case, batch, key)


async def _screened(case: Case, batch: Batch, key: Key | None) -> Outcome:
    """Say who is opposed and since when; nobody is cleared."""
    numbers, now = batch.numbers.numbers, clock.now()
    warnings = await enumeration.charge(case.registry, case.sender, now, numbers, batch.tags)
    version, opposed = await _opposed(case, batch)
    opposed, days = await screening.shown(case, batch.tags, opposed)
    judged = await in_thread(len(case.asked.body), verdict.decide, batch.numbers.numbers, batch.tags, opposed)
    judged = msgspec.structs.replace(judged, cleared=np.empty(0, np.int64))
    made = Made(clock.new_id("chk"), now, version.size, version.peaks, judged, SCREEN, case.fields.campaign)
    await record(case, made, await _replay(case, key, made))
    enumeration.watch_hits(case.registry, case.sender, judged.counts)
    return Outcome(made, batch.numbers, days, warnings=warnings)


async def _cleared(case: Case, batch: Batch, key: Key | None) -> Outcome:
    """Let every safeguard judge the plan, then every number; clear whoever is left."""
    size, now = len(case.asked.body), clock.now()
    ready = await planning.planned(case, batch, now)
    batch = batch if ready.rules.strict_numbers else await in_thread(size, dialable, batch, case.sender.key)
    warnings = await enumeration.judge(case.registry, ready.plan, now, batch.numbers.numbers, batch.tags)
    for _ in range(LOOKS_MAX):
        try:
            return await _look(Look(case, batch, key, ready, now), [*ready.warnings, *warnings])
        except ContactsMovedError:  # another vendor was cleared meanwhile, perhaps for the same people
            continue
    raise BusyError("Others are being cleared for this sender all the time; send this check again in a few seconds.")


async def _look(look: Look, warnings: list[str]) -> Outcome:
    """Judge every number by the lists as they are now, and commit what that clears."""
    case = look.case
    version, opposed = await _opposed(case, look.batch)
    outcome = await decided(look, version, opposed, warnings)
    await record(case, outcome.made, await _replay(case, look.key, outcome.made))
    tell(case, look.planned.plan, outcome.judged, look.now)
    return outcome


async def decided(look: Look, version: Version, opposed: Mask, warnings: list[str]) -> Outcome:
    """Judge every number by one version of the lists; the record is still to be committed."""
    case, batch, ready, size = look.case, look.batch, look.planned, len(look.case.asked.body)
    plan, rules, hours = ready.plan, ready.rules, ready.hours
    refuse_held(version.holds, plan)
    contacts = await duplicates.found(case, plan, rules, version, batch, ready.text_digest, look.now)
    duplicate = contacts.contacted if contacts else None
    judged = await in_thread(
        size,
        verdict.decide,
        batch.numbers.numbers,
        batch.tags,
        opposed if rules.opt_outs else np.zeros_like(opposed),
        duplicate=duplicate,
        quiet=hours.quiet,
    )
    planning.refuse_nobody(plan, hours, judged)
    check_id = clock.new_id("chk")
    made = await stored_beside(case, check_id, look.now, judged, _made(look, version, judged, contacts, check_id))
    waiting = hours.among(judged.reasons == verdict.Reason.QUIET_HOURS.value) if hours.groups else ()
    return Outcome(made, batch.numbers, warnings=warnings, waiting=waiting)


async def _made(look: Look, version: Version, judged: verdict.Verdict, contacts: Found | None, check_id: str) -> Made:
    """Put together what is to be recorded."""
    case, plan, hours = look.case, look.planned.plan, look.planned.hours
    ground = Ground(
        plan=plan,
        version=version,
        check_id=check_id,
        now=look.now,
        policy=quiet_hours.policy_of(plan.sender.profile).label if look.planned.rules.hours else None,
        closes_at=hours.closes_at,
        text_digest=look.planned.text_digest,
    )
    signed_by = await case.registry.directory.signing_generation(clearance.SIGNING_PURPOSE)
    size = len(case.asked.body)
    return Made(
        check_id=ground.check_id,
        now=look.now,
        size=version.size,
        peaks=version.peaks,
        judged=judged,
        purpose=plan.purpose,
        campaign=plan.campaign,
        permit=await in_thread(size, clearing.permit, case, ground, look.batch.numbers, judged, signed_by),
        policy=ground.policy,
        drill=plan.drill,
        # What is older than the window was not looked for, so what the ledger held then counts as seen too.
        contacts_at=max(contacts.seen_to, version.size) if contacts else None,
    )


def tell(case: Case, plan: Plan, judged: verdict.Verdict, now: datetime) -> None:
    """Let those learn of a check who watch over many: the code's expected STOPs, the sender's usual share."""
    if plan.purpose == MARKETING and plan.short_code is not None:
        case.registry.pulse.cleared(plan.short_code, judged.counts.allowed, now)
    if plan.purpose != EMERGENCY:
        enumeration.watch_hits(case.registry, case.sender, judged.counts)


async def _opposed(case: Case, batch: Batch) -> tuple[Version, Mask]:
    return await inheritance.opposed(case.registry, case.sender, batch.numbers.numbers, batch.tags)


async def _replay(case: Case, key: Key | None, made: Made) -> Replay | None:
    return await in_thread(len(case.asked.body), replaying.replay, key, made) if key else None


async def _again(case: Case, batch: Batch, earlier: ReplayRow) -> Outcome:
    """Give the earlier verdict again while nobody it cleared has said STOP since."""
    size, profile = len(case.asked.body), case.sender.profile
    rules = rules_of(replaying.purpose_of(case, earlier), profile)
    batch = batch if rules.strict_numbers else await in_thread(size, dialable, batch, case.sender.key)
    version, opposed = await _opposed(case, batch)
    days = None
    if case.asked.screen:
        opposed, days = await screening.shown(case, batch.tags, opposed)
    judged = await in_thread(size, replaying.rebuilt, earlier, batch.numbers.numbers, opposed & rules.opt_outs)
    made = replaying.made(case, earlier, judged)
    if made.purpose != EMERGENCY:
        await case.registry.witness.vouch(case.sender.sender_id, version.size)
    if days is None:
        refuse_held(version.holds, Repeated(case.sender, case.caller, made.purpose, made.campaign))
    try:
        waiting = planning.waiting_again(case, made.permit, judged, batch.numbers)
    except ValueError:
        raise replaying.expired(earlier) from None
    return Outcome(made, batch.numbers, days, waiting=waiting, replayed=True)
