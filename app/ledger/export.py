"""The offline verification of an export: what someone who does not trust the registry can compute from the file alone.

ledger.jsonl    the stored bytes of every entry, one a line
leaves.bin      the leaf hash of every entry, 32 bytes each; it proves nothing by itself, but tells which entry is wrong
checkpoint.txt  the signed head: size and Merkle root of the entries
manifest.json   counts, and the SHA-256 of every other member (tables, pages)
manifest.note   the signature over manifest.json

Every byte of these is covered: an entry by the root, the root and the manifest by signatures, the rest by the manifest.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import islice, zip_longest
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from app.ledger.checkpoint import Checkpoint, read_checkpoint
from app.ledger.entry import ENTRY_MAX_BYTES, CheckEntry, Entry, LedgerEntryError, decode, place
from app.ledger.held import NOTHING, Found, Held, Search
from app.ledger.note import NoteError, Verifier, open_note, read_verifier, sign_note
from app.ledger.tree import EMPTY, HASH_BYTES, append, leaf_hash, root

PROVEN_MEMBERS = ("ledger.jsonl", "leaves.bin", "checkpoint.txt", "manifest.json", "manifest.note")
"""Members that the manifest does not list, because something stronger than a digest covers them."""

OPPOSITIONS_TABLE = "oppositions.csv"
CHECKS_TABLE = "consultations.csv"
NOTES_TABLE = "actes.csv"
EMERGENCIES_TABLE = "usages-urgence.csv"
LEDGER_TABLES = (OPPOSITIONS_TABLE, CHECKS_TABLE, NOTES_TABLE, EMERGENCIES_TABLE)
"""Tables whose rows are the entries of the period."""

_EMERGENCY, _DRILL = b',"purpose":"emergency",', b',"drill":true}'
_RECORDED = b',"recorded":"'
_INSTANT_BYTES = 27
_BATCH_ENTRIES = 512  # at most 32 MiB of the longest entries


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the export says of itself.

    origin, size, root (hexadecimal): as in the checkpoint. counts: entries by kind. rows: of every table, without
    its heading. members: SHA-256, hexadecimal, of every member not in PROVEN_MEMBERS. about: what people want to know,
    such as the period, "from" and "to" of the tables, and why a member is missing.
    """

    format: Literal["stop-registry export"] = "stop-registry export"
    version: Literal[1] = 1
    origin: str
    size: int
    root: str
    counts: dict[str, int]
    rows: dict[str, int] = {}
    members: dict[str, str]
    about: dict[str, str] = {}


class Export(Struct, frozen=True, kw_only=True):
    """The members of an export as they were read; `ledger` and `leaves` in blocks cut anywhere, so they may stream.

    digests: SHA-256, hexadecimal, of every member that is not in PROVEN_MEMBERS, by name. rows: of every table among
    them, without its heading.
    """

    ledger: Iterable[bytes]
    leaves: Iterable[bytes]
    checkpoint: bytes
    manifest: bytes
    manifest_note: bytes
    digests: Mapping[str, str]
    rows: Mapping[str, int] = {}


class Finding(Struct, frozen=True):
    """One thing that is wrong: a stable slug, the member, the index of the first wrong entry if any, and in words."""

    problem: str
    member: str
    entry: int | None
    text: str


class Report(Struct, frozen=True, kw_only=True):
    """What was computed from the entries themselves, and every difference from what was signed."""

    origin: str
    size: int
    root: bytes
    counts: dict[str, int]
    findings: tuple[Finding, ...]
    held: Found

    @property
    def ok(self) -> bool:
        """Tell whether everything fits the signatures."""
        return not self.findings

    @property
    def first_wrong_entry(self) -> int | None:
        """Return the smallest index that a finding names."""
        return min((finding.entry for finding in self.findings if finding.entry is not None), default=None)


def encode_manifest(manifest: Manifest) -> bytes:
    """Return manifest.json, laid out for reading."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def sign_manifest(manifest: bytes, origin: str, key: Ed25519PrivateKey) -> str:
    """Return manifest.note for the bytes of manifest.json; its two lines can never pass for a checkpoint's three."""
    return sign_note(_manifest_text(manifest, origin), origin, key)


def verify(export: Export, verifier: str, held: Held = NOTHING) -> Report:
    """Compare an export with its signatures under `verifier`, which must not come from the export itself.

    Whatever the export holds ends up in the report; NoteError only when `verifier` is no verifier key. One pass over
    the entries, a few microseconds each, in memory that does not grow with them. What is in `held` is looked for.
    """
    key = read_verifier(verifier)
    findings: list[Finding] = []
    head = _read_head(export, verifier, findings)
    manifest = _read_manifest(export, key, findings)
    walk = _Walk(manifest.about if manifest else {}, held)
    walk.run(_lines(export.ledger), _hashes(export.leaves))
    findings += _entry_findings(walk, head)
    if manifest:
        findings += _manifest_findings(export, manifest, head, walk)
    return Report(
        origin=key.name,
        size=walk.ledger.size,
        root=root(walk.ledger),
        counts=dict(sorted(walk.counts.items())),
        findings=tuple(findings),
        held=walk.search.found,
    )


class _Walk:
    """One pass over entries and leaf hashes, side by side; `about` names the period of the tables."""

    def __init__(self, about: Mapping[str, str], held: Held) -> None:
        self.search = Search(held)
        self._start, self._end = about.get("from", "").encode(), about.get("to", "").encode()
        self.ledger = self.leaves = EMPTY  # the same object for as long as the two agree
        self.counts: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()  # how many rows each of LEDGER_TABLES must have
        self.differs: int | None = None  # first entry whose hash is not the one in leaves.bin
        self.unclear: int | None = None  # first check whose clearance is not what its other fields say
        self.unreadable: int | None = None  # first entry that does not parse or stands in another's place

    def run(self, lines: Iterator[bytes], hashes: Iterator[bytes]) -> None:
        """Read both to their ends."""
        while batch := list(islice(lines, _BATCH_ENTRIES)):
            self._take(batch, list(islice(hashes, len(batch))))
        while surplus := list(islice(hashes, _BATCH_ENTRIES)):
            self._take([], surplus)

    def _take(self, lines: list[bytes], stored: list[bytes]) -> None:
        self._read(lines)
        computed = [leaf_hash(line) for line in lines]
        start = self.ledger.size
        self.search.look(self.ledger, lines, computed)
        self.ledger = append(self.ledger, computed)
        if self.differs is None and computed == stored:
            self.leaves = self.ledger
            return
        if self.differs is None:
            pairs = enumerate(zip_longest(computed, stored), start)
            self.differs = next(position for position, (own, other) in pairs if own != other)
        self.leaves = append(self.leaves, [leaf for leaf in stored if len(leaf) == HASH_BYTES])

    def _read(self, lines: list[bytes]) -> None:
        """Count what the entries are, up to the first that cannot be read."""
        if self.unreadable is not None:
            return
        kinds: list[str] = []
        for position, line in enumerate(lines, self.ledger.size):
            try:
                index, kind = place(line)
            except LedgerEntryError:
                index, kind = -1, ""
            if index != position:
                self.unreadable = position
                break
            kinds.append(kind)
        self.counts.update(kinds)
        covered = self._covered(list(zip(kinds, lines, strict=False)))
        self.rows.update([_TABLE_OF_KIND.get(kind, NOTES_TABLE) for kind, _ in covered])
        self.rows[EMERGENCIES_TABLE] += sum(
            kind == "check" and (_EMERGENCY in line or line.endswith(_DRILL)) for kind, line in covered
        )
        if self.unclear is None and "check" in kinds:
            checks = zip(range(self.ledger.size, self.ledger.size + len(kinds)), kinds, lines, strict=False)
            wrong = (index for index, kind, line in checks if kind == "check" and not _is_consistent(decode(line)))
            self.unclear = next(wrong, None)

    def _covered(self, read: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        """Return the entries recorded in the period, of those that were read; instants sort as their spellings do."""
        if not self._start and not self._end:
            return read
        recorded = [(line.index(_RECORDED) + len(_RECORDED), kind, line) for kind, line in read]
        return [
            (kind, line)
            for begin, kind, line in recorded
            if self._start <= line[begin : begin + _INSTANT_BYTES]
            and (not self._end or line[begin : begin + _INSTANT_BYTES] < self._end)
        ]


def _is_consistent(entry: Entry) -> bool:
    """Tell whether a check's clearance and its terms come together, cover somebody, and bear the check's name."""
    if not isinstance(entry, CheckEntry) or entry.clearance is entry.terms is None:
        return True
    named = entry.clearance is not None and entry.clearance.partition("_")[2] == entry.check.partition("_")[2]
    return named and entry.terms is not None and entry.cleared > 0


_TABLE_OF_KIND = {"stop": OPPOSITIONS_TABLE, "start": OPPOSITIONS_TABLE, "check": CHECKS_TABLE}


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Split into lines without their ends, holding no more of a line than an entry may have."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
        if len(rest) > ENTRY_MAX_BYTES:  # wrong whatever follows: an empty line, which is as wrong, stands for it
            yield b""
            rest = b""
    if rest:
        yield rest + b"\n"  # a last line without its end is cut: this keeps it from passing for the whole entry


def _hashes(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Split into hashes of 32 bytes; what is left over at the end comes as it is, and equals no hash."""
    rest = b""
    for block in blocks:
        data = rest + block
        whole = len(data) - len(data) % HASH_BYTES
        for start in range(0, whole, HASH_BYTES):
            yield data[start : start + HASH_BYTES]
        rest = data[whole:]
    if rest:
        yield rest


def _read_head(export: Export, verifier: str, findings: list[Finding]) -> Checkpoint | None:
    try:
        return read_checkpoint(_text(export.checkpoint), verifier)
    except NoteError as error:
        findings.append(Finding("checkpoint-not-authentic", "checkpoint.txt", None, str(error)))
        return None


def _entry_findings(walk: _Walk, head: Checkpoint | None) -> Iterator[Finding]:
    """Say which entries are wrong. The signed root decides whether an entry or its hash in leaves.bin is to blame."""
    signed = None if head is None else (head.size, head.root)
    entries_signed = (walk.ledger.size, root(walk.ledger)) == signed
    hashes_signed = (walk.leaves.size, root(walk.leaves)) == signed
    if walk.unreadable is not None:
        yield Finding("entry-unreadable", "ledger.jsonl", walk.unreadable, _unreadable_text(walk.unreadable))
    if walk.unclear is not None:
        text = f"Entry {walk.unclear} is a check whose clearance does not fit its own counts and name."
        yield Finding("clearance-wrong", "ledger.jsonl", walk.unclear, text)
    if walk.differs is None:
        if not entries_signed and signed is not None:
            yield Finding("root-differs", "ledger.jsonl", None, _ROOT_TEXT)
    elif entries_signed:
        yield Finding("leaf-hash-changed", "leaves.bin", None, _hash_text(walk.differs))
    elif hashes_signed:
        yield Finding("entry-changed", "ledger.jsonl", walk.differs, _changed_text(walk))
    else:
        yield Finding("entry-or-hash-changed", "ledger.jsonl", walk.differs, _doubt_text(walk.differs))


def _read_manifest(export: Export, key: Verifier, findings: list[Finding]) -> Manifest | None:
    try:
        authentic = open_note(_text(export.manifest_note), key) == _manifest_text(export.manifest, key.name)
    except NoteError:
        authentic = False
    if not authentic:
        text = "The expected key has not signed this manifest: what it says of the other members proves nothing."
        findings.append(Finding("manifest-not-authentic", "manifest.note", None, text))
    try:
        return msgspec.json.decode(export.manifest, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = "The manifest is not one that this release writes."
        findings.append(Finding("manifest-unreadable", "manifest.json", None, text))
        return None


def _manifest_findings(export: Export, manifest: Manifest, head: Checkpoint | None, walk: _Walk) -> Iterator[Finding]:
    claimed = (manifest.origin, manifest.size, manifest.root)
    if head is not None and claimed != (head.origin, head.size, head.root.hex()):
        yield Finding("manifest-differs", "manifest.json", None, "The manifest is that of another checkpoint.")
    if walk.unreadable is None and manifest.counts != walk.counts:
        yield Finding("counts-differ", "manifest.json", None, "The counts are not those of the entries.")
    yield from _member_findings(manifest.members, export.digests)
    yield from _table_findings(manifest, export.rows, walk)


def _table_findings(manifest: Manifest, found: Mapping[str, int], walk: _Walk) -> Iterator[Finding]:
    """Hold tables against the manifest and, those that come from the ledger, against its entries."""
    for name in sorted({*manifest.rows, *found}):
        if name in found and found[name] != manifest.rows.get(name):
            yield Finding("rows-differ", name, None, "This table does not have the rows that the manifest counts.")
    if walk.unreadable is not None:
        return
    for name in LEDGER_TABLES:
        if name in found and found[name] != walk.rows[name]:
            yield Finding("table-differs", name, None, "This table does not have one row for each entry of its period.")


def _member_findings(listed: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Finding]:
    for name in sorted({*listed, *found}):
        if name not in found:
            yield Finding("member-missing", name, None, "The manifest lists this member, but it is not here.")
        elif name not in listed:
            yield Finding("member-unlisted", name, None, "The manifest does not list this member: it was added later.")
        elif listed[name] != found[name]:
            yield Finding("member-changed", name, None, "This member is not the one that was exported.")


def _manifest_text(manifest: bytes, origin: str) -> str:
    return f"{origin}/export\n{sha256(manifest).hexdigest()}\n"


def _text(member: bytes) -> str:
    """Decode so that invalid UTF-8 becomes characters that no note may hold, and is refused where notes are read."""
    return member.decode("utf-8", "surrogateescape")


_ROOT_TEXT = (
    "The entries are not those of the signed checkpoint, and leaves.bin was made to fit them, so the first wrong entry "
    "cannot be named: compare with an earlier export or checkpoint."
)


def _unreadable_text(index: int) -> str:
    return f"Entry {index} cannot be read or bears another index: it was altered, or a newer release wrote it."


def _changed_text(walk: _Walk) -> str:
    if walk.differs == walk.ledger.size:
        return f"Entry {walk.differs} and all that follow are missing: the signed checkpoint covers {walk.leaves.size}."
    if walk.differs == walk.leaves.size:
        return f"Entry {walk.differs} and all that follow were added after the signed checkpoint."
    return f"Entry {walk.differs} is not the one that was signed: it was altered, removed or moved."


def _hash_text(index: int) -> str:
    return f"All entries are those that were signed; leaves.bin was altered at hash {index}."


def _doubt_text(index: int) -> str:
    return f"Entry {index} and its hash in leaves.bin differ, and neither can be shown to be the signed one."
