"""Heads and entries."""

from collections.abc import Sequence

import msgspec

from app import appends
from app.database import STATEMENTS
from app.queries.rows import Db, booleans, columns, moments, numbers
from app.standing import microseconds


class HeadRow(msgspec.Struct, frozen=True):
    """A ledger's head."""

    size: int
    peaks: bytes
    generation: int


class EntryRow(msgspec.Struct, frozen=True):
    """A ledger entry, its bytes as stored."""

    entry_index: int
    entry: bytes


async def lock_heads(db: Db, sender_ids: Sequence[int]) -> dict[int, tuple[int, bytes, int, bool]]:
    """Lock heads in the order given until the transaction ends; return what is known of those that exist.

    That is size, peaks, the epoch of the key in force, and whether the next one is being prepared.

    Each lock is a statement of its own, since one over several rows cannot be distributed; all go out together.
    """
    rows = await db.fetchmany(STATEMENTS["lock_head"], [(sender_id,) for sender_id in sender_ids])
    return {sender_id: (size, peaks, epoch, retagging) for sender_id, size, peaks, epoch, retagging in rows}


async def read_head(db: Db, sender_id: int) -> HeadRow | None:
    """Read one sender's head."""
    row = await db.fetchrow(STATEMENTS["read_head"], sender_id)
    return HeadRow(*row) if row else None


async def begin_generation(db: Db, sender_id: int) -> None:
    """Let every index of a sender be built anew: what changes was no append."""
    await db.execute(STATEMENTS["begin_generation"], sender_id)


async def append(db: Db, additions: Sequence[appends.Addition]) -> bool:
    """Write what is new in each ledger; False when a head is no longer the one that its lines were written for."""
    written = await db.fetchmany(STATEMENTS["append"], [_written(addition) for addition in additions])
    return len(written) == len(additions)


async def entries_page(db: Db, sender_id: int, first: int, end: int) -> list[EntryRow]:
    """Return the entries first … end-1."""
    return [EntryRow(*row) for row in await db.fetch(STATEMENTS["entries_page"], sender_id, first, end)]


def _written(new: appends.Addition) -> tuple[object, ...]:
    tags, indexes, salts = columns(new.openings, width=3)
    states = [state for _, state in new.states]
    confirmed = [None if s.confirmed_at is None else microseconds(s.confirmed_at) for s in states]
    return (
        *new.before,
        *new.after,
        new.lines,
        numbers(tags),
        numbers(indexes),
        salts,
        numbers([tag for tag, _ in new.states]),
        booleans([s.opposed for s in states]),
        moments([s.since for s in states]),
        [s.source for s in states],
        numbers([s.changed_at_index for s in states]),
        numbers(confirmed),
        [s.history for s in states],
        new.epoch,
    )
