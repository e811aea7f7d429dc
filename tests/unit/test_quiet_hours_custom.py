"""A sender's own hours: read with errors that say what to mend, and continuous over midnight."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import quiet_hours
from app.errors import InvalidValueError
from app.profile import CustomHours, Profile
from app.quiet_hours.calendar import ZONES

WEEK = ("08:00-20:00",) * 6
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2029, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 (given its zone at once)
# Clocks change at midnight in some of these, and skip a part of an hour in others.
PLACES = (*ZONES, "CU", "LB", "CL", "PY", "EG", "AU", "US", "CH", "MA")


def custom(days=(*WEEK, None), **other):
    hours = {"source": "the board, 2 November", "version": "2026-11"} | other
    return quiet_hours.policy_of(Profile(policy="custom", hours=CustomHours(days=tuple(days), **hours)))


def always():
    return custom(["00:00-24:00"] * 7, sundays="open", holidays="open")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), INSTANTS, st.integers(0, 4 * 24 * 60))
def test_a_policy_that_is_always_open_is_open_at_every_instant_and_for_days(territory, at, minutes):
    ruling = quiet_hours.judge(always(), territory, at, minutes)

    assert (ruling.open, ruling.closes_at) == (True, None)


def test_a_batch_that_never_closes_has_no_closing():
    hours = quiet_hours.judge_batch(always(), np.array([33639980001]), datetime(2026, 12, 25, 23, tzinfo=UTC), 600)

    assert (hours.quiet, hours.closes_at, hours.advisories) == (None, None, ())


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), INSTANTS, st.integers(0, 26 * 60))
def test_hours_over_midnight_open_when_promised_and_not_before(territory, at, minutes):
    chosen = custom(["18:00-24:00", "00:00-02:30", None, "02:30-24:00", "00:00-24:00", "00:00-04:00", None])
    found = quiet_hours.judge(chosen, territory, at, minutes)
    if found.open:
        assert found.closes_at >= at + timedelta(minutes=minutes)
        closed = quiet_hours.judge(chosen, territory, found.closes_at)
        assert not closed.open
    elif found.opens_at:
        assert quiet_hours.judge(chosen, territory, found.opens_at, minutes).open
        assert not quiet_hours.judge(chosen, territory, found.opens_at - timedelta(microseconds=1), minutes).open


def test_a_holiday_interrupts_hours_that_would_run_on():
    chosen = custom(["00:00-24:00"] * 7, sundays="open")
    eve = datetime(2026, 7, 13, 21, tzinfo=UTC)  # 23:00 in Paris, the day before the national day

    assert quiet_hours.judge(chosen, "FR", eve, 60).closes_at == datetime(2026, 7, 13, 22, tzinfo=UTC)
    late = quiet_hours.judge(chosen, "FR", eve, 61)
    assert (late.open, late.opens_at) == (False, datetime(2026, 7, 14, 22, tzinfo=UTC))


def test_a_sending_that_runs_into_a_sunday_is_advised_against_from_its_beginning():
    chosen = custom(["00:00-24:00"] * 7, sundays="advised against")
    saturday = datetime(2026, 6, 13, 21, tzinfo=UTC)  # 23:00 in Paris

    assert not quiet_hours.judge(chosen, "FR", saturday, 60).advisory
    assert quiet_hours.judge(chosen, "FR", saturday, 61).rule == "Sunday"


def test_a_time_that_the_clock_skips_or_repeats_is_taken_the_strict_way():
    """In Paris 02:30 does not exist on 29 March 2026, and comes twice on 25 October."""
    closing = custom([*WEEK, "00:00-02:30"], sundays="open")
    opening = custom([*WEEK, "02:30-05:00"], sundays="open")

    assert quiet_hours.judge(closing, "FR", datetime(2026, 3, 28, 23, 30, tzinfo=UTC)).closes_at == datetime(
        2026, 3, 29, 0, 30, tzinfo=UTC
    )
    assert quiet_hours.judge(closing, "FR", datetime(2026, 10, 24, 23, tzinfo=UTC)).closes_at == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )
    assert quiet_hours.judge(opening, "FR", datetime(2026, 3, 29, 0, tzinfo=UTC)).opens_at == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )
    assert quiet_hours.judge(opening, "FR", datetime(2026, 10, 25, 0, tzinfo=UTC)).opens_at == datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"days": ["08:00-20:00"]}, "seven entries"),
        ({"days": ["20:00-08:00", *WEEK[1:], None]}, "not end after they begin"),
        ({"days": ["08:00-08:00", *WEEK[1:], None]}, "not end after they begin"),
        ({"days": ["08:00-24:30", *WEEK[1:], None]}, "not on that day"),
        ({"days": ["8-20", *WEEK[1:], None]}, "written as 08:00-20:00"),
        ({"days": ["25:00-26:00", *WEEK[1:], None]}, "written as 08:00-20:00"),
        ({"days": [None] * 7}, "closed on every day"),
        ({"days": [*WEEK, "10:00-12:00"]}, "contradict"),
        ({"sundays": "open"}, "contradict"),
        ({"source": " "}, "hours come from"),
        ({"source": "a\nb"}, "hours come from"),
        ({"version": "neuf trente"}, "letters, digits"),
    ],
)
def test_nonsense_is_refused_with_what_to_write(fields, words):
    with pytest.raises(InvalidValueError, match=words):
        custom(**fields)


def test_a_custom_policy_without_hours_says_what_is_missing():
    with pytest.raises(InvalidValueError, match="`hours`"):
        quiet_hours.policy_of(Profile(policy="custom"))


def test_the_hours_are_read_from_the_profile_as_it_is_stored():
    stored = b"""{"policy": "custom", "hours": {"days": ["08:00-20:00", null, null, null, null, null, null],
                  "holidays": "open", "source": "the board", "version": "3"}}"""
    chosen = quiet_hours.policy_of(msgspec.json.decode(stored, type=Profile))

    assert quiet_hours.judge(chosen, "FR", datetime(2026, 5, 25, 10, tzinfo=UTC)).open  # Whit Monday
    assert quiet_hours.judge(chosen, "FR", datetime(2026, 5, 26, 10, tzinfo=UTC)).rule == "closed on that day"


def test_one_label_never_means_two_policies():
    assert custom().label == custom().label
    assert custom().label.startswith("custom/2026-11+")
    assert len({custom().label, custom(holidays="open").label, custom([*WEEK[1:], None, None]).label}) == 3


@pytest.mark.parametrize(
    ("at", "minutes"),
    [
        (datetime(9999, 12, 31, tzinfo=UTC), 0),
        (datetime(2026, 6, 10, tzinfo=UTC), 10**9),
        (datetime(2026, 6, 10, tzinfo=UTC), -1),
    ],
)
def test_an_instant_no_calendar_covers_and_an_endless_sending_are_refused(at, minutes):
    with pytest.raises(InvalidValueError):
        quiet_hours.judge(always(), "FR", at, minutes)


def test_the_midnight_that_comes_twice_closes_nothing():
    """In Havana the clock goes back from 01:00 to midnight on 1 November 2026."""
    first_half_past = datetime(2026, 11, 1, 4, 30, tzinfo=UTC)

    assert quiet_hours.judge(always(), "CU", first_half_past).open
