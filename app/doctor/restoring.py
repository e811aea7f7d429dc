"""Accepting that a database is older than what this node has cleared from, or that its witness is lost.

It is the end of one history and the beginning of another: the registry signs under a new name from then on, so that no
old signature passes for one of the new ledgers, and every ledger concerned says what it lost.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from app import administration, clock, ledger
from app.alarms import Kind
from app.errors import ConflictError, InvalidValueError
from app.ledger import Frontier
from app.ledger.tree import HASH_BYTES
from app.queries import ledgers, proofs, setup, witness
from app.queries.witness import LedgerRow, RestoreRow
from app.registry import Registry
from app.witness import DamagedError, Era, Head

PAGE_LEAVES = 16_384
REASON_CHARACTERS_MAX = 500
FIRST_ERA = 1


class Loss(msgspec.Struct, frozen=True):
    """What one ledger lost: entries `agreed` to `witnessed.size`, of which the present ones are no copies."""

    row: LedgerRow
    witnessed: Frontier
    agreed: int
    """Up to which size the ledger is known to be what was witnessed."""

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"{self.row.slug}: {self.witnessed.size} entries were witnessed, the database has {self.row.size}; "
            f"what entries {self.agreed} to {self.witnessed.size - 1} said is lost"
        )


class Preview(msgspec.Struct, frozen=True):
    """What accepting would mean."""

    losses: Sequence[Loss]
    forgotten: bool
    """The witness itself is lost, so nobody can say what the ledgers lost."""
    era: Era
    """The one that begins, or is joined."""
    joins: bool
    """Another node has accepted this restore before."""


async def preview(registry: Registry) -> Preview | None:
    """Return what this node would accept; None where nothing stands in the way."""
    if not registry.witness.refusals():
        return None
    forgotten = await _is_forgotten(registry)
    histories = {} if forgotten else await asyncio.to_thread(_histories, registry)
    found = [] if forgotten else await registry.witness.contradicted()
    losses = [Loss(row, known, await _agreed(registry, row, histories)) for row, known in found]
    async with registry.pool.acquire() as db:
        founded, restored = await setup.read_registry(db), await witness.last_restore(db)
    present = restored.era if restored else FIRST_ERA
    joins = not forgotten and restored is not None and registry.witness.file.era.number < restored.era
    number = present if joins else max(present, registry.witness.file.era.number) + 1
    origin = restored.origin if joins and restored else f"{founded.origin if founded else ''}#{number}"
    return Preview(losses, forgotten, Era(number, origin, ledger.timestamp(clock.now())), joins)


async def accept(registry: Registry, seen: Preview, actor: str, reason: str) -> None:
    """Let what is there count from now on. The ledgers say so before the witness does: cut off, it is done again."""
    if not reason.strip() or len(reason) > REASON_CHARACTERS_MAX:
        raise InvalidValueError(f"Say why, in 1 to {REASON_CHARACTERS_MAX} characters: --reason …")
    concerned = await _concerned(registry, seen)
    async with registry.pool.acquire() as db, db.transaction():
        now = clock.now()
        detail = msgspec.json.encode({"reason": reason, "losses": [str(loss) for loss in seen.losses]}).decode()
        if not seen.joins:
            await witness.accept_restore(db, RestoreRow(seen.era.number, seen.era.origin, now), actor, reason, detail)
        await setup.journal_admin(db, now, actor, "restore.accept", seen.era.origin, detail)
        for row in concerned:
            await ledgers.begin_generation(db, row.sender_id)
    for row in concerned:
        loss = next((loss for loss in seen.losses if loss.row.sender_id == row.sender_id), None)
        await administration.note(registry, row.sender_id, "restore", row.slug, _told(seen, loss, actor, reason))
    await _begin(registry, seen)
    for row in concerned:
        registry.alarms.close_alarm(Kind.LEDGER_NOT_AS_WITNESSED, row.slug)
    registry.alarms.close_alarm(Kind.LEDGER_NOT_AS_WITNESSED, clock.node())


async def _begin(registry: Registry, seen: Preview) -> None:
    file, at = registry.witness.file, ledger.timestamp(clock.now())
    async with registry.pool.acquire() as db:
        heads = [Head(row.sender_id, row.tree, at) for row in await witness.every_head(db)]
    if seen.forgotten and file.exists():
        await asyncio.to_thread(file.set_aside)
    await asyncio.to_thread(file.begin_again, seen.era, heads)
    registry.witness.adopt(seen.era)


def _told(seen: Preview, loss: Loss | None, actor: str, reason: str) -> dict[str, str]:
    told = {"by": actor, "reason": reason, "origin": seen.era.origin}
    if loss is None:
        return {**told, "lost": "unknown: the witness was lost"}
    return {
        **told,
        "lost_from": str(loss.agreed),
        "lost_to": str(loss.witnessed.size - 1),
        "witnessed_size": str(loss.witnessed.size),
        "witnessed_root": ledger.root(loss.witnessed).hex(),
    }


async def _concerned(registry: Registry, seen: Preview) -> list[LedgerRow]:
    """Return the ledgers that lost something, or may have; each must at least be what its own head says."""
    async with registry.pool.acquire() as db:
        rows = await witness.every_head(db)
    lost = {loss.row.sender_id for loss in seen.losses}
    concerned = [row for row in rows if seen.forgotten or row.sender_id in lost]
    for row in concerned:
        if (await _walked(registry, row, {}))[0] != row.tree:
            raise ConflictError(
                f"The stored entries of `{row.slug}` are not those of its own head, so nothing can go on from them: "
                "restore another backup."
            )
    return concerned


async def _is_forgotten(registry: Registry) -> bool:
    file = registry.witness.file
    if not file.exists():
        return True
    try:
        await asyncio.to_thread(file.read)
    except DamagedError:
        return True
    return False


def _histories(registry: Registry) -> dict[int, dict[int, Frontier]]:
    """Return the heads of each sender that this node has witnessed in this era, by size."""
    found: dict[int, dict[int, Frontier]] = {}
    for line in registry.witness.file.history():
        if isinstance(line, Era):
            found = {}
        else:
            found.setdefault(line.sender_id, {})[line.tree.size] = line.tree
    return found


async def _agreed(registry: Registry, row: LedgerRow, histories: dict[int, dict[int, Frontier]]) -> int:
    return (await _walked(registry, row, histories.get(row.sender_id, {})))[1]


async def _walked(registry: Registry, row: LedgerRow, history: dict[int, Frontier]) -> tuple[Frontier, int]:
    """Hash a ledger's entries once; return its tree, and the largest size at which it was as witnessed."""
    tree, agreed = ledger.EMPTY, 0
    for first in range(0, row.size, PAGE_LEAVES):
        end = min(first + PAGE_LEAVES, row.size)
        async with registry.pool.acquire() as db:
            page = await proofs.leaf_hashes(db, row.sender_id, first, end)
        leaves = [page[start : start + HASH_BYTES] for start in range(0, len(page), HASH_BYTES)]
        for size in sorted(size for size in history if first < size <= end):
            if await asyncio.to_thread(ledger.append, tree, leaves[: size - first]) == history[size]:
                agreed = size
        tree = await asyncio.to_thread(ledger.append, tree, leaves)
    return tree, agreed
