"""A sender's key is rotated while its checks and its STOPs go on, without any number (D4).

Every tag becomes the CMAC under the new key of the tag it was. The new key is prepared beside the one in force:

1. Its salt is stored and the sender's head says so; from that commit on, whoever writes a row under the locked head
   writes it in both forms.
2. What was there before is copied into the next form, page by page, without any lock; a row that an event has written
   meanwhile stays. Counted at one instant, both forms are then complete, and remain so.
3. One small transaction takes the new key in force and bumps the generation, so that every index is built anew. What
   was planned with the key before is brought up when it is committed (`epochs`); a check that was asked with it is
   refused by the index, and made again.
4. After a pause in which whoever still reads the former form is done, it is removed.

Interrupted anywhere, the same command goes on. Two at once do no harm: each step is done once or twice alike.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Protocol

import msgspec
import numpy as np

from app import clock, epochs, tags
from app.administration import note, sender_named
from app.database import write_transaction
from app.directory import Sender
from app.errors import ConflictError, InvalidValueError
from app.queries import ledgers, rotation, setup
from app.queries.rows import Db
from app.registry import Registry

ROWS_AT_ONCE = 10_000
SALT_BYTES = 32
SWEEP_AFTER_SECONDS = 60.0
"""Longer than any request may take that has read the former key."""
PASSES_MAX = 5
FIRST_TAG = -(2**63)
REASON_CHARACTERS_MAX = 200


class Rotated(msgspec.Struct, frozen=True):
    """What a rotation did: the epoch in force since, and how many rows each place held."""

    epoch: int
    rows: Mapping[str, int]


class Place(Protocol):
    """Where tags of a sender lie that are looked up by tag: copied into the next form, and swept after the flip.

    Another table with such tags needs a column `epoch`, statements like those of sql/queries/rotation.sql, an entry
    in PLACES, and writers that write the next form too while the head says `retagging` (sequencer). A table whose
    rows are found in another way may simply keep the epoch beside each tag: who has the number tags it with that
    epoch's keys (`cleared`), who has none brings the tag up when it is read (`review_person`).
    """

    name: str

    async def copy(self, db: Db, sender_id: int, epoch: int, key: bytes, tell: "Tell") -> None:
        """Copy everything of the epoch in force."""

    async def forms(self, db: Db, sender_id: int, epoch: int) -> rotation.FormsRow:
        """Count both forms at one instant."""

    async def mend(self, db: Db, sender_id: int, epoch: int, key: bytes) -> None:
        """Remove copies whose original is gone."""

    async def sweep(self, db: Db, sender_id: int, epoch: int, first: int, last: int) -> None:
        """Remove what is older than the epoch in force, from one tag to another."""


Tell = Callable[[str, int], None]
"""Takes a place's name and how many of its rows were copied."""


class OptOuts:
    """Who is opposed."""

    name = "opt_out"

    async def copy(self, db: Db, sender_id: int, epoch: int, key: bytes, tell: Tell) -> None:
        """Copy everything of the epoch in force."""
        async for page in _pages(db, sender_id, epoch):
            following = await asyncio.to_thread(tags.retag, key, np.array(page, np.int64))
            await rotation.copy_opt_outs(db, sender_id, epoch, page, following.tolist())
            tell(self.name, len(page))

    async def forms(self, db: Db, sender_id: int, epoch: int) -> rotation.FormsRow:
        """Count both forms at one instant."""
        return await rotation.forms_of_opt_outs(db, sender_id, epoch)

    async def mend(self, db: Db, sender_id: int, epoch: int, key: bytes) -> None:
        """Remove the copies of rows that were removed while they were being copied."""
        # The copies first: of somebody who comes in between, the original is found and nothing is missed.
        copies = [tag async for page in _pages(db, sender_id, epoch + 1) for tag in page]
        present = [tag async for page in _pages(db, sender_id, epoch) for tag in page]
        orphans = np.setdiff1d(np.array(copies, np.int64), tags.retag(key, np.array(present, np.int64)))
        await rotation.forget_opt_outs(db, sender_id, epoch + 1, orphans.tolist())

    async def sweep(self, db: Db, sender_id: int, epoch: int, first: int, last: int) -> None:
        """Remove a part of the former tags."""
        await rotation.sweep_opt_outs(db, sender_id, epoch, first, last)


class Openings:
    """What opens commitments: found by tag, and opened by the tag of the entry's own epoch (`epochs.opened`)."""

    name = "opening"

    async def copy(self, db: Db, sender_id: int, epoch: int, key: bytes, tell: Tell) -> None:
        """Copy everything of the epoch in force."""
        after = (FIRST_TAG, -1)
        while page := await rotation.openings_to_copy(db, sender_id, epoch, after, ROWS_AT_ONCE):
            following = tags.retag(key, np.array([row.tag for row in page], np.int64)).tolist()
            salts = epochs.masked(key, [row.salt for row in page], [row.entry_index for row in page])
            await rotation.copy_openings(db, sender_id, epoch, page, following, salts)
            after = (page[-1].tag, page[-1].entry_index)
            tell(self.name, len(page))

    async def forms(self, db: Db, sender_id: int, epoch: int) -> rotation.FormsRow:
        """Count both forms at one instant."""
        return await rotation.forms_of_openings(db, sender_id, epoch)

    async def mend(self, db: Db, sender_id: int, epoch: int, key: bytes) -> None:  # noqa: ARG002 - as every place
        """Forget the copies of what was forgotten while it was being copied."""
        await rotation.forget_orphan_openings(db, sender_id, epoch)

    async def sweep(self, db: Db, sender_id: int, epoch: int, first: int, last: int) -> None:
        """Remove a part of the former openings."""
        await rotation.sweep_openings(db, sender_id, epoch, first, last)


async def _pages(db: Db, sender_id: int, epoch: int) -> AsyncIterator[list[int]]:
    """Yield the tags of one epoch; the last one of a page begins the next one too, which does no harm."""
    least, page = FIRST_TAG, [0] * ROWS_AT_ONCE
    while len(page) == ROWS_AT_ONCE:
        page = await rotation.opt_outs_to_copy(db, sender_id, epoch, least, ROWS_AT_ONCE)
        yield page
        least = page[-1] if page else least


PLACES: tuple[Place, ...] = (OptOuts(), Openings())


async def rotate(
    registry: Registry,
    actor: str,
    slug: str,
    reason: str,
    *,
    sweep_after_seconds: float = SWEEP_AFTER_SECONDS,
    tell: Tell = lambda _, __: None,
    paused: Callable[[], Awaitable[None]] | None = None,
) -> Rotated:
    """Rotate a sender's key, or go on with a rotation that was interrupted.

    `tell` hears of every page; `paused` is awaited when all is prepared and nothing has changed yet.
    """
    said = reason_given(reason)
    sender = await sender_named(registry, slug)
    if sender.erased:
        raise ConflictError(f"`{slug}` was erased: it has no key.")
    async with registry.pool.acquire() as db:
        await require_owner(db)
    epoch = await _begin(registry, actor, sender, said)
    rows = await _prepared_and_taken(registry, actor, sender, epoch, tell, paused)
    await carry(registry, sender.sender_id)
    await asyncio.sleep(sweep_after_seconds)
    await sweep(registry, sender.sender_id, max(rows.values()))
    await note(
        registry, sender.sender_id, "key-rotation", slug, {"epoch": str(epoch + 1), "step": "swept", "by": actor}
    )
    return Rotated(epoch + 1, rows)


async def sweep(registry: Registry, sender_id: int, rows: int) -> None:
    """Remove what former keys have left in every place, some `rows`, in parts: tags lie evenly over 64 bits."""
    async with registry.pool.acquire() as db:
        epoch, parts = await _epoch(db, sender_id), rows // ROWS_AT_ONCE + 1
        borders = [FIRST_TAG + (part << 64) // parts for part in range(parts + 1)]
        for place in PLACES:
            for first, end in itertools.pairwise(borders):
                await place.sweep(db, sender_id, epoch, first, end - 1)


async def carry(registry: Registry, sender_id: int) -> None:
    """Bring up the people of review items, who are not looked up by their tags."""
    async with registry.pool.acquire() as db:
        epoch, chain = await _epoch(db, sender_id), await _chain(registry, db, sender_id)
        while page := await rotation.people_to_carry(db, sender_id, epoch, ROWS_AT_ONCE):
            found = [_brought_up(row, chain, epoch) for row in page]
            await rotation.carry_people(db, sender_id, epoch, page, found)


async def require_owner(db: Db) -> None:
    """Refuse a login that could begin but not end: the service's own role cannot remove an opposition, in any form."""
    if not await rotation.may_delete(db):
        raise ConflictError(
            "This login may not remove rows, which is right for the service. Run the command as the owner of the "
            "tables, as `stop-registry migrate` is."
        )


def reason_given(reason: str) -> str:
    """Return a reason as the ledger keeps it: one line."""
    said = " ".join(reason.split())
    if not said or len(said) > REASON_CHARACTERS_MAX:
        raise InvalidValueError(f"Say why, in one line of at most {REASON_CHARACTERS_MAX} characters; it stays.")
    return said


async def _begin(registry: Registry, actor: str, sender: Sender, reason: str) -> int:
    """Store the next salt, unless an interrupted rotation has; return the epoch in force."""
    sender_id = sender.sender_id
    async with write_transaction(registry.pool) as db:
        _, _, epoch, retagging = (await ledgers.lock_heads(db, [sender_id]))[sender_id]
        if retagging:
            return epoch
        now = clock.now()
        await rotation.begin_retagging(db, sender_id, epoch + 1, clock.random_bytes(SALT_BYTES), now)
        detail = {"epoch": str(epoch + 1), "step": "begun", "reason": reason}
        text = msgspec.json.encode(detail).decode()
        await setup.journal_admin(db, now, actor, "key.rotate", sender.slug, text, [sender_id])
    await note(registry, sender_id, "key-rotation", sender.slug, {**detail, "by": actor})
    return epoch


async def _prepared_and_taken(
    registry: Registry, actor: str, sender: Sender, epoch: int, tell: Tell, paused: Callable[[], Awaitable[None]] | None
) -> dict[str, int]:
    """Prepare the next form and take it in force.

    A purge or an erasure in between bumps the generation. What it has removed in one form must not come back in the
    other, so everything is compared once more.
    """
    for _ in range(PASSES_MAX):
        async with registry.pool.acquire() as db:
            head = await ledgers.read_head(db, sender.sender_id)
        rows = await _prepare(registry, sender.sender_id, epoch, tell)
        if paused is not None:
            await paused()
        if head is not None and await _take_in_force(registry, actor, sender, epoch, head.generation, rows):
            return rows
    raise ConflictError("Rows of this sender are removed all the time; nothing has changed. Run it again later.")


async def _prepare(registry: Registry, sender_id: int, epoch: int, tell: Tell) -> dict[str, int]:
    """Copy every place into the next form until both are complete at one instant."""
    rows: dict[str, int] = {}
    async with registry.pool.acquire() as db:
        key = (await _chain(registry, db, sender_id))[epoch + 1]
        for place in PLACES:
            for _ in range(PASSES_MAX):
                await place.copy(db, sender_id, epoch, key, tell)
                forms = await place.forms(db, sender_id, epoch)
                rows[place.name] = forms.present
                if forms.present == forms.next:
                    break
                await place.mend(db, sender_id, epoch, key)
            else:
                raise ConflictError(f"The rows of {place.name} do not agree; nothing has changed. Run it again.")
    return rows


async def _take_in_force(
    registry: Registry, actor: str, sender: Sender, epoch: int, generation: int, rows: Mapping[str, int]
) -> bool:
    """Take the next key in force; False when something was removed since it was prepared."""
    detail = {"epoch": str(epoch + 1), "step": "in-force", **{name: str(count) for name, count in rows.items()}}
    async with write_transaction(registry.pool) as db:
        _, _, present, retagging = (await ledgers.lock_heads(db, [sender.sender_id]))[sender.sender_id]
        if (present, retagging) != (epoch, True):
            raise ConflictError("Another command has ended this rotation.")
        if not await rotation.take_key_in_force(db, sender.sender_id, epoch, generation):
            return False
        text = msgspec.json.encode(detail).decode()
        await setup.journal_admin(db, clock.now(), actor, "key.rotate", sender.slug, text, [sender.sender_id])
    await registry.directory.current(max_age_seconds=0)
    await note(registry, sender.sender_id, "key-rotation", sender.slug, {**detail, "by": actor})
    return True


async def _chain(registry: Registry, db: Db, sender_id: int) -> tags.Chain:
    return registry.root.sender_keys(sender_id, (await rotation.salts_of(db, [sender_id]))[sender_id])


async def _epoch(db: Db, sender_id: int) -> int:
    epoch = (await rotation.list_epochs(db)).get(sender_id)
    return epoch or 0


def _brought_up(row: rotation.CarriedRow, chain: tags.Chain, epoch: int) -> int:
    return int(tags.retag(chain[row.epoch + 1 : epoch + 1], np.array([row.tag], np.int64))[0])
