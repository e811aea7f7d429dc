"""Leaf hashes for proofs, hashed where the entries lie."""

from app.database import STATEMENTS
from app.queries.rows import Db


async def leaf_hashes(db: Db, sender_id: int, first: int, end: int) -> bytes:
    """Return the leaf hashes of the entries first … end-1 that exist, 32 bytes each."""
    row = await db.fetchrow(STATEMENTS["leaf_hashes"], sender_id, first, end)
    return bytes(row["hashes"]) if row else b""
