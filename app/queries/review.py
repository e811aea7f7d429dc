"""What people must decide: review items, the budget of lifts, parts of long messages, keywords."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from app import appends
from app.database import STATEMENTS
from app.lifting import Budget, Item, Ruling
from app.queries.rows import Db, columns, touched


class ItemRow(msgspec.Struct, frozen=True):
    """A review item; box is None when its text was purged, decision None until somebody decides."""

    connection_id: int
    dedupe: bytes
    opened_at: datetime
    event_at: datetime
    lift_at: datetime
    code: str | None
    intent: str
    rule: str
    classifier: str
    doubtful_stop: bool
    reasons: list[str]
    box: bytes | None
    decision: str | None
    decided_at: datetime | None

    @property
    def key(self) -> appends.Key:
        """The key of its message."""
        return self.connection_id, self.dedupe


class PersonRow(msgspec.Struct, frozen=True):
    """A person as one sender's tag, and the epoch of the key that made it."""

    sender_id: int
    tag: int
    epoch: int


class PartRow(msgspec.Struct, frozen=True):
    """One part of a long message, sealed."""

    part: int
    box: bytes


async def open_items(db: Db, items: dict[appends.Key, Item]) -> None:
    """Open review items, in the order of their keys."""
    ordered = [items[key] for key in sorted(items)]
    rows = (
        (
            *(i.connection_id, i.dedupe, i.opened_at, i.event_at, i.lift_at, i.code, i.intent, i.rule, i.classifier),
            *(i.doubtful_stop, ",".join(i.reasons), i.box),
        )
        for i in ordered
    )
    await db.execute(STATEMENTS["open_items"], *columns(rows, width=12))
    people = [
        (sender_id, i.connection_id, i.dedupe, tag, i.epochs.get(sender_id, 0))
        for i in ordered
        for sender_id, tag in i.people
    ]
    await db.execute(STATEMENTS["put_item_people"], *columns(sorted(people), width=5))


async def list_items(db: Db, limit: int, *, decided: bool) -> list[ItemRow]:
    """Return the oldest items."""
    return [ItemRow(*row) for row in await db.fetch(STATEMENTS["list_items"], decided, limit)]


async def find_item(db: Db, dedupe: bytes) -> ItemRow | None:
    """Return the item of this message."""
    row = await db.fetchrow(STATEMENTS["find_item"], dedupe)
    return ItemRow(*row) if row else None


async def people_of_items(db: Db, keys: Sequence[appends.Key]) -> dict[appends.Key, list[PersonRow]]:
    """Return whom each item may concern."""
    found: dict[appends.Key, list[PersonRow]] = {key: [] for key in keys}
    for connection_id, dedupe, *person in await db.fetch(STATEMENTS["people_of_items"], *columns(keys, width=2)):
        found[connection_id, dedupe].append(PersonRow(*person))
    return found


async def decide_item(db: Db, ruling: Ruling) -> None:
    """Write a decision onto its item."""
    await db.execute(
        STATEMENTS["decide_item"], ruling.connection_id, ruling.dedupe, ruling.decision, ruling.decided_at, ruling.by
    )


async def purge_review_texts(db: Db, before: datetime) -> int:
    """Forget the texts of items opened before; return how many."""
    return touched(await db.execute(STATEMENTS["purge_review_texts"], before))


async def read_budgets(db: Db, sender_ids: Sequence[int], day: date) -> dict[int, Budget]:
    """Return the budgets of one UTC day; senders that lifted nobody yet have the least."""
    rows = await db.fetch(STATEMENTS["read_budgets"], sorted(sender_ids), day)
    known = {sender_id: Budget(lifted, allowed) for sender_id, lifted, allowed in rows}
    return {sender_id: known.get(sender_id, Budget()) for sender_id in sender_ids}


async def spend_budgets(db: Db, budgets: dict[int, Budget], day: date) -> None:
    """Write down what was spent."""
    rows = [(sender_id, b.spent, b.allowed) for sender_id, b in sorted(budgets.items()) if b.spent]
    senders, spent, allowed = columns(rows, width=3)
    await db.execute(STATEMENTS["spend_budgets"], senders, day, spent, allowed)


async def count_opposed(db: Db, sender_id: int) -> int:
    """Return how many people are opposed to a sender."""
    opposed: int = await db.fetchval(STATEMENTS["count_opposed"], sender_id)
    return opposed


async def put_part(db: Db, connection_id: int, thread: bytes, part: int, box: bytes, now: datetime) -> None:
    """Keep one part of a long message."""
    await db.execute(STATEMENTS["put_part"], connection_id, thread, part, box, now)


async def list_parts(db: Db, connection_id: int, thread: bytes) -> list[PartRow]:
    """Return the parts of a long message that are there, in order."""
    return [PartRow(*row) for row in await db.fetch(STATEMENTS["list_parts"], connection_id, thread)]


async def purge_parts(db: Db, before: datetime) -> int:
    """Forget parts received before; return how many."""
    return touched(await db.execute(STATEMENTS["purge_parts"], before))


async def set_code_words(db: Db, code: str, words: str) -> int | None:
    """Replace a code's keywords; return the version of its words, None where there is no such code."""
    version: int | None = await db.fetchval(STATEMENTS["set_code_words"], code, words)
    return version


async def set_sender_words(db: Db, code: str, sender_id: int, words: str) -> int | None:
    """Replace a sender's keywords on a code; return the version of the code's words."""
    await db.execute(STATEMENTS["set_sender_words"], code, sender_id, words)
    version: int | None = await db.fetchval(STATEMENTS["count_code_words"], code)
    return version
