"""The root key: sealed under a passphrase in a file, and every other key of the registry derived from it (D3).

Losing the root key loses every opt-out, because no number could be recognised again; whoever holds it together with
the database can recover the numbers. So it lives outside the database, and each use has its own key (ANSSI PA-079).
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Meta, Struct

from app.errors import InvalidValueError, RegistryError
from app.mac import Mac

KEY_BYTES = 32
SALT_BYTES = 32  # of a sender
FILE_SALT_BYTES = 16
NONCE_BYTES = 12
GCM_TAG_BYTES = 16
DIGEST_BYTES = 16
CHECK_VALUE_BYTES = 16
PASSPHRASE_MIN_BYTES = 12
KEY_FILE_MAX_BYTES = 4096

ARGON2_MEMORY_KIB = 65_536  # RFC 9106 §4, the second recommended option: 64 MiB, 3 passes, 4 lanes
ARGON2_PASSES = 3
ARGON2_LANES = 4


class WeakPassphraseError(InvalidValueError):
    """A passphrase that could be guessed in spite of Argon2id."""

    slug = "weak-passphrase"
    title = "The passphrase is too short"
    title_fr = "La phrase secrète est trop courte"


class KeyFileError(RegistryError):
    """The root key cannot be read from its file."""

    slug = "key-file"
    title = "The root key is not available"
    title_fr = "La clé racine n'est pas disponible"


class DamagedKeyFileError(KeyFileError):
    """The file is not as it was written, whatever the passphrase."""

    slug = "key-file-damaged"
    title = "The key file is damaged"
    title_fr = "Le fichier de clé est endommagé"


class WrongPassphraseError(KeyFileError):
    """The file is intact but this passphrase does not open it."""

    slug = "wrong-passphrase"
    title = "The passphrase does not open the key file"
    title_fr = "La phrase secrète n'ouvre pas le fichier de clé"


class BrokenBoxError(RegistryError):
    """A sealed value was altered, belongs to another row, or was sealed under another key."""

    slug = "broken-box"
    title = "A sealed value cannot be opened"
    title_fr = "Une valeur scellée ne peut pas être ouverte"


class Root:
    """The 32 random bytes from which all keys derive; nothing prints, compares or iterates it."""

    __slots__ = ("_derived", "_macs", "_secret", "_signing")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError("a root key has 32 bytes")
        self._secret = secret
        # Deriving takes as long as everything else a message needs. The uses are a handful; keys of senders, which a
        # destroyed salt must make unobtainable, are not among them.
        self._derived: dict[tuple[str, str], bytes] = {}
        self._macs: dict[str, Mac] = {}
        self._signing: dict[tuple[int, str], Ed25519PrivateKey] = {}

    def __repr__(self) -> str:
        """Hide the secret from logs and tracebacks."""
        return "Root(hidden)"

    def sender_key(self, sender_id: int, salt: bytes) -> bytes:
        """Return the 32-byte tag key of one sender; destroying its 32-byte `salt` makes all its tags meaningless."""
        if len(salt) != SALT_BYTES:
            raise ValueError("a sender's salt has 32 bytes")
        return self._derive("sender", str(sender_id), salt)

    def sender_keys(self, sender_id: int, salts: Sequence[bytes]) -> tuple[bytes, ...]:
        """Return a sender's keys in the order of their epochs; none for a sender whose salts were erased."""
        return tuple(self.sender_key(sender_id, salt) for salt in salts if salt)

    def purpose_key(self, purpose: str) -> bytes:
        """Return a 32-byte key for one named use that none of the methods below covers."""
        return self._derive("purpose", purpose)

    def check_value(self) -> bytes:
        """Return 16 bytes that tell root keys apart and give nothing away; the database and the key file hold them."""
        return self._derive("check-value", "")[:CHECK_VALUE_BYTES]

    def digest(self, purpose: str, data: bytes) -> bytes:
        """Return a 16-byte HMAC-SHA-256 of `data`: for whatever holds a number, which a plain hash would give away."""
        mac = self._macs.get(purpose)
        if mac is None:
            mac = self._macs[purpose] = Mac(self._kept("digest", purpose))
        return mac.digest(data)[:DIGEST_BYTES]

    def signing_key(self, generation: int = 1, purpose: str = "ledger") -> Ed25519PrivateKey:
        """Return the Ed25519 key of one purpose and generation (1, 2, …); earlier ones can always be derived again."""
        known = self._signing.get((generation, purpose))
        if known is None:
            known = Ed25519PrivateKey.from_private_bytes(self._derive("signing", f"{purpose}/{generation}"))
            self._signing[generation, purpose] = known
        return known

    def seal(self, purpose: str, plaintext: bytes, aad: bytes, nonce: bytes) -> bytes:
        """Return nonce || ciphertext under AES-256-GCM; only the same purpose and `aad` (the row's id) open it.

        `nonce`: 12 fresh random bytes; fewer than 2^32 boxes per purpose (SP 800-38D §8.3).
        """
        if len(nonce) != NONCE_BYTES:
            raise ValueError("a nonce has 12 bytes")
        return nonce + self._cipher(purpose).encrypt(nonce, plaintext, aad)

    def open(self, purpose: str, box: bytes, aad: bytes) -> bytes:
        """Return what `seal` was given; BrokenBoxError when box, purpose, `aad` or root key is not the same."""
        if len(box) < NONCE_BYTES + GCM_TAG_BYTES:
            raise BrokenBoxError("A sealed value is cut short: restore its row from a backup.")
        try:
            return self._cipher(purpose).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], aad)
        except InvalidTag:
            raise BrokenBoxError(
                "A sealed value was altered, moved to another row, or sealed under another root key: "
                "compare the key check value with that of the database, or restore the row from a backup."
            ) from None

    def _cipher(self, purpose: str) -> AESGCM:
        return AESGCM(self._kept("box", purpose))

    def _kept(self, use: str, name: str) -> bytes:
        """Derive once; two threads that come first at the same time derive the same."""
        known = self._derived.get((use, name))
        if known is None:
            known = self._derived[use, name] = self._derive(use, name)
        return known

    def _derive(self, use: str, name: str, salt: bytes | None = None) -> bytes:
        """HKDF-SHA-256 (RFC 5869). No `use` holds a slash, so no two pairs (use, name) share an info string."""
        info = f"stop-registry/1/{use}/{name}".encode()
        return HKDF(hashes.SHA256(), KEY_BYTES, salt, info).derive(self._secret)


def hexadecimal(size: int) -> Meta:
    """Describe a field of so many bytes in lower-case hexadecimal."""
    return Meta(pattern=rf"\A[0-9a-f]{{{2 * size}}}\Z")


class Kdf(Struct, frozen=True, forbid_unknown_fields=True):
    """How the passphrase becomes a key. Bounded, because these are read before anything is authenticated."""

    name: Literal["argon2id"] = "argon2id"
    memory_kib: Annotated[int, Meta(ge=19_456, le=2_097_152)] = ARGON2_MEMORY_KIB  # OWASP's least to RFC 9106's most
    passes: Annotated[int, Meta(ge=1, le=10)] = ARGON2_PASSES
    lanes: Annotated[int, Meta(ge=1, le=16)] = ARGON2_LANES


class _KeyFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The key file, in the order of its lines; everything above `ciphertext` is its associated data."""

    format: Literal["stop-registry root key"] = "stop-registry root key"
    version: Literal[1] = 1
    check_value: Annotated[str, hexadecimal(CHECK_VALUE_BYTES)]
    kdf: Kdf = Kdf()
    salt: Annotated[str, hexadecimal(FILE_SALT_BYTES)]
    nonce: Annotated[str, hexadecimal(NONCE_BYTES)]
    ciphertext: Annotated[str, hexadecimal(KEY_BYTES + GCM_TAG_BYTES)]
    checksum: Annotated[str, hexadecimal(32)]


def seal_root(root: bytes, passphrase: bytes, salt: bytes, nonce: bytes) -> bytes:
    """Return the key file: readable JSON, of no use without the passphrase.

    `root` 32, `salt` 16 and `nonce` 12 random bytes. Takes about 0.2 s and 64 MiB: not on the event loop.
    """
    if (len(root), len(salt), len(nonce)) != (KEY_BYTES, FILE_SALT_BYTES, NONCE_BYTES):
        raise ValueError("a root key has 32 bytes, the salt of its file 16 and the nonce 12")
    require_passphrase(passphrase)
    check_value = Root(root).check_value().hex()
    blank = _KeyFile(check_value=check_value, salt=salt.hex(), nonce=nonce.hex(), ciphertext="", checksum="")
    ciphertext = _passphrase_cipher(blank, passphrase).encrypt(nonce, root, _header(blank))
    sealed = msgspec.structs.replace(blank, ciphertext=ciphertext.hex())
    complete = msgspec.structs.replace(sealed, checksum=_checksum(sealed))
    return msgspec.json.format(msgspec.json.encode(complete), indent=2) + b"\n"


def unseal_root(blob: bytes, passphrase: bytes) -> bytes:
    """Return the 32-byte root key of a key file.

    DamagedKeyFileError: the file is not as it was written (no passphrase was tried). WrongPassphraseError: it is, but
    the passphrase does not open it. Takes the time and memory that the file states, at most 2 GiB.
    """
    file = _read_key_file(blob)
    cipher = _passphrase_cipher(file, passphrase)
    try:
        return cipher.decrypt(bytes.fromhex(file.nonce), bytes.fromhex(file.ciphertext), _header(file))
    except InvalidTag:
        raise WrongPassphraseError(
            "The key file is intact but this passphrase does not open it: try the one that was set when the key was "
            "created, without a line end. If it is surely right, someone has rewritten the file: take a copy of it."
        ) from None


def _read_key_file(blob: bytes) -> _KeyFile:
    """Parse and check against accidents. Details stay out of the error: they might repeat what the file holds."""
    if len(blob) > KEY_FILE_MAX_BYTES:
        raise DamagedKeyFileError("This is no key file: it is too long. Give the path of the file made with the key.")
    try:
        file = msgspec.json.decode(blob, type=_KeyFile)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise DamagedKeyFileError(
            "The key file cannot be read: a field is missing, unknown or out of bounds. Restore it from a copy."
        ) from None
    if not hmac.compare_digest(file.checksum, _checksum(file)):
        raise DamagedKeyFileError("The key file was altered: its checksum differs. Restore it from a copy.")
    return file


def require_passphrase(passphrase: bytes) -> None:
    """Refuse one that could be guessed; WeakPassphraseError."""
    if len(passphrase) < PASSPHRASE_MIN_BYTES:
        raise WeakPassphraseError(f"Choose a passphrase of at least {PASSPHRASE_MIN_BYTES} characters.")


def passphrase_cipher(kdf: Kdf, salt: bytes, passphrase: bytes) -> AESGCM:
    """Return the cipher of a file that a passphrase opens; about 0.2 s and 64 MiB, or what the file states."""
    return AESGCM(hash_secret_raw(passphrase, salt, kdf.passes, kdf.memory_kib, kdf.lanes, KEY_BYTES, Type.ID))


def _passphrase_cipher(file: _KeyFile, passphrase: bytes) -> AESGCM:
    return passphrase_cipher(file.kdf, bytes.fromhex(file.salt), passphrase)


def _header(file: _KeyFile) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(file, ciphertext="", checksum=""))


def _checksum(file: _KeyFile) -> str:
    """Tell an accident from a wrong passphrase; it protects against nobody, the cipher's own tag does."""
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(file, checksum=""))).hexdigest()
