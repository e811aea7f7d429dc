"""HMAC under keys that are used for one message after the other (RFC 2104).

The standard library begins anew with the key each time; here the two hashes that have taken the key are kept and
copied, which takes less than half the time.
"""

import hashlib

INNER, OUTER = bytes(byte ^ 0x36 for byte in range(256)), bytes(byte ^ 0x5C for byte in range(256))


class Mac:
    """HMAC-SHA-256 under one key; nothing prints it."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = hashlib.sha256().block_size
        padded = (hashlib.sha256(key).digest() if len(key) > block else key).ljust(block, b"\0")
        self._inner = hashlib.sha256(padded.translate(INNER))
        self._outer = hashlib.sha256(padded.translate(OUTER))

    def __repr__(self) -> str:
        """Hide the key from logs and tracebacks."""
        return "Mac(hidden)"

    def digest(self, data: bytes) -> bytes:
        """Return the 32 bytes of HMAC(key, data)."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()
