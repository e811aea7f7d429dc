"""Lines of one width are read as a table; one byte out of place, and they are read as if there were no table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.phone import Numbers, read, read_lines
from app.phone.plan import BLOCKS, LONGEST_E164
from app.phone.rows import Rows, plain_rows
from app.phone.tokens import Window

PREFIXES = (
    "+336",
    "+337",
    "06",
    "07",
    "336",
    "00336",
    "0033 6",
    "+33(0)6",
    "+4179",
    "+3906",
    "+262692",
    "0692",
    "0899",
    "",
)
WIDTHS = range(1, 18)


def lines_of(raw: bytes) -> list[bytes]:
    """The lines as anybody would split them."""
    found = raw.removesuffix(b"\n").split(b"\n") if raw else []
    return [line.removesuffix(b"\r") for line in found]


def assert_read_line_by_line(raw: bytes) -> Numbers:
    lines, numbers = lines_of(raw), read_lines(raw)
    texts = [numbers.text(position) for position in range(len(numbers))]
    readings = {text: read(text) for text in texts}

    assert [numbers.token(position) for position in range(len(numbers))] == lines
    assert [raw[start:end] for start, end in zip(numbers.starts, numbers.ends, strict=True)] == lines
    assert numbers.tokens(range(len(lines))) == b"\n".join(lines)
    assert numbers.numbers.tolist() == [readings[text].number for text in texts]
    assert numbers.problems == {at: readings[text] for at, text in enumerate(texts) if readings[text].reason}
    return numbers


def table(prefix: str, width: int, count: int, end: str = "\n") -> bytes:
    """Lines of one width that begin alike and go on with digits of no order."""
    rest = max(0, width - len(prefix))
    return "".join(prefix + f"{at * 7919:017}"[17 - rest :] * (rest > 0) + end for at in range(count)).encode()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_table_of_any_width_is_read_like_its_lines(prefix: str, end: str) -> None:
    for width in WIDTHS:
        assert_read_line_by_line(table(prefix, width, 200, end))


def test_every_block_of_the_plan_is_read_alike_in_a_table() -> None:
    for before in ("0", "+33", "+262", "+590", "0033", "33"):
        assert_read_line_by_line("".join(f"{before}{(block + '123456789')[:9]}\n" for block in BLOCKS).encode() * 4)


def test_a_clean_table_is_not_looked_at_line_by_line() -> None:
    raw = table("+336", 12, 100_000)
    found = plain_rows(raw, 0, len(raw))

    assert found is not None
    assert found[0] == Rows(0, 12, 13, 100_000)
    assert (found[1] > 0).all()


@pytest.mark.parametrize("missing", [1, 2])
def test_the_last_row_may_lack_its_end(missing: int) -> None:
    numbers = assert_read_line_by_line(table("+336", 12, 300, "\r\n")[:-missing])

    assert len(numbers) == 300


@pytest.mark.parametrize(
    "odd",
    [
        *(
            b"",
            b" ",
            b"a",
            b"+3363998000",
            b"+336399800011",
            b"+3363998000a",
            b"063998\r00001",
            b"+33 639980001",
            b"++3639980001",
        ),
        *(
            b"0639980001",
            b"0033639980001",
            b"06 39 98 00 01",
            b"+33639980001 ",
            b"+33639980001\r",
            b"33639980001+",
            b"/33639980001",
        ),
        *(
            b"+33899" + b"0" * 6,
            b"\xe9tranger au",
            "+33\N{NO-BREAK SPACE}639980".encode(),
            b"+3363998000\xb2",
            b"\r",
            b"\r\r",
            b"+33639980\x000",
        ),
        *(
            b"+3363\n980001",
            b"\n+3363998000",
            b"+3363998000\n",
            b"06399\n\n80001",
            b"+33639980001\r\n\n",
            b":3363998000;",
        ),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_one_odd_line_in_a_table_is_read_as_what_it_is(odd: bytes, end: bytes) -> None:
    row = b"+33639980001" + end
    for before, after in ((0, 200), (1, 200), (100, 100), (200, 0)):
        assert_read_line_by_line(row * before + odd + end + row * after)
    assert_read_line_by_line(row * 200 + odd)


@pytest.mark.parametrize("odd", [b"0639980001", b"+3363998000a", b"", b"N/A"])
def test_an_odd_line_between_blocks_of_a_long_table_changes_no_other(odd: bytes) -> None:
    rows = table("+33612", 12, 70_000).splitlines(keepends=True)
    for place in (20_163, 20_164, 20_165, 40_330):
        raw = b"".join([*rows[:place], odd + b"\n", *rows[place:]])
        numbers = read_lines(raw)

        assert numbers.numbers[place] == read(odd.decode()).number
        assert np.delete(numbers.numbers, place).tolist() == [int(row[1:]) for row in rows]
        assert (
            numbers.tokens([place - 1, place, place + 1]) == b"".join([rows[place - 1], odd, b"\n", rows[place]])[:-1]
        )


def test_tables_of_several_widths_follow_each_other() -> None:
    tables = [
        table(prefix, width, 150, end)
        for prefix, width, end in (("+336", 12, "\n"), ("06", 10, "\r\n"), ("00336", 13, "\n"))
    ]

    turns = zip(*(each.splitlines(keepends=True) for each in tables), strict=True)

    assert_read_line_by_line(b"".join(tables * 2))
    assert_read_line_by_line(b"".join(line for lines in turns for line in lines))


def test_only_what_goes_on_alike_belongs_to_a_table() -> None:
    rows, starts = Rows(0, 10, 12, 3), np.array([36, 48])

    assert rows.and_then(Rows(36, 10, 12, 2)) == Rows(0, 10, 12, 5)
    assert rows.and_then(Window(starts, starts + 10, 0, 60)) == Rows(0, 10, 12, 5)
    for other in (Rows(37, 10, 12, 2), Rows(36, 11, 12, 2), Rows(36, 10, 11, 2)):
        assert rows.and_then(other) is None
    for begins, ends in (([36, 47], [46, 58]), ([36, 48], [46, 57])):
        assert rows.and_then(Window(np.array(begins), np.array(ends), 0, 60)) is None


places = st.integers(0, 10_000)
changes = st.lists(st.tuples(places, st.sampled_from(b"\n\r+ 059:/a\x00\xff")), max_size=4)


@settings(max_examples=150)
@given(
    st.sampled_from(PREFIXES),
    st.integers(6, LONGEST_E164 + 2),
    st.sampled_from(["\n", "\r\n"]),
    changes,
    st.integers(0, 3),
)
def test_a_table_with_any_bytes_changed_is_read_like_its_lines(
    prefix: str, width: int, end: str, changed: list[tuple[int, int]], cut: int
) -> None:
    raw = bytearray(table(prefix, width, 130, end))
    for place, byte in changed:
        raw[place % len(raw)] = byte

    assert_read_line_by_line(bytes(raw[: len(raw) - cut]))
