"""Verify an export file offline: no network, no database, no key but the public one.

The members are read around any damage, so that the first wrong entry can be named; then the container is written anew
from them and compared with the file, so that no byte of it can differ unnoticed.
"""

import contextlib
import zipfile
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import msgspec

from app import archive, jws, ledger
from app.errors import InvalidValueError
from app.evidence.held import Paper, Papers

KEY_SET = "jwks.json"
TABLE, LINE_END = ".csv", b"\r\n"
SMALL_MEMBER_BYTES_MAX = 16_000_000


class Report(msgspec.Struct, frozen=True):
    """What was found. `root` is hexadecimal; `verifier` the key the signatures were held against."""

    ok: bool
    size: int
    root: str
    verifier: str
    findings: tuple[str, ...]
    first_wrong_entry: int | None


def verify_export(path: Path, verifier: str | None, papers: Sequence[Paper] = ()) -> Report:
    """Verify the file under the given verifier key, else under the one it carries (which proves only integrity).

    The papers are what somebody kept: each must agree with the entries.
    """
    with path.open("rb") as file:
        members = _members(file)
        missing = [name for name in (*ledger.PROVEN_MEMBERS, archive.KEY_MEMBER) if name not in members]
        if missing:
            return _hopeless(f"{', '.join(missing)}: missing, or the zip's directory was altered.")
        key = verifier or _whole(file, members[archive.KEY_MEMBER]).decode("utf-8", "replace").strip()
        try:
            kept = Papers(papers, key, _keys(file, members, key))
            report = ledger.verify(_export(file, members), key, kept.held())
        except ledger.NoteError as error:
            return _hopeless(f"{archive.KEY_MEMBER}: {error}" if verifier is None else str(error))
        kept.compare(report.held)
        findings = [*report.findings, *kept.findings]
        texts = [f"{finding.member}: {finding.text}" for finding in findings]
        if not texts and not _same_container(file, list(members.values())):
            texts.append("The entries and tables are authentic, but the zip around them was altered.")
    wrong = min((finding.entry for finding in findings if finding.entry is not None), default=None)
    return Report(not texts, report.size, report.root.hex(), key, tuple(texts), wrong)


def _keys(file: BinaryIO, members: dict[str, archive.Member], verifier: str) -> jws.Keys:
    """Return the keys of tokens: the published ones in the export, and the one that signs its heads."""
    own = ledger.read_verifier(verifier).key
    keys = {jws.key_id(own): own}
    if KEY_SET in members:
        with contextlib.suppress(InvalidValueError):
            keys |= jws.read_keys(_whole(file, members[KEY_SET]))
    return keys


def _hopeless(text: str) -> Report:
    return Report(ok=False, size=0, root="", verifier="", findings=(text,), first_wrong_entry=None)


def _members(file: BinaryIO) -> dict[str, archive.Member]:
    try:
        with zipfile.ZipFile(file) as zipped:
            infos = zipped.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError):
        return {}
    return {
        info.filename: archive.Member(info.filename, info.header_offset, info.CRC, info.file_size) for info in infos
    }


def _export(file: BinaryIO, members: dict[str, archive.Member]) -> ledger.Export:
    others = [_Other(file, member) for name, member in members.items() if name not in ledger.PROVEN_MEMBERS]
    return ledger.Export(
        # Each has a file of its own: the two are read side by side.
        ledger=_streamed(file, members["ledger.jsonl"]),
        leaves=_streamed(file, members["leaves.bin"]),
        checkpoint=_whole(file, members["checkpoint.txt"]),
        manifest=_whole(file, members["manifest.json"]),
        manifest_note=_whole(file, members["manifest.note"]),
        digests={other.name: other.digest for other in others},
        rows={other.name: other.rows for other in others if other.name.endswith(TABLE)},
    )


def _streamed(file: BinaryIO, member: archive.Member) -> Iterator[bytes]:
    with Path(file.name).open("rb") as own:
        yield from archive.contents(own, member)


def _whole(file: BinaryIO, member: archive.Member) -> bytes:
    pieces, size = [], 0
    for block in archive.contents(file, member):
        pieces.append(block)
        size += len(block)
        if size > SMALL_MEMBER_BYTES_MAX:
            break  # no member that is read whole is that large, so what follows cannot make it right
    return b"".join(pieces)


class _Other:
    """A member that only a digest covers: its SHA-256, hexadecimal, and its lines below the first."""

    def __init__(self, file: BinaryIO, member: archive.Member) -> None:
        self.name = member.name
        digest, ends, last = sha256(), 0, b""
        for block in archive.contents(file, member):
            digest.update(block)
            ends += block.count(LINE_END) + (last + block[:1] == LINE_END)
            last = block[-1:]
        self.digest, self.rows = digest.hexdigest(), ends - 1


def _same_container(file: BinaryIO, members: list[archive.Member]) -> bool:
    """Write the container again from its contents and compare it with the file, in constant memory."""
    writer, own = archive.Writer(), Path(file.name)
    with own.open("rb") as original:
        for member in members:
            if not _follows(original, writer.begin(member.name)):
                return False
            for block in archive.contents(file, member):
                if not _follows(original, writer.data(block)):
                    return False
            if not _follows(original, writer.end()):
                return False
        return _follows(original, writer.finish()) and not original.read(1)


def _follows(original: BinaryIO, expected: bytes) -> bool:
    return original.read(len(expected)) == expected
