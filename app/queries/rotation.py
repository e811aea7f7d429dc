"""Senders' keys over time, and what a rotation copies, carries and sweeps."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from app import appends
from app.database import STATEMENTS
from app.lifting import Person
from app.queries.rows import Db, columns


class OpeningRow(msgspec.Struct, frozen=True):
    """What opens one entry's commitment, in the form in force."""

    tag: int
    entry_index: int
    salt: bytes


class CarriedRow(msgspec.Struct, frozen=True):
    """A person of a review item."""

    connection_id: int
    dedupe: bytes
    tag: int
    epoch: int


class FormsRow(msgspec.Struct, frozen=True):
    """How many rows there are in the form in force, and in the next one."""

    present: int
    next: int


async def list_epochs(db: Db) -> dict[int, int]:
    """Return how often each sender's key was rotated; those that never were are left out."""
    return {row["sender_id"]: row["epoch"] for row in await db.fetch(STATEMENTS["list_epochs"])}


async def list_salts(db: Db) -> dict[int, list[bytes]]:
    """Return the salts of each sender's later keys, the last of which may not be in force yet."""
    found: dict[int, list[bytes]] = defaultdict(list)
    for sender_id, salt in await db.fetch(STATEMENTS["list_salts"]):
        found[sender_id].append(salt)
    return found


async def salts_of(db: Db, sender_ids: Sequence[int]) -> dict[int, list[bytes]]:
    """Return all salts of some senders, in the order of their epochs."""
    found: dict[int, list[bytes]] = defaultdict(list)
    for sender_id, _, salt in await db.fetch(STATEMENTS["salts_of"], list(sender_ids)):
        found[sender_id].append(salt)
    return found


async def may_delete(db: Db) -> bool:
    """Tell whether this login may remove what a rotation or an erasure leaves behind."""
    may: bool = await db.fetchval(STATEMENTS["may_delete"])
    return may


async def begin_retagging(db: Db, sender_id: int, epoch: int, salt: bytes, now: datetime) -> None:
    """Store the salt of the epoch to come; from here on everything is written in both forms."""
    await db.execute(STATEMENTS["add_salt"], sender_id, epoch, salt, now)
    await db.execute(STATEMENTS["begin_retagging"], sender_id)


async def take_key_in_force(db: Db, sender_id: int, epoch_before: int, generation: int) -> bool:
    """Let the prepared key hold; False when it is not being prepared, or both forms were counted too long ago."""
    return await db.fetchval(STATEMENTS["take_key_in_force"], sender_id, epoch_before, generation) is not None


async def put_next_form(
    db: Db,
    states: Mapping[Person, appends.State],
    epochs: Mapping[int, int],
    openings: Sequence[tuple[int, int, int, bytes, int, int]],
) -> None:
    """Write states and openings in the form that is being prepared; `epochs`: by sender, its epoch."""
    rows = (
        (*person, s.opposed, s.since, s.source, s.changed_at_index, s.confirmed_at, s.history, epochs[person[0]])
        for person, s in states.items()
    )
    await db.execute(STATEMENTS["put_next_opt_outs"], *columns(rows, width=9))
    await db.execute(STATEMENTS["put_next_openings"], *columns(openings, width=6))


async def opt_outs_to_copy(db: Db, sender_id: int, epoch: int, after: int, limit: int) -> list[int]:
    """Return a page of tags in force."""
    rows = await db.fetch(STATEMENTS["opt_outs_to_copy"], sender_id, epoch, after, limit)
    return [row["tag"] for row in rows]


async def copy_opt_outs(db: Db, sender_id: int, epoch: int, tags: Sequence[int], following: Sequence[int]) -> None:
    """Write these people's rows in the next form too; what an event has written since stays."""
    await db.execute(STATEMENTS["copy_opt_outs"], sender_id, epoch, tags, following)


async def openings_to_copy(db: Db, sender_id: int, epoch: int, after: tuple[int, int], limit: int) -> list[OpeningRow]:
    """Return a page of openings in force."""
    rows = await db.fetch(STATEMENTS["openings_to_copy"], sender_id, epoch, *after, limit)
    return [OpeningRow(*row) for row in rows]


async def copy_openings(
    db: Db, sender_id: int, epoch: int, rows: Sequence[OpeningRow], tags: Sequence[int], salts: Sequence[bytes]
) -> None:
    """Write these openings in the next form too."""
    former, indexes = [row.tag for row in rows], [row.entry_index for row in rows]
    await db.execute(STATEMENTS["copy_openings"], sender_id, epoch, former, indexes, tags, salts)


async def forms_of_opt_outs(db: Db, sender_id: int, epoch: int) -> FormsRow:
    """Count both forms at one instant."""
    row = await db.fetchrow(STATEMENTS["forms_of_opt_outs"], sender_id, epoch)
    return FormsRow(*row) if row else FormsRow(0, 0)


async def forms_of_openings(db: Db, sender_id: int, epoch: int) -> FormsRow:
    """Count both forms at one instant."""
    row = await db.fetchrow(STATEMENTS["forms_of_openings"], sender_id, epoch)
    return FormsRow(*row) if row else FormsRow(0, 0)


async def forget_orphan_openings(db: Db, sender_id: int, epoch: int) -> None:
    """Forget the copies of openings that were forgotten meanwhile."""
    await db.execute(STATEMENTS["forget_orphan_openings"], sender_id, epoch)


async def forget_opt_outs(db: Db, sender_id: int, epoch: int, tags: Sequence[int]) -> None:
    """Remove rows of an epoch."""
    await db.execute(STATEMENTS["forget_opt_outs"], sender_id, epoch, tags)


async def sweep_opt_outs(db: Db, sender_id: int, epoch: int, first: int, last: int) -> None:
    """Remove the former tags from `first` to `last`."""
    await db.execute(STATEMENTS["sweep_opt_outs"], sender_id, epoch, first, last)


async def sweep_openings(db: Db, sender_id: int, epoch: int, first: int, last: int) -> None:
    """Remove the openings under former tags from `first` to `last`."""
    await db.execute(STATEMENTS["sweep_openings"], sender_id, epoch, first, last)


async def people_to_carry(db: Db, sender_id: int, epoch: int, limit: int) -> list[CarriedRow]:
    """Return people of review items that are known by former tags."""
    return [CarriedRow(*row) for row in await db.fetch(STATEMENTS["people_to_carry"], sender_id, epoch, limit)]


async def carry_people(db: Db, sender_id: int, epoch: int, rows: Sequence[CarriedRow], tags: Sequence[int]) -> None:
    """Bring them up to the epoch in force."""
    told = ((row.connection_id, row.dedupe, tag) for row, tag in zip(rows, tags, strict=True))
    await db.execute(STATEMENTS["carry_people"], sender_id, epoch, *columns(told, width=3))
