"""Keys of callers."""

from datetime import datetime

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db


class KeyRow(msgspec.Struct, frozen=True):
    """A key in force."""

    key_id: str
    secret_sha256: bytes
    role: str
    label: str
    sender_ids: list[int]


async def find_key(db: Db, key_id: str, now: datetime) -> KeyRow | None:
    """Return a key in force."""
    row = await db.fetchrow(STATEMENTS["find_key"], key_id, now)
    return KeyRow(*row) if row else None


async def add_key(db: Db, row: KeyRow, now: datetime, expires_at: datetime | None) -> None:
    """Add a key and the senders it may act for."""
    await db.execute(STATEMENTS["add_key"], row.key_id, row.secret_sha256, row.role, row.label, now, expires_at)
    for sender_id in row.sender_ids:
        await db.execute(STATEMENTS["add_key_sender"], row.key_id, sender_id)


async def revoke_key(db: Db, key_id: str, now: datetime) -> bool:
    """Revoke a key; False when there is none in force."""
    return await db.fetchval(STATEMENTS["revoke_key"], key_id, now) is not None
