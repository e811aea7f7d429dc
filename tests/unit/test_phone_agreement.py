"""A number read in a batch is read exactly as it is alone, whatever stands around it."""

import itertools
import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.phone import Numbers, Reading, read, read_json, read_lines
from app.phone.countries import COUNTRIES
from app.phone.plan import BLOCKS, OVERSEAS
from app.phone.tokens import line_pieces

NATIONAL = ["", "0", "00", "000", "(0)", "+", "+0", "+33", "0033", "33", "+33 (0)", "33 0", "+33+", "tel:+33", "'0"]
INTERNATIONAL = ["+", "00", "", "+ ", "+00", "0", "000", "(+", "tel:", "p"]
SEPARATORS = ["", "", "", " ", ".", "-", "/", " - ", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{EN DASH}"]
INVISIBLE = ["\N{ZERO WIDTH SPACE}", "\N{ZERO WIDTH NO-BREAK SPACE}", "\N{RIGHT-TO-LEFT MARK}"]
SCRIPTS = ["0123456789"] * 20 + ["٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９"]
AFTER = [""] * 12 + [" ", ".", ".0", ".0 ", ",0", "E+08", "²", " bis", ")", "\t", "-1", '"', "\\", "O", "+", "\r", "😀"]
WIDE = ["0639980001" + " " * 90, "0639980001" + " " * 91, " " * 200, "0" * 101, ".0", "...", "+" * 20]


def every_spelling() -> list[str]:
    """Every block and every country, with too few digits to too many, in every dress, often wrong."""
    national = itertools.product(NATIONAL, BLOCKS, range(6, 15))
    abroad = itertools.product(INTERNATIONAL, [*OVERSEAS, *COUNTRIES], range(6, 17))
    trunk = itertools.product(INTERNATIONAL[:3], [code + "0" for code in [*OVERSEAS, *COUNTRIES]], range(9, 14))
    overseas = itertools.product(INTERNATIONAL[:3], [code + own for code in OVERSEAS for own in BLOCKS], range(10, 15))
    separators, afters = itertools.cycle(SEPARATORS * 7 + INVISIBLE), itertools.cycle(AFTER)
    scripts, tails = itertools.cycle(SCRIPTS), itertools.cycle(["63998000163998", "01990012340199", "10203040506070"])
    return [
        dressed(before, (head + next(tails))[:length], next(separators), next(scripts)) + next(afters)
        for before, head, length in itertools.chain(national, abroad, trunk, overseas)
    ]


def dressed(before: str, digits: str, separator: str, script: str) -> str:
    first = 1 + len(digits) % 2
    parts = [digits[:first], *(digits[at : at + 2] for at in range(first, len(digits), 2))]
    return (before + separator.join(parts)).translate(str.maketrans(SCRIPTS[0], script))


def assert_read_alike(numbers: Numbers, texts: list[str], alone: dict[str, Reading]) -> None:
    wrong = [
        (text, number, alone[text].number)
        for text, number in zip(texts, numbers.numbers.tolist(), strict=True)
        if number != alone[text].number
    ]
    assert wrong == []
    assert numbers.problems == {
        position: alone[text] for position, text in enumerate(texts) if alone[text].reason is not None
    }


@pytest.fixture(scope="module")
def alone() -> dict[str, Reading]:
    """Every spelling, and how it is read alone."""
    return {text: read(text) for text in ["+33639980001", *every_spelling(), *WIDE]}


@pytest.fixture(scope="module")
def batch(alone: dict[str, Reading]) -> list[str]:
    """The spellings with a long clean stretch among them."""
    found = [*alone, *WIDE * 100]
    return [*found[::2], *["+33639980001"] * 100_000, *found[1::2]]


@pytest.mark.parametrize(("comma", "escaped"), [(",", False), (", ", True)])
def test_every_spelling_is_read_alike_in_an_array(
    batch: list[str], alone: dict[str, Reading], comma: str, *, escaped: bool
) -> None:
    raw = json.dumps(batch, ensure_ascii=escaped, separators=(comma, ":")).encode()

    assert_read_alike(read_json(raw), batch, alone)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_spelling_is_read_alike_on_a_line(batch: list[str], alone: dict[str, Reading], end: str) -> None:
    lines = [text for text in batch if not text.endswith("\r")]

    assert_read_alike(read_lines("".join(text + end for text in lines).encode()), lines, alone)


def test_every_kind_of_reading_is_among_the_spellings(alone: dict[str, Reading]) -> None:
    reasons = Counter(reading.reason for reading in alone.values())

    assert reasons[None] > 3_000
    assert set(reasons) >= {
        *("empty", "not-a-number", "too-short", "too-long", "premium", "machine", "unassigned"),
        *("no-country-code", "malformed-overseas", "spreadsheet-decimal", "spreadsheet-exponent"),
    }


digits = st.text("0123456789", max_size=17)
anything = st.one_of(
    st.builds("".join, st.tuples(st.sampled_from([*NATIONAL, *INTERNATIONAL]), digits, st.sampled_from(AFTER))),
    st.text(max_size=12),
)


@settings(max_examples=60)
@given(st.lists(anything, max_size=12), st.sampled_from([1, 40]), st.sampled_from([True, False]))
def test_any_array_is_read_like_each_of_its_strings(texts: list[str], times: int, escaped: bool) -> None:  # noqa: FBT001  hypothesis passes it by position
    texts = [text.encode("utf-8", "ignore").decode() for text in texts] * times
    numbers = read_json(json.dumps(texts, ensure_ascii=escaped).encode())

    assert [numbers.text(position) for position in range(len(numbers))] == texts
    assert_read_alike(numbers, texts, {text: read(text) for text in texts})


@settings(max_examples=60)
@given(st.lists(anything, max_size=12), st.sampled_from([1, 40]), st.sampled_from(["\n", "\r\n"]))
def test_any_text_is_read_like_each_of_its_lines(texts: list[str], times: int, end: str) -> None:
    texts = [text.encode("utf-8", "ignore").decode().replace("\n", "").rstrip("\r") for text in texts] * times
    numbers = read_lines("".join(text + end for text in texts).encode())

    assert [numbers.text(position) for position in range(len(numbers))] == texts
    assert_read_alike(numbers, texts, {text: read(text) for text in texts})


def test_a_text_read_in_pieces_is_read_like_one_in_one_piece():
    """Long enough to be cut; lines of several lengths, blank ones, and ends of both kinds around the cut."""
    lines = ["0639980001", "+33 6 39 98 00 02", "", "N/A", "06.39.98.00.03\r", "é", "0" * 101]
    text = "\n".join(lines * 20_000).encode()
    cut = read_lines(text)
    short = read_lines("\n".join(lines).encode())

    assert len(cut) == len(lines) * 20_000
    assert cut.numbers.tolist() == short.numbers.tolist() * 20_000
    assert {place % len(lines) for place in cut.problems} == set(short.problems)


def test_a_cut_falls_only_where_a_line_begins():
    for text in (b"", b"1", b"\n", b"1\n2", b"1\n2\n", b"no line end anywhere in here", b"\n\n\n\n", b"12345\r\n6\r\n"):
        begins = [0, *(at for at in range(1, len(text) + 1) if text[at - 1 : at] == b"\n")]
        for pieces, begin in itertools.product(range(1, 6), begins):
            found = line_pieces(text, begin, pieces)

            assert b"".join(text[start:stop] for start, stop in found) == text[begin:]
            assert {start for start, _ in found} <= set(begins)
