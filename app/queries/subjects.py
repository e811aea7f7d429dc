"""Everything that is held about people, found by their tags; and what may be erased of it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec

from app.appends import Key
from app.database import STATEMENTS
from app.queries.rows import Db, columns


class StateRow(msgspec.Struct, frozen=True):
    """Whether a person is opposed, since when, and through what."""

    tag: int
    opposed: bool
    since: datetime
    source: str
    confirmed_at: datetime | None


class EventRow(msgspec.Struct, frozen=True):
    """A ledger entry about a person, and the salt that opens it."""

    tag: int
    entry_index: int
    salt: bytes
    epoch: int
    """Of the tag, and of the mask on the salt; made_in: of the key under which the entry was written."""
    made_in: int
    entry: bytes


class ContactRow(msgspec.Struct, frozen=True):
    """A check that may have cleared a person: at_byte is where in its list (from 0), None where not in this slice.

    lowest and highest are the slice's ends, None where the list itself ends there.
    """

    check_id: str
    stored_at: datetime
    purpose: str
    campaign: str | None
    key_id: str
    entry_index: int
    at_byte: int | None
    lowest: bytes | None
    highest: bytes | None


class ItemRow(msgspec.Struct, frozen=True):
    """A review item; box is the sealed text, None when it is forgotten."""

    connection_id: int
    dedupe: bytes
    opened_at: datetime
    intent: str
    rule: str
    reasons: list[str]
    box: bytes | None
    decision: str | None
    decided_at: datetime | None


class LookupRow(msgspec.Struct, frozen=True):
    """When people were looked up, for which senders; detail is JSON text."""

    at: datetime
    sender_ids: list[int]
    detail: str


class OpenedRow(msgspec.Struct, frozen=True):
    """A request by its reference; opened: just now."""

    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    opened: bool


class CaseRow(msgspec.Struct, frozen=True):
    """A request of how many people, and until when it is to be answered."""

    reference: str
    people: int
    opened_at: datetime
    opened_by: str
    due_at: datetime
    closed_at: datetime | None
    outcome: str | None


class OwnCaseRow(msgspec.Struct, frozen=True):
    """A request of one person."""

    reference: str
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    outcome: str | None


async def states_of(db: Db, sender_id: int, tags: Sequence[int], epoch: int) -> list[StateRow]:
    """Return the states of those among these people that the sender knows, in the form of this epoch."""
    return [StateRow(*row) for row in await db.fetch(STATEMENTS["states_of"], sender_id, list(tags), epoch)]


async def events_of(db: Db, sender_id: int, tags: Sequence[int]) -> list[EventRow]:
    """Return the entries about these people, by person and index."""
    return [EventRow(*row) for row in await db.fetch(STATEMENTS["events_of"], sender_id, list(tags))]


async def deliveries_of(db: Db, keys: Iterable[Key]) -> dict[Key, int]:
    """Return how many times these messages came."""
    rows = await db.fetch(STATEMENTS["deliveries_of"], *columns(keys, width=2))
    return {(connection_id, dedupe): times for connection_id, dedupe, times in rows}


async def contacts_of(
    db: Db, sender_id: int, stored: bytes, place: float, checks: Sequence[str] | None, reach: float
) -> list[ContactRow]:
    """Look for a tag (8 bytes as stored, this part of all numbers below it) in what the sender's checks cleared."""
    only = None if checks is None else list(checks)
    rows = await db.fetch(STATEMENTS["contacts_of"], sender_id, stored, place, only, reach)
    return [ContactRow(*row) for row in rows]


async def admitted_places(db: Db, sender_id: int, places: Sequence[tuple[str, int]]) -> dict[str, bool]:
    """Return check -> given back unsent, of those (check, place) that a gateway was admitted to."""
    rows = await db.fetch(STATEMENTS["admitted_places"], sender_id, *columns(places, width=2))
    found: dict[str, bool] = {}
    for check_id, released in rows:
        found[check_id] = found.get(check_id, False) or released
    return found


async def lock_neighbours(db: Db, sender_id: int, check_id: str, first: int) -> tuple[bytes | None, bytes | None]:
    """Lock a list until the transaction ends; return what stands before and after a place (its first byte, from 1)."""
    row = await db.fetchrow(STATEMENTS["lock_neighbours"], sender_id, check_id, first)
    return (row["lower"], row["upper"]) if row else (None, None)


async def replace_place(db: Db, sender_id: int, check_id: str, first: int, new: bytes, old: bytes) -> bool:
    """Put something else at a place of a list; False when it holds another than `old`."""
    return await db.fetchval(STATEMENTS["replace_place"], sender_id, check_id, first, new, old) is not None


async def first_seen_of(db: Db, sender_id: int, tags: Sequence[int]) -> dict[int, date]:
    """Return since which day these people are in the sample by which first questions are counted; most are not."""
    rows = await db.fetch(STATEMENTS["first_seen_of"], sender_id, list(tags))
    return {row["tag"]: row["day"] for row in rows}


async def drop_first_seen(db: Db, sender_id: int, tag: int) -> None:
    """Take a person out of the sample."""
    await db.execute(STATEMENTS["drop_first_seen"], sender_id, tag)


async def items_of(db: Db, sender_id: int, tags: Sequence[int]) -> list[tuple[int, Key]]:
    """Return (tag, message key) of the review items about these people."""
    rows = await db.fetch(STATEMENTS["items_of"], sender_id, list(tags))
    return [(tag, (connection_id, dedupe)) for tag, connection_id, dedupe in rows]


async def items_by_key(db: Db, keys: Iterable[Key]) -> list[ItemRow]:
    """Return review items by their messages."""
    return [ItemRow(*row) for row in await db.fetch(STATEMENTS["items_by_key"], *columns(keys, width=2))]


async def lookups_of(db: Db, persons: Sequence[str], sender_ids: Sequence[int]) -> list[LookupRow]:
    """Return when one of these people was looked up for one of these senders, oldest first."""
    rows = await db.fetch(STATEMENTS["lookups_of"], list(persons), list(sender_ids))
    return [LookupRow(*row) for row in rows]


async def forget_lifted(db: Db, sender_id: int, tag: int) -> bool:
    """Forget the state of a person who is not opposed; False when there is none, or when the person is opposed."""
    return bool(await db.fetchval(STATEMENTS["forget_lifted"], sender_id, tag))


async def drop_openings(db: Db, sender_id: int, tag: int) -> None:
    """Forget what links a person to entries."""
    await db.execute(STATEMENTS["drop_openings"], sender_id, [tag])


async def drop_items(db: Db, sender_id: int, tag: int, keys: Sequence[Key], *, people: bool) -> None:
    """Forget the texts of decided items and, when asked, that they were about this person."""
    lists = columns(keys, width=2)
    await db.execute(STATEMENTS["drop_texts"], *lists)
    if people:
        await db.execute(STATEMENTS["drop_decided_people"], sender_id, tag, *lists)


async def open_case(
    db: Db, reference: str, persons: Sequence[bytes], opened_at: datetime, by: str, due_at: datetime
) -> OpenedRow:
    """Open a request, or add people to it."""
    row = await db.fetchrow(STATEMENTS["open_case"], reference, list(persons), opened_at, by, due_at)
    if row is None:
        raise AssertionError  # an upsert returns its row
    return OpenedRow(*row)


async def close_case(db: Db, reference: str, now: datetime, by: str, outcome: str) -> bool:
    """Close a request; False when there is no such open one."""
    return await db.fetchval(STATEMENTS["close_case"], reference, now, by, outcome) is not None


async def list_cases(db: Db, *, closed_too: bool) -> list[CaseRow]:
    """Return the requests, those due first first."""
    return [CaseRow(*row) for row in await db.fetch(STATEMENTS["list_cases"], closed_too)]


async def cases_of(db: Db, person: bytes) -> list[OwnCaseRow]:
    """Return the requests of a person."""
    return [OwnCaseRow(*row) for row in await db.fetch(STATEMENTS["cases_of"], person)]
