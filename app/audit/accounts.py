"""What surrounds a sender's ledger: who could do what, who did what, what went wrong, what waits.

Names of other senders never leave with it: what is another's is left out, and a mention of it becomes OTHER.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from app.alarms import Kind
from app.attribution import Candidate
from app.audit.members import Spools
from app.audit.scope import Scope
from app.directory import Link, Sender, Snapshot
from app.dossier import Outage, tables
from app.queries import exports
from app.queries.alarms import AlarmRow
from app.queries.rows import Db
from app.registry import Registry

PAGE_ROWS = 1_000
OUTAGES_MAX = 10_000
OTHER = "(autre)"
ACROSS_SENDERS = frozenset({"persons", "items"})
"""Details that name people and messages alike for all senders: two exports must not be joined by them."""
Period = tuple[datetime | None, datetime | None]
T = TypeVar("T")
OF_THE_WHOLE = frozenset(
    {Kind.SPOOL_NOT_EMPTY, Kind.SPOOL_FULL, Kind.SPOOL_DAMAGED, Kind.DATABASE_AWAY, Kind.JOURNAL_DAMAGED}
)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class Account(msgspec.Struct, frozen=True):
    """What the report and the article 30 record say beside the ledger's own figures."""

    made_at: datetime
    scope: Scope
    grants: Sequence[exports.GrantRow]
    links: Sequence[Link]
    codes: Sequence[str]
    outages: Sequence[Outage]


class _Own:
    """What is this sender's, and what is only others'."""

    def __init__(self, sender: Sender, snapshot: Snapshot) -> None:
        self.sender_id = sender.sender_id
        self.codes = sorted(code for code, known in snapshot.codes.items() if _uses(sender, known.candidates))
        self.links = [link for link in snapshot.links.values() if self._arrives(sender, link)]
        slugs = {link.connection.slug for link in self.links}
        others = {*snapshot.slugs, *snapshot.links} - slugs - {sender.slug}
        self._foreign = others
        self.names = {sender.slug, *self.codes, *slugs}

    def _arrives(self, sender: Sender, link: Link) -> bool:
        return sender.slug in link.accounts.values() or not set(self.codes).isdisjoint(link.codes)

    def concerns(self, alarm: AlarmRow) -> bool:
        """Tell whether an alarm is about the whole registry, or about something of this sender's and of it alone."""
        if alarm.kind in OF_THE_WHOLE:
            return True
        words = {alarm.subject, *_WORD.findall(alarm.subject)}
        return not self.names.isdisjoint(words) and self._foreign.isdisjoint(words)

    def only(self, text: str) -> str:
        """Return the text without names of others."""
        return _WORD.sub(lambda found: OTHER if found[0] in self._foreign else found[0], text)


def _uses(sender: Sender, candidates: Sequence[Candidate]) -> bool:
    return any(candidate.sender_id == sender.sender_id for candidate in candidates)


async def account_of(registry: Registry, sender: Sender, scope: Scope, now: datetime, spools: Spools) -> Account:
    """Write the tables that do not come from the ledger, and return what else is to be told."""
    own = _Own(sender, await registry.directory.current())
    period = (scope.start, scope.end)
    async with registry.pool.acquire() as db:
        grants = await exports.keys(db, sender.sender_id, *period)
        spools.table(tables.GRANTS_TABLE, [_grant(row) for row in grants])
        waiting = await exports.quarantine(db, [link.connection_id for link in own.links], period)
        own.names |= {grant.key_id for grant in grants}
        slugs = {link.connection_id: link.connection.slug for link in own.links}
        spools.table(tables.QUARANTINE_TABLE, [_waiting(row, slugs) for row in waiting])
    await _accesses(registry, sender.sender_id, own, period, spools)
    outages = await _incidents(registry, own, period, spools)
    return Account(now, scope, grants, own.links, own.codes, outages)


async def _accesses(registry: Registry, sender_id: int, own: _Own, period: Period, spools: Spools) -> None:
    async def read(db: Db, after: int) -> Sequence[exports.JournalRow]:
        return await exports.journal(db, sender_id, sorted(own.names), period, after, PAGE_ROWS)

    async for rows in _paged(registry, read, lambda row: row.journal_id):
        spools.table(tables.ACCESS_TABLE, [_access(row, own) for row in rows])


async def _incidents(registry: Registry, own: _Own, period: Period, spools: Spools) -> list[Outage]:
    async def read(db: Db, after: int) -> Sequence[AlarmRow]:
        return await exports.alarms(db, period, after, PAGE_ROWS)

    outages: list[Outage] = []
    async for rows in _paged(registry, read, lambda row: row.alarm_id):
        concerned = [row for row in rows if own.concerns(row)]
        spools.table(tables.INCIDENTS_TABLE, [_incident(row, own) for row in concerned])
        outages += [Outage(row.kind, row.subject, row.opened_at, row.closed_at) for row in concerned]
        del outages[:-OUTAGES_MAX]
    return outages


async def _paged(
    registry: Registry, read: Callable[[Db, int], Awaitable[Sequence[T]]], identity: Callable[[T], int]
) -> AsyncIterator[Sequence[T]]:
    """Yield rows page by page, each page in a short transaction of its own."""
    after = 0
    while True:
        async with registry.pool.acquire() as db:
            rows = await read(db, after)
        yield rows
        if len(rows) < PAGE_ROWS:
            return
        after = identity(rows[-1])


def _grant(row: exports.GrantRow) -> tuple[object, ...]:
    return (
        row.key_id, row.role, row.label, row.created_at, row.issued_by, row.expires_at, row.revoked_at, row.revoked_by,
    )  # fmt: skip


def _access(row: exports.JournalRow, own: _Own) -> tuple[object, ...]:
    detail = msgspec.json.decode(row.detail, type=dict[str, object])
    texts = {name: own.only(_text(value)) for name, value in detail.items() if name not in ACROSS_SENDERS}
    return row.journal_id, row.at, row.actor, row.action, own.only(row.subject), tables.told(texts)


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _incident(row: AlarmRow, own: _Own) -> tuple[object, ...]:
    lasted = int((row.closed_at - row.opened_at).total_seconds()) if row.closed_at else None
    return row.alarm_id, row.kind, row.subject, row.opened_at, row.closed_at, lasted, own.only(row.detail)


def _waiting(row: exports.QuarantineRow, slugs: Mapping[int, str]) -> tuple[object, ...]:
    return f"{row.day:%d/%m/%Y}", slugs[row.connection_id], row.reason, row.requests, row.receipts
