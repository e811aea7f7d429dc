"""Who did, saw, exported and changed what: reading the journal, signing its days, finding what was altered.

An entry gets its place in the tree of its UTC day in the transaction that writes it. A day that is over is signed once;
its note names the day before, so neither an entry nor a day can change or go without a trace, except from the end:
whoever keeps a signed head (`stop-registry journal --note`) closes that gap too. Days go whole, after 6 to 12 months.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import msgspec
import structlog

from app import clock, ledger
from app.alarms import Kind
from app.errors import NotFoundError, RegistryError
from app.ledger import Frontier, JournalDay
from app.queries import journal, setup
from app.queries.journal import DayRow, EntryRow
from app.queries.rows import Db
from app.registry import Registry

KEPT_AT_LEAST = timedelta(days=180)
"""Délibération CNIL 2021-122: 6 months to 1 year."""

log = structlog.get_logger()


class JournalDamagedError(RegistryError):
    """The stored entries are not those of the day's tree; it is not signed."""

    slug = "journal-damaged"


class Report(msgspec.Struct, frozen=True):
    """What a verification read, and everything that does not fit."""

    days: int
    entries: int
    findings: Sequence[str]


async def write(
    registry: Registry,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, object],
    sender_ids: Sequence[int] = (),
) -> None:
    """Write down who did or saw what; durable when this returns. Never a number, never a text."""
    said = msgspec.json.encode(dict(detail)).decode()
    async with registry.pool.acquire() as db:
        await setup.journal_admin(db, clock.now(), actor, action, subject, said, sender_ids)


async def entries(registry: Registry, day: date) -> list[EntryRow]:
    """Return the entries of a day in order."""
    async with registry.pool.acquire() as db:
        return [row async for row in journal.entries(db, day)]


async def note(registry: Registry, day: date) -> str:
    """Return the signed head of a day: the one that is kept, or of what it holds so far."""
    async with registry.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        days = {row.day: row for row in await journal.days(db)}
        if day not in days:
            raise NotFoundError("The journal has no entries of this day, or they are forgotten.")
        return days[day].note or await _signed(registry, db, days[day], _before(days.values(), day))


async def seal(registry: Registry) -> list[date]:
    """Sign the days that are over, oldest first; JournalDamagedError when one was altered: it stays unsigned."""
    sealed: list[date] = []
    damaged: JournalDamagedError | None = None
    async with registry.pool.acquire() as db:
        for row in await journal.days(db):
            if row.day >= clock.now().date() or row.note:
                continue
            try:
                sealed += await _seal_day(registry, db, row.day)
            except JournalDamagedError as error:
                damaged = error
    if damaged:
        raise damaged
    return sealed


async def _seal_day(registry: Registry, db: Db, day: date) -> list[date]:
    async with db.transaction():
        head = await journal.lock_day(db, day)
        if head is None:  # another process was faster
            return []
        whole = DayRow(day, head.size, head.peaks, None)
        await journal.seal(db, day, await _signed(registry, db, whole, _before(await journal.days(db), day)))
    return [day]


async def sign_what_is_over(registry: Registry) -> None:
    """Sign the days that are over, and tell somebody when one of them cannot be signed any more."""
    try:
        await seal(registry)
    except JournalDamagedError as error:
        registry.alarms.raise_alarm(Kind.JOURNAL_DAMAGED, clock.node(), str(error))


async def verify(registry: Registry, kept: Sequence[str] = ()) -> Report:
    """Recompute every day and compare it with its signature, its neighbours and the notes somebody kept."""
    verifier = verifier_key(registry)
    findings: list[str] = []
    previous: DayRow | None = None
    entries = 0
    async with registry.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        rows = await journal.days(db)
        leaves: dict[date, list[bytes]] = {}
        for row in rows:
            leaves[row.day] = await _leaves(db, row, findings)
            entries += len(leaves[row.day])
            findings += _faults(row, previous, verifier)
            previous = row
        if await journal.unplaced(db):
            findings.append("entries were added beside the journal: they have no place in any day")
    for text in kept:
        findings += _against(text, verifier, leaves)
    return Report(len(rows), entries, findings)


def verifier_key(registry: Registry) -> str:
    """Return the public key under which the days verify."""
    return ledger.journal_verifier(registry.origin, registry.root.signing_key().public_key())


async def _signed(registry: Registry, db: Db, row: DayRow, previous: DayRow | None) -> str:
    """Sign what the entries say, never what the head alone says."""
    findings: list[str] = []
    leaves = await _leaves(db, row, findings)
    if findings:
        raise JournalDamagedError(f"The journal of {row.day} was altered; `stop-registry journal --verify` says where.")
    before = (previous.day, _root(previous)) if previous else None
    day = JournalDay(row.day, row.size, ledger.root_of(leaves), before)
    return ledger.sign_day(registry.origin, day, registry.root.signing_key())


async def _leaves(db: Db, row: DayRow, findings: list[str]) -> list[bytes]:
    """Return the leaf hashes of a day as its entries give them now; name those that were altered or are missing."""
    leaves: list[bytes] = []
    async for entry in journal.entries(db, row.day):
        while len(leaves) < min(entry.position, row.size):
            findings.append(f"{row.day}: entry {len(leaves)} is missing")
            leaves.append(bytes(ledger.EMPTY_ROOT))
        leaf = ledger.journal_leaf(row.day, entry.position, entry.line)
        if leaf != entry.leaf:
            findings.append(f"{row.day}: entry {entry.position} was altered")
        leaves.append(leaf)
    if len(leaves) < row.size:
        findings.append(f"{row.day}: the last {row.size - len(leaves)} entries are missing")
    tree = ledger.append(ledger.EMPTY, leaves)
    if (tree.size, tree.peaks) != (row.size, row.peaks):
        findings.append(f"{row.day}: the entries are not those of the day's tree")
    return leaves


def _faults(row: DayRow, previous: DayRow | None, verifier: str) -> list[str]:
    """Compare a signed day with its tree and with the day before."""
    if row.note is None:
        over = row.day < clock.now().date() - timedelta(days=2)
        return [f"{row.day}: the day is over and was never signed"] if over else []
    try:
        signed = ledger.read_day(row.note, verifier)
    except ledger.NoteError as error:
        return [f"{row.day}: {error}"]
    found = []
    if (signed.day, signed.size, signed.root) != (row.day, row.size, _root(row)):
        found.append(f"{row.day}: the tree is not the one that was signed")
    known = (previous.day, _root(previous)) if previous else None
    dropped = previous is None and signed.previous is not None and _may_be_gone(signed.previous[0])
    if signed.previous != known and not dropped:
        found.append(f"{row.day}: the day before it is missing or was replaced")
    return found


def _may_be_gone(day: date) -> bool:
    return day < clock.now().date() - KEPT_AT_LEAST


def _against(note: str, verifier: str, leaves: Mapping[date, list[bytes]]) -> list[str]:
    """Hold a head that somebody kept against what is here now."""
    try:
        signed = ledger.read_day(note, verifier)
    except ledger.NoteError as error:
        return [f"the note that was kept: {error}"]
    held = leaves.get(signed.day)
    if held is None:
        gone = f"{signed.day}: the whole day is missing"
        return [] if _may_be_gone(signed.day) else [gone]
    if len(held) < signed.size or ledger.root_of(held[: signed.size]) != signed.root:
        return [f"{signed.day}: what the kept note covers was changed"]
    return []


def _before(rows: Iterable[DayRow], day: date) -> DayRow | None:
    earlier = [row for row in rows if row.day < day]
    return max(earlier, key=lambda row: row.day, default=None)


def _root(row: DayRow) -> bytes:
    """Return the root that a day's head claims; nothing where size and peaks make no tree."""
    try:
        return ledger.root(Frontier(row.size, row.peaks))
    except ValueError:
        return b""
