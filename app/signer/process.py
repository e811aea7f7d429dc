"""The helper: reads a key, then texts to sign, and writes signatures, until its standard input ends.

It runs alone (`python -I process.py`), so it imports nothing of ours.

Frames, all integers big-endian: in, 32 bytes of Ed25519 seed, then for each order 4 bytes of count and as many texts,
each behind 4 bytes of length; out, one byte when ready, then 64 bytes a text, in order.
"""

import signal
import sys
from collections.abc import Sequence
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED_BYTES, LENGTH_BYTES, SIGNATURE_BYTES = 32, 4, 64


def frame(texts: Sequence[bytes]) -> bytes:
    """Write an order."""
    return _number(len(texts)) + b"".join([_number(len(text)) + text for text in texts])


def split(signed: bytes) -> list[bytes]:
    """Return the signatures of an answer."""
    return [signed[start : start + SIGNATURE_BYTES] for start in range(0, len(signed), SIGNATURE_BYTES)]


def serve(given: BinaryIO, taken: BinaryIO) -> None:
    """Sign until the input ends; EOFError when it ends in the middle of an order."""
    key = Ed25519PrivateKey.from_private_bytes(_read(given, SEED_BYTES))
    taken.write(b"!")
    taken.flush()
    while head := given.read(LENGTH_BYTES):
        texts = [_read(given, _size(_read(given, LENGTH_BYTES))) for _ in range(_size(head))]
        taken.write(b"".join([key.sign(text) for text in texts]))
        taken.flush()


def _read(given: BinaryIO, length: int) -> bytes:
    found = given.read(length)
    if len(found) < length:
        raise EOFError
    return found


def _number(size: int) -> bytes:
    return size.to_bytes(LENGTH_BYTES, "big")


def _size(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


if __name__ == "__main__":
    # Ctrl-C goes to the whole group; the server ends this by closing its input, once the last answer is given.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)
