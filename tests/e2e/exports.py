"""Exports made without a database: any number of entries, signed, in the container; and ways to damage them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import archive, dossier, ledger
from app.dossier import tables

ORIGIN = "tests.stop-registry.local/sender/salon-martin"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VERIFIER = ledger.verifier_key(ORIGIN, KEY.public_key())
START = datetime(2026, 11, 1, tzinfo=UTC)
NO_PERIOD = {"from": "", "to": ""}
Members = dict[str, bytes]


def line(index: int) -> bytes:
    """Entry `index`: notes with accents and digits as keys, checks, and mostly oppositions."""
    recorded = ledger.timestamp(START + timedelta(seconds=index))
    if index % 10 == 0:
        detail = {"by": "Éloïse", "36200": "ajouté", "7": "x", "note": 'a "quoted" \\ line\n'}
        return ledger.encode(
            ledger.NoteEntry(index=index, recorded=recorded, kind="code", subject="36200", detail=detail)
        )
    if index % 10 == 1:
        counts = ledger.Counts(submitted=3, allowed=2, opted_out=1)
        purpose = "emergency" if index % 20 == 1 else "marketing"
        return ledger.encode(
            ledger.CheckEntry(
                index=index, recorded=recorded, check=f"chk_{index}", caller="clé", purpose=purpose,
                campaign="soldes d'été", evaluated_at=index, counts=counts, cleared=2, batch="0f" * 32,
                clearance=f"clr_{index}" if index % 30 == 11 else None,
                terms="d5" * 32 if index % 30 == 11 else None, drill=index % 40 == 31,
            )
        )  # fmt: skip
    return ledger.encode(
        ledger.OppositionEntry(
            index=index, recorded=recorded, kind="stop", at=recorded, connection="agregateur", message="a0" * 16,
            person=sha256(b"%d" % index).hexdigest(), code="36200", basis="dedicated", candidates=1, intent="STOP",
            rule="stop.keyword", classifier="1", effect="opposed",
        )
    )  # fmt: skip


def many_lines(count: int) -> list[bytes]:
    """Oppositions that differ by their index only: quick to make."""
    opening, _, rest = line(2).partition(b":2,")
    return [b"%s:%d,%s" % (opening, index, rest) for index in range(count)]


def kind_of(entry: bytes) -> str:
    """What somebody who falsifies an entry would count it as."""
    try:
        return ledger.place(entry)[1]
    except ledger.LedgerEntryError:
        return "stop"


def members_of(
    lines: list[bytes],
    key: Ed25519PrivateKey = KEY,
    *,
    rows: list[bytes] | None = None,
    period: dict[str, str] | None = None,
    change: dict[str, Callable[[bytes], bytes]] | None = None,
) -> Members:
    """The members of a rightful export of these entries; `rows` are in its tables, `change` is made before signing."""
    leaves = [ledger.leaf_hash(entry) for entry in lines]
    root, kinds = ledger.root_of(leaves), [kind_of(entry) for entry in lines]
    shown = dossier.read(lines if rows is None else rows)
    written = {
        ledger.OPPOSITIONS_TABLE: tables.oppositions(shown),
        ledger.CHECKS_TABLE: tables.checks(shown),
        ledger.NOTES_TABLE: tables.notes(shown),
        ledger.EMERGENCIES_TABLE: tables.emergencies(shown),
        tables.INCIDENTS_TABLE: "",
    }
    people = {
        **{name: (tables.head(name) + text).encode() for name, text in written.items()},
        archive.KEY_MEMBER: ledger.verifier_key(ORIGIN, key.public_key()).encode() + b"\n",
        "verifier.html": dossier.asset("verifier.html"),
    }
    people |= {name: made(people[name]) for name, made in (change or {}).items()}
    manifest = ledger.encode_manifest(
        ledger.Manifest(
            origin=ORIGIN,
            size=len(lines),
            root=root.hex(),
            counts={kind: kinds.count(kind) for kind in sorted(set(kinds))},
            rows={name: people[name].count(b"\r\n") - 1 for name in written},
            members={name: sha256(content).hexdigest() for name, content in people.items()},
            about={"name": "Salon Martin", "made_at": "2026-11-22T00:00:00.000000Z"} | (period or NO_PERIOD),
        )
    )
    return {
        "ledger.jsonl": b"".join(entry + b"\n" for entry in lines),
        "leaves.bin": b"".join(leaves),
        **people,
        "checkpoint.txt": ledger.sign_checkpoint(ORIGIN, len(lines), root, key).encode(),
        "manifest.json": manifest,
        "manifest.note": ledger.sign_manifest(manifest, ORIGIN, key).encode(),
    }


def zipped(members: Members) -> bytes:
    """The container in its one spelling."""
    writer = archive.Writer()
    parts = [writer.begin(name) + writer.data(content) + writer.end() for name, content in members.items()]
    return b"".join(parts) + writer.finish()


def replaced(members: Members, name: str, change: Callable[[bytes], bytes]) -> Members:
    """The same members with one of them changed, in a rightful container."""
    return {**members, name: change(members[name])}
