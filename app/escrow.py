"""Keeping the root key with several people, and getting it back: every act is journalled and told to every ledger.

Losing the root key loses every opposition, so it must be with people who can be reached when a machine is gone; and
none of them may hold it alone. A drill rebuilds the key and writes nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from app import clock, shares
from app.administration import note
from app.database import write_transaction
from app.queries import setup
from app.registry import Registry, unsealed_root


async def escrow(registry: Registry, actor: str, passphrases: Sequence[bytes], needed: int) -> list[bytes]:
    """Return the files of a new set of shares, one for each passphrase; earlier sets stay good."""
    root = await asyncio.to_thread(unsealed_root, registry.settings)
    files = await asyncio.to_thread(shares.seal, root, registry.origin, passphrases, needed, clock.random_bytes)
    await tell(registry, actor, "key.escrow", {"holders": str(len(files)), "needed": str(needed)})
    return files


async def tell(registry: Registry, actor: str, action: str, detail: Mapping[str, str]) -> None:
    """Write an act that concerns all senders into the journal and into every ledger."""
    senders = (await registry.directory.current(max_age_seconds=0)).senders
    async with write_transaction(registry.pool) as db:
        text = msgspec.json.encode(dict(detail)).decode()
        await setup.journal_admin(db, clock.now(), actor, action, registry.origin, text, sorted(senders))
    kind = action.replace(".", "-")
    await asyncio.gather(
        *(note(registry, sender_id, kind, registry.origin, {**detail, "by": actor}) for sender_id in senders)
    )
