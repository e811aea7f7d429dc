"""A million numbers in one body: every position keeps its place, its text and its problem."""

import json

import numpy as np
import pytest

from app.phone import Numbers, read, read_json, read_lines
from app.phone.rules import canonical


def test_each_string_of_an_array_is_a_position() -> None:
    numbers = read_json(b'["+33639980001", "06 39 98 00 02","n/a"]')

    assert len(numbers) == 3
    assert numbers.numbers.dtype == np.int64
    assert numbers.numbers.tolist() == [33639980001, 33639980002, 0]
    assert numbers.problems == {2: read("n/a")}


def test_each_line_is_a_position_and_a_blank_one_is_empty() -> None:
    numbers = read_lines(b"+33639980001\r\n\n06 39 98 00 02\n   \n0639980003")

    assert numbers.numbers.tolist() == [33639980001, 0, 33639980002, 0, 33639980003]
    assert [reading.reason for reading in numbers.problems.values()] == ["empty", "empty"]
    assert list(numbers.problems) == [1, 3]


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_the_last_line_may_lack_its_end(ending: bytes) -> None:
    assert read_lines(b"0639980001\r\n0639980002" + ending).numbers.tolist() == [33639980001, 33639980002]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("line", [b"+33639980001", b"06 39 98 00 01"])
def test_many_lines_may_end_either_way(line: bytes, ending: bytes) -> None:
    numbers = read_lines((line + ending) * 100_000)

    assert len(numbers) == 100_000
    assert set(numbers.numbers.tolist()) == {33639980001}
    assert numbers.token(99_999) == line


def test_only_the_line_end_is_cut_off_a_line() -> None:
    numbers = read_lines(b"0639980001\r\r\n" * 200 + b"06399\r80001\n" * 200)

    assert numbers.token(0) == b"0639980001\r"
    assert numbers.numbers[0] == 33639980001
    assert numbers.problems[399].reason == "not-a-number"


@pytest.mark.parametrize(
    "last", ["/33700000000", "/3370000000", "/", "", "+33 639980001", "06 39 98 00 01", "06 39 98 00 0"]
)
@pytest.mark.parametrize("row", ["+33700000000", "33700000000", "+33 639980001", "06 39 98 00 01"])
def test_the_last_of_many_may_be_shorter_than_all_others_without_its_separators(row: str, last: str) -> None:
    for texts in ([row] * 100 + [last], [row] * 50 + ["0639980001"] + [row] * 50 + [last]):
        expected = [read(text).number for text in texts]

        assert read_json(json.dumps(texts).encode()).numbers.tolist() == expected
        for end in ("\n", "\r\n"):
            assert read_lines((end.join(texts) + end).encode()).numbers.tolist() == expected
            assert read_lines((end.join([*texts, "+33639980001"])).encode()).numbers.tolist() == [
                *expected,
                33639980001,
            ]


@pytest.mark.parametrize("raw", [b"[]", b" [ ] ", b"[\n]\n"])
def test_an_empty_array_has_no_positions(raw: bytes) -> None:
    numbers = read_json(raw)

    assert (len(numbers), numbers.problems, numbers.tokens([])) == (0, {}, b"")


def test_an_empty_text_has_no_positions() -> None:
    assert len(read_lines(b"")) == 0
    assert len(read_lines(b"\n")) == 1


@pytest.mark.parametrize(
    ("elements", "position"),
    [
        (["1"], 0),
        (["null", '"0639980001"'], 0),
        (['"0639980001"', "33639980001"], 1),
        (['"0639980001"', "true", '"0639980002"'], 1),
        (['"0639980001"', '["0639980002"]'], 1),
        (['{"number": "0639980001"}'], 0),
        (['"0639980001"', '{"a":"b"}', "3"], 1),
        (['"0639980001"', "[]"], 1),
        (['"+33639980001"'] * 70_000 + ["12"], 70_000),
        (['"+33639980001"'] * 70_000 + ["12"] + ['"+33639980001"'] * 70_000, 70_000),
        (['"+33639980001"'] * 35_000 + ['["+33639980001"]'] + ['"+33639980001"'] * 9, 35_000),
        (['"x"', " " * 40 + "1" + " " * 40, '"y"'], 1),
    ],
)
@pytest.mark.parametrize("comma", [",", ", ", " ,\r\n\t"])
def test_an_element_that_is_no_string_is_named_by_its_position(elements: list[str], position: int, comma: str) -> None:
    raw = f"[{comma.join(elements)}]".encode()
    json.loads(raw)

    with pytest.raises(ValueError, match=rf"position {position} ") as caught:
        read_json(raw)

    assert "63998" not in str(caught.value)


def test_a_number_as_wide_as_the_gaps_around_it_is_named_by_its_position() -> None:
    with pytest.raises(ValueError, match="position 2 "):
        read_json(b'["+33639980001",   "+33639980002",12,"+33639980003"]')


@pytest.mark.parametrize(
    "texts",
    [
        ["abcd", "a", "", "abcd", "abcd"],
        ["+33639980001", "590690123456", "+33639980001", "33639980001", "+33639980001"],
        ["+33639980001", "+3363998000x", "+33639980003"],
    ],
)
def test_tokens_that_nearly_keep_a_pattern_are_told_apart(texts: list[str]) -> None:
    numbers = read_json(json.dumps(texts * 9, separators=(",", ":")).encode())

    assert [numbers.text(position) for position in range(len(numbers))] == texts * 9
    assert numbers.numbers.tolist() == [read(text).number for text in texts] * 9


@pytest.mark.parametrize(
    "lines", [["abc\n", "a\n", "b\n", "abc\n"], ["ab\r\n", "abc\n", "ab\r\n"], ["abc\n", "ab\r\n", "abc\n"]]
)
def test_lines_that_nearly_keep_a_pattern_are_told_apart(lines: list[str]) -> None:
    numbers = read_lines("".join(lines * 9).encode())

    assert [numbers.text(position) for position in range(len(numbers))] == [line.rstrip() for line in lines * 9]


@pytest.mark.parametrize("raw", [b'{"numbers": []}', b'"0639980001"', b"null", b"12"])
def test_what_is_no_array_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="array of strings"):
        read_json(raw)


@pytest.mark.parametrize("indent", [None, 1, 4, 30])
@pytest.mark.parametrize("count", [1, 2, 3, 100, 60_000])
def test_whitespace_between_elements_changes_nothing(indent: int | None, count: int) -> None:
    texts = [f"+3363998{i % 10_000:04}" for i in range(count)]

    numbers = read_json(json.dumps(texts, indent=indent).encode())

    assert numbers.numbers.tolist() == [int(text[1:]) for text in texts]


def test_white_space_wider_than_a_window_is_passed_over() -> None:
    wide = " " * 3_000_000

    numbers = read_json(f'[{wide}"0639980001"{wide},{wide}"0639980002"{wide}]'.encode())

    assert numbers.numbers.tolist() == [33639980001, 33639980002]


def test_a_token_wider_than_a_window_is_one_position() -> None:
    long = "x" * 3_000_000

    assert read_json(json.dumps(["0639980001", long, "0639980002"]).encode()).problems == {1: read(long)}
    assert read_lines(f"0639980001\n{long}\n0639980002".encode()).problems == {1: read(long)}


@pytest.mark.parametrize(
    "text",
    [
        '"',
        '""',
        "\\",
        '\\"',
        "\\\\",
        '0639980001"',
        "0639980001\\",
        "\\u0030639980001",
        '","',
        '"],["',
        "06/39/98/00/01",
    ],
)
def test_escapes_never_shift_the_positions(text: str) -> None:
    texts = ["0639980001", text, "06 39 98 00 02"] * 200
    raw = json.dumps(texts).replace("/", "\\/").encode()

    numbers = read_json(raw)

    assert [numbers.text(position) for position in range(len(numbers))] == texts
    assert numbers.numbers.tolist() == [read(each).number for each in texts]


def test_a_backslash_before_a_slash_never_shifts_the_positions() -> None:
    texts = ["\\/", "06 39 98 00 01", "\\/", *["06 39 98 00 02", "06 39 98 00 03"] * 100, '\\/"', '\\/"']

    assert read_json(json.dumps(texts).encode()).numbers.tolist() == [read(text).number for text in texts]


@pytest.mark.parametrize("plus", ["\\u002B", "\\u002b"])
def test_an_escaped_plus_is_a_plus(plus: str) -> None:
    raw = '["' + '","'.join([f"{plus}33639980001", "+33\\u00a06\\u202F39980002"] * 200) + '"]'

    assert read_json(raw.encode()).numbers.tolist() == [33639980001, 33639980002] * 200


def test_plain_numbers_of_several_countries_are_all_read_without_a_second_look() -> None:
    values = np.array([33639980001, 41791234567, 32475123456, 33612345678, 39061234567])

    assert canonical(values, 11, plus=True).tolist() == values.tolist()


def test_text_and_token_give_back_what_was_sent() -> None:
    numbers = read_json('["06\\u00a039 98 00 01","é\N{NO-BREAK SPACE}", "\\"\\ud83d\\ude00"]'.encode())

    assert numbers.text(0) == "06\N{NO-BREAK SPACE}39 98 00 01"
    assert numbers.token(0) == b'"06\\u00a039 98 00 01"'
    assert numbers.text(1) == "é\N{NO-BREAK SPACE}"
    assert numbers.text(2) == '"\N{GRINNING FACE}'
    assert numbers.token(2) == b'"\\"\\ud83d\\ude00"'


def test_bytes_that_are_not_utf_8_are_read_as_well_as_can_be() -> None:
    office = read_lines(b"06\xa039\xa098\xa000\xa001\nn\xb0\n" * 100)
    broken = read_json(b'["06\xa039980001","\\ud800"]')

    assert office.numbers.tolist()[:2] == [33639980001, 0]
    assert office.text(1) == "n°"
    assert [reading.reason for reading in broken.problems.values()] == ["not-a-number"] * 2
    assert broken.text(1).isprintable()


def test_a_batch_does_not_show_numbers_in_a_log() -> None:
    assert repr(read_lines(b"0639980001\nn/a")) == "<Numbers: 2, 1 with problems>"


def tokens_one_by_one(numbers: Numbers, positions: list[int], separator: bytes) -> bytes:
    return separator.join(numbers.token(position) for position in positions)


@pytest.mark.parametrize("share", [0.03, 0.5, 0.97, 1.0])
@pytest.mark.parametrize("text", ["+3363998{:04}", "06 39 98 {}", "{}"])
def test_many_tokens_are_joined_as_they_were_sent(share: float, text: str) -> None:
    texts = [text.format(i * 7919 % 10_000) for i in range(9_000)]
    positions = np.flatnonzero(np.random.default_rng(36200).random(len(texts)) < share)

    for comma in (",", ", "):
        numbers = read_json(json.dumps(texts, separators=(comma, ":")).encode())
        assert numbers.tokens(positions) == tokens_one_by_one(numbers, positions.tolist(), b",")
    for end in ("\n", "\r\n"):
        numbers = read_lines((end.join(texts) + end).encode())
        assert numbers.tokens(positions) == tokens_one_by_one(numbers, positions.tolist(), b"\n")


def test_a_million_tokens_are_joined_in_pieces() -> None:
    texts = [f"+3363998{i % 10_000:04}"[: 12 - i % 2] for i in range(140_000)]
    numbers = read_lines("\r\n".join(texts).encode())

    assert numbers.tokens(range(len(texts))) == "\n".join(texts).encode()


def test_tokens_come_in_the_order_asked_for() -> None:
    numbers = read_json(b'["a","bb","ccc",""]')

    assert numbers.tokens([2, 0, 0, 3, 1]) == b'"ccc","a","a","","bb"'
    assert numbers.tokens([3]) == b'""'
    assert json.loads(b"[" + numbers.tokens(range(4)) + b"]") == ["a", "bb", "ccc", ""]


def test_one_giant_token_is_joined_too() -> None:
    long = "x" * 200_000
    numbers = read_lines("\n".join(["0639980001", long, "0639980002"] * 3).encode())

    assert numbers.tokens([0, 4, 8]) == f"0639980001\n{long}\n0639980002".encode()
