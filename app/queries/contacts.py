"""Whom a sender was cleared for lately."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db

SMALL_LIST_BYTES = 8_000
"""A thousand tags: they come with their row rather than by a statement of their own."""


class ContactRow(msgspec.Struct, frozen=True):
    """A clearance as a contact: tags are None where they are many."""

    check_id: str
    changed_at_index: int
    campaign: str | None
    text_digest: bytes | None
    not_before: datetime
    expires_at: datetime
    gated: bool
    released: bool | None
    tags: bytes | None
    epoch: int
    """Of the key that made the tags."""
    paged: bool
    """Somebody was admitted or given back."""


async def contacts_since(db: Db, sender_id: int, index: int, since: datetime) -> list[ContactRow]:
    """Return the clearances for marketing that changed at an index or after it, and begin after an instant."""
    rows = await db.fetch(STATEMENTS["contacts_since"], sender_id, index, since, SMALL_LIST_BYTES)
    return [ContactRow(*row) for row in rows]


async def contacts_again(db: Db, sender_id: int, check_ids: Sequence[str]) -> list[ContactRow]:
    """Return the clearances of these checks as they are now."""
    rows = await db.fetch(STATEMENTS["contacts_again"], sender_id, list(check_ids), SMALL_LIST_BYTES)
    return [ContactRow(*row) for row in rows]


async def pages_of(db: Db, sender_id: int, check_id: str) -> list[tuple[bool, int, bytes]]:
    """Return the pages of a clearance: whether given back (else admitted), number, bits."""
    return [tuple(row) for row in await db.fetch(STATEMENTS["pages_of"], sender_id, check_id)]
