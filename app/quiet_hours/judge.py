"""Whether a sending of so many minutes may begin now, in this territory, under this policy."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from app.errors import InvalidValueError
from app.quiet_hours.calendar import ZONES, public_holidays, zones
from app.quiet_hours.policies import ADVISED_AGAINST, CLOSED, DAY_MINUTES, DayHours, Policy

SEARCH_DAYS_MAX = 30
MINUTES_MAX = 7 * DAY_MINUTES
YEARS = range(1971, 2200)
SUNDAY = 6
UNKNOWN_TERRITORY = "unknown territory"
FOREIGN_NUMBERS = "foreign numbers"

_LONG_SINCE = datetime.min.replace(tzinfo=UTC)
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


class Ruling(msgspec.Struct, frozen=True):
    """The answer. `opens_at` is UTC, None when open, or when nothing can be promised (unknown territory, or never).

    `closes_at`: the earliest closing among the zones, UTC, when open; None where no zone closes within
    SEARCH_DAYS_MAX. `rule` names what decided.
    """

    open: bool
    rule: str
    policy: str
    source: str
    advisory: bool = False
    opens_at: datetime | None = None
    closes_at: datetime | None = None


class _Local(msgspec.Struct, frozen=True):
    """How one zone sees the instant."""

    open: bool
    rule: str
    advisory: bool = False
    closes_at: datetime | None = None
    opens_at: datetime | None = None


class _Place(msgspec.Struct, frozen=True):
    """One policy in one zone: what each local day is, and at which instants its hours begin and end.

    A time that the clock change skips or repeats is taken the strict way: opening at the later instant that it may
    mean, closing at the earlier.
    """

    policy: Policy
    territory: str
    clock: ZoneInfo
    alsace_moselle: bool

    def day(self, day: date) -> tuple[DayHours | None, str, bool]:
        """Return a day's hours, the rule that gives them, and whether sending is advised against."""
        hours, rule, stance = self.policy.days[day.weekday()], "hours of the day", ""
        if day.weekday() == SUNDAY:
            rule, stance = "Sunday", self.policy.sundays
        if day in public_holidays(self.territory, day.year, alsace_moselle=self.alsace_moselle):
            rule, stance = "public holiday", CLOSED if stance == CLOSED else self.policy.holidays
        return (None if stance == CLOSED else hours), rule, stance == ADVISED_AGAINST

    def runs_on(self, day: date) -> bool:
        """Whether the midnight that ends the day closes nothing."""
        today, tomorrow = self.day(day)[0], self.day(day + _DAY)[0]
        return today is not None and tomorrow is not None and today.closes == DAY_MINUTES and tomorrow.opens == 0

    def begins(self, day: date, hours: DayHours) -> datetime:
        """Return when the day's hours begin; long ago where they run on from the day before."""
        return _LONG_SINCE if self.runs_on(day - _DAY) else max(self._at(day, hours.opens))

    def ends(self, day: date) -> datetime | None:
        """Return when the hours that the day is open in end, days later perhaps; None: not within the search."""
        for last in _days(day):
            hours = self.day(last)[0]
            if hours and not self.runs_on(last):
                return min(self._at(last, hours.closes))
        return None

    def next_opening(self, instant: datetime, minutes: int) -> datetime | None:
        """Return the next beginning of hours after the instant that are long enough."""
        for day in _days(instant.astimezone(self.clock).date()):
            hours = self.day(day)[0]
            if hours is None:
                continue
            begins, ends = self.begins(day, hours), self.ends(day)
            if begins > instant and (ends is None or begins + timedelta(minutes=minutes) <= ends):
                return begins
        return None

    def advised_against(self, instant: datetime, minutes: int) -> str | None:
        """Return the rule that advises against one of the days the sending touches."""
        last = instant + max(timedelta(minutes=minutes) - _INSTANT, timedelta(0))
        day, end = (at.astimezone(self.clock).date() for at in (instant, last))
        while day <= end:
            _, rule, advisory = self.day(day)
            if advisory:
                return rule
            day += _DAY
        return None

    def _at(self, day: date, minute: int) -> Iterator[datetime]:
        naive = datetime.combine(day + timedelta(days=minute // DAY_MINUTES), time(minute // 60 % 24, minute % 60))
        return (naive.replace(tzinfo=self.clock, fold=fold).astimezone(UTC) for fold in (0, 1))


def judge(
    policy: Policy, territory: str, instant: datetime, minutes: int = 0, *, alsace_moselle: bool = False
) -> Ruling:
    """Judge an aware instant; InvalidValueError for one that no calendar covers, or a sending longer than a week.

    Every zone the territory's numbers may be in must be open, from the first minute to the last: a sending that would
    end after closing may not begin.
    """
    _require_sense(instant, minutes)
    names = zones(territory)
    if not names:
        return _closed(policy, UNKNOWN_TERRITORY, None)
    if policy.foreign == CLOSED and territory not in ZONES:
        return _closed(policy, FOREIGN_NUMBERS, None)
    places = [_Place(policy, territory, clock, alsace_moselle) for clock in _different(names, instant)]
    seen = [_local(place, instant, minutes) for place in places]
    closed = [view for view in seen if not view.open]
    if closed:
        return _closed(policy, closed[0].rule, _common_opening(places, instant, minutes))
    return Ruling(
        open=True,
        rule=next((view.rule for view in seen if view.advisory), seen[0].rule),
        policy=policy.label,
        source=policy.source,
        advisory=any(view.advisory for view in seen),
        closes_at=min((view.closes_at for view in seen if view.closes_at is not None), default=None),
    )


def _different(names: tuple[str, ...], instant: datetime) -> list[ZoneInfo]:
    """Return one of all zones whose clocks show the same on every day of the search: the USA have 29, and 7 times."""
    if len(names) == 1:
        return [ZoneInfo(names[0])]
    days = [instant + ahead * _DAY for ahead in range(-1, SEARCH_DAYS_MAX + 2)]
    clocks = {tuple(day.astimezone(clock).utcoffset() for day in days): clock for clock in map(ZoneInfo, names[::-1])}
    return list(clocks.values())[::-1]


def _closed(policy: Policy, rule: str, opens_at: datetime | None) -> Ruling:
    return Ruling(open=False, rule=rule, policy=policy.label, source=policy.source, opens_at=opens_at)


def _require_sense(instant: datetime, minutes: int) -> None:
    if instant.year not in YEARS:
        raise InvalidValueError(f"The hours are known for the years {YEARS[0]} to {YEARS[-1]}; correct the instant.")
    if not 0 <= minutes <= MINUTES_MAX:
        raise InvalidValueError(f"A sending takes 0 to {MINUTES_MAX:,} minutes (a week); part a longer one.")


def _common_opening(places: list[_Place], instant: datetime, minutes: int) -> datetime | None:
    """Return the first later instant at which every zone is open: move to the latest opening until all agree."""
    at, last = instant, instant + SEARCH_DAYS_MAX * _DAY
    while at <= last:
        seen = [_local(place, at, minutes) for place in places]
        closed = [view for view in seen if not view.open]
        if not closed:
            return at.astimezone(UTC)
        openings = [view.opens_at for view in closed]
        if None in openings:
            return None
        at = max(opening for opening in openings if opening is not None)
    return None


def _local(place: _Place, instant: datetime, minutes: int) -> _Local:
    day = instant.astimezone(place.clock).date()
    hours, rule, _ = place.day(day)
    if hours is not None:
        begins, ends = place.begins(day, hours), place.ends(day)
        if instant < begins:
            rule = "before hours"
        elif ends is not None and instant >= ends:
            rule = "after hours"
        elif ends is not None and instant + timedelta(minutes=minutes) > ends:
            rule = "would end after closing"
        else:
            advised = place.advised_against(instant, minutes)
            return _Local(open=True, rule=advised or rule, advisory=advised is not None, closes_at=ends)
    elif rule == "hours of the day":
        rule = "closed on that day"
    return _Local(open=False, rule=rule, opens_at=place.next_opening(instant, minutes))


def _days(first: date) -> Iterator[date]:
    return (first + ahead * _DAY for ahead in range(SEARCH_DAYS_MAX))
