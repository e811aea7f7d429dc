"""Ending a list of oppositions: never by itself, of an active sender, or younger than three years (D15).

A data protection officer looks at the preview first and repeats its count, so that nobody ends more than was seen. Who
said STOP, START or anything else since the date stays.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from app import clock, journal, ledger, standing
from app.administration import note, sender_named
from app.directory import Sender
from app.errors import ConflictError, ForbiddenError
from app.queries import attribution, retention
from app.queries.retention import StateRow
from app.registry import Registry
from app.retention.freezing import require_thawed
from app.wording import plain_reason

YEARS_MIN = 3
"""CNIL: the opposition list is kept at least three years."""
PEOPLE_AT_ONCE = 2_000


class Ending(msgspec.Struct, frozen=True):
    """What the end of a list would forget: people without any event since, those opposed among them."""

    sender: str
    before: datetime
    people: int
    opposed: int
    last_activity: datetime | None


async def preview_oppositions(registry: Registry, slug: str, before: datetime) -> Ending:
    """Count whom the end of a sender's list would concern; ConflictError where it may not end yet."""
    sender = await sender_named(registry, slug)
    last = await _last_activity(registry, sender)
    _require_old(before, last)
    people = opposed = 0
    after: int | None = None
    while True:
        async with registry.pool.acquire() as db:
            page = await retention.states_page(db, sender.sender_id, sender.epoch, after, PEOPLE_AT_ONCE)
        ended = [row for row in page if _silent_since(row, before)]
        people, opposed = people + len(ended), opposed + sum(row.opposed for row in ended)
        if len(page) < PEOPLE_AT_ONCE:
            return Ending(slug, before, people, opposed, last)
        after = page[-1].tag


async def end_oppositions(
    registry: Registry, actor: str, slug: str, before: datetime, count: int, reason: str, *, by_dpo: bool
) -> Ending:
    """Forget whom the preview counted, if it still counts the same: states, openings, review tags. The ledger stays."""
    said = plain_reason(reason)
    if not by_dpo:
        raise ForbiddenError("Only a data protection officer ends oppositions: again with --as-dpo.")
    sender = await sender_named(registry, slug)
    await require_thawed(registry, sender.sender_id)
    seen = await preview_oppositions(registry, slug, before)
    if seen.people != count:
        raise ConflictError(f"The preview counts {seen.people} people now, not {count}: look at it again first.")
    detail = {"people": str(seen.people), "opposed": str(seen.opposed), "before": ledger.timestamp(before)}
    said_of = {"class": "oppositions", **detail, "reason": said, "by": actor, "role": "dpo"}
    await note(registry, sender.sender_id, "purge", "oppositions", said_of)
    await journal.write(registry, actor, "retention.oppositions", slug, said_of, [sender.sender_id])
    after: int | None = None
    while True:
        page = await _forget_page(registry, sender, before, after)
        if len(page) < PEOPLE_AT_ONCE:
            return seen
        after = page[-1].tag


async def _forget_page(registry: Registry, sender: Sender, before: datetime, after: int | None) -> list[StateRow]:
    """Forget the silent ones of a page, under the lock that every new event of theirs needs too."""
    async with registry.pool.acquire() as db, db.transaction():
        epoch = await retention.lock(db, sender.sender_id)
        if epoch != sender.epoch:
            raise ConflictError("The sender's key was rotated just now; look at the preview again.")
        page = await retention.states_page(db, sender.sender_id, epoch, after, PEOPLE_AT_ONCE)
        ended = [row.tag for row in page if _silent_since(row, before)]
        if ended:
            await retention.forget_people(db, sender.sender_id, ended)
    return page


def _silent_since(row: StateRow, before: datetime) -> bool:
    """Tell whether all of a person's events, decisions included, are older."""
    marks = standing.decode(row.history)
    times = [at for mark in marks for at in (mark.stop_at, mark.start_at, mark.opposed_at, mark.lifted_at) if at]
    return max(times, default=0) < standing.microseconds(before)


def _require_old(before: datetime, last: datetime | None) -> None:
    limit = _years_before(clock.now())
    if before > limit:
        raise ConflictError(f"Oppositions are kept at least {YEARS_MIN} years: name a day before {limit:%Y-%m-%d}.")
    if last is not None and last > limit:
        raise ConflictError(
            f"This sender's list was asked on {last:%Y-%m-%d}, by it or by one that inherited it. Oppositions are kept "
            f"while a sender is active: the list can end {YEARS_MIN} years after its last check."
        )


def _years_before(now: datetime) -> datetime:
    return now.astimezone(UTC) - timedelta(days=YEARS_MIN * 365 + 1)


async def _last_activity(registry: Registry, sender: Sender) -> datetime | None:
    """Return when the list was asked for the last time: by the sender, or by an heir, whose checks consult it too."""
    async with registry.pool.acquire() as db:
        inherited = await attribution.list_inherited(db)
        users, found = {sender.sender_id}, 0
        while len(users) > found:
            found = len(users)
            users |= {heir for heir, lists in inherited.items() if users & set(lists)}
        return await retention.last_activity(db, sorted(users))
