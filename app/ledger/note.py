"""C2SP signed notes (c2sp.org/signed-note v1) with Ed25519: text that carries its signatures and can be read aloud.

A note is its text, an empty line, then signature lines: an em dash, the key's name, base64 of key id and signature.
"""

import base64
import binascii
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from app.errors import InvalidValueError

NOTE_MAX_BYTES = 262_144
SIGNATURES_MAX = 64  # the specification asks for 16 at least
KEY_ID_BYTES = 4
PUBLIC_KEY_BYTES = 32

_ED25519 = b"\x01"  # the signature type of the specification
_DASH = "\N{EM DASH} "


class NoteError(InvalidValueError):
    """A signed note, or the key to verify it, that cannot be trusted."""

    slug = "note-not-authentic"
    title = "The signed text cannot be trusted"
    title_fr = "Le texte signé n'est pas digne de confiance"


class Verifier(Struct, frozen=True):
    """The name and public key whose signature is asked for."""

    name: str
    public: bytes

    @property
    def key(self) -> Ed25519PublicKey:
        """The public key itself."""
        return Ed25519PublicKey.from_public_bytes(self.public)

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart; no protection, the signature is."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:KEY_ID_BYTES]

    def __str__(self) -> str:
        """Return the verifier key as people exchange it: name+id+key."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(_ED25519 + self.public)}"


def read_verifier(text: str) -> Verifier:
    """Parse `name+id+key`; NoteError when it is malformed, of another signature type, or its id is not its own."""
    name, _, rest = text.partition("+")
    _, _, encoded = rest.partition("+")
    material = from_base64(encoded)
    if material is None or len(material) != 1 + PUBLIC_KEY_BYTES or not _is_name(name):
        raise NoteError("This is no verifier key: copy the whole line, name+id+key, from where it is published.")
    verifier = Verifier(name=name, public=material[1:])
    if str(verifier) != text:
        raise NoteError("The verifier key does not match its own id: a character was lost or changed in copying.")
    return verifier


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """Return the note: `text`, which ends with a line end, and one signature line by `name`.

    ValueError when the text or the name could not be read back.
    """
    if not _is_name(name) or not text.endswith("\n") or not _is_plain(text):
        raise ValueError("a note is lines without control characters, a key name has no space and no plus")
    verifier = Verifier(name=name, public=key.public_key().public_bytes_raw())
    return f"{text}\n{_DASH}{name} {to_base64(verifier.key_id + key.sign(text.encode()))}\n"


def open_note(note: str, verifier: Verifier) -> str:
    """Return the text of a note that `verifier` has signed.

    Signatures of other keys are ignored. NoteError when the note is malformed, when this key has not signed it, or when
    any signature under this key is wrong.
    """
    if not _is_plain(note):
        raise NoteError("This is no signed note: it is too long or holds characters that a note never holds.")
    # The text may have empty lines of its own; the last one ends it.
    text, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise NoteError("This is no signed note: an empty line and signature lines are missing at its end.")
    text += "\n"
    signer = (verifier.name, verifier.key_id)
    known = [signature for owner, signature in map(_signature, _lines(lines)) if owner == signer]
    if not known:
        raise NoteError("The expected key has not signed this: compare it with the one that the sender publishes.")
    for signature in known:
        _verify(verifier, signature, text.encode())
    return text


def _lines(text: str) -> list[str]:
    lines = text.split("\n")[:-1]
    if len(lines) > SIGNATURES_MAX:
        raise NoteError("This note has more signature lines than anyone would verify.")
    return lines


def _signature(line: str) -> tuple[tuple[str, bytes], bytes]:
    """Return ((key name, key id), signature) of one signature line."""
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    material = from_base64(encoded)
    if not line.startswith(_DASH) or not _is_name(name) or material is None or len(material) <= KEY_ID_BYTES:
        raise NoteError("This is no signed note: one of its signature lines is malformed.")
    return (name, material[:KEY_ID_BYTES]), material[KEY_ID_BYTES:]


def _verify(verifier: Verifier, signature: bytes, text: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature, text)
    except InvalidSignature:
        raise NoteError("The signature does not fit the text: one of the two was altered.") from None


def _is_plain(text: str) -> bool:
    """Tell whether the text is valid UTF-8 of bounded length without control characters other than line ends."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return False
    return size <= NOTE_MAX_BYTES and not any(character < " " and character != "\n" for character in text)


def _is_name(name: str) -> bool:
    return bool(name) and _is_plain(name) and not any(character == "+" or character.isspace() for character in name)


def to_base64(data: bytes) -> str:
    """Encode as RFC 4648 §4."""
    return base64.b64encode(data).decode()


def from_base64(text: str) -> bytes | None:
    """Decode strictly: one spelling for each value, so that no byte of a note can change unnoticed."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if to_base64(data) == text else None
