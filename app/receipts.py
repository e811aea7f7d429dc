"""Receipts for operators: what the registry committed for one message, signed (JWS, EdDSA, RFC 7515 and 8037).

A receipt is the registry's promise in the sense of RFC 6962's SCT: whoever holds it can later ask for the proof that
each leaf named in it is in a signed ledger. It names no sender and no number.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import jws

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
    unsigned = to_sign(payload, key)
    return jws.signed(unsigned, key.sign(unsigned))


def to_sign(payload: Receipt, key: Ed25519PrivateKey) -> bytes:
    """Return the JWS without its signature, which is made of these very bytes."""
    return jws.to_sign(msgspec.json.encode(payload), TYPE, key)
