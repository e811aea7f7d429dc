"""Compact JWS signed with Ed25519 (RFC 7515, 8037): what the registry hands out for others to verify without it.

One algorithm and a fixed type for each kind of token: whoever verifies asks for both, so that no token is ever taken
for another kind or verified under another algorithm (RFC 8725 §3.1, §3.11).
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.errors import InvalidValueError

Keys = Mapping[str, Ed25519PublicKey]
"""Public keys by their key id."""
TOKEN_CHARACTERS_MAX = 200_000


class BadTokenError(InvalidValueError):
    """This is no token of ours, or it was altered."""

    slug = "bad-token"
    title = "The token does not verify"
    title_fr = "Le jeton ne se vérifie pas"


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The protected header; nothing else is accepted in one."""

    alg: str
    typ: str
    kid: str


class Jwk(msgspec.Struct, frozen=True):
    """A public key as RFC 8037 publishes it; other members are passed over."""

    kty: str
    kid: str
    crv: str = ""
    x: str = ""


class Jwks(msgspec.Struct, frozen=True):
    """A published set of keys (RFC 7517)."""

    keys: Sequence[Jwk]


def sign(payload: bytes, kind: str, key: Ed25519PrivateKey) -> str:
    """Return the compact JWS of a payload; the same payload and key always give the same token."""
    unsigned = to_sign(payload, kind, key)
    return signed(unsigned, key.sign(unsigned))


def to_sign(payload: bytes, kind: str, key: Ed25519PrivateKey) -> bytes:
    """Return the token without its signature: what the key signs, wherever that is done."""
    return _header(kind, key) + b"." + _base64url(payload)


def signed(unsigned: bytes, signature: bytes) -> str:
    """Return the token of what `to_sign` gave and its signature."""
    return (unsigned + b"." + _base64url(signature)).decode()


def verify(token: str, kind: str, keys: Keys) -> bytes:
    """Return the payload; BadTokenError says what is wrong with the token."""
    signed, _, signature = token.strip().rpartition(".")
    head, _, payload = signed.partition(".")
    if len(token) > TOKEN_CHARACTERS_MAX or not (head and payload and signature):
        raise BadTokenError("This is not a compact JWS: it has three parts joined by dots.")
    header = _read_header(head)
    if header.alg != "EdDSA" or header.typ != kind:
        raise BadTokenError(f"This is another kind of token; a `{kind}` signed with EdDSA is expected here.")
    key = keys.get(header.kid)
    if key is None:
        raise BadTokenError("The token names a key that is not in this key set; fetch /.well-known/jwks.json anew.")
    try:
        key.verify(_bytes(signature), signed.encode())
    except InvalidSignature:
        raise BadTokenError("The signature does not fit: the token was altered, or is not of this registry.") from None
    return _bytes(payload)


def kind_of(token: str) -> str:
    """Return the kind that a token claims to be; nothing about it is verified. BadTokenError when it is no token."""
    return _read_header(token.strip().partition(".")[0][:TOKEN_CHARACTERS_MAX]).typ


def signer_of(token: str) -> str:
    """Return the id of the key that a token claims to be signed with; BadTokenError when it is no token."""
    return _read_header(token.strip().partition(".")[0][:TOKEN_CHARACTERS_MAX]).kid


def key_id(public: Ed25519PublicKey) -> str:
    """Name a public key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]


def jwk(public: Ed25519PublicKey) -> dict[str, str]:
    """Return a public key as RFC 8037 publishes it."""
    x = _base64url(public.public_bytes_raw()).decode()
    return {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key_id(public), "x": x}


def read_keys(raw: bytes) -> Keys:
    """Read a saved key set; keys of other kinds in it are passed over. InvalidValueError when it is none."""
    try:
        found = msgspec.json.decode(raw, type=Jwks)
        usable = [key for key in found.keys if (key.kty, key.crv) == ("OKP", "Ed25519")]
        return {key.kid: Ed25519PublicKey.from_public_bytes(_bytes(key.x)) for key in usable}
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        raise InvalidValueError("This is no key set; save what /.well-known/jwks.json answers.") from None


@lru_cache(maxsize=32)
def _header(kind: str, key: Ed25519PrivateKey) -> bytes:
    return _base64url(msgspec.json.encode(Header("EdDSA", kind, key_id(key.public_key()))))


def _read_header(head: str) -> Header:
    try:
        return msgspec.json.decode(_bytes(head), type=Header)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadTokenError("The header of the token cannot be read.") from None


def _bytes(text: str) -> bytes:
    """Decode base64url without padding, strictly: one text for one value (RFC 7515 §2)."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise BadTokenError("The token is not base64url.") from None
    if _base64url(data) != text.encode():
        raise BadTokenError("The token is not spelled as base64url without padding.")
    return data


def _base64url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
