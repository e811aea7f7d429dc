"""The journal of who did and saw what: the leaf of an entry, and the signed root of one UTC day.

A day's note is a C2SP checkpoint of the log `<origin>/access/<day>`, signed by `<origin>/access`. One extension line
names the day before and its root, so that no day can be left out unnoticed.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.ledger.checkpoint import parse_checkpoint
from app.ledger.entry import timestamp
from app.ledger.note import NoteError, Verifier, from_base64, open_note, read_verifier, sign_note, to_base64
from app.ledger.tree import HASH_BYTES, leaf_hash

_PREVIOUS = re.compile(r"previous (\d{4}-\d\d-\d\d) ([A-Za-z0-9+/=]+)")


class JournalLine(msgspec.Struct, frozen=True):
    """One entry: who did what, to what, and whose data it concerned; detail is JSON text."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    sender_ids: Sequence[int]


class JournalDay(msgspec.Struct, frozen=True):
    """The tree of one day; previous is the day before that has entries, with its root, None for the first."""

    day: date
    size: int
    root: bytes
    previous: tuple[date, bytes] | None = None


def journal_leaf(day: date, position: int, line: JournalLine) -> bytes:
    """Return the leaf hash of an entry: over everything that is stored of it, and its place."""
    said = [line.actor, line.action, line.subject, line.detail, list(line.sender_ids)]
    return leaf_hash(msgspec.json.encode([1, day.isoformat(), position, timestamp(line.at), *said]))


def journal_verifier(origin: str, public: Ed25519PublicKey) -> str:
    """Return the key under which the days of a registry's journal verify: name+id+key."""
    return str(Verifier(name=f"{origin}/access", public=public.public_bytes_raw()))


def sign_day(origin: str, day: JournalDay, key: Ed25519PrivateKey) -> str:
    """Return the signed note of a day."""
    text = f"{origin}/access/{day.day}\n{day.size}\n{to_base64(day.root)}\n"
    if day.previous:
        text += f"previous {day.previous[0]} {to_base64(day.previous[1])}\n"
    return sign_note(text, f"{origin}/access", key)


def read_day(note: str, verifier: str) -> JournalDay:
    """Return the day that `verifier` has signed; NoteError when it has not, or when this is no day of its journal."""
    key = read_verifier(verifier)
    text = open_note(note, key)
    head = parse_checkpoint(text)
    name, _, day = head.origin.rpartition("/")
    extension = text.split("\n")[3:-1]
    previous = _PREVIOUS.fullmatch(extension[0]) if len(extension) == 1 else None
    if name != key.name or len(extension) > 1 or (extension and previous is None):
        raise _no_day()
    try:
        before = (date.fromisoformat(previous[1]), _hash(previous[2])) if previous else None
        return JournalDay(date.fromisoformat(day), head.size, head.root, before)
    except ValueError:
        raise _no_day() from None


def _hash(text: str) -> bytes:
    value = from_base64(text)
    if value is None or len(value) != HASH_BYTES:
        raise ValueError("a root has 32 bytes")
    return value


def _no_day() -> NoteError:
    return NoteError("This note is no day of the journal: its lines are not an origin, a size, a root, the day before.")
