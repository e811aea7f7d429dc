"""The hours of a whole batch: by territory, and always what each number alone would be told."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import phone, quiet_hours
from app.profile import CustomHours, Profile
from app.quiet_hours.calendar import zones

NOON = datetime(2026, 6, 10, 10, tzinfo=UTC)  # a Wednesday, 12:00 in Paris
NIGHT = datetime(2019, 10, 28, 19, tzinfo=UTC)  # 20:00 in Paris, the night of the incident
PARIS, REUNION, MAYOTTE, GUADELOUPE = 33639980001, 262692123456, 262639001234, 590690123456
NOWHERE = 881612345678  # a satellite's calling code
SPELLINGS = (
    "+33639980001", "+33751234567", "+590690123456", "+596696123456", "+594694123456", "+262692123456",
    "+262693123456", "+262639001234", "+508551234", "+687751234", "+68987123456", "+681821234", "+12125550100",
    "+41791234567", "+74951234567", "+61412345678", "+38343201234", "+881612345678",
)  # fmt: skip
NUMBERS = [0, *(number for text in SPELLINGS if (number := phone.read_lenient(text)))]
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2029, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 (given its zone at once)
NIGHTS_OF_CLOCK_CHANGES = st.builds(
    lambda day, minutes: datetime(*day, tzinfo=UTC) + timedelta(minutes=minutes),
    st.sampled_from([(2026, 3, 28), (2026, 10, 24), (2026, 3, 7), (2026, 11, 1)]),  # Europe, and North America
    st.integers(0, 2 * 24 * 60),
)
ALWAYS = Profile(
    policy="custom",
    hours=CustomHours(
        days=("00:00-24:00",) * 7, sundays="open", holidays="open", source="the board, 2 November", version="2026-11"
    ),
)
LATE = Profile(
    policy="custom",
    foreign_numbers="closed",
    hours=CustomHours(
        days=(None, "02:30-03:15", *["12:00-24:00"] * 4, "00:00-18:30"),
        sundays="advised against",
        holidays="closed",
        source="the board",
        version="7",
    ),
)
POLICIES = (
    *quiet_hours.POLICIES.values(),
    quiet_hours.policy_of(ALWAYS),
    quiet_hours.policy_of(LATE),
    quiet_hours.policy_of(Profile(foreign_numbers="closed")),
)


def batch(numbers, policy="prudent", at=NOON, minutes=0, **options):
    return quiet_hours.judge_batch(quiet_hours.policy(policy), np.array(numbers, np.int64), at, minutes, **options)


def told(hours):
    """The groups as plain data, to be compared."""
    return [(group.territory, group.opens_at, group.rule, group.positions.tolist()) for group in hours]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(POLICIES),
    st.lists(st.sampled_from(NUMBERS), max_size=40),
    INSTANTS | NIGHTS_OF_CLOCK_CHANGES,
    st.integers(0, 180),
    st.booleans(),
)
def test_a_batch_is_told_what_each_number_alone_is_told(policy, numbers, at, minutes, alsace_moselle):
    hours = quiet_hours.judge_batch(policy, np.array(numbers, np.int64), at, minutes, alsace_moselle=alsace_moselle)
    alone = [
        number and quiet_hours.judge(policy, phone.territory(number), at, minutes, alsace_moselle=alsace_moselle)
        for number in numbers
    ]
    waits = [bool(ruling) and not ruling.open for ruling in alone]
    closings = [ruling.closes_at for ruling in alone if ruling and ruling.open and ruling.closes_at]

    assert (hours.quiet.tolist() if hours.quiet is not None else [False] * len(numbers)) == waits
    assert (hours.quiet is None) == (not any(waits))
    assert hours.closes_at == min(closings, default=None)
    assert set(hours.territories) == {phone.territory(number) for number in numbers if number} - {""}
    for group in hours.groups:
        for position in group.positions.tolist():
            assert phone.territory(numbers[position]) == group.territory
            assert (alone[position].opens_at, alone[position].rule) == (group.opens_at, group.rule)
    assert sorted(position for group in hours.groups for position in group.positions.tolist()) == [
        position for position, wait in enumerate(waits) if wait
    ]


def test_the_night_of_the_incident_is_closed_for_everybody_until_the_morning():
    hours = batch([PARIS, PARIS], at=NIGHT)

    assert told(hours.groups) == [("FR", datetime(2019, 10, 29, 7, tzinfo=UTC), "after hours", [0, 1])]
    assert hours.closes_at is None


def test_each_closed_territory_is_a_group_with_its_own_opening():
    hours = batch([REUNION, PARIS, GUADELOUPE, MAYOTTE, REUNION], at=datetime(2026, 6, 10, 17, tzinfo=UTC))

    assert told(hours.groups) == [
        ("RE", datetime(2026, 6, 11, 4, tzinfo=UTC), "after hours", [0, 4]),
        ("YT", datetime(2026, 6, 11, 5, tzinfo=UTC), "after hours", [3]),
    ]
    assert hours.quiet.tolist() == [True, False, False, True, True]


def test_the_clearance_ends_with_the_first_territory_that_closes():
    assert batch([PARIS]).closes_at == datetime(2026, 6, 10, 18, tzinfo=UTC)
    assert batch([PARIS, REUNION]).closes_at == datetime(2026, 6, 10, 16, tzinfo=UTC)


def test_the_whole_sending_ends_before_closing():
    at = datetime(2026, 6, 10, 17, 30, tzinfo=UTC)

    assert batch([PARIS], at=at, minutes=30).quiet is None
    assert told(batch([PARIS], at=at, minutes=31).groups) == [
        ("FR", datetime(2026, 6, 11, 6, tzinfo=UTC), "would end after closing", [0])
    ]


def test_a_number_of_no_known_territory_waits_and_is_told_why():
    assert told(batch([NOWHERE, PARIS, 0]).groups) == [("", None, "unknown territory", [0])]


def test_an_invalid_number_waits_for_nothing():
    assert batch([0, 0], at=NIGHT).quiet is None
    assert batch([], at=NIGHT).quiet is None
    assert told(batch([0, PARIS], at=NIGHT).groups)[0][3] == [1]


def test_foreign_numbers_are_judged_by_their_country_or_closed_where_the_profile_says_so():
    swiss = np.array([41791234567, PARIS], np.int64)
    closed = quiet_hours.policy_of(Profile(foreign_numbers="closed"))

    assert quiet_hours.judge_batch(quiet_hours.policy("prudent"), swiss, NOON).quiet is None
    assert told(quiet_hours.judge_batch(closed, swiss, NOON).groups) == [("CH", None, "foreign numbers", [0])]


def test_what_is_advised_against_is_said_once_for_each_territory():
    hours = batch([PARIS, REUNION, PARIS], "af2m-2026", datetime(2026, 7, 14, 10, tzinfo=UTC))

    assert hours.quiet is None
    assert [text.partition(":")[0] for text in hours.advisories] == ["FR", "RE"]
    assert "public holiday" in hours.advisories[0]


def test_a_policy_out_of_force_is_applied_with_a_warning():
    replaced = batch([PARIS], "af2m-2024", datetime(2026, 6, 10, 19, 45, tzinfo=UTC))
    early = batch([PARIS], "af2m-2026", datetime(2026, 2, 10, 10, tzinfo=UTC))

    assert replaced.quiet is None
    assert "replaced by af2m-2026" in replaced.advisories[0]
    assert "comes into force" in early.advisories[0]
    assert batch([PARIS], "af2m-2026").advisories == ()


def test_alsace_and_moselle_count_where_the_profile_says_so():
    good_friday = datetime(2026, 4, 3, 10, tzinfo=UTC)

    assert batch([PARIS], at=good_friday).quiet is None
    assert batch([PARIS, REUNION], at=good_friday, alsace_moselle=True).quiet.tolist() == [True, False]


def test_the_groups_of_a_repeated_check_are_rebuilt_from_its_reasons():
    numbers, at = [REUNION, MAYOTTE, PARIS, REUNION, 0], datetime(2026, 6, 10, 17, tzinfo=UTC)
    withheld = np.array([False, True, False, True, False])  # the first was opposed, so that is its reason

    first, again = batch(numbers, at=at).among(withheld), batch(numbers, at=at).among(withheld)

    assert [group.positions.tolist() for group in first] == [[3], [1]]
    assert told(first) == told(again)


def test_other_hours_do_not_explain_who_was_withheld():
    with pytest.raises(ValueError, match="other hours"):
        batch([PARIS, REUNION]).among(np.array([True, False]))


def test_a_million_numbers_are_judged_by_a_handful_of_territories(monkeypatch):
    """Not timed: what costs is judging, and that is asked as often as there are territories."""
    asked = []
    judge = quiet_hours.judge

    def counted(policy, territory, *rest, **options):
        asked.append(territory)
        return judge(policy, territory, *rest, **options)

    monkeypatch.setattr("app.quiet_hours.batch.judge", counted)
    numbers = np.full(1_000_000, PARIS, np.int64)
    numbers[::7], numbers[::1000] = REUNION, 0
    hours = quiet_hours.judge_batch(quiet_hours.policy("prudent"), numbers, datetime(2026, 6, 10, 17, tzinfo=UTC))

    assert asked == ["FR", "RE"]
    assert int(hours.quiet.sum()) == int((numbers == REUNION).sum())


def test_a_country_of_many_zones_waits_for_the_last_of_them():
    at = datetime(2026, 6, 10, 23, 30, tzinfo=UTC)  # 19:30 in New York, so the end would be 20:15
    new_york = batch([12125550100], at=at, minutes=45)

    assert told(new_york.groups) == [
        ("US", datetime(2026, 6, 11, 18, tzinfo=UTC), "would end after closing", [0])  # 08:00 in Honolulu
    ]


def test_every_territory_of_the_numbering_plan_has_a_zone():
    assert [territory for territory in phone.TERRITORIES if territory and not zones(territory)] == []
