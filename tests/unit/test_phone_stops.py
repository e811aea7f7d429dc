"""A STOP is never refused for its number (rule 10): whatever may be a person gets one canonical number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.phone import read, read_lenient
from tests.unit.phone_rows import filled

KEPT = {
    "+590691123456": "+590691123456",
    "+262639123456": "+262639123456",
    "+5907090#####": "+5907090#####",
    "+33712345678": "+33712345678",
    "+33720123456": "+33720123456",
    "+33701######": "+33701######",
    "07094#####": "+337094#####",
    "+337094#####": "+337094#####",
    "07001234567890": "+337001234567890",
    "+337001234567890": "+337001234567890",
    "00337001234567890": "+337001234567890",
    "337001234567890": "+337001234567890",
    "0899######": "+33899######",
    "+33899######": "+33899######",
    "+590612345678": "+33612345678",
    "+262694123456": "+594694123456",
    "+262500######": "+262500######",
    "4520123456": "+4520123456",
    "+999123456789": "+999123456789",
    "063998000": "+3363998000",
    "+3363998000": "+3363998000",
    "06399800011": "+336399800011",
    "+336399800011": "+336399800011",
    "033639980001": "+33639980001",
    "033 06 39 98 00 01": "+33639980001",
    "000639980001": "+33639980001",
    "00033639980001": "+33639980001",
    "751234": "+751234",
    "+33639980001/TYPE=PLMN": "+33639980001",
    "33639980001@sms.example.org": "+33639980001",
    "sip:+33639980001;user=phone": "+33639980001",
    "whatsapp:+33639980001": "+33639980001",
    "0639980001 (poste 12)": "+33639980001",
    "+33+639980001": "+33639980001",
    "O639980001": "+33639980001",
    "33639980001.0": "+33639980001",
    "639980001,0": "+33639980001",
    "3.3639980001E+10": "+33639980001",
    "0639980001 et +33639980001": "+33639980001",
}


@pytest.mark.parametrize(("text", "number"), KEPT.items())
def test_a_stop_keeps_its_number(text: str, number: str) -> None:
    assert read_lenient(filled(text)) == int(filled(number))


@pytest.mark.parametrize(
    "text",
    [
        *("", "ORANGE", "36200", "12345", "²²²²²²²", "+", "000000000", "0" * 200, "1" * 16),
        *("06,39E+08", "3,36E+10"),
        *("0639980001 / 0639980002", "0639980001;0639980002", "+33639980001+33639980002"),
    ],
)
def test_no_number_is_made_up(text: str) -> None:
    assert read_lenient(text) is None


@given(st.text(alphabet="0123456789+ ()./-eE,;O\N{NO-BREAK SPACE}\N{ARABIC-INDIC DIGIT SIX}\n", max_size=24))
def test_where_a_check_reads_a_number_a_stop_reads_the_same(text: str) -> None:
    strict, lenient = read(text), read_lenient(text)

    assert (strict.number > 0) == (strict.reason is None)
    if strict.number:
        assert lenient == strict.number
    assert lenient is None or 10**5 <= lenient < 10**15


@given(st.from_regex(r"\A\+?[1-9][0-9]{5,14}\Z"))
def test_six_to_fifteen_digits_are_always_a_number(text: str) -> None:
    assert read_lenient(text) is not None


@given(st.from_regex(r"\A[1-9][0-9]{6,14}\Z"))
def test_what_a_stop_gave_is_read_back_as_itself(digits: str) -> None:
    """A canonical number is a fixed point: printed and read again, it is the same person."""
    number = read_lenient("+" + digits)

    assert number is not None
    assert read_lenient(f"+{number}") == number


@given(st.text(max_size=120))
def test_any_text_gets_an_answer(text: str) -> None:
    assert read(text).number >= 0
    assert (read_lenient(text) or 1) > 0
