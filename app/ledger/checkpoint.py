"""The signed head of a ledger: a C2SP checkpoint (c2sp.org/tlog-checkpoint) in a signed note.

Whoever keeps one can later prove that what it covers was changed; it needs no secret and fits on a postcard.
"""

import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from app.ledger.note import NoteError, Verifier, from_base64, open_note, read_verifier, sign_note, to_base64
from app.ledger.tree import HASH_BYTES

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_LINES = 3  # origin, size, root; further ones are extensions, opaque to us


class Checkpoint(Struct, frozen=True):
    """Which ledger, how many entries, and the Merkle tree hash of all of them."""

    origin: str
    size: int
    root: bytes


def sign_checkpoint(origin: str, size: int, root: bytes, key: Ed25519PrivateKey) -> str:
    """Return the checkpoint as text, signed under the key name `origin`, a URL without its scheme.

    Never sign two that no consistency proof joins: a log that did so is dead.
    """
    if size < 0 or len(root) != HASH_BYTES:
        raise ValueError("a checkpoint has a size and a root of 32 bytes")
    return sign_note(f"{origin}\n{size}\n{to_base64(root)}\n", origin, key)


def verifier_key(origin: str, public: Ed25519PublicKey) -> str:
    """Return the line that an auditor keeps to verify checkpoints of `origin`: name+id+key."""
    return str(Verifier(name=origin, public=public.public_bytes_raw()))


def read_checkpoint(text: str, verifier: str, origin: str | None = None) -> Checkpoint:
    """Return the checkpoint that `verifier` has signed for `origin` (that of the verifier when None).

    NoteError when signature, form or origin is not as it must be.
    """
    key = read_verifier(verifier)
    checkpoint = parse_checkpoint(open_note(text, key))
    if checkpoint.origin != (key.name if origin is None else origin):
        raise NoteError("This is the checkpoint of another ledger: ask for that of the sender in question.")
    return checkpoint


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of an opened note; NoteError when it is no checkpoint."""
    lines = text.split("\n")[:-1]
    if len(lines) < _LINES or not all(lines) or not _SIZE.fullmatch(lines[1]):
        raise NoteError("This note is no checkpoint: its lines are not an origin, a size and a root.")
    root = from_base64(lines[2])
    if root is None or len(root) != HASH_BYTES:
        raise NoteError("This note is no checkpoint: its third line is not the base64 of a root.")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root)
