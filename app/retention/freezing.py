"""What forbids to forget: an incident or a control that is open, for one sender or for all."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from app import clock, journal
from app.administration import note, sender_named
from app.errors import ConflictError, NotFoundError
from app.queries import retention
from app.queries.retention import FreezeRow
from app.registry import Registry
from app.wording import plain_reason

EVERYBODY = 0


class Freeze(msgspec.Struct, frozen=True):
    """A freeze in force; sender None: of everybody."""

    freeze_id: int
    sender: str | None
    reason: str
    opened_at: datetime
    opened_by: str


async def freeze(registry: Registry, actor: str, reason: str, slug: str | None = None) -> int:
    """Forbid to forget what is held for a sender, or at all; return the id to thaw it by."""
    said = plain_reason(reason)
    sender_id = (await sender_named(registry, slug)).sender_id if slug else EVERYBODY
    async with registry.pool.acquire() as db:
        freeze_id = await retention.freeze(db, sender_id, said, clock.now(), actor)
    await _written(registry, actor, "retention.freeze", freeze_id, sender_id, said)
    return freeze_id


async def thaw(registry: Registry, actor: str, freeze_id: int, reason: str) -> None:
    """End a freeze; what became due meanwhile goes with the next purge."""
    said = plain_reason(reason)
    async with registry.pool.acquire() as db:
        sender_id = await retention.thaw(db, freeze_id, clock.now(), actor)
    if sender_id is None:
        raise NotFoundError("There is no such freeze in force; `stop-registry retention preview` lists them.")
    await _written(registry, actor, "retention.thaw", freeze_id, sender_id, said)


async def freezes(registry: Registry) -> list[Freeze]:
    """Return the freezes in force."""
    async with registry.pool.acquire() as db:
        rows = await retention.open_freezes(db)
    senders = (await registry.directory.current()).senders
    slugs = {row.sender_id: senders[row.sender_id].slug for row in rows if row.sender_id in senders}
    return [Freeze(r.freeze_id, slugs.get(r.sender_id), r.reason, r.opened_at, r.opened_by) for r in rows]


async def require_thawed(registry: Registry, sender_id: int) -> None:
    """Refuse to forget anything of a sender while an incident or control needs it."""
    async with registry.pool.acquire() as db:
        found = holding(await retention.open_freezes(db), sender_id)
    if found:
        raise ConflictError(
            f"Nothing may be forgotten here while freeze {found.freeze_id} is in force: {found.reason}. "
            "`stop-registry retention thaw` ends it."
        )


def holding(rows: Sequence[FreezeRow], sender_id: int) -> FreezeRow | None:
    """Return a freeze that keeps a sender's data. What is kept for nobody in particular is kept by any freeze."""
    wanted = {EVERYBODY, sender_id}
    return next((row for row in rows if row.sender_id in wanted or sender_id == EVERYBODY), None)


async def _written(registry: Registry, actor: str, action: str, freeze_id: int, sender_id: int, reason: str) -> None:
    concerned = [sender_id] if sender_id else []
    await journal.write(registry, actor, action, str(freeze_id), {"reason": reason}, concerned)
    for one in concerned:
        detail = {"act": action.removeprefix("retention."), "reason": reason, "by": actor}
        await note(registry, one, "retention", str(freeze_id), detail)
