"""Signed heads of ledgers, and who may read them."""

from app import ledger
from app.auth import Caller, Role, sender_of
from app.directory import Sender
from app.errors import NotFoundError
from app.queries import ledgers
from app.registry import Registry


async def head_of(registry: Registry, sender: Sender) -> ledgers.HeadRow:
    """Return a ledger's head as it is now."""
    async with registry.pool.acquire() as db:
        head = await ledgers.read_head(db, sender.sender_id)
    if head is None:
        raise NotFoundError("There is no such sender.")
    return head


async def checkpoint(registry: Registry, sender: Sender) -> str:
    """Return the signed head of a sender's ledger as it is now."""
    head = await head_of(registry, sender)
    return signed(registry, sender, head.size, root_of(head))


def root_of(head: ledgers.HeadRow) -> bytes:
    """Return the Merkle root that a head covers."""
    return ledger.root(ledger.Frontier(head.size, head.peaks))


def signed(registry: Registry, sender: Sender, size: int, root: bytes) -> str:
    """Sign a checkpoint. The caller has computed the root from what the ledger's head covers, never from elsewhere.

    WitnessError where that head is known to contradict one that this node has witnessed.
    """
    registry.witness.refuse(sender.sender_id)
    return ledger.sign_checkpoint(origin_of(registry, sender), size, root, registry.root.signing_key())


async def sender_for(registry: Registry, caller: Caller, slug: str | None) -> Sender:
    """Return the sender whose ledger this caller may read; somebody else's does not exist."""
    caller.require(Role.SENDER, Role.AUDITOR, Role.DPO)
    return await sender_of(caller, registry.directory, slug)


def origin_of(registry: Registry, sender: Sender) -> str:
    """Return the name of a sender's ledger in checkpoints."""
    return f"{registry.origin}/sender/{sender.slug}"


def verifier_key(registry: Registry, sender: Sender) -> str:
    """Return the public key under which a sender's checkpoints verify, as C2SP signed notes write it."""
    return ledger.verifier_key(origin_of(registry, sender), registry.root.signing_key().public_key())
