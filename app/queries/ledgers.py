"""Heads and entries."""

from collections.abc import Iterable, Sequence

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db, columns

ONE_BY_ONE_MAX = 2  # heads: beyond, two round trips are fewer


class HeadRow(msgspec.Struct, frozen=True):
    """A ledger's head."""

    size: int
    peaks: bytes
    generation: int


class EntryRow(msgspec.Struct, frozen=True):
    """A ledger entry, its bytes as stored."""

    entry_index: int
    entry: bytes


async def lock_heads(db: Db, sender_ids: Sequence[int]) -> dict[int, tuple[int, bytes]]:
    """Lock heads in the order given until the transaction ends; return (size, peaks) of those that exist.

    Each lock is a statement of its own, since one over several rows cannot be distributed. Many are sent together and
    read afterwards: waiting for each answer would make a message to many senders slow.
    """
    if len(sender_ids) > ONE_BY_ONE_MAX:
        await db.executemany(STATEMENTS["lock_head"], [(sender_id,) for sender_id in sender_ids])
        rows = await db.fetch(STATEMENTS["read_heads"], list(sender_ids))
        return {row["sender_id"]: (row["size"], row["peaks"]) for row in rows}
    found = {sender_id: await db.fetchrow(STATEMENTS["lock_head"], sender_id) for sender_id in sender_ids}
    return {sender_id: (row["size"], row["peaks"]) for sender_id, row in found.items() if row}


async def read_head(db: Db, sender_id: int) -> HeadRow | None:
    """Read one sender's head."""
    row = await db.fetchrow(STATEMENTS["read_head"], sender_id)
    return HeadRow(*row) if row else None


async def advance_heads(db: Db, heads: Iterable[tuple[int, int, bytes]]) -> None:
    """Set (sender, size, peaks) of locked heads."""
    await db.execute(STATEMENTS["advance_heads"], *columns(heads, width=3))


async def append_entries(db: Db, entries: Iterable[tuple[int, int, bytes]]) -> None:
    """Add (sender, index, entry) under locked heads."""
    await db.execute(STATEMENTS["append_entries"], *columns(entries, width=3))


async def entries_page(db: Db, sender_id: int, first: int, end: int) -> list[EntryRow]:
    """Return the entries first … end-1."""
    return [EntryRow(*row) for row in await db.fetch(STATEMENTS["entries_page"], sender_id, first, end)]


async def put_openings(db: Db, openings: Iterable[tuple[int, int, int, bytes]]) -> None:
    """Keep (sender, tag, index, salt): what opens the entries' commitments."""
    await db.execute(STATEMENTS["put_openings"], *columns(openings, width=4))
