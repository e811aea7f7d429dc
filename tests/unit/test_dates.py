"""Dates as French spreadsheets, forms and exports write them."""

from datetime import datetime

import pytest

from app.dates import read

SUMMER, WINTER = "2024-08-01T07:00:00+00:00", "2025-12-31T13:05:00+00:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("31/12/2025 14:05", WINTER),
        ("31/12/2025 à 14h05", WINTER),
        ("31-12-2025 14:05:00", WINTER),
        ("31.12.2025 14:05", WINTER),
        ("31/12/25 14:05", WINTER),
        ("31 décembre 2025 14h05", WINTER),
        ("mercredi 31 déc. 2025 à 14:05", WINTER),
        ("2025-12-31 14:05", WINTER),
        ("2025-12-31T14:05:00+01:00", WINTER),
        ("2025-12-31T13:05:00Z", WINTER),
        ("1767186300", WINTER),
        ("1er août 2024 à 9h", SUMMER),
        ("01/08/2024 09:00", SUMMER),
        ("03/02/2024", "2024-02-02T23:00:00+00:00"),
        ("3 févr. 2024", "2024-02-02T23:00:00+00:00"),
        ("20240203", "2024-02-02T23:00:00+00:00"),
    ],
)
def test_a_date_is_read_in_the_time_of_paris(text: str, expected: str):
    assert read(text) == datetime.fromisoformat(expected)


def test_another_zone_can_be_said():
    assert read("31/12/2025 14:05", "Indian/Reunion") == datetime.fromisoformat("2025-12-31T10:05:00+00:00")


@pytest.mark.parametrize(
    "text", ["", "n/a", "au printemps", "31/02/2024", "12/31/2025", "31 brumaire 2025", "x" * 1000]
)
def test_what_is_no_date_is_none(text: str):
    assert read(text) is None
