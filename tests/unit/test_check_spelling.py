"""Numbers go back exactly as they came, in whichever form is asked for, from random mixtures too."""

import json
import random

import msgspec
import numpy as np
import pytest

from app.check import spelling
from app.check.spelling import allowed_lines, json_strings
from app.phone import read_json, read_lines

SPELLINGS = [
    "+33639980001",
    "06 39 98 00 02",
    "06.39.98.00.03",
    "06\u00a039\u00a098\u00a000\u00a004",
    "+33/6 39 98 00 05",
]
ODD = ["\t0639980006", "0639980007\x0b", "\u200b0639980008", "", "x", '"', "\\", 'a","b', "\u00e9", "[", "\x7f"]


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spelling, "AT_ONCE", 7)


def mixtures() -> list[list[str]]:
    picked = random.Random(5)
    sizes = [0, 1, 6, 7, 8, 40, 100]
    return [picked.choices(SPELLINGS + ODD * (size % 2), k=size) for size in sizes * 5]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_come_back_as_json_strings(end: str) -> None:
    for texts in mixtures():
        numbers = read_lines("".join(text + end for text in texts).encode())
        positions = np.flatnonzero(np.arange(len(texts)) % 3 != 1)
        joined = b"[" + json_strings(numbers, positions, lines=True) + b"]"
        assert json.loads(joined) == [texts[at] for at in positions]


@pytest.mark.parametrize("escaped", [True, False])
def test_json_strings_come_back_as_lines(*, escaped: bool) -> None:
    for texts in mixtures():
        numbers = read_json(json.dumps(texts, ensure_ascii=escaped).encode())
        allowed = np.arange(len(texts)) % 3 != 1
        wanted = "".join(text + "\n" for text, kept in zip(texts, allowed, strict=True) if kept)
        assert b"".join(allowed_lines(numbers, allowed, lines=False)).decode() == wanted


@pytest.mark.parametrize("last", ["\n", ""])
def test_lines_come_back_byte_for_byte_with_their_own_ends(last: str) -> None:
    for texts in mixtures():
        ends = ["\n" if at % 2 else "\r\n" for at in range(len(texts))]
        lines = [(text + end).encode() for text, end in zip(texts, ends, strict=True)]
        if lines and texts[-1] and not last:
            lines[-1] = texts[-1].encode()
        numbers = read_lines(b"".join(lines))
        allowed = np.arange(len(texts)) % 3 != 1
        wanted = b"".join(line for line, kept in zip(lines, allowed, strict=True) if kept)
        assert b"".join(allowed_lines(numbers, allowed, lines=True)) == wanted


def test_a_line_end_hidden_in_a_json_string_does_not_make_two_lines() -> None:
    for raw in (rb'["+33639980001\n","\r\n0639980002","0639980003"]', b'["0639980001\n","0639980002\r","0639980003"]'):
        numbers = read_json(raw)
        assert (numbers.numbers > 0).all()
        assert b"".join(allowed_lines(numbers, np.ones(3, np.bool_), lines=False)).count(b"\n") == 3
        assert b"\r" not in b"".join(allowed_lines(numbers, np.ones(3, np.bool_), lines=False))


def test_latin_1_lines_come_back_as_what_was_read() -> None:
    numbers = read_lines(b"06\xa039\xa098\xa000\xa001\n0639980002\n")
    assert (numbers.numbers > 0).all()
    joined = json_strings(numbers, np.arange(2), lines=True)
    assert msgspec.json.decode(b"[" + joined + b"]") == ["06\u00a039\u00a098\u00a000\u00a001", "0639980002"]
    assert b"".join(allowed_lines(numbers, np.ones(2, np.bool_), lines=True)) == numbers.source
