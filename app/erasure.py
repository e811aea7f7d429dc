"""A sender is erased: a data protection officer's decision, after a preview.

One small transaction destroys the salts of all its keys: from then on no tag of the sender can be made from any number,
so nothing that is left anywhere can be told to be anyone's. Then the rows go. The ledger stays whole and verifiable:
its entries hold commitments, and what opens those is gone too.
"""

import msgspec

from app import clock, rotation
from app.administration import note, sender_named
from app.database import write_transaction
from app.errors import ConflictError
from app.queries import attribution, erasure, ledgers, setup
from app.queries.erasure import PeopleRow
from app.queries.rows import Db
from app.registry import Registry


async def preview(registry: Registry, slug: str) -> PeopleRow:
    """Return what an erasure would remove; ConflictError while another sender needs this one's list."""
    sender = await sender_named(registry, slug)
    async with registry.pool.acquire() as db:
        await _require_no_heir(db, sender.sender_id, slug)
        return await erasure.people_of_sender(db, sender.sender_id)


async def erase(registry: Registry, actor: str, slug: str, reason: str) -> PeopleRow:
    """Erase a sender, or go on where that was interrupted; return what was removed now.

    Its name, codes that others use, ledger, journal and records of checks stay. ConflictError while another sender
    needs this one's list.
    """
    said = rotation.reason_given(reason)
    sender_id = (await sender_named(registry, slug)).sender_id
    async with registry.pool.acquire() as db:
        await rotation.require_owner(db)
        await _require_no_heir(db, sender_id, slug)
        found = await erasure.people_of_sender(db, sender_id)
    detail = {name: str(count) for name, count in msgspec.structs.asdict(found).items()}
    # The entry comes first: should what follows fail, it tells of a decision, and the same command carries it out.
    await note(registry, sender_id, "purge", slug, {**detail, "step": "decided", "reason": said, "by": actor})
    async with write_transaction(registry.pool) as db:
        await attribution.lock_sender(db, sender_id)
        await ledgers.lock_heads(db, [sender_id])
        await _require_no_heir(db, sender_id, slug)
        await erasure.erase_sender(db, sender_id, clock.now())
        journal = msgspec.json.encode({**detail, "reason": said}).decode()
        await setup.journal_admin(db, clock.now(), actor, "sender.erase", slug, journal, [sender_id])
    await rotation.sweep(registry, sender_id, max(found.opt_outs, found.openings))
    async with registry.pool.acquire() as db:
        await erasure.erase_lists(db, sender_id)
    await note(registry, sender_id, "purge", slug, {**detail, "step": "done", "by": actor})
    await registry.directory.current(max_age_seconds=0)
    return found


async def _require_no_heir(db: Db, sender_id: int, slug: str) -> None:
    heirs = await erasure.heirs_of(db, sender_id)
    if heirs:
        raise ConflictError(
            f"`{', '.join(heirs)}` inherits the list of `{slug}`: without it, whoever is opposed would be let through."
        )
