"""Erasure that keeps the opposition and explains it (GDPR art. 17 and 21).

Who is opposed stays opposed, with the evidence: without it nothing would withhold the person tomorrow. Erased is what
links the person to anything else. In a list of cleared tags the place stays, since admissions count places, and holds a
random tag between its neighbours; a ledger entry stays as it was signed, and without its salt it is about nobody.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from app import clock, journal, lookback
from app.administration import note
from app.appends import Key
from app.directory import Sender
from app.errors import InvalidValueError, KeyRotatedError
from app.queries import ledgers, oppositions, retention, subjects
from app.registry import Registry
from app.retention import require_thawed
from app.subjects.contacts import Contact, contacts_of
from app.subjects.persons import CONTACT_TAG_BYTES, digest_of, number_of, stored, tags_of
from app.subjects.words import ERASED
from app.wording import plain_reason, plain_reference

LOWEST, HIGHEST = -(2**63), 2**63 - 1


class Erased(msgspec.Struct, frozen=True):
    """What was erased, what stays, and why, in words for the person."""

    sender: str
    name: str
    at: datetime
    contacts: int
    contacts_kept: int
    openings: int
    opposed: bool
    pending: bool
    explanations: Sequence[str]


class Plan(msgspec.Struct, frozen=True):
    """What is known before anything is touched."""

    tags: Sequence[int]
    old: Sequence[Contact]
    recent: Sequence[Contact]
    openings: int
    opposed: bool
    decided: Sequence[tuple[int, Key]]
    pending: bool


async def erase(
    registry: Registry, actor: str, sender: Sender, text: str, reason: str, reference: str | None = None
) -> Erased:
    """Erase what may be erased about one number for one sender; ConflictError while a freeze holds it."""
    number, said = number_of(text), plain_reason(reason)
    subject = plain_reference(reference) if reference is not None else "-"
    if number is None:
        raise InvalidValueError("This is no phone number.")
    await require_thawed(registry, sender.sender_id)
    plan = await planned(registry, sender, tags_of(sender, number))
    counts = {
        "contacts": str(len(plan.old)),
        "openings": str(0 if plan.opposed or plan.pending else plan.openings),
        "opposition": "kept" if plan.opposed else "none",
    }
    detail = {**counts, "reason": said, "by": actor}
    # Said first: should what follows fail, it tells of an erasure that is done again.
    await note(registry, sender.sender_id, "erasure", subject, detail)
    persons = {"persons": [digest_of(registry, number).hex()]}
    await journal.write(registry, actor, "subject.erase", subject, {**detail, **persons}, [sender.sender_id])
    contacts = await _erase_contacts(registry, sender, plan.old)
    plan = await erase_person(registry, sender, plan)
    done = Erased(
        sender=sender.slug,
        name=sender.name,
        at=clock.now(),
        contacts=contacts,
        contacts_kept=len(plan.recent) + len(plan.old) - contacts,
        openings=plan.openings,
        opposed=plan.opposed,
        pending=plan.pending,
        explanations=(),
    )
    return msgspec.structs.replace(done, explanations=_explained(registry, done, plan))


def kept_for(registry: Registry) -> timedelta:
    """Return how long a contact must stay: a STOP may come so late, and looks so far back for whom it answers."""
    return lookback.EVENT_AGE_MAX + timedelta(hours=registry.settings.lookback_hours)


async def planned(registry: Registry, sender: Sender, tags: Sequence[int]) -> Plan:
    """Find what there is to erase of a person."""
    before = clock.now() - kept_for(registry)
    async with registry.pool.acquire() as db:
        contacts = [contact for tag in tags for contact in await contacts_of(db, sender.sender_id, tag)]
        states = await subjects.states_of(db, sender.sender_id, tags, sender.epoch)
        events = await subjects.events_of(db, sender.sender_id, tags)
        people = await subjects.items_of(db, sender.sender_id, tags)
        items = await subjects.items_by_key(db, sorted({key for _, key in people}))
    decided = {(item.connection_id, item.dedupe) for item in items if item.decision}
    return Plan(
        tags=tags,
        old=[contact for contact in contacts if contact.row.stored_at < before],
        recent=[contact for contact in contacts if contact.row.stored_at >= before],
        openings=len(events),
        opposed=any(state.opposed for state in states),
        decided=[(tag, key) for tag, key in people if key in decided],
        pending=any(key not in decided for _, key in people),
    )


async def _erase_contacts(registry: Registry, sender: Sender, contacts: Sequence[Contact]) -> int:
    """Put a random tag in the person's place of each list; return of how many."""
    done = 0
    for contact in contacts:
        first = contact.place * CONTACT_TAG_BYTES + 1
        check_id = contact.row.check_id
        async with registry.pool.acquire() as db, db.transaction():
            lower, upper = await subjects.lock_neighbours(db, sender.sender_id, check_id, first)
            new = between(_read(lower, LOWEST), contact.tag, _read(upper, HIGHEST), clock.random_bytes(16))
            done += await subjects.replace_place(
                db, sender.sender_id, check_id, first, stored(new), stored(contact.tag)
            )
    return done


async def erase_person(registry: Registry, sender: Sender, plan: Plan) -> Plan:
    """Forget decided texts; of whom is not opposed also state and openings. Returns the plan as it held."""
    async with registry.pool.acquire() as db, db.transaction():
        if await retention.lock(db, sender.sender_id) != sender.epoch:
            raise KeyRotatedError("This sender's key was rotated a moment ago; send the same request again.")
        # Under the lock: a STOP that came since the plan was made keeps everything.
        now = await oppositions.standings(db, [(sender.sender_id, tag) for tag in plan.tags])
        opposed = any(state.opposed for state in now.values())
        keeps = plan.pending or opposed
        for tag in plan.tags:
            keys = [key for owner, key in plan.decided if owner == tag]
            await subjects.drop_first_seen(db, sender.sender_id, tag)
            await subjects.drop_items(db, sender.sender_id, tag, keys, people=not keeps)
            if not keeps:
                await subjects.forget_lifted(db, sender.sender_id, tag)
                await subjects.drop_openings(db, sender.sender_id, tag)
        if not keeps:
            await ledgers.begin_generation(db, sender.sender_id)
    return msgspec.structs.replace(plan, opposed=opposed, openings=0 if keeps else plan.openings)


def between(lower: int, tag: int, upper: int, random: bytes) -> int:
    """Return another tag that keeps a list sorted, any between its neighbours; the same one if none is left."""
    room = upper - lower - 2  # neither neighbour, nor the tag itself
    if room <= 0:
        return tag
    chosen = lower + 1 + int.from_bytes(random, "big") % room
    return chosen + 1 if chosen >= tag else chosen


def _read(stored_tag: bytes | None, end: int) -> int:
    return int.from_bytes(stored_tag, "little", signed=True) if stored_tag is not None else end


def _explained(registry: Registry, done: Erased, plan: Plan) -> list[str]:
    settings = registry.settings
    lines = [ERASED["contacts"].format(count=done.contacts)]
    if done.contacts_kept:
        days = kept_for(registry).days
        text = ERASED["recent"]
        lines.append(text.format(count=done.contacts_kept, days=days, contact_days=settings.contact_days))
    if done.opposed:
        lines.append(ERASED["opposed"])
    elif not done.pending:
        lines.append(ERASED["forgotten"].format(count=done.openings) if done.openings else ERASED["nothing"])
    if done.pending:
        lines.append(ERASED["pending"])
    if plan.decided:
        lines.append(ERASED["texts"])
    return lines
