"""Who is opposed, and since which day, for a sender's customer file.

A STOP on a shared code suppresses for all its senders. Told without care, a screen would let one of them find out who
said STOP to another. So a person opposed on such a basis alone is shown only to a sender that has cleared them before,
and no date is finer than a day.
"""

from collections.abc import AsyncIterator

import numpy as np
from numpy.typing import NDArray

from app.attribution import FANNED_OUT
from app.check.gate import in_thread
from app.check.recording import Case
from app.directory import Sender
from app.queries import screens
from app.queries.rows import Db
from app.queries.screens import Page, ScreenedRow
from app.tags import Chain, retag
from app.tagset import Mask, Tags
from app.verdict import RECORD

TAGS_AT_ONCE = 10_000
FEW_TAGS = 50  # looked up one by one in slices of what was cleared, rather than in all of it
Days = NDArray[np.int64]
"""For each position the day its person is opposed since (proleptic ordinal), 0 where there is none to tell."""


async def shown(case: Case, tags: Tags, opposed: Mask) -> tuple[Mask, Days]:
    """Narrow what is opposed to what this sender may see, with the days."""
    size = len(case.asked.body)
    asked = await in_thread(size, _distinct, tags[opposed])
    sender_id, rows = case.sender.sender_id, list[ScreenedRow]()
    async with case.registry.pool.acquire() as db:
        for at in range(0, asked.size, TAGS_AT_ONCE):
            rows += await screens.screened(db, sender_id, asked[at : at + TAGS_AT_ONCE].tolist(), FANNED_OUT)
        fanned_out = np.array(sorted(row.tag for row in rows if row.fanned_out), np.int64)
        unknown = await _never_cleared(db, case.sender, fanned_out)
    return await in_thread(size, _by_position, tags, opposed, rows, unknown)


def _by_position(tags: Tags, opposed: Mask, rows: list[ScreenedRow], hidden: Tags) -> tuple[Mask, Days]:
    since = np.zeros(tags.size, np.int64)
    if rows:
        found = np.array([row.tag for row in rows], np.int64)
        days = np.array([row.day.toordinal() for row in rows], np.int64)
        days[_among(found, hidden)] = 0
        order = found.argsort()
        found, days = found[order], days[order]
        positions = np.flatnonzero(opposed)
        places = np.searchsorted(found, tags[positions]).clip(max=found.size - 1)
        since[positions] = np.where(found[places] == tags[positions], days[places], 0)
    return since > 0, since


async def _never_cleared(db: Db, sender: Sender, tags: Tags) -> Tags:
    """Return those of the ascending tags that no recorded check of the sender has cleared."""
    sender_id, epochs = sender.sender_id, len(sender.key)
    if tags.size:
        tags = await _left_of(screens.small_blobs(db, sender_id, epochs), tags, sender.key)
    if tags.size > FEW_TAGS:
        return await _left_of(screens.large_blobs(db, sender_id, epochs), tags, sender.key)
    if tags.size and sender.epoch:
        # Where a tag stood before a rotation only its number tells; so these lists are read as a whole.
        tags = await _left_of(screens.large_blobs(db, sender_id, sender.epoch), tags, sender.key)
    found = [await _in_large(db, sender, tag) for tag in tags.tolist()]
    return tags[~np.array(found, np.bool_)]


async def _left_of(pages: AsyncIterator[Page], tags: Tags, key: Chain) -> Tags:
    """Return the tags that are in none of the pages."""
    async for page in pages:
        tags = tags[~await in_thread(len(page.tags), _cleared_among, tags, page, key[page.epoch + 1 :])]
        if not tags.size:
            break
    return tags


async def _in_large(db: Db, sender: Sender, tag: int) -> bool:
    """Tell whether a large check cleared a tag, from some kilobytes of each; exact even where the guess is not.

    Of the present epoch: those of former ones have been read.
    """
    async for part in screens.slices(db, sender.sender_id, tag, sender.epoch):
        near = np.frombuffer(part.tags, RECORD)
        place = int(np.searchsorted(near, tag))
        if place < near.size and near[place] == tag:
            return True
        misses = (place == 0 and part.start > 0) or (place == near.size and part.start + near.size < part.size)
        if misses:
            pages = screens.large_blobs(db, sender.sender_id, len(sender.key))
            return not (await _left_of(pages, np.array([tag], np.int64), sender.key)).size
    return False


def _cleared_among(tags: Tags, page: Page, later: Chain) -> Mask:
    cleared = retag(later, np.frombuffer(page.tags, RECORD))
    # Sorted already where it is one blob of the present key; sorting that again costs little.
    return _among(tags, np.sort(cleared, kind="stable"))


def _distinct(tags: Tags) -> Tags:
    # Not np.unique, which takes a second for a million of 64 bits.
    ordered = np.sort(tags)
    kept = np.ones(ordered.size, np.bool_)
    kept[1:] = ordered[1:] != ordered[:-1]
    return ordered[kept]


def _among(tags: Tags, ordered: Tags) -> Mask:
    """Tell which of the tags are among ascending ones."""
    if not ordered.size:
        return np.zeros(tags.size, np.bool_)
    places = np.searchsorted(ordered, tags).clip(max=ordered.size - 1)
    same: Mask = ordered[places] == tags
    return same
