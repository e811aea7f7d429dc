"""A list is cut into parts, and put together again byte for byte."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.listfile import Chunk, ListFileError, chunking, chunks, detect

CLIENTS = 'prénom;"numéro";ville\r\n' + "".join(
    f'Zoé;{"0639980" if n % 2 else "=0639980"}{n:03}{"" if n % 2 else chr(34)};"Saint-Étienne;\n{n}"\r\n'
    for n in range(40)
)


def parts(raw: bytes, rows_max: int = 1000, block: int = 1 << 16, column: str | None = None) -> list[Chunk]:
    layout = detect(raw, column, whole=True)
    return list(chunks(pieces(raw, block), layout, rows_max))


def pieces(raw: bytes, size: int) -> Iterator[bytes]:
    return (raw[at : at + size] for at in range(0, len(raw), size))


def everything(chunk: Chunk) -> bytes:
    return chunk.rows(np.ones(len(chunk), dtype=np.bool_))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_all_rows_come_out_as_they_went_in(encoding: str, end: str) -> None:
    text = "".join(f"Zoé;06 39 98 00 {n:02};Saint-Étienne{end}" for n in range(30)) + "Léa;0639980099;Nîmes"
    raw = text.encode(encoding)
    found = parts(raw, rows_max=7, block=11)
    mark = {"utf-8-sig": 3, "utf-16": 2}.get(encoding, 0)
    assert b"".join(map(everything, found)) == raw[mark:]
    assert [chunk.offset for chunk in found] == [mark, *(chunk.end for chunk in found[:-1])]
    assert found[-1].end == len(raw)
    assert [len(chunk) for chunk in found] == [7, 7, 7, 7, 3]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 300), st.integers(1, 50), st.sampled_from(["utf-8", "cp1252", "utf-16"]))
def test_how_the_file_is_read_changes_nothing(block: int, rows_max: int, encoding: str) -> None:
    raw = CLIENTS.encode(encoding)
    once, again = parts(raw, rows_max), parts(raw, rows_max, block)
    assert [(c.offset, c.end, c.first_row, c.cells) for c in once] == [
        (c.offset, c.end, c.first_row, c.cells) for c in again
    ]
    numbers = "".join(c.cells.decode() for c in once).split()
    assert numbers == [f"0639980{n:03}" for n in range(40)]


def test_only_the_kept_rows_come_out() -> None:
    (chunk,) = parts(b"0639980001\n0639980002\n0639980003\n0639980004")
    assert chunk.rows(np.array([True, False, True, True])) == b"0639980001\n0639980003\n0639980004"
    assert chunk.rows(np.zeros(4, dtype=np.bool_)) == b""


def test_rows_are_numbered_as_the_spreadsheet_numbers_them() -> None:
    raw = b"nom;tel\n" + b"".join(b'"a\nb";06399800%02d\n' % n for n in range(5))
    assert [chunk.first_row for chunk in parts(raw, rows_max=2)] == [2, 4, 6]


def test_a_quote_never_closed_is_refused_with_its_row() -> None:
    raw = b"nom;tel\n" + b"a;0639980001\n" * 3 + b'"b;0639980002\n' + b"c;0639980003\n" * 3
    with pytest.raises(ListFileError) as error:
        parts(raw, column="2")
    assert (error.value.slug, error.value.values) == ("broken-quotes", {"row": 5})


def test_a_quote_never_closed_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "ROW_BYTES_MAX", 4096)
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        yield b'nom;tel\na;0639980001\n"b;0639980002\n'
        while True:
            read += 1
            yield b"c;0639980003\n" * 100

    layout = detect(b"nom;tel\na;0639980001\n", None, whole=False)
    with pytest.raises(ListFileError, match="broken-quotes"):
        list(chunks(endless(), layout, 1000))
    assert read < 10


def test_a_file_without_line_ends_is_no_list() -> None:
    layout = detect(b"0639980001\n", None, whole=True)
    with pytest.raises(ListFileError, match="row-too-long"):
        list(chunks(iter([b"0" * (1 << 20), b"0" * 100, b"0" * 100]), layout, 10))


def test_a_file_cut_in_the_middle_of_a_character_is_refused() -> None:
    raw = "0639980001\n0639980002\n".encode("utf-16")[:-1]
    layout = detect(raw[:-1], None, whole=True)
    with pytest.raises(ListFileError, match="cut-short"):
        list(chunks(iter([raw]), layout, 10))


def test_long_rows_make_smaller_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "CHUNK_BYTES_MAX", 10_000)
    raw = b"".join(b"%s;06399800%02d\n" % (b"x" * 5000, n) for n in range(10))
    assert all(len(chunk.source) <= 15_100 for chunk in parts(raw, block=1 << 12))


def test_cells_of_another_encoding_reach_the_registry_as_characters() -> None:
    (chunk,) = parts("nom;tel\nZoé;06\xa039\xa098\xa000\xa001\n".encode("cp1252"))
    assert chunk.cells.decode() == "06\xa039\xa098\xa000\xa001\n"


def test_a_list_of_nobody_has_no_parts() -> None:
    assert parts(b"") == []
    assert parts(b"nom;telephone\n") == []
