"""When a commercial message may reach a person: research/regulation.md §7.3, and what the table does not say."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import phone, quiet_hours
from app.errors import InvalidValueError
from app.quiet_hours.calendar import ZONES, public_holidays

TABLE = (Path(__file__).parents[1] / "vectors/quiet_hours.tsv").read_text(encoding="utf-8")
ROWS = list(csv.DictReader(TABLE.splitlines(), delimiter="\t"))
CASES = [(row, name) for row in ROWS for name in quiet_hours.POLICIES]
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2029, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


def ruling(policy, number, instant, minutes=0, **options):
    at = instant if isinstance(instant, datetime) else datetime.fromisoformat(instant)
    territory = phone.territory(phone.read_lenient(number))
    return quiet_hours.judge(quiet_hours.policy(policy), territory, at, minutes, **options)


@pytest.mark.parametrize(("row", "name"), CASES, ids=[f"{row['row']}-{name}" for row, name in CASES])
def test_each_row_of_the_table_under_each_policy(row, name):
    found = ruling(name, row["number"], row["instant"])
    words = ("allowed (advisory)" if found.advisory else "allowed") if found.open else "BLOCKED"

    assert words == row[name], row["why"]


def test_good_friday_blocks_a_mainland_number_only_where_alsace_and_moselle_count():
    at = "2026-04-03T10:00:00Z"

    assert ruling("prudent", "+33612345678", at).open
    assert not ruling("prudent", "+33612345678", at, alsace_moselle=True).open
    assert ruling("af2m-2026", "+33612345678", at, alsace_moselle=True).advisory


def test_a_sending_must_end_before_closing():
    at = "2026-06-10T17:30:00Z"  # 19:30 in Paris

    assert ruling("prudent", "+33612345678", at, minutes=30).open
    late = ruling("prudent", "+33612345678", at, minutes=31)
    assert (late.open, late.opens_at) == (False, datetime(2026, 6, 11, 6, tzinfo=UTC))


def test_a_night_is_closed_until_the_next_mornings_opening():
    """28 October 2019, 20:00 in Paris: what the incident would have been told."""
    found = ruling("prudent", "+33612345678", "2019-10-28T19:00:00Z")

    assert (found.open, found.opens_at) == (False, datetime(2019, 10, 29, 7, tzinfo=UTC))


def test_a_saturday_night_before_a_holiday_monday_waits_until_tuesday():
    found = ruling("prudent", "+33612345678", "2026-05-23T21:10:00Z")  # Whit Monday is 25 May

    assert found.opens_at == datetime(2026, 5, 26, 6, tzinfo=UTC)


def test_a_number_whose_territory_is_unknown_is_closed_without_a_promise():
    at = datetime(2026, 6, 10, 10, tzinfo=UTC)
    found = quiet_hours.judge(quiet_hours.policy("af2m-2026"), "", at)

    assert (found.open, found.opens_at, found.rule) == (False, None, "unknown territory")


def test_a_foreign_number_is_judged_by_the_strictest_zone_of_its_country():
    new_york_only = ruling("prudent", "+12125550100", "2026-06-10T14:00:00Z")  # 10:00 there, 04:00 in Honolulu

    assert not new_york_only.open
    assert ruling("prudent", "+41791234567", "2026-06-10T10:00:00Z").open


@given(st.sampled_from(sorted(ZONES)), st.sampled_from(sorted(quiet_hours.POLICIES)), INSTANTS, st.integers(0, 120))
def test_what_is_promised_to_open_opens_and_nothing_opens_before(territory, name, at, minutes):
    chosen = quiet_hours.policy(name)
    found = quiet_hours.judge(chosen, territory, at, minutes)
    if found.open:
        assert found.closes_at >= at + timedelta(minutes=minutes)
        return
    assert found.opens_at > at
    assert quiet_hours.judge(chosen, territory, found.opens_at, minutes).open
    assert not quiet_hours.judge(chosen, territory, found.opens_at - timedelta(microseconds=1), minutes).open


def test_customary_days_are_no_public_holidays():
    assert date(2026, 7, 21) not in public_holidays("MQ", 2026)  # Victor Schœlcher
    assert date(2026, 3, 12) not in public_holidays("GP", 2026)  # Mi-Carême
    assert date(2026, 4, 3) not in public_holidays("GP", 2026)  # Good Friday


def test_the_days_of_the_labour_code_are():
    """Article L3422-2; Saint-Martin's by the Code and by the circular since 2018."""
    days = {
        "YT": [(4, 27)], "MQ": [(5, 22)], "GP": [(5, 27), (5, 28), (10, 9)], "GF": [(6, 10)], "RE": [(12, 20)],
    }  # fmt: skip
    for territory, expected in days.items():
        for year in range(2024, 2031):
            assert {date(year, month, day) for month, day in expected} <= public_holidays(territory, year)


@pytest.mark.parametrize("year", range(2024, 2031))
def test_the_eleven_statutory_days_of_the_mainland(year):
    fixed = {date(year, *day) for day in [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)]}

    assert fixed <= public_holidays("FR", year)
    assert len(public_holidays("FR", year)) in {11, 10}  # two of them can fall on one day


def test_an_unknown_policy_is_refused_with_the_known_ones():
    with pytest.raises(InvalidValueError, match="af2m-2026"):
        quiet_hours.policy("lcen")
