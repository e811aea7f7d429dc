"""What a check must not send to, why, and what was probably meant (rule 35)."""

import pytest

from app.phone import read
from tests.unit.phone_rows import filled

REFUSED = [
    ("", "empty", None),
    ("   ", "empty", None),
    ("\N{NO-BREAK SPACE}\N{ZERO WIDTH SPACE}", "empty", None),
    ("-", "empty", None),
    ("n/a", "not-a-number", None),
    ("+", "not-a-number", None),
    ("00", "not-a-number", None),
    ("000000", "not-a-number", None),
    ("²", "not-a-number", None),
    ("0612345 ²", "not-a-number", None),
    ("\x00", "not-a-number", None),
    ("\ud800", "not-a-number", None),
    ("0639980001 bis", "not-a-number", "+33639980001"),
    ("O639980001", "not-a-number", "+33639980001"),
    ("06 39 98 00 Ol", "not-a-number", "+33639980001"),
    ("+33+639980001", "not-a-number", "+33639980001"),
    ("+33+62#######", "not-a-number", "+3362#######"),
    ("0639980001;ext=1", "not-a-number", "+33639980001"),
    ("0639980001 / 0639980002", "several-numbers", None),
    ("06 39 98 00 01 / 06 39 98 00 02", "several-numbers", None),
    ("0639980001;0639980002", "several-numbers", None),
    ("0639980001\n0639980002", "several-numbers", None),
    ("+33639980001+33639980002", "several-numbers", None),
    ("0639980001 ou 06.39.98.00.02", "several-numbers", None),
    ("06,39E+08", "spreadsheet-exponent", None),
    ("6.4E+08", "spreadsheet-exponent", None),
    ("3,36E+10", "spreadsheet-exponent", None),
    ("3.3639980001E+10", "spreadsheet-exponent", "+33639980001"),
    ("33639980001.0", "spreadsheet-decimal", "+33639980001"),
    ("639980001,0", "spreadsheet-decimal", "+33639980001"),
    ("4915112345678.0", "spreadsheet-decimal", "+4915112345678"),
    ("21", "too-short", None),
    ("06399800", "too-short", None),
    ("063998000", "too-short", None),
    ("+3363998000", "too-short", None),
    ("+33", "too-short", None),
    ("+590 690 ####", "too-short", None),
    ("+4179123456", "too-short", None),
    ("12345678", "too-short", None),
    ("06399800011", "too-long", None),
    ("+336399800011", "too-long", None),
    ("+417912345678", "too-long", None),
    ("0123456789012345678901", "too-long", None),
    ("36200", "short-code", None),
    ("38123", "short-code", None),
    ("3117", "short-code", None),
    ("112", "short-code", None),
    ("118218", "short-code", None),
    ("0899######", "premium", None),
    ("+33 899 ## ## ##", "premium", None),
    ("0800######", "premium", None),
    ("07001234567890", "machine", None),
    ("+337001234567890", "machine", None),
    ("09011234567890", "machine", None),
    ("07094#####", "unassigned", None),
    ("+33 701 ## ## ##", "unassigned", None),
    ("+262500######", "unassigned", None),
    ("+999123456789", "unassigned", None),
    ("+80012345678", "unassigned", None),
    ("4520123456", "no-country-code", "+4520123456"),
    ("6123456789", "no-country-code", None),
    ("+590612345678", "malformed-overseas", "+33612345678"),
    ("+590694123456", "malformed-overseas", "+594694123456"),
    ("+262690123456", "malformed-overseas", "+590690123456"),
]


@pytest.mark.parametrize(("text", "reason", "suggestion"), REFUSED)
def test_it_is_refused_with_its_reason(text: str, reason: str, suggestion: str | None) -> None:
    reading = read(filled(text))

    meant = filled(suggestion) if suggestion else None
    assert (reading.number, reading.reason, reading.suggestion) == (0, reason, meant)


@pytest.mark.parametrize("suggestion", sorted({row[2] for row in REFUSED if row[2]}))
def test_a_suggestion_can_itself_be_sent_to(suggestion: str) -> None:
    assert read(filled(suggestion)).reason is None


def test_a_giant_text_is_refused_without_being_read() -> None:
    assert read("0" * 10_000_000).reason == "not-a-number"
    assert read(" " * 101 + "0639980001").reason == "not-a-number"


def test_a_reading_does_not_show_the_number_in_a_log() -> None:
    shown = repr([read("0639980001"), read("+590612345678"), read("O639980001")])

    assert "39980001" not in shown
    assert "12345678" not in shown
