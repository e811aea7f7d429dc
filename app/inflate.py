"""Gzip bodies (RFC 1952) unpacked within bounds: what a small body can become is decided here, not by its sender."""

import zlib
from typing import Final

from app.errors import MalformedRequestError, TooLargeError

GZIP_WINDOW_BITS: Final = 31  # zlib's sign for the gzip format
STEP_BYTES: Final = 1 << 20
RATIO_MAX: Final = 100  # unpacked to packed; consecutive numbers reach about 20, a bomb 1,000
RATIO_FREE_BYTES: Final = 1_000_000  # below it any ratio is harmless
MEMBERS_MAX: Final = 100  # parts that were packed apart and put together


class Gunzip:
    """Unpacks a body as it arrives; it never holds more than `bytes_max`, and a step of working room."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._packed = 0
        self._unpacked = bytearray()
        self._members = 1
        self._member = zlib.decompressobj(GZIP_WINDOW_BITS)

    def feed(self, chunk: bytes) -> None:
        """Unpack one more piece; TooLargeError beyond a bound, MalformedRequestError where it is no gzip."""
        while chunk:
            if self._member.eof:
                self._begin_member()
            chunk = self._step(chunk)

    def finish(self) -> bytes:
        """Return the whole body; MalformedRequestError when its end is missing."""
        if not self._member.eof:
            raise MalformedRequestError("The gzip body is cut short; send it again, whole.")
        return bytes(self._unpacked)

    def _begin_member(self) -> None:
        self._members += 1
        if self._members > MEMBERS_MAX:
            raise MalformedRequestError("The gzip body has too many parts; pack it in one go.")
        self._member = zlib.decompressobj(GZIP_WINDOW_BITS)

    def _step(self, chunk: bytes) -> bytes:
        """Unpack at most a step of the chunk; what is left of it comes back."""
        room = self._bytes_max - len(self._unpacked)
        try:
            self._unpacked += self._member.decompress(chunk, min(STEP_BYTES, room + 1))
        except zlib.error:
            raise MalformedRequestError("The body is not the gzip it is said to be.") from None
        rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        self._packed += len(chunk) - len(rest)
        size = len(self._unpacked)
        if size > self._bytes_max:
            raise TooLargeError(f"The body may hold {self._bytes_max:,} bytes at most once it is unpacked.")
        if size > RATIO_FREE_BYTES and size > self._packed * RATIO_MAX:
            raise TooLargeError(f"The body unpacks to more than {RATIO_MAX} times its size; send it without gzip.")
        return rest
