"""What oppositions that are brought in are compared with."""

from collections.abc import Sequence

from app.database import STATEMENTS
from app.queries.rows import Db


async def lines_about(db: Db, sender_id: int, tags: Sequence[int]) -> list[bytes]:
    """Return the ledger lines about these people, in no order."""
    if not tags:
        return []
    return [row["entry"] for row in await db.fetch(STATEMENTS["lines_about"], sender_id, list(tags))]
