"""The people a sender has asked about, sampled, and how many of a day were new."""

from collections.abc import Sequence
from datetime import date

import msgspec

from app.database import STATEMENTS
from app.queries.rows import Db


class SpentRow(msgspec.Struct, frozen=True):
    """Sampled tags: what the day had been charged with, and how many more were asked about for the first time."""

    before: int
    fresh: int


async def spend_first_seen(db: Db, sender_id: int, tags: Sequence[int], day: date, most: int) -> SpentRow:
    """Charge a day with those of the tags that are new, unless that makes it more than the most."""
    (row,) = await db.fetch(STATEMENTS["spend_first_seen"], sender_id, tags, day, most)
    return SpentRow(*row)


async def purge_first_seen(db: Db, before: date) -> int:
    """Forget whom senders first asked about before a day (UTC), under the retention of the contact record."""
    return int((await db.execute(STATEMENTS["purge_first_seen"], before)).rpartition(" ")[2])
