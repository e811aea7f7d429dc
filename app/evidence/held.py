"""Papers that somebody kept, held against an export: an older head, a receipt, a clearance.

Tokens verify under the export's own key set, which its manifest signs. A receipt names no sender, so of a message to
several senders only one entry can be in each ledger.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

import msgspec

from app import clearance, jws, ledger, receipts
from app.clearance import Terms
from app.errors import RegistryError
from app.receipts import Receipt

T = TypeVar("T")


class PaperKind(StrEnum):
    """What a kept paper is."""

    CHECKPOINT = "checkpoint"
    RECEIPT = "receipt"
    CLEARANCE = "clearance"


class Paper(msgspec.Struct, frozen=True):
    """A paper as it was kept; name is what a finding calls it, such as its file's name."""

    kind: PaperKind
    name: str
    text: str


class _Read(msgspec.Struct, frozen=True):
    """A paper that is authentic by itself, and what it says."""

    paper: Paper
    says: ledger.Checkpoint | Receipt | Terms
    payload: bytes = b""


class Papers:
    """The papers of one verification: read first, compared after the walk over the entries."""

    def __init__(self, papers: Sequence[Paper], verifier: str, keys: jws.Keys) -> None:
        self.findings: list[ledger.Finding] = []
        self._origin = verifier.partition("+")[0]
        self._read: list[_Read] = []
        for paper in papers:
            try:
                self._read.append(_read(paper, verifier, keys))
            except RegistryError as error:
                self.findings.append(_finding(paper, str(error)))

    def held(self) -> ledger.Held:
        """Return what the walk has to look for."""
        says = [read.says for read in self._read]
        sizes = {said.size for said in says if isinstance(said, ledger.Checkpoint)}
        return ledger.Held(
            sizes=frozenset(sizes | {said.ledger_size for said in says if isinstance(said, Terms)}),
            leaves=frozenset(bytes.fromhex(leaf) for said in says if isinstance(said, Receipt) for leaf in said.leaves),
            checks=frozenset(said.check for said in says if isinstance(said, Terms)),
        )

    def compare(self, found: ledger.Found) -> None:
        """Add a finding for everything in the papers that the ledger contradicts."""
        for read in self._read:
            for entry, text in self._differences(read, found):
                self.findings.append(_finding(read.paper, text, entry))

    def _differences(self, read: _Read, found: ledger.Found) -> Iterator[tuple[int | None, str]]:
        if isinstance(read.says, ledger.Checkpoint):
            yield from _of_checkpoint(read.says, found)
        elif isinstance(read.says, Receipt):
            yield from _of_receipt(read.says, found, self._origin)
        else:
            yield from _of_clearance(read.says, read.payload, found, self._origin)


def _finding(paper: Paper, text: str, entry: int | None = None) -> ledger.Finding:
    return ledger.Finding(f"{paper.kind}-differs", paper.name, entry, text)


def _read(paper: Paper, verifier: str, keys: jws.Keys) -> _Read:
    if paper.kind is PaperKind.CHECKPOINT:
        return _Read(paper, ledger.read_checkpoint(paper.text, verifier))
    token = paper.text.strip()
    if paper.kind is PaperKind.RECEIPT:
        payload = jws.verify(token, receipts.TYPE, keys)
        return _Read(paper, _decoded(payload, Receipt), payload)
    payload = jws.verify(token, clearance.TYPE, keys)
    return _Read(paper, _decoded(payload, Terms), payload)


def _decoded(payload: bytes, kind: type[T]) -> T:
    try:
        said = msgspec.json.decode(payload, type=kind)
        if isinstance(said, Receipt):
            [bytes.fromhex(leaf) for leaf in said.leaves]
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        raise jws.BadTokenError("The token is signed, but by another release.") from None
    return said


def _of_checkpoint(said: ledger.Checkpoint, found: ledger.Found) -> Iterator[tuple[int | None, str]]:
    root = found.roots.get(said.size)
    if root is None:
        yield None, f"This head covers {said.size} entries, more than the export holds: take a newer export."
    elif root != said.root:
        yield None, f"The first {said.size} entries are not those that were signed then: the past was rewritten."


def _of_receipt(said: Receipt, found: ledger.Found, origin: str) -> Iterator[tuple[int | None, str]]:
    if not origin.startswith(f"{said.iss}/"):
        yield None, f"This is a receipt of another registry, {said.iss}."
        return
    entries = [found.entries[leaf] for text in said.leaves if (leaf := bytes.fromhex(text)) in found.entries]
    for entry in entries:
        same = isinstance(entry, ledger.OppositionEntry) and (entry.message, entry.connection) == (
            said.message,
            said.connection,
        )
        if not same:
            yield entry.index, f"Entry {entry.index} is not about the message of this receipt."
    if entries:
        return
    if said.leaves and ledger.timestamp(said.received_at) > found.last:
        yield None, "The message came after the last entry of this export: take a newer export."
    else:
        yield None, f"None of the {len(said.leaves)} entries that were promised is in this ledger."


def _of_clearance(said: Terms, payload: bytes, found: ledger.Found, origin: str) -> Iterator[tuple[int | None, str]]:
    if origin != f"{said.iss}/sender/{said.sender}":
        yield None, f"This is a clearance for the ledger {said.iss}/sender/{said.sender}."
        return
    root = found.roots.get(said.ledger_size)
    if root is not None and root.hex() != said.ledger_root:
        yield None, f"The list it was judged by, {said.ledger_size} entries, is not the one in this ledger."
    entry = found.checks.get(said.check)
    if entry is None:
        after = ledger.timestamp(datetime.fromtimestamp(said.iat, UTC)) > found.last
        newer = ": take a newer export" if after else ", although it was to be there before the clearance left"
        yield None, f"Its check is not in this ledger{newer}."
        return
    for name, claimed, recorded in (
        ("id", said.jti, entry.clearance),
        ("terms", hashlib.sha256(payload).hexdigest(), entry.terms),
        ("count", said.count, entry.cleared),
        ("size of the list", said.ledger_size, entry.evaluated_at),
        ("purpose", said.purpose, entry.purpose),
    ):
        if claimed != recorded:
            yield entry.index, f"Entry {entry.index} records another {name} than this clearance bears."
