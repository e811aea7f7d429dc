"""Exports: a zip that proves by itself what a sender's ledger holds, streamed in constant memory.

The ledger size is fixed first, then entries are paged by index in short transactions and written as they are stored.
The whole ledger up to that size always goes out, since only all of it has a root to compare; a period narrows the CSV
files that people read.
"""

import csv
import hashlib
import io
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from typing import IO, Protocol, Self

import msgspec

from app import archive, clock, dossier, ledger
from app.appends import Record
from app.auth import Caller, Role, sender_of
from app.directory import Sender
from app.errors import NotFoundError
from app.queries import ledgers, setup
from app.registry import Registry

PAGE_ENTRIES = 2_000
CHUNK_BYTES = 65_536
SPOOL_BYTES_IN_MEMORY = 1_000_000
OPPOSITIONS_HEADER = (
    "numéro d'entrée", "enregistré le (UTC)", "date de la demande (UTC)", "personne (engagement)", "nature", "effet",
    "numéro court", "fondement", "candidats", "connexion", "règle", "version du classifieur", "mentions",
)  # fmt: skip
CHECKS_HEADER = (
    "numéro d'entrée", "enregistré le (UTC)", "consultation", "clé", "finalité", "campagne", "taille du registre",
    "soumis", "autorisés", "invalides", "répétés", "opposés", "doublons", "hors horaires",
)  # fmt: skip
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")


class Scope(msgspec.Struct, frozen=True):
    """What an export covers; start inclusive, end exclusive, None open."""

    start: datetime | None = None
    end: datetime | None = None

    def covers(self, at: str) -> bool:
        """Tell whether a ledger's instant lies in the period; their spellings sort as the instants do."""
        after = self.start is None or at >= ledger.timestamp(self.start)
        return after and (self.end is None or at < ledger.timestamp(self.end))


async def checkpoint(registry: Registry, sender: Sender) -> str:
    """Return the signed head of a sender's ledger as it is now."""
    async with registry.pool.acquire() as db:
        head = await ledgers.read_head(db, sender.sender_id)
    if head is None:
        raise NotFoundError("There is no such sender.")
    return _signed(registry, sender, head)


def signed(registry: Registry, sender: Sender, size: int, root: bytes) -> str:
    """Sign a checkpoint. The caller has computed the root from what the ledger's head covers, never from elsewhere."""
    return ledger.sign_checkpoint(origin_of(registry, sender), size, root, registry.root.signing_key())


async def sender_for(registry: Registry, caller: Caller, slug: str | None) -> Sender:
    """Return the sender whose ledger this caller may read; somebody else's does not exist."""
    caller.require(Role.SENDER, Role.AUDITOR, Role.DPO)
    return await sender_of(caller, registry.directory, slug)


async def export(registry: Registry, sender: Sender, scope: Scope, by: str) -> AsyncIterator[bytes]:
    """Fix the size, write down who exports, and return the zip's bytes as a stream.

    The journal row and the ledger's entry are durable before the first byte leaves, so an export that is cut off or
    thrown away is on record too. The entry stands right after what was exported: the next export shows it.
    """
    async with registry.pool.acquire() as db:
        head = await ledgers.read_head(db, sender.sender_id)
    if head is None:
        raise NotFoundError("There is no such sender.")
    await _log(registry, sender, head.size, scope, by)
    return _zip(registry, sender, head, scope)


async def _log(registry: Registry, sender: Sender, size: int, scope: Scope, by: str) -> None:
    now = clock.now()
    detail = {"by": by, "size": str(size), **_period(scope)}

    def build(index: int) -> ledger.Entry:
        recorded = ledger.timestamp(now)
        return ledger.NoteEntry(index=index, recorded=recorded, kind="export", subject=sender.slug, detail=detail)

    async with registry.pool.acquire() as db:
        said = msgspec.json.encode(detail).decode()
        await setup.journal_admin(db, now, by, "export", sender.slug, said, [sender.sender_id])
    await registry.sequencer.record(Record(sender.sender_id, build), registry.settings.commit_seconds_max)


def _period(scope: Scope) -> dict[str, str]:
    """Return the period as manifests and the ledger write it; an open end is empty."""
    return {
        "from": ledger.timestamp(scope.start) if scope.start else "",
        "to": ledger.timestamp(scope.end) if scope.end else "",
    }


async def _zip(registry: Registry, sender: Sender, head: ledgers.HeadRow, scope: Scope) -> AsyncIterator[bytes]:
    writer = archive.Writer()
    with _Spools() as spools:
        yield writer.begin("ledger.jsonl")
        async for lines in _pages(registry, sender, head.size):
            for line in lines:
                spools.add(line, scope)
            yield writer.data(b"".join(line + b"\n" for line in lines))
        yield writer.end()
        members = {}
        for name, spool in spools.members(verifier_key(registry, sender), _about(sender, head, scope)):
            digest = hashlib.sha256()
            yield writer.begin(name)
            while chunk := spool.read(CHUNK_BYTES):
                digest.update(chunk)
                yield writer.data(chunk)
            yield writer.end()
            members[name] = digest.hexdigest()
        for name, content in _signatures(registry, sender, head, scope, spools, members):
            yield writer.begin(name) + writer.data(content) + writer.end()
        yield writer.finish()


def _about(sender: Sender, head: ledgers.HeadRow, scope: Scope) -> dossier.About:
    root = ledger.root(ledger.Frontier(head.size, head.peaks)).hex()
    return dossier.About(sender.name, head.size, root, clock.now(), scope.start, scope.end)


class _Spools:
    """The members that are written beside the ledger: kept in temporary files until their turn in the zip."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.figures = dossier.Figures()

    def __enter__(self) -> Self:
        self._leaves = _spool()
        self._oppositions, self._oppositions_csv = _table(OPPOSITIONS_HEADER)
        self._checks, self._checks_csv = _table(CHECKS_HEADER)
        return self

    def __exit__(self, *_: object) -> None:
        for spool in (self._leaves, self._oppositions, self._checks):
            spool.close()

    def add(self, line: bytes, scope: Scope) -> None:
        self._leaves.write(ledger.leaf_hash(line))
        entry = ledger.decode(line)
        self.counts[entry.kind] += 1
        if not scope.covers(entry.recorded):
            return
        self.figures.add(entry)
        if isinstance(entry, ledger.OppositionEntry):
            self._oppositions_csv.writerow(_safe(_opposition_row(entry)))
        elif isinstance(entry, ledger.CheckEntry):
            self._checks_csv.writerow(_safe(_check_row(entry)))

    def members(self, verifier: str, about: dossier.About) -> Iterator[tuple[str, IO[bytes]]]:
        named = {
            "leaves.bin": self._leaves,
            "oppositions.csv": self._oppositions,
            "consultations.csv": self._checks,
            archive.KEY_MEMBER: io.BytesIO(verifier.encode() + b"\n"),
            "rapport.html": io.BytesIO(dossier.report(self.figures, about)),
            **{name: io.BytesIO(dossier.asset(name)) for name in dossier.ASSETS},
        }
        for name, spool in named.items():
            spool.seek(0)
            yield name, spool


class _Rows(Protocol):
    """What csv.writer returns; the library has no public name for it."""

    def writerow(self, row: Iterable[object], /) -> object:
        """Write one row."""


class _Table:
    """A CSV writer's text end on a binary spool."""

    def __init__(self, spool: IO[bytes]) -> None:
        self._spool = spool

    def write(self, text: str) -> int:
        return self._spool.write(text.encode())


def _spool() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(SPOOL_BYTES_IN_MEMORY)


def _table(header: tuple[str, ...]) -> tuple[IO[bytes], "_Rows"]:
    """Start a table as a French spreadsheet opens it: `;`, UTF-8 with a byte-order mark, Windows line ends."""
    spool = _spool()
    spool.write("\ufeff".encode())
    writer = csv.writer(_Table(spool), delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    return spool, writer


def _safe(row: tuple[object, ...]) -> list[str]:
    """Keep a spreadsheet from running what somebody wrote (OWASP ASVS 1.2.10)."""
    cells = ["" if cell is None else str(cell) for cell in row]
    return ["'" + cell if cell.startswith(FORMULA_STARTS) else cell for cell in cells]


def _opposition_row(entry: ledger.OppositionEntry) -> tuple[object, ...]:
    return (
        entry.index, _instant(entry.recorded), _instant(entry.at), entry.person,
        "opposition" if entry.kind == "stop" else "retour", entry.effect, entry.code, entry.basis, entry.candidates,
        entry.connection, entry.rule, entry.classifier, " ".join(entry.flags),
    )  # fmt: skip


def _check_row(entry: ledger.CheckEntry) -> tuple[object, ...]:
    counts = entry.counts
    return (
        entry.index, _instant(entry.recorded), entry.check, entry.caller, entry.purpose, entry.campaign,
        entry.evaluated_at, counts.submitted, counts.allowed, counts.invalid, counts.repeated, counts.opted_out,
        counts.duplicate, counts.quiet_hours,
    )  # fmt: skip


def _instant(at: str) -> str:
    """Write a ledger's instant so that a French spreadsheet takes it for a date."""
    return f"{datetime.fromisoformat(at):%d/%m/%Y %H:%M:%S}"


def _signed(registry: Registry, sender: Sender, head: ledgers.HeadRow) -> str:
    return signed(registry, sender, head.size, ledger.root(ledger.Frontier(head.size, head.peaks)))


def origin_of(registry: Registry, sender: Sender) -> str:
    """Return the name of a sender's ledger in checkpoints."""
    return f"{registry.origin}/sender/{sender.slug}"


def verifier_key(registry: Registry, sender: Sender) -> str:
    """Return the public key under which a sender's checkpoints verify, as C2SP signed notes write it."""
    return ledger.verifier_key(origin_of(registry, sender), registry.root.signing_key().public_key())


def _signatures(
    registry: Registry,
    sender: Sender,
    head: ledgers.HeadRow,
    scope: Scope,
    spools: _Spools,
    digests: dict[str, str],
) -> Iterator[tuple[str, bytes]]:
    """Yield the members that sign: the ledger's head, and a manifest over everything else."""
    origin, key = origin_of(registry, sender), registry.root.signing_key()
    manifest = ledger.encode_manifest(
        ledger.Manifest(
            origin=origin,
            size=head.size,
            root=ledger.root(ledger.Frontier(head.size, head.peaks)).hex(),
            counts=dict(sorted(spools.counts.items())),
            members={name: digest for name, digest in digests.items() if name not in ledger.PROVEN_MEMBERS},
            about={
                "sender": sender.slug,
                "name": sender.name,
                "made_at": ledger.timestamp(clock.now()),
                **_period(scope),
            },
        )
    )
    yield "checkpoint.txt", _signed(registry, sender, head).encode()
    yield "manifest.json", manifest
    yield "manifest.note", ledger.sign_manifest(manifest, origin, key).encode()


async def _pages(registry: Registry, sender: Sender, size: int) -> AsyncIterator[list[bytes]]:
    for first in range(0, size, PAGE_ENTRIES):
        async with registry.pool.acquire() as db:
            page = await ledgers.entries_page(db, sender.sender_id, first, min(first + PAGE_ENTRIES, size))
        yield [row.entry for row in page]
