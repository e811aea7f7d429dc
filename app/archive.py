"""The zip around an export, in its one possible spelling: the same members always give the same bytes.

So every byte of the file is covered: contents by signatures, everything else by writing the container again and
comparing. Members are deflated without compression (stored blocks, RFC 1951 §3.2.4), which every reader takes while it
streams, which no two libraries spell differently, and from which undamaged contents can be read around a damaged byte.
All dates are 1 January 1980, the format's first day. Format: PKWARE APPNOTE 6.3.10, sizes in Zip64 fields throughout.
"""

import struct
import zlib
from collections.abc import Iterator
from io import SEEK_END
from typing import BinaryIO

import msgspec

KEY_MEMBER = "verifier-key.txt"
"""The public key as the exporter states it; who does not trust the exporter brings another copy of it."""

BLOCK_BYTES = 65_535
_BLOCK_HEADER_BYTES = 5
_VERSION, _FLAGS, _DEFLATED, _TIME, _DATE = 45, 0x0808, 8, 0, 0x21  # data descriptor follows; names are UTF-8
_IN_ZIP64, _ZIP64_EXTRA = 0xFFFF_FFFF, 1


class Member(msgspec.Struct, frozen=True):
    """One finished member: where its header stands, and what the directory says of it. Sizes in bytes."""

    name: str
    offset: int
    crc: int
    size: int

    @property
    def stored_size(self) -> int:
        """Bytes between the header and the descriptor."""
        blocks = max(1, -(-self.size // BLOCK_BYTES))
        return self.size + _BLOCK_HEADER_BYTES * blocks

    @property
    def data_offset(self) -> int:
        """Where the stored blocks begin."""
        return self.offset + len(_local_header(self.name))


class Writer:
    """Produces the container's bytes piece by piece: begin, data …, end for each member, then finish."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self._position = 0
        self._name = ""
        self._start = self._crc = self._size = 0
        self._pending = b""

    def begin(self, name: str) -> bytes:
        """Start a member."""
        self._name, self._start, self._crc, self._size, self._pending = name, self._position, 0, 0, b""
        return self._out(_local_header(name))

    def data(self, data: bytes) -> bytes:
        """Add to the member; what does not fill a block waits for more."""
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        pending, pieces, start = self._pending + data, [], 0
        # The last block is written by `end`, since only then is it known to be the last.
        while len(pending) - start > BLOCK_BYTES:
            pieces.append(_block(pending[start : start + BLOCK_BYTES], last=False))
            start += BLOCK_BYTES
        self._pending = pending[start:]
        return self._out(b"".join(pieces))

    def end(self) -> bytes:
        """Finish the member."""
        member = Member(self._name, self._start, self._crc, self._size)
        self.members.append(member)
        descriptor = struct.pack("<4sIQQ", b"PK\x07\x08", member.crc, member.stored_size, member.size)
        return self._out(_block(self._pending, last=True) + descriptor)

    def finish(self) -> bytes:
        """Write the directory; nothing follows."""
        start = self._position
        directory = b"".join(_directory_entry(member) for member in self.members)
        return self._out(directory + _end(len(self.members), len(directory), start))

    def _out(self, data: bytes) -> bytes:
        self._position += len(data)
        return data


def contents(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """Yield a member's content, block by block, whatever may be damaged around it."""
    if not 0 <= member.offset <= file.seek(0, SEEK_END):
        return  # a damaged directory can point anywhere, even where no file system can seek
    file.seek(member.data_offset)
    left = member.size
    while left > 0:
        file.seek(_BLOCK_HEADER_BYTES, 1)
        block = file.read(min(BLOCK_BYTES, left))
        if not block:
            return
        left -= len(block)
        yield block


def _block(data: bytes, *, last: bool) -> bytes:
    return struct.pack("<BHH", last, len(data), len(data) ^ 0xFFFF) + data


def _local_header(name: str) -> bytes:
    encoded = name.encode()
    fields = (_VERSION, _FLAGS, _DEFLATED, _TIME, _DATE, 0, _IN_ZIP64, _IN_ZIP64, len(encoded), 20)
    return struct.pack("<4s5H3I2H", b"PK\x03\x04", *fields) + encoded + struct.pack("<2H2Q", _ZIP64_EXTRA, 16, 0, 0)


def _directory_entry(member: Member) -> bytes:
    encoded = member.name.encode()
    extra = struct.pack("<2H3Q", _ZIP64_EXTRA, 24, member.size, member.stored_size, member.offset)
    fields = (
        *(_VERSION, _VERSION, _FLAGS, _DEFLATED, _TIME, _DATE, member.crc, _IN_ZIP64, _IN_ZIP64),
        *(len(encoded), len(extra), 0, 0, 0, 0, _IN_ZIP64),
    )
    return struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *fields) + encoded + extra


def _end(count: int, size: int, start: int) -> bytes:
    zip64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, _VERSION, _VERSION, 0, 0, count, count, size, start)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, start + size, 1)
    return zip64 + locator + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, _IN_ZIP64, _IN_ZIP64, 0)
