"""A number read in a batch is read exactly as it is alone, whatever stands around it."""

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.phone import Numbers, read, read_json, read_lines
from app.phone.countries import COUNTRIES
from app.phone.plan import BLOCKS

SEPARATORS = [
    "",
    " ",
    ".",
    "-",
    "/",
    "\N{NO-BREAK SPACE}",
    "\N{NARROW NO-BREAK SPACE}",
    "\N{ZERO WIDTH SPACE}",
    "_",
    "+",
]
BEFORE = [
    "+",
    "00",
    "",
    "+33",
    "0033",
    "33",
    "+33 (0)",
    "0",
    "+0",
    "(0)",
    "+590",
    "+262",
    "590",
    "+ ",
    "tel:",
    "'",
    "000",
]
AFTER = ["", "", "", "", " ", ".0", ".0 ", ",0", "E+08", ".", "²", " bis", ")", "\t", "0"]
CODES = ["33", "262", "508", "590", "594", "596", *COUNTRIES]
DIGITS = ["0123456789", "٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９"]

digits = st.one_of(
    st.builds(lambda head, tail: head + tail, st.sampled_from([*BLOCKS, *CODES]), st.text("0123456789", max_size=12)),
    st.text("0123456789", max_size=18),
)


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """Digits of any plan in any dress, often wrong."""
    bare, separator = draw(digits), draw(st.sampled_from(SEPARATORS))
    script = draw(st.sampled_from(DIGITS[:1] * 6 + DIGITS))
    first = draw(st.integers(1, 3))
    parts = [bare[:first], *(bare[at : at + 2] for at in range(first, len(bare), 2))]
    spelled = separator.join(parts).translate(str.maketrans(DIGITS[0], script))
    return draw(st.sampled_from(BEFORE)) + spelled + draw(st.sampled_from(AFTER))


anything = st.one_of(spellings(), spellings(), spellings(), st.text(max_size=20))


def assert_read_alike(numbers: Numbers, texts: list[str]) -> None:
    alone = {text: read(text) for text in set(texts)}
    assert [numbers.text(position) for position in range(len(numbers))] == texts
    assert numbers.numbers.tolist() == [alone[text].number for text in texts]
    assert numbers.problems == {
        position: alone[text] for position, text in enumerate(texts) if alone[text].reason is not None
    }


@settings(max_examples=150)
@given(st.lists(anything, max_size=12), st.sampled_from([1, 40]), st.booleans(), st.sampled_from([",", ", ", ",\n"]))
def test_a_json_batch_is_read_like_each_of_its_numbers(texts: list[str], times: int, ascii: bool, comma: str) -> None:  # noqa: A002,FBT001  json's own word; hypothesis passes it by position
    texts = [text.encode("utf-8", "ignore").decode() for text in texts] * times

    raw = json.dumps(texts, ensure_ascii=ascii, separators=(comma, ":")).encode()

    assert_read_alike(read_json(raw), texts)


@settings(max_examples=150)
@given(st.lists(anything, max_size=12), st.sampled_from([1, 40]), st.sampled_from(["\n", "\r\n"]))
def test_a_text_is_read_like_each_of_its_lines(texts: list[str], times: int, end: str) -> None:
    texts = ["".join(text.encode("utf-8", "ignore").decode().split("\n")).rstrip("\r") for text in texts] * times

    raw = "".join(text + end for text in texts).encode()

    assert_read_alike(read_lines(raw), texts)
