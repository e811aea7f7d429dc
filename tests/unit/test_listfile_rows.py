"""Where rows and their number cells begin and end, whatever the quoting."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.listfile import rows as subject
from app.listfile.rows import cell_lines, split_rows


def cells(text: bytes, delimiter: bytes = b";", column: int = 1) -> list[bytes]:
    found = split_rows(text, delimiter, column, 1000, at_end=True)
    assert found.used == len(text)
    return cell_lines(text, found).split(b"\n")[:-1]


def contents(text: bytes, delimiter: bytes = b";") -> list[bytes]:
    found = split_rows(text, delimiter, 0, 1000, at_end=True)
    return [text[start:stop] for start, stop in zip(found.starts, found.stops, strict=True)]


def test_a_plain_row_gives_its_cell() -> None:
    assert cells(b"Dupont;0639980001;Lyon\nMartin;0639980002;Nice\n") == [b"0639980001", b"0639980002"]


def test_first_and_last_columns_are_found_too() -> None:
    assert cells(b"0639980001;a\n0639980002;b", column=0) == [b"0639980001", b"0639980002"]
    assert cells(b"a;0639980001\r\nb;0639980002", column=1) == [b"0639980001", b"0639980002"]


def test_a_row_too_short_for_the_column_has_an_empty_cell() -> None:
    assert cells(b"a;0639980001;x\nb\n;\nc;0639980002\n") == [b"0639980001", b"", b"", b"0639980002"]


def test_quoted_separators_and_line_ends_stay_inside_their_cell() -> None:
    text = b'"Le ""Relais""; Lyon\nFrance";0639980001\n"x";"0639980002"\n'
    assert cells(text) == [b"0639980001", b"0639980002"]
    assert contents(text) == [b'"Le ""Relais""; Lyon\nFrance";0639980001', b'"x";"0639980002"']


@pytest.mark.parametrize(
    "cell",
    [b"0639980001", b'="0639980001"', b'"=""0639980001"""', b"'0639980001", b'"\'0639980001"', b" 0639980001 "],
)
def test_what_spreadsheets_put_around_a_number_is_taken_off(cell: bytes) -> None:
    assert cells(b"a;" + cell + b";b\r\n") == [b"0639980001"]
    assert [line.strip() for line in cells(cell + b"\n", b"", 0)] == [b"0639980001"]


def test_a_quote_inside_an_unquoted_field_is_a_character_like_any_other() -> None:
    text = b'Ecran 27";0639980001\nL"atelier;0639980002\n'
    assert cells(text) == [b"0639980001", b"0639980002"]


def test_a_field_that_goes_on_after_its_closing_quote_is_not_read() -> None:
    text = b'a;0639980001\n"b" c;0639980002\nd;0639980003\n'
    found = split_rows(text, b";", 1, 1000, at_end=True)
    assert found.used == len(b"a;0639980001\n")


def test_a_quote_never_closed_hides_what_follows_it() -> None:
    text = b'a;0639980001\n"b;0639980002\nd;0639980003\n'
    assert split_rows(text, b";", 1, 1000, at_end=True).used == len(b"a;0639980001\n")


def test_spaces_after_a_closing_quote_are_forgiven() -> None:
    assert cells(b'"a" ;"0639980001" \r\n') == [b"0639980001"]


def test_an_unfinished_row_waits_for_the_rest() -> None:
    assert split_rows(b"a;0639980001\nb;06399", b";", 1, 1000, at_end=False).used == len(b"a;0639980001\n")
    assert split_rows(b'a;"06399', b";", 1, 1000, at_end=False).used == 0


def test_no_more_rows_than_asked_for() -> None:
    assert split_rows(b"0639980001\n" * 5, b"", 0, 3, at_end=True).starts.size == 3
    assert split_rows(b'x"y;0639980001\n' * 5, b";", 1, 3, at_end=True).starts.size == 3


def test_a_line_end_inside_a_number_cell_does_not_make_two_of_one() -> None:
    assert cells(b'a;"06 39\n98 00 01"\nb;0639980002\n') == [b"06 39 98 00 01", b"0639980002"]


def test_a_lone_carriage_return_does_not_join_two_numbers() -> None:
    assert cells(b"06399\r80001\n", b"", 0) == [b"06399 80001"]


FIELDS = st.text(alphabet="0123456789 ab;,\"'\n\réà", max_size=8)
TABLES = st.lists(st.lists(FIELDS, min_size=2, max_size=4), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    TABLES, st.sampled_from([";", ",", "\t"]), st.integers(0, 3), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
)
def test_every_table_that_a_spreadsheet_can_write_is_read_back(
    table: list[list[str]], delimiter: str, column: int, quoting: int
) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerows(table)
    text = written.getvalue().encode()
    found = split_rows(text, delimiter.encode(), column, 1000, at_end=True)
    assert found.used == len(text)
    lines = cell_lines(text, found).decode().split("\n")[:-1]
    expected = [row[column] if column < len(row) else "" for row in table]
    assert [bare(line) for line in lines] == [bare(cell) for cell in expected]


@settings(max_examples=60, deadline=None)
@given(TABLES, st.integers(0, 3), st.integers(1, 20))
def test_arrays_and_row_by_row_agree(table: list[list[str]], column: int, limit: int) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=";", lineterminator="\n").writerows(table)
    text = written.getvalue().encode()
    quickly = split_rows(text, b";", column, limit, at_end=True)
    exactly = subject._split_exactly(text, b";", column, limit, at_end=True)  # noqa: SLF001 - the two ways side by side
    for name in ("starts", "stops", "ends"):
        assert getattr(quickly, name).tolist() == getattr(exactly, name).tolist()
    assert cell_lines(text, quickly) == cell_lines(text, exactly)


def bare(cell: str) -> str:
    """A cell but for its quotes, which stay doubled inside, and for what is taken off around a number."""
    return cell.replace("\r", " ").replace("\n", " ").replace('"', "").strip("'= \t")
