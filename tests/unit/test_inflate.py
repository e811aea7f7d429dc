"""Packed bodies are unpacked within bounds, in memory too."""

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from app.errors import MalformedRequestError, TooLargeError
from app.inflate import MEMBERS_MAX, RATIO_FREE_BYTES, RATIO_MAX, STEP_BYTES, Gunzip

CAP = 32_000_000


def unpacked(packed: bytes, cap: int = CAP, piece: int = 65_536) -> bytes:
    gunzip = Gunzip(cap)
    for at in range(0, len(packed), piece):
        gunzip.feed(packed[at : at + piece])
    return gunzip.finish()


def bomb(gigabyte_of: bytes = b"\0") -> Iterator[bytes]:
    """A gigabyte in about a megabyte: one flushed block of 16 MiB again and again, after one header."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    header = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(gigabyte_of * (16 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    yield header
    for _ in range(64):
        yield block


@pytest.mark.parametrize("piece", [1, 7, 65_536])
def test_what_was_packed_comes_back(piece: int) -> None:
    numbers = b"".join(b"+336399%05d\n" % random.Random(1).randrange(80_000, 89_999) for _ in range(500))
    assert unpacked(gzip.compress(numbers), piece=piece) == numbers


def test_a_gigabyte_out_of_a_megabyte_is_refused_in_little_memory() -> None:
    packed = b"".join(bomb())
    assert len(packed) < 1_100_000
    gunzip = Gunzip(CAP)
    tracemalloc.start()
    with pytest.raises(TooLargeError):
        gunzip.feed(packed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < RATIO_FREE_BYTES + 4 * STEP_BYTES


def test_a_bomb_below_the_ratio_ends_at_the_cap() -> None:
    some, cap = random.Random(2).randbytes(20_000), 4_000_000
    packed = gzip.compress(b"".join(some + b"0" * 400_000 for _ in range(20)))
    assert len(packed) * RATIO_MAX > 20 * 420_000
    tracemalloc.start()
    with pytest.raises(TooLargeError):
        unpacked(packed, cap)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < cap + 4 * STEP_BYTES


def test_a_body_of_exactly_the_cap_is_taken() -> None:
    body = random.Random(3).randbytes(3_000_000)
    assert unpacked(gzip.compress(body), len(body)) == body
    with pytest.raises(TooLargeError):
        unpacked(gzip.compress(body), len(body) - 1)


def test_a_small_body_may_have_any_ratio() -> None:
    assert unpacked(gzip.compress(b"0" * 900_000)) == b"0" * 900_000


def test_parts_packed_apart_are_one_body() -> None:
    assert unpacked(gzip.compress(b"one\n") + gzip.compress(b"two\n"), piece=3) == b"one\ntwo\n"


def test_endless_empty_parts_are_refused() -> None:
    with pytest.raises(MalformedRequestError):
        unpacked(gzip.compress(b"") * (MEMBERS_MAX + 1))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"\x1f\x8b",
        gzip.compress(b"12", mtime=0)[:-1],
        gzip.compress(b"12", mtime=0) + b"x",
        zlib.compress(b"12"),
    ],
)
def test_what_is_no_whole_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        unpacked(body)


def test_a_changed_byte_is_noticed() -> None:
    packed = bytearray(gzip.compress(b"+33639980001\n+33639980002\n"))
    packed[-6] ^= 1
    with pytest.raises(MalformedRequestError):
        unpacked(bytes(packed))
