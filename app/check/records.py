"""A check looked up again: what was recorded of it."""

import re

import msgspec

from app.auth import Caller, Role
from app.errors import NotFoundError
from app.queries import replays
from app.registry import Registry

CHECK_ID = re.compile(r"chk_[0-9a-f]{32}")


async def record_of(registry: Registry, caller: Caller, check_id: str) -> dict[str, object]:
    """Return a check's record; NotFoundError unless the caller acts for its sender, or audits it."""
    row = None
    if CHECK_ID.fullmatch(check_id) and caller.role is not Role.ADMIN:
        async with registry.pool.acquire() as db:
            row = await replays.check_by_id(db, caller.sender_ids, check_id)
    sender = await registry.directory.sender_by_id(row.sender_id) if row else None
    if row is None or sender is None:
        raise NotFoundError("There is no such check.")
    return {
        "check_id": check_id,
        "sender": sender.slug,
        "caller": row.key_id,
        "purpose": row.purpose,
        "campaign": row.campaign,
        "checked_at": row.checked_at,
        "evaluated_at": row.evaluated_at,
        "index": row.entry_index,
        "counts": msgspec.json.decode(row.counts),
    }
