"""Receipts for operators: what the registry committed for one message, signed (JWS, EdDSA, RFC 7515 and 8037).

A receipt is the registry's promise in the sense of RFC 6962's SCT: whoever holds it can later ask for the proof that
each leaf named in it is in a signed ledger. It names no sender and no number.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TYPE = "stop-registry-receipt+jws"


class Receipt(msgspec.Struct, frozen=True):
    """What is signed: the issuer, the message, when it was first received, and the leaves of its entries."""

    iss: str
    connection: str
    id: str | None
    message: str
    received_at: datetime
    senders: int
    leaves: tuple[str, ...]


def receipt(
    origin: str, connection: str, message_id: str | None, dedupe: bytes, received_at: datetime, leaves: Sequence[bytes]
) -> Receipt:
    """Build a receipt; the same message always gives the same one."""
    hexes = tuple(leaf.hex() for leaf in leaves)
    return Receipt(origin, connection, message_id, dedupe.hex(), received_at.astimezone(UTC), len(hexes), hexes)


def sign(payload: Receipt, key: Ed25519PrivateKey) -> str:
    """Return the compact JWS."""
    signed = _header(key) + b"." + _base64url(msgspec.json.encode(payload))
    return (signed + b"." + _base64url(key.sign(signed))).decode()


@lru_cache(maxsize=8)
def _header(key: Ed25519PrivateKey) -> bytes:
    """Return the JWS header of a key, the same for all its receipts."""
    return _base64url(msgspec.json.encode({"alg": "EdDSA", "typ": TYPE, "kid": key_id(key.public_key())}))


def key_id(public: Ed25519PublicKey) -> str:
    """Name a public key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]


def jwk(public: Ed25519PublicKey) -> dict[str, str]:
    """Return a public key as RFC 8037 publishes it."""
    x = _base64url(public.public_bytes_raw()).decode()
    return {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key_id(public), "x": x}


def _base64url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
