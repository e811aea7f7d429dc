"""The primitives of provider signatures: every comparison in constant time, the clock given, nothing fetched.

Presented values may be hostile in any way; a primitive then says no, it does not raise.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.errors import BadSignatureError

# Amazon SNS: SignatureVersion 1 is SHA-1, 2 is SHA-256 (docs.aws.amazon.com, sns-verify-signature-of-message).
_SNS_HASHES: dict[str, type[hashes.SHA1 | hashes.SHA256]] = {"1": hashes.SHA1, "2": hashes.SHA256}
_JWT_HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_URL_SAFE = str.maketrans("-_", "+/")
_JWT_PIECES = 3  # header, payload, signature


def refuse(remedy: str) -> BadSignatureError:
    """Return the error for a request without valid proof; the remedy is for whoever runs the connection."""
    return BadSignatureError(remedy)


def octets(text: str) -> bytes:
    """Return the text as UTF-8; what UTF-8 cannot carry is written out, so that it can never match by accident."""
    return text.encode("utf-8", "backslashreplace")


def same(one: bytes, other: bytes) -> bool:
    """Compare in a time that tells neither where the values differ nor how long they are."""
    return hmac.compare_digest(hashlib.sha256(one).digest(), hashlib.sha256(other).digest())


def any_same(expected: Iterable[bytes], presented: Iterable[bytes]) -> bool:
    """Tell whether one of the presented values is expected; every pair is compared, whatever came before."""
    offered = list(presented)
    return any([same(one, other) for one in expected for other in offered])  # noqa: C419  a list: no early end


def mac(algorithm: str, key: bytes, data: bytes) -> bytes:
    """Return HMAC of the data under the key; the algorithm is one of hashlib's names."""
    return hmac.digest(key, data, algorithm)


def mac_base64(algorithm: str, key: bytes, data: bytes) -> bytes:
    """Return HMAC in base64 with padding."""
    return base64.b64encode(mac(algorithm, key, data))


def mac_hex(algorithm: str, key: bytes, data: bytes) -> bytes:
    """Return HMAC in lower-case hexadecimal."""
    return mac(algorithm, key, data).hex().encode()


def from_base64(text: str) -> bytes | None:
    """Read a secret or key in base64, padded or not; None when it is none."""
    bare = octets(text.strip().rstrip("="))
    try:
        return base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def exact_base64(text: str) -> bytes | None:
    """Read a signature in base64 in its one proper spelling, so that no changed character passes; else None."""
    found = from_base64(text)
    return found if found is not None and base64.b64encode(found) == octets(text) else None


def is_stale(signed_at: object, now: datetime, tolerance: timedelta) -> bool:
    """Tell whether a signed unix time (seconds) lies outside the window, on either side, or cannot be read.

    Age is only ever flagged: a late STOP is a STOP (research: reliability T11).
    """
    try:
        age = now.timestamp() - float(signed_at)  # type: ignore[arg-type]  # whatever float() refuses is caught
    except (TypeError, ValueError, OverflowError):
        return True
    return not abs(age) <= tolerance.total_seconds()


def jwt_claims(token: str, secrets: Sequence[str], algorithms: Sequence[str]) -> dict[str, Any] | None:
    """Return the claims of a compact JWS signed with HMAC under one of the secrets; None when it is not."""
    pieces = token.split(".")
    if len(pieces) != _JWT_PIECES:
        return None
    header, payload = _json_piece(pieces[0]), _json_piece(pieces[1])
    algorithm = (header or {}).get("alg")
    if payload is None or algorithm not in algorithms or algorithm not in _JWT_HASHES:
        return None
    signed = octets(f"{pieces[0]}.{pieces[1]}")
    expected = [mac(_JWT_HASHES[algorithm], octets(secret), signed) for secret in secrets]
    wanted = [base64.urlsafe_b64encode(one).rstrip(b"=") for one in expected]
    return payload if any_same(wanted, [octets(pieces[2])]) else None


def _json_piece(piece: str) -> dict[str, Any] | None:
    """Return one base64url part of a token as an object."""
    try:
        return msgspec.json.decode(from_base64(piece.translate(_URL_SAFE)) or b"", type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def ed25519_verifies(public_keys: Iterable[bytes | None], signature: bytes | None, data: bytes) -> bool:
    """Tell whether one of the raw 32-byte public keys verifies the signature."""
    return any([_ed25519(key, signature or b"", data) for key in public_keys])  # noqa: C419  a list: no early end


def _ed25519(public_key: bytes | None, signature: bytes, data: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key or b"").verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def certificate(pem: object) -> x509.Certificate | None:
    """Read a PEM certificate; None when it is none."""
    try:
        return x509.load_pem_x509_certificate(octets(pem) if isinstance(pem, str) else b"")
    except ValueError:
        return None


def certificate_verifies(holder: x509.Certificate, version: object, signature: bytes | None, data: bytes) -> bool:
    """Tell whether the certificate's RSA key made this PKCS#1 v1.5 signature; version "1" or "2" as in SNS."""
    key = holder.public_key()
    hashing = _SNS_HASHES.get(version) if isinstance(version, str) else None
    if not isinstance(key, RSAPublicKey) or hashing is None:
        return False
    try:
        key.verify(signature or b"", data, padding.PKCS1v15(), hashing())
    except (InvalidSignature, ValueError):
        return False
    return True
