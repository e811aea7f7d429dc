"""Numbers, short codes and times in the spellings that providers use."""

from datetime import UTC, datetime

import pytest

from app.operators import values


@pytest.mark.parametrize(
    "text",
    [
        "+33639980001",
        "33639980001",
        "0033639980001",
        " 33639980001",
        "tel:+33639980001",
        "tel:33639980001",
        "TEL:+33639980001;phone-context=example.org",
        "+33 6 39 98 00 01",
        "06 39 98 00 01",
        "33 639-980-001",
        "639980001",
        "\u202a+33639980001\u202c",
    ],
)
def test_one_person_has_one_number_in_every_spelling(text: str) -> None:
    assert values.number(text) == 33639980001


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("262692123456", 262692123456),
        ("+32470123456", 32470123456),
        ("447700900123", 447700900123),
        ("687751234", 687751234),
    ],
)
def test_bare_digits_begin_with_their_country(text: str, number: int) -> None:
    assert values.number(text) == number


@pytest.mark.parametrize("text", ["", " ", "MARQUE", "tel:", "+", "\x00", "--", "anonymous"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert values.number(text) is None


@pytest.mark.parametrize(
    "text",
    ["36200", " 36 200 ", "tel:36200", "+3336200", "3336200", "003336200", "0036200", "tel:+33 36200", "３６２００"],
)
def test_a_short_code_is_its_five_digits(text: str) -> None:
    assert values.code_digits(text) == "36200"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("33700", "33700"),
        ("+3333700", "33700"),
        ("+33639980001", "33639980001"),
        ("3336", "3336"),
        ("MARQUE", None),
        ("", None),
    ],
)
def test_only_five_digits_lose_a_country(text: str, code: str | None) -> None:
    assert values.code_digits(text) == code


def test_a_code_comes_from_the_channel_the_destination_or_the_connection() -> None:
    config = {"default_code": 36111, "codes": {"ch": "36200", "MARQUE": 36222}}
    assert values.short_code("", "ch", config) == "36200"
    assert values.short_code("MARQUE", "", config) == "36222"
    assert values.short_code("36333", "other", config) == "36333"
    assert values.short_code("AUTRE", "other", config) == "36111"
    assert values.short_code("", "", {}) is None
    assert values.short_code("", "", {"codes": ["odd"], "default_code": ""}) is None


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-03-10T09:01:30Z", "Europe/Paris", "2026-03-10T09:01:30"),
        ("2026-03-13T12:00:05+00:00", "Europe/Paris", "2026-03-13T12:00:05"),
        ("2016-10-06T09:28:39.220+0000", "Europe/Paris", "2016-10-06T09:28:39.220"),
        ("2026-03-21T19:20:21+01", "UTC", "2026-03-21T18:20:21"),
        ("2026-03-21T19:20:21 01:00", "UTC", "2026-03-21T18:20:21"),
        ("2026-03-21 19:20:21 -0330", "UTC", "2026-03-21T22:50:21"),
        ("2026-02-10 14:05:09", "Europe/Paris", "2026-02-10T13:05:09"),
        ("2026-07-10 14:05", "Europe/Paris", "2026-07-10T12:05:00"),
        ("2026-10-25 02:30:00", "Europe/Paris", "2026-10-25T00:30:00"),
        ("2026-03-29 02:30:00", "Europe/Paris", "2026-03-29T01:30:00"),
        ("2026-07-10 14:05:09", "Indian/Reunion", "2026-07-10T10:05:09"),
        ("20260713120005", "UTC", "2026-07-13T12:00:05"),
        ("20260713T120005Z", "Europe/Paris", "2026-07-13T12:00:05"),
        ("202607131200", "Europe/Paris", "2026-07-13T10:00:00"),
        ("1774030760", "Europe/Paris", "2026-03-20T18:19:20"),
        ("1774030760.25", "UTC", "2026-03-20T18:19:20.250"),
        ("1774030760123", "UTC", "2026-03-20T18:19:20.123"),
        ("1774030760123456", "UTC", "2026-03-20T18:19:20.123456"),
        ("2026-03-18T16:17:18.123456789Z", "UTC", "2026-03-18T16:17:18.123456"),
        ("2026-03-18T16:17:18,5Z", "UTC", "2026-03-18T16:17:18.500"),
        ("21/03/2026 19:20:21", "Europe/Paris", "2026-03-21T18:20:21"),
        ("21032026-19:20", "Europe/Paris", "2026-03-21T18:20:00"),
        ("Sat, 21 Mar 2026 19:20:21 +0100", "UTC", "2026-03-21T18:20:21"),
    ],
)
def test_a_time_is_read_in_every_spelling(text: str, zone: str, expected: str) -> None:
    assert values.instant(text, zone) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_american_dates_are_read_where_the_provider_writes_them() -> None:
    assert values.instant("3/4/2026 12:05:09 AM", month_first=True) == datetime(2026, 3, 4, 0, 5, 9, tzinfo=UTC)
    assert values.instant("3/4/2026 12:05:09 PM", month_first=True) == datetime(2026, 3, 4, 12, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-13-01T00:00:00Z",
        "2026-02-30 10:00:00",
        "2026-02-10T25:00:00Z",
        "0000-01-01",
        "99999999999",
        "1e9",
        "9" * 500,
    ],
)
def test_an_unreadable_time_is_none(text: str) -> None:
    assert values.instant(text, "Europe/Paris") is None


@pytest.mark.parametrize("zone", ["Europe/Lutetia", "", "../etc/passwd", "/etc", "\x00"])
def test_an_unknown_zone_leaves_local_times_unread(zone: str) -> None:
    assert values.instant("2026-02-10 14:05:09", zone) is None
    assert values.instant("2026-02-10T14:05:09Z", zone) == datetime(2026, 2, 10, 14, 5, 9, tzinfo=UTC)
