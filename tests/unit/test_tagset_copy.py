"""PostgreSQL's binary COPY of one bigint column becomes an array, wherever the chunks are cut."""

import struct
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tagset import COPY_BLOCK, CopyReader, TagSet, tags_from_copy

# What PostgreSQL 18.6 sends for COPY (VALUES (1::bigint), (-2^63), (2^63 - 1), (-1)) TO STDOUT (FORMAT binary).
FROM_THE_SERVER = bytes.fromhex(
    "5047434f50590aff0d0a00 00000000 00000000"
    "0001 00000008 0000000000000001"
    "0001 00000008 8000000000000000"
    "0001 00000008 7fffffffffffffff"
    "0001 00000008 ffffffffffffffff"
    "ffff"
)
SIGNATURE = b"PGCOPY\n\xff\r\n\0"
HEADER = SIGNATURE + bytes(8)
TRAILER = b"\xff\xff"


def row(tag: int) -> bytes:
    return struct.pack(">hiq", 1, 8, tag)


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


def test_what_the_server_sends_is_read() -> None:
    assert tags_from_copy([FROM_THE_SERVER]).tolist() == [1, -(2**63), 2**63 - 1, -1]


@pytest.mark.parametrize("size", range(1, len(FROM_THE_SERVER)))
def test_chunks_of_every_size_give_the_same_tags(size: int) -> None:
    chunks = [FROM_THE_SERVER[start : start + size] for start in range(0, len(FROM_THE_SERVER), size)]
    assert tags_from_copy(chunks).tolist() == [1, -(2**63), 2**63 - 1, -1]


@given(
    tags=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50),
    cuts=st.lists(st.integers(0, 10_000), max_size=12),
    extension=st.binary(max_size=30),
)
def test_any_tags_survive_any_cuts(tags: list[int], cuts: list[int], extension: bytes) -> None:
    header = SIGNATURE + bytes(4) + struct.pack(">i", len(extension)) + extension
    stream = header + b"".join(map(row, tags)) + TRAILER
    assert tags_from_copy(pieces(stream, cuts)).tolist() == tags


def test_a_copy_of_nobody_is_an_empty_array() -> None:
    assert tags_from_copy([HEADER + TRAILER]).tolist() == []


def test_a_long_stream_keeps_its_order_across_the_blocks_it_is_decoded_in() -> None:
    tags = np.arange(300_000, dtype=np.int64) * 61_234_567_891 - 2**62
    rows = np.zeros(tags.size, dtype=[("columns", ">i2"), ("length", ">i4"), ("tag", ">i8")])
    rows["columns"], rows["length"], rows["tag"] = 1, 8, tags
    stream = HEADER + rows.tobytes() + TRAILER
    np.testing.assert_array_equal(tags_from_copy([stream]), tags)
    chunks = (stream[start : start + 65_521] for start in range(0, len(stream), 65_521))
    np.testing.assert_array_equal(tags_from_copy(chunks), tags)


def test_an_extension_of_the_header_longer_than_a_block_is_passed_over() -> None:
    extension = row(1) * (COPY_BLOCK // 7)
    stream = SIGNATURE + bytes(4) + struct.pack(">i", len(extension)) + extension + row(2) + TRAILER
    assert tags_from_copy([stream]).tolist() == [2]


def test_a_set_is_made_of_a_copy() -> None:
    copy = CopyReader()
    copy.feed(FROM_THE_SERVER)
    tags = TagSet.from_copy(copy)
    assert tags.array().tolist() == [-(2**63), -1, 1, 2**63 - 1]


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        TRAILER,
        HEADER[:-1],
        HEADER[:-1] + b"\2",
        HEADER,
        FROM_THE_SERVER[:-1],
        FROM_THE_SERVER[:-2],
        FROM_THE_SERVER[:-5],
        FROM_THE_SERVER + b"\0",
        FROM_THE_SERVER + row(2),
        FROM_THE_SERVER + TRAILER,
        HEADER + b"\0\1" + TRAILER,
    ],
)
def test_a_stream_that_is_cut_or_goes_on_after_its_end_is_refused(stream: bytes) -> None:
    with pytest.raises(ValueError, match=r"incomplete|not one tag"):
        tags_from_copy([stream])


@pytest.mark.parametrize(
    "rows",
    [
        struct.pack(">hi", 1, -1) * 7,  # NULL, as often as makes whole rows of another kind
        struct.pack(">hiqiq", 2, 8, 1, 8, 2) * 7,  # two columns
        struct.pack(">hii", 1, 4, 1) * 7,  # a column of four bytes
        struct.pack(">h", 0) * 7,  # no column
        struct.pack(">hiq", 1, 7, 1),  # a length that is none of a tag's
        row(1) + TRAILER + row(1)[2:],  # the end amid the rows
    ],
)
def test_rows_that_are_not_one_tag_are_refused(rows: bytes) -> None:
    with pytest.raises(ValueError, match="select the tag alone"):
        tags_from_copy([HEADER + rows + TRAILER])


@pytest.mark.parametrize(
    "header",
    [
        b"1\n2\n3\n4\n5\n6\n7\n8\n9\n0\n",
        SIGNATURE[:-1] + b"\1" + bytes(8),
        SIGNATURE + struct.pack(">i", 1 << 16) + bytes(4),
        SIGNATURE + struct.pack(">i", 1 << 17) + bytes(4),
    ],
)
def test_a_header_of_something_else_is_refused(header: bytes) -> None:
    with pytest.raises(ValueError, match="FORMAT binary"):
        tags_from_copy([header + row(1) + TRAILER])


def test_a_stream_is_never_in_memory_twice() -> None:
    block = row(1) * 10_000
    tracemalloc.start()
    tags = tags_from_copy([HEADER, *(block for _ in range(100)), TRAILER])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # An eighth more than the result, in address space that is never touched, and four blocks of 1 MiB.
    assert peak < 1.125 * tags.nbytes + 4 * 2**20
