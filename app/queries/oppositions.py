"""Who is opposed."""

from collections.abc import Sequence
from typing import Any

import msgspec

from app import appends
from app.database import STATEMENTS
from app.lifting import Person
from app.queries.rows import Db, numbers


class StateRow(msgspec.Struct, frozen=True):
    """One changed tag beside the state it belongs to; tag is None where nothing changed."""

    holds: str | None
    """JSON of the holds that stand, see `holds.read`; None where there are none."""
    size: int
    peaks: bytes
    generation: int
    tag: int | None
    opposed: bool | None
    inherits: list[int]
    epoch: int
    """Of the key in force, which made the tags."""


async def standings(db: Db, people: Sequence[Person]) -> dict[Person, appends.State]:
    """Return the present state of (sender, tag) pairs."""
    if not people:
        return {}
    senders, tags = zip(*people, strict=True)
    rows = await db.fetch(STATEMENTS["standings"], numbers(senders), numbers(tags))
    return {(sender_id, tag): appends.State(*state) for sender_id, tag, *state in rows}


async def read_state(db: Db, sender_id: int, size: int, generation: int, delta_max: int) -> list[StateRow]:
    """Return the sender's state with what changed since; empty when there is no such sender."""
    rows = await db.fetch(STATEMENTS["read_state"], sender_id, size, generation, delta_max)
    return [StateRow(*row) for row in rows]


async def copy_opposed(
    db: Db,
    sender_id: int,
    epoch: int,
    sink: Any,  # noqa: ANN401 - asyncpg takes any file-like object
) -> None:
    """Stream the tags of everyone opposed, as PostgreSQL's binary COPY, into a coroutine that takes chunks."""
    await db.copy_from_query(STATEMENTS["copy_opposed"], sender_id, epoch, output=sink, format="binary")


async def state_and_opposed_among(db: Db, sender_id: int, tags: Sequence[int]) -> tuple[StateRow, list[int]] | None:
    """Return the sender's state and those of the tags that are opposed at it; None when there is no such sender."""
    row = await db.fetchrow(STATEMENTS["state_and_opposed_among"], sender_id, list(tags))
    if row is None:
        return None
    holds, size, peaks, generation, inherits, epoch, found = row
    return StateRow(holds, size, peaks, generation, None, None, inherits, epoch), found
