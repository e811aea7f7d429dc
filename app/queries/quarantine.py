"""The quarantine, page by page, and the way out of it."""

from datetime import datetime

from app.database import STATEMENTS
from app.queries.mo import QuarantineRow
from app.queries.rows import Db


async def quarantine_page(
    db: Db, connection_id: int, received_at: datetime, fingerprint: bytes, limit: int
) -> list[QuarantineRow]:
    """Return the oldest requests after this place."""
    rows = await db.fetch(STATEMENTS["quarantine_page"], connection_id, received_at, fingerprint, limit)
    return [QuarantineRow(*row) for row in rows]


async def leave_quarantine(db: Db, connection_id: int, fingerprint: bytes) -> None:
    """Forget a request that was applied."""
    await db.execute(STATEMENTS["leave_quarantine"], connection_id, fingerprint)
