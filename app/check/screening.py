"""Who is opposed, and since which day, for a sender's customer file.

A STOP on a shared code suppresses for all its senders. Told without care, a screen would let one of them find out who
said STOP to another. So a person opposed on such a basis alone is shown only to a sender that has cleared them before,
and no date is finer than a day.
"""

import numpy as np
from numpy.typing import NDArray

from app.attribution import FANNED_OUT
from app.check.recording import Case
from app.queries import screens
from app.queries.rows import Db
from app.tagset import Mask, Tags
from app.verdict import RECORD

TAGS_AT_ONCE = 10_000
Days = NDArray[np.int64]
"""For each position the day its person is opposed since (proleptic ordinal), 0 where there is none to tell."""


async def shown(case: Case, tags: Tags, opposed: Mask) -> tuple[Mask, Days]:
    """Narrow what is opposed to what this sender may see, with the days."""
    asked = np.unique(tags[opposed])
    if not asked.size:
        return opposed, np.zeros(tags.size, np.int64)
    rows: list[screens.ScreenedRow] = []
    async with case.registry.pool.acquire() as db:
        for at in range(0, asked.size, TAGS_AT_ONCE):
            part = asked[at : at + TAGS_AT_ONCE].tolist()
            rows += await screens.screened(db, case.sender.sender_id, part, FANNED_OUT)
        fanned_out = np.array([row.tag for row in rows if row.fanned_out], np.int64)
        known = await _cleared_before(db, case.sender.sender_id, fanned_out)
    hidden = np.setdiff1d(fanned_out, known)
    found = np.array([row.tag for row in rows], np.int64)
    days = np.array([row.day.toordinal() for row in rows], np.int64)
    visible = ~np.isin(found, hidden)
    return _by_position(tags, opposed, found[visible], days[visible])


def _by_position(tags: Tags, opposed: Mask, found: Tags, days: Days) -> tuple[Mask, Days]:
    since = np.zeros(tags.size, np.int64)
    if found.size:
        order = found.argsort()
        found, days = found[order], days[order]
        positions = np.flatnonzero(opposed)
        places = np.searchsorted(found, tags[positions]).clip(max=found.size - 1)
        same = found[places] == tags[positions]
        since[positions[same]] = days[places[same]]
    return since > 0, since


async def _cleared_before(db: Db, sender_id: int, tags: Tags) -> Tags:
    """Return those of the tags that a recorded check of the sender has cleared."""
    left = np.unique(tags)
    if not left.size:
        return left
    known = []
    async for page in screens.cleared_pages(db, sender_id):
        met = np.isin(left, np.frombuffer(page, RECORD))
        known.append(left[met])
        left = left[~met]
        if not left.size:
            break
    return np.concatenate(known) if known else np.empty(0, np.int64)
