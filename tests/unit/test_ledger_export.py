"""An export proves itself offline: one changed byte is found, and the first wrong entry is named."""

import random
import tracemalloc
from bisect import bisect_right
from collections.abc import Callable, Iterator
from hashlib import sha256

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.ledger import (
    CheckEntry,
    Counts,
    Entry,
    Export,
    Manifest,
    NoteEntry,
    NoteError,
    OppositionEntry,
    Report,
    encode,
    encode_manifest,
    leaf_hash,
    root_of,
    sign_checkpoint,
    sign_manifest,
    verifier_key,
    verify,
)

ORIGIN = "stop.example.fr/sender/12"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
VERIFIER = verifier_key(ORIGIN, KEY.public_key())
NOW = "2026-11-23T09:00:00.000000Z"
TABLES = {"oppositions.csv": sha256(b"a").hexdigest(), "consultations.csv": sha256(b"b").hexdigest()}


def entry(index: int) -> Entry:
    if index == 0:
        return NoteEntry(index=0, kind="sender", recorded=NOW, subject="marque", detail={"nom": "Éclair"})
    if index % 5 == 0:
        counts = Counts(submitted=index, allowed=index)
        return CheckEntry(
            index=index,
            recorded=NOW,
            check=f"c_{index}",
            caller="k_1",
            purpose="marketing",
            campaign=None,
            evaluated_at=index,
            counts=counts,
            cleared=index,
            batch=sha256(b"%d" % index).hexdigest(),
        )
    return OppositionEntry(
        index=index,
        kind="start" if index % 7 == 0 else "stop",
        recorded=NOW,
        at=NOW,
        connection="agregateur-a",
        message=sha256(b"m%d" % index).hexdigest()[:32],
        person=sha256(b"p%d" % index).hexdigest(),
        code="36200",
        basis="dedicated",
        candidates=1,
        intent="STOP",
        rule="stop.keyword",
        classifier="2026.11",
        effect="opposed",
    )


class Archive:
    """The members of an export, as bytes that a test may spoil before they are verified."""

    def __init__(self, size: int, key: Ed25519PrivateKey = KEY) -> None:
        lines = [encode(entry(index)) for index in range(size)]
        self.fill(lines, key)

    def fill(self, lines: list[bytes], key: Ed25519PrivateKey = KEY) -> None:
        hashes = [leaf_hash(line) for line in lines]
        kinds = [msgspec.json.decode(line)["kind"] for line in lines]
        root = root_of(hashes)
        self.ledger = b"".join(line + b"\n" for line in lines)
        self.leaves = b"".join(hashes)
        self.checkpoint = sign_checkpoint(ORIGIN, len(lines), root, key).encode()
        manifest = Manifest(
            origin=ORIGIN,
            size=len(lines),
            root=root.hex(),
            counts={kind: kinds.count(kind) for kind in set(kinds)},
            members=TABLES,
            about={"sender": "marque"},
        )
        self.manifest = encode_manifest(manifest)
        self.manifest_note = sign_manifest(self.manifest, ORIGIN, key).encode()
        self.digests = dict(TABLES)

    def lines(self) -> list[bytes]:
        return self.ledger.splitlines(keepends=True)

    def verify(self, block: int = 1 << 16) -> Report:
        export = Export(
            ledger=blocks(self.ledger, block),
            leaves=blocks(self.leaves, block),
            checkpoint=self.checkpoint,
            manifest=self.manifest,
            manifest_note=self.manifest_note,
            digests=self.digests,
        )
        return verify(export, VERIFIER)


def blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def problems(report: Report) -> list[str]:
    return [finding.problem for finding in report.findings]


@pytest.fixture
def archive() -> Archive:
    return Archive(40)


@pytest.mark.parametrize("size", [0, 1, 2, 7, 40])
def test_an_untouched_export_verifies(size: int) -> None:
    archive = Archive(size)

    report = archive.verify()

    assert report.ok
    assert (report.origin, report.size, report.first_wrong_entry) == (ORIGIN, size, None)
    assert report.root == root_of([leaf_hash(line[:-1]) for line in archive.lines()])
    assert sum(report.counts.values()) == size


def test_the_report_counts_entries_by_kind(archive: Archive) -> None:
    assert archive.verify().counts == {"check": 7, "sender": 1, "start": 4, "stop": 28}


@pytest.mark.parametrize("block", [1, 31, 33, 400, 10**6])
def test_members_may_arrive_in_blocks_cut_anywhere(archive: Archive, block: int) -> None:
    assert archive.verify(block).ok


def test_any_byte_of_an_entry_changed_names_that_entry(archive: Archive) -> None:
    original = archive.ledger
    ends = [end for end, byte in enumerate(original) if byte == ord("\n")]
    rng = random.Random(29)
    for _ in range(600):
        position, bit = rng.randrange(len(original)), rng.randrange(8)
        altered = bytearray(original)
        altered[position] ^= 1 << bit
        archive.ledger = bytes(altered)

        assert archive.verify().first_wrong_entry == bisect_right(ends, position - 1)


@pytest.mark.parametrize("member", ["leaves", "checkpoint", "manifest", "manifest_note"])
def test_any_byte_of_another_member_changed_is_found_and_blames_no_entry(archive: Archive, member: str) -> None:
    original = getattr(archive, member)
    rng = random.Random(30)
    for position in range(0, len(original), max(1, len(original) // 120)):
        altered = bytearray(original)
        altered[position] ^= 1 << rng.randrange(8)
        setattr(archive, member, bytes(altered))
        report = archive.verify()

        assert not report.ok
        assert report.first_wrong_entry is None


def test_a_changed_hash_is_told_from_a_changed_entry(archive: Archive) -> None:
    archive.leaves = archive.leaves[:320] + bytes(32) + archive.leaves[352:]

    (finding,) = archive.verify().findings

    assert (finding.problem, finding.member) == ("leaf-hash-changed", "leaves.bin")
    assert "hash 10" in finding.text


@pytest.mark.parametrize("surplus", [b"x", bytes(31), bytes(32), bytes(33)], ids=len)
def test_leaf_hashes_that_belong_to_no_entry_are_found(archive: Archive, surplus: bytes) -> None:
    archive.leaves += surplus

    assert problems(archive.verify()) == ["leaf-hash-changed"]


REARRANGED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int]] = {
    "one removed": (lambda lines: lines[:9] + lines[10:], 9),
    "the first removed": (lambda lines: lines[1:], 0),
    "the last removed": (lambda lines: lines[:-1], 39),
    "many removed at the end": (lambda lines: lines[:25], 25),
    "all removed": (lambda _: [], 0),
    "two exchanged": (lambda lines: [*lines[:9], lines[10], lines[9], *lines[11:]], 9),
    "one repeated": (lambda lines: [*lines[:9], lines[8], *lines[9:]], 9),
    "one put in": (lambda lines: [*lines[:9], encode(entry(9)).replace(b"opposed", b"lifted") + b"\n", *lines[9:]], 9),
    "one added": (lambda lines: [*lines, encode(entry(40)) + b"\n"], 40),
    "an empty line": (lambda lines: [*lines[:9], b"\n", *lines[9:]], 9),
    "an empty line at the end": (lambda lines: [*lines, b"\n"], 40),
    "the last line end lost": (lambda lines: [*lines[:-1], lines[-1][:-1]], 39),
    "a carriage return": (lambda lines: [*lines[:9], lines[9][:-1] + b"\r\n", *lines[10:]], 9),
    "two lines joined": (lambda lines: [*lines[:9], lines[9][:-1] + lines[10], *lines[11:]], 9),
}


@pytest.mark.parametrize("what", REARRANGED)
def test_entries_removed_moved_or_added_are_found_at_the_first_wrong_place(archive: Archive, what: str) -> None:
    rearrange, first = REARRANGED[what]
    archive.ledger = b"".join(rearrange(archive.lines()))

    report = archive.verify()

    assert "entry-changed" in problems(report)
    assert report.first_wrong_entry == first


@pytest.mark.parametrize("index", [0, 511, 512, 1023, 1099])
def test_a_wrong_entry_is_named_wherever_it_stands_in_a_long_ledger(index: int) -> None:
    archive = long_archive()
    lines = archive.lines()
    lines[index] = lines[index].replace(b"2026", b"2025")
    archive.ledger = b"".join(lines)

    report = archive.verify()

    assert problems(report) == ["entry-changed"]
    assert report.first_wrong_entry == index


def long_archive() -> Archive:
    archive = Archive(0)
    line = encode(entry(1))
    archive.fill([line.replace(b'"index":1', b'"index":%d' % index) for index in range(1100)])
    return archive


def test_a_long_ledger_verifies_across_batches() -> None:
    assert long_archive().verify().ok


def test_leaf_hashes_made_to_fit_a_changed_entry_do_not_hide_it(archive: Archive) -> None:
    forged = archive.ledger.replace(b"opposed", b"lifted", 1)
    archive.ledger = forged
    archive.leaves = b"".join(leaf_hash(line) for line in forged.splitlines())

    report = archive.verify()

    assert problems(report) == ["root-differs"]
    assert report.first_wrong_entry is None


def test_an_older_ledger_under_the_newer_checkpoint_is_found(archive: Archive) -> None:
    archive.ledger = b"".join(archive.lines()[:30])
    archive.leaves = archive.leaves[: 30 * 32]

    assert "root-differs" in problems(archive.verify())


def test_when_neither_entry_nor_hash_is_signed_the_report_says_so(archive: Archive) -> None:
    archive.leaves = bytes(32) + archive.leaves[32:]
    archive.ledger = archive.ledger.replace(b"opposed", b"lifted", 1)

    report = archive.verify()

    assert problems(report) == ["entry-or-hash-changed"]
    assert report.first_wrong_entry == 0


def test_an_export_signed_by_someone_else_is_not_authentic() -> None:
    report = Archive(40, key=STRANGER).verify()

    assert problems(report) == ["checkpoint-not-authentic", "manifest-not-authentic"]


def test_an_older_checkpoint_does_not_pass_with_a_newer_manifest(archive: Archive) -> None:
    older = Archive(30)
    archive.ledger, archive.leaves, archive.checkpoint = older.ledger, older.leaves, older.checkpoint

    assert problems(archive.verify()) == ["manifest-differs", "counts-differ"]


def test_a_checkpoint_does_not_pass_for_the_manifests_signature(archive: Archive) -> None:
    archive.manifest_note = archive.checkpoint

    assert problems(archive.verify()) == ["manifest-not-authentic"]


def test_signed_counts_that_are_not_those_of_the_entries_are_found(archive: Archive) -> None:
    manifest = msgspec.json.decode(archive.manifest, type=Manifest)
    archive.manifest = encode_manifest(msgspec.structs.replace(manifest, counts=manifest.counts | {"stop": 27}))
    archive.manifest_note = sign_manifest(archive.manifest, ORIGIN, KEY).encode()

    assert problems(archive.verify()) == ["counts-differ"]


def test_signed_entries_that_no_release_would_write_are_named() -> None:
    archive = Archive(0)
    lines = [encode(entry(index)) for index in range(10)]
    lines[6] = lines[6].replace(b'"v":1,', b'"v":1, ')
    archive.fill(lines)

    report = archive.verify()

    assert problems(report) == ["entry-unreadable"]
    assert report.first_wrong_entry == 6


def test_a_signed_entry_that_bears_another_index_is_named() -> None:
    archive = Archive(0)
    archive.fill([encode(entry(index)) for index in (0, 1, 3, 2)])

    assert archive.verify().first_wrong_entry == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"oppositions.csv": "00"}, [("member-changed", "oppositions.csv")]),
        ({"added.csv": "00"}, [("member-unlisted", "added.csv")]),
        ({"oppositions.csv": None}, [("member-missing", "oppositions.csv")]),
    ],
)
def test_tables_are_those_of_the_manifest(
    archive: Archive, change: dict[str, str | None], expected: list[tuple[str, str]]
) -> None:
    digests = TABLES | change
    archive.digests = {name: digest for name, digest in digests.items() if digest is not None}

    assert [(finding.problem, finding.member) for finding in archive.verify().findings] == expected


@pytest.mark.parametrize("manifest", [b"", b"{}", b"\xff", b"[" * 100_000])
def test_a_manifest_that_cannot_be_read_is_a_finding_not_a_failure(archive: Archive, manifest: bytes) -> None:
    archive.manifest = manifest
    archive.manifest_note = b"\xff\xfe"

    assert problems(archive.verify()) == ["manifest-not-authentic", "manifest-unreadable"]


def test_a_verifier_key_that_is_none_is_the_callers_mistake(archive: Archive) -> None:
    export = Export(ledger=[], leaves=[], checkpoint=b"", manifest=b"", manifest_note=b"", digests={})

    with pytest.raises(NoteError):
        verify(export, VERIFIER[:-1])
    assert archive.verify().ok


def test_memory_does_not_grow_with_the_ledger() -> None:
    line = encode(entry(1))
    template = line.replace(b'"index":1', b'"index":%d') + b"\n"
    count = 8_000

    def ledger() -> Iterator[bytes]:
        return (b"".join(template % i for i in range(start, start + 100)) for start in range(0, count, 100))

    export = Export(
        ledger=ledger(),
        leaves=(leaf_hash(row) for block in ledger() for row in block.splitlines()),
        checkpoint=b"",
        manifest=b"",
        manifest_note=b"",
        digests={},
    )
    tracemalloc.start()
    report = verify(export, VERIFIER)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert report.size == count
    assert report.counts == {"stop": count}
    assert peak < count * len(line) / 2


def test_a_line_without_end_is_not_kept_in_memory() -> None:
    endless = (b"x" * 65_536 for _ in range(300))
    export = Export(ledger=endless, leaves=[], checkpoint=b"", manifest=b"", manifest_note=b"", digests={})

    tracemalloc.start()
    report = verify(export, VERIFIER)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert report.first_wrong_entry == 0
    assert peak < 300 * 65_536
