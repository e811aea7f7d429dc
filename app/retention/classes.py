"""The classes of data that end by themselves: how long each is kept, and how it is found and forgotten."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec

from app.longtext import KEPT as PARTS_KEPT
from app.queries import journal, replays, retention
from app.queries.retention import DueRow
from app.queries.rows import Db
from app.settings import Settings

ORPHANS_KEPT = timedelta(days=1)
"""A list is stored some seconds before its check is recorded; what is alone after a day was never answered."""
CASES_KEPT = timedelta(days=3 * 365)


class DataClass(msgspec.Struct, frozen=True):
    """One class of data."""

    name: str
    what: str
    kept: Callable[[Settings], timedelta]
    due: Callable[[Db, datetime], Awaitable[list[DueRow]]]
    purge: Callable[[Db, int, datetime, int], Awaitable[int]]
    """Of one sender (0: of all), what is older than an instant, some at a time; returns how many."""
    evidence: bool = True
    """An incident or control freezes it."""
    proven: bool = False
    """Its purge is an entry of the sender's ledger; that of any class is one of the journal."""


async def _journal_due(db: Db, before: datetime) -> list[DueRow]:
    entries, oldest = await journal.due(db, before.date())
    return [DueRow(0, entries, 0, oldest)]


async def _drop_journal(db: Db, sender_id: int, before: datetime, at_once: int) -> int:  # noqa: ARG001 - whole days
    return await journal.drop(db, before.date())


CLASSES: tuple[DataClass, ...] = (
    DataClass(
        "contacts",
        "whom checks cleared",
        lambda settings: timedelta(days=settings.contact_days),
        retention.contacts_due,
        retention.purge_contacts,
        proven=True,
    ),
    DataClass(
        "first-seen",
        "the sample by which first questions about people are counted",
        lambda settings: timedelta(days=settings.contact_days),
        retention.first_seen_due,
        retention.purge_first_seen,
    ),
    DataClass(
        "orphans",
        "lists of checks that were never answered",
        lambda _: ORPHANS_KEPT,
        retention.orphans_due,
        retention.purge_orphans,
        evidence=False,
    ),
    DataClass(
        "replays",
        "answers that could be repeated, after their expiry",
        lambda _: replays.KEPT_AFTER_EXPIRY,
        retention.replays_due,
        retention.purge_replays,
        evidence=False,
    ),
    DataClass(
        "parts",
        "parts of long messages",
        lambda _: PARTS_KEPT,
        retention.parts_due,
        retention.purge_parts,
    ),
    DataClass(
        "texts",
        "texts of messages in review",
        lambda settings: timedelta(days=settings.review_days),
        retention.texts_due,
        retention.purge_texts,
    ),
    DataClass(
        "quarantine",
        "requests in quarantine",
        lambda settings: timedelta(days=settings.quarantine_days),
        retention.quarantine_due,
        retention.purge_quarantine,
    ),
    DataClass(
        "journal",
        "days of the journal of who did and saw what",
        lambda settings: timedelta(days=settings.journal_days),
        _journal_due,
        _drop_journal,
    ),
    DataClass(
        "cases",
        "people's requests, after they were closed",
        lambda _: CASES_KEPT,
        retention.cases_due,
        retention.purge_cases,
    ),
)


def cut_of(kind: DataClass, settings: Settings, now: datetime) -> datetime:
    """Return the instant before which a class is due."""
    return now - kind.kept(settings)
