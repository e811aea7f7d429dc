"""What is due to be forgotten, forgetting it, and what forbids to."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from asyncpg import InsufficientPrivilegeError

from app.database import STATEMENTS
from app.errors import ForbiddenError
from app.queries import enumeration, ledgers, replays, review
from app.queries.rows import Db, touched


class DueRow(msgspec.Struct, frozen=True):
    """What is due of one sender; sender 0 where it is kept for no sender in particular."""

    sender_id: int
    entries: int
    people: int
    oldest: datetime | None


class FreezeRow(msgspec.Struct, frozen=True):
    """What forbids to forget a sender's data; sender 0: everybody's."""

    freeze_id: int
    sender_id: int
    reason: str
    opened_at: datetime
    opened_by: str


class StateRow(msgspec.Struct, frozen=True):
    """Whether somebody is opposed, and by which events."""

    tag: int
    opposed: bool
    history: bytes


async def contacts_due(db: Db, before: datetime) -> list[DueRow]:
    """Return how much of the contact record was stored before."""
    return [DueRow(*row) for row in await db.fetch(STATEMENTS["contacts_due"], before)]


async def purge_contacts(db: Db, sender_id: int, before: datetime, at_once: int) -> int:
    """Forget some of a sender's contact record; return how many lists."""
    gone: int = await db.fetchval(STATEMENTS["purge_contacts"], sender_id, before, at_once)
    return gone


async def orphans_due(db: Db, before: datetime) -> list[DueRow]:
    """Return how many lists of checks without a record were stored before."""
    return [DueRow(*row) for row in await db.fetch(STATEMENTS["orphans_due"], before)]


async def purge_orphans(db: Db, sender_id: int, before: datetime, at_once: int) -> int:
    """Forget some of a sender's lists without a record; return how many."""
    return touched(await db.execute(STATEMENTS["purge_orphans"], sender_id, before, at_once))


async def first_seen_due(db: Db, before: datetime) -> list[DueRow]:
    """Return how much of the sample of people asked about is older."""
    return [DueRow(*row) for row in await db.fetch(STATEMENTS["first_seen_due"], before.date())]


async def purge_first_seen(db: Db, sender_id: int, before: datetime, at_once: int) -> int:  # noqa: ARG001 - of all senders, all at once
    """Forget the part of the sample that is older; return how many."""
    return await enumeration.purge_first_seen(db, before.date())


async def replays_due(db: Db, before: datetime) -> list[DueRow]:
    """Return how many repeatable answers expired before."""
    return [DueRow(*row) for row in await db.fetch(STATEMENTS["replays_due"], before)]


async def purge_replays(db: Db, sender_id: int, before: datetime, at_once: int) -> int:  # noqa: ARG001 - all at once
    """Forget a sender's expired answers; return how many."""
    return await replays.forget_replays(db, sender_id, before)


async def parts_due(db: Db, before: datetime) -> list[DueRow]:
    """Return how many parts of long messages were received before."""
    return [DueRow(*row) for row in await db.fetch(STATEMENTS["parts_due"], before)]


async def purge_parts(db: Db, sender_id: int, before: datetime, at_once: int) -> int:  # noqa: ARG001 - of all senders, all at once
    """Forget the parts received before; return how many."""
    return await review.purge_parts(db, before)


async def texts_due(db: Db, before: datetime) -> list[DueRow]:
    """Return how many texts of review items opened before are still held."""
    return [DueRow(*row) for row in await db.fetch(STATEMENTS["texts_due"], before)]


async def purge_texts(db: Db, sender_id: int, before: datetime, at_once: int) -> int:  # noqa: ARG001 - of all senders, all at once
    """Forget the texts of review items opened before; return how many."""
    return await review.purge_review_texts(db, before)


async def quarantine_due(db: Db, before: datetime) -> list[DueRow]:
    """Return how many requests in quarantine were received before."""
    return [DueRow(*row) for row in await db.fetch(STATEMENTS["quarantine_due"], before)]


async def purge_quarantine(db: Db, sender_id: int, before: datetime, at_once: int) -> int:  # noqa: ARG001 - of all senders, all at once
    """Forget the requests in quarantine received before; return how many."""
    return touched(await db.execute(STATEMENTS["purge_quarantine"], before))


async def cases_due(db: Db, before: datetime) -> list[DueRow]:
    """Return how many people's requests were closed before."""
    return [DueRow(*row) for row in await db.fetch(STATEMENTS["cases_due"], before)]


async def purge_cases(db: Db, sender_id: int, before: datetime, at_once: int) -> int:  # noqa: ARG001 - of all senders, all at once
    """Forget people's requests closed before; return how many."""
    return touched(await db.execute(STATEMENTS["purge_cases"], before))


async def freeze(db: Db, sender_id: int, reason: str, now: datetime, by: str) -> int:
    """Forbid to forget a sender's data; return the freeze's id."""
    freeze_id: int = await db.fetchval(STATEMENTS["freeze"], sender_id, reason, now, by)
    return freeze_id


async def thaw(db: Db, freeze_id: int, now: datetime, by: str) -> int | None:
    """End a freeze; return its sender, None when there is no such freeze in force."""
    sender_id: int | None = await db.fetchval(STATEMENTS["thaw"], freeze_id, now, by)
    return sender_id


async def open_freezes(db: Db) -> list[FreezeRow]:
    """Return the freezes in force."""
    return [FreezeRow(*row) for row in await db.fetch(STATEMENTS["open_freezes"])]


async def claim(db: Db, now: datetime, until: datetime, due: datetime) -> bool:
    """Begin the purge; False when another process is at it, or when it began after `due`."""
    return await db.fetchval(STATEMENTS["claim_retention"], now, until, due) is not None


async def end(db: Db, now: datetime, *, well: bool) -> None:
    """Write down that the purge ended."""
    await db.execute(STATEMENTS["end_retention"], now, well)


async def last_activity(db: Db, sender_ids: Sequence[int]) -> datetime | None:
    """Return when one of these senders checked for the last time."""
    at: datetime | None = await db.fetchval(STATEMENTS["last_activity"], list(sender_ids))
    return at


async def states_page(db: Db, sender_id: int, epoch: int, after: int | None, limit: int) -> list[StateRow]:
    """Return some of the people of whom a sender knows a state, by tag, in the form of this epoch."""
    return [StateRow(*row) for row in await db.fetch(STATEMENTS["states_page"], sender_id, after, limit, epoch)]


async def lock(db: Db, sender_id: int) -> int:
    """Lock a sender's head until the transaction ends: no state changes meanwhile. Return the epoch in force."""
    _, _, epoch, _ = (await ledgers.lock_heads(db, [sender_id]))[sender_id]
    return epoch


async def forget_people(db: Db, sender_id: int, tags: Sequence[int]) -> None:
    """Forget people altogether, under the locked head; ForbiddenError unless the owner of the database asks."""
    try:
        await db.execute(STATEMENTS["drop_states"], sender_id, list(tags))
    except InsufficientPrivilegeError:
        raise ForbiddenError(
            "The service's database role cannot delete oppositions. Run this with the address of the database's owner."
        ) from None
    await db.execute(STATEMENTS["drop_openings"], sender_id, list(tags))
    await db.execute(STATEMENTS["drop_review_people"], sender_id, list(tags))
    await db.execute(STATEMENTS["begin_generation"], sender_id)
