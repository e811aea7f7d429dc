"""What people type that is kept for good holds no number."""

import pytest

from app.errors import InvalidValueError
from app.wording import plain_reason, plain_reference

NUMBERS = [
    "0639980001",
    "06 39 98 00 01",
    "06.39.98.00.01",
    "+33639980001",
    "+33 (0)6-39-98-00-01",
    "06_39_98_00_01",
    "appel du 06/39/98/00/01 hier",
    "dossier 12 06 39 98 00 01",
    "0639 980 001",
]


@pytest.mark.parametrize("text", NUMBERS)
@pytest.mark.parametrize("reads", [plain_reason, plain_reference])
def test_a_number_in_any_spelling_is_refused_and_not_repeated(reads, text: str):
    with pytest.raises(InvalidValueError) as told:
        reads(text)

    assert "39" not in str(told.value)


@pytest.mark.parametrize(
    "text", ["contrôle CNIL 26-14587", "courrier du 23-11-26", "SAN-2026-0142", "plainte 12345678"]
)
def test_a_usual_reference_is_taken(text: str):
    assert plain_reference(f"  {text} ") == plain_reason(text) == text


@pytest.mark.parametrize("text", ["", " \n ", "x" * 201])
def test_a_reason_is_one_line(text: str):
    with pytest.raises(InvalidValueError):
        plain_reason(text)


@pytest.mark.parametrize("text", ["", "x" * 81, "a\x1b[31m", "a\x00"])
def test_a_reference_is_one_short_printable_line(text: str):
    with pytest.raises(InvalidValueError):
        plain_reference(text)
