"""What the entries of a period add up to: counted page by page, in memory that grows with calendar and set-up only.

Hours are those of mainland France, since no entry tells where a person is.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo

import msgspec

from app import quiet_hours
from app.dossier.rows import OPPOSITIONS, Row

ZONE = ZoneInfo("Europe/Paris")
TERRITORY = "FR"
POLICY = quiet_hours.policy("prudent")
DELAY_BOUNDS_SECONDS = (1, 10, 60, 300, 3600, 86_400)
"""Upper ends, exclusive, of the classes of delay; the last class is open."""
NAMES_MAX = 1_000
OTHERS = "…"
"""Stands for whatever comes after NAMES_MAX different names."""
REASONS = ("invalid", "repeated", "opted_out", "duplicate", "quiet_hours")
COUNTED = ("submitted", "allowed", *REASONS)


class Outage(msgspec.Struct, frozen=True):
    """Something a person had to know, from its opening to its closing; None while it is open."""

    kind: str
    subject: str
    opened_at: datetime
    closed_at: datetime | None


class Figures:
    """The sums. `add` takes a page of rows; everything else reads."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.effects: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.connections: Counter[str] = Counter()
        self.bases: Counter[str] = Counter()
        self.purposes: Counter[str] = Counter()
        self.delays = [0] * (len(DELAY_BOUNDS_SECONDS) + 1)
        self.checks: Counter[str] = Counter()
        self.callers: dict[str, Counter[str]] = {}
        self.campaigns: dict[str, Counter[str]] = {}
        self.outages: list[Outage] = []
        self._hours: Counter[str] = Counter()  # "2026-11-23T09", UTC
        self._asked: dict[str, Counter[str]] = {}  # the same hours -> submitted, allowed

    def add(self, rows: Sequence[Row]) -> None:
        """Count entries."""
        kinds = Counter([row.kind for row in rows])
        self.kinds.update(kinds)
        stops = [row for row in rows if row.kind == "stop"]
        self.effects.update([row.effect for row in rows if row.kind in OPPOSITIONS])
        if stops:
            self._add_stops(stops)
        if "check" in kinds:
            for row in rows:
                if row.kind == "check":
                    self._add_check(row)

    def _add_stops(self, stops: Sequence[Row]) -> None:
        self._hours.update([stop.at[:13] for stop in stops])
        for sums, names in (
            (self.codes, [stop.code or "" for stop in stops]),
            (self.connections, [stop.connection for stop in stops]),
            (self.bases, [stop.basis for stop in stops]),
        ):
            for name, count in Counter(names).items():
                sums[_bounded(sums, name)] += count
        late = [stop for stop in stops if stop.at != stop.recorded]
        self.delays[0] += len(stops) - len(late)
        for stop in late:
            delay = datetime.fromisoformat(stop.recorded) - datetime.fromisoformat(stop.at)
            self.delays[bisect_right(DELAY_BOUNDS_SECONDS, delay.total_seconds())] += 1

    def _add_check(self, check: Row) -> None:
        counts = {name: getattr(check.counts, name) for name in COUNTED} | {"checks": 1}
        caller = self.callers.setdefault(_bounded(self.callers, check.caller), Counter())
        campaign = self.campaigns.setdefault(_bounded(self.campaigns, check.campaign or ""), Counter())
        hour = self._asked.setdefault(check.recorded[:13], Counter())
        for sums in (self.checks, caller, campaign, hour):
            sums.update(counts)
        self.purposes[_bounded(self.purposes, check.purpose)] += 1

    def stops_by_day(self) -> dict[date, int]:
        """Return STOPs by local day, days without any left out."""
        days: Counter[date] = Counter()
        for hour, count in self._hours.items():
            days[_local(hour).date()] += count
        return dict(sorted(days.items()))

    def stops_by_hour(self) -> dict[tuple[int, int], int]:
        """Return STOPs by local weekday (Monday 0) and hour."""
        cells: Counter[tuple[int, int]] = Counter()
        for hour, count in self._hours.items():
            cells[_local(hour).weekday(), _local(hour).hour] += count
        return dict(cells)

    def stops_while_closed(self) -> int:
        """Return how many STOPs came at a time when the policy lets no commercial message leave."""
        return sum(count for hour, count in self._hours.items() if not _open(hour))

    def asked_by_day(self) -> dict[date, tuple[int, int]]:
        """Return (submitted, withheld) by local day of the checks, days without any left out."""
        days: dict[date, tuple[int, int]] = {}
        for hour, counts in self._asked.items():
            day = _local(hour).date()
            submitted, withheld = days.get(day, (0, 0))
            days[day] = submitted + counts["submitted"], withheld + counts["submitted"] - counts["allowed"]
        return dict(sorted(days.items()))


def weekday_is_open(weekday: int, hour: int) -> bool:
    """Tell whether the policy is open in this whole hour of an ordinary week."""
    hours = POLICY.days[weekday]
    return hours is not None and hours.opens <= hour * 60 and hour * 60 + 60 <= hours.closes


@cache
def day_is_open(day: date) -> bool:
    """Tell whether the policy opens at all on this day: Sundays and public holidays do not."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZONE)
    return quiet_hours.judge(POLICY, TERRITORY, noon).open


def _open(hour: str) -> bool:
    # The policy opens and closes on whole hours, and mainland France is whole hours from UTC.
    local = _local(hour)
    return weekday_is_open(local.weekday(), local.hour) and day_is_open(local.date())


def _local(hour: str) -> datetime:
    return datetime.fromisoformat(hour + ":00").replace(tzinfo=UTC).astimezone(ZONE)


def _bounded(known: Mapping[str, object], name: str) -> str:
    return name if name in known or len(known) < NAMES_MAX else OTHERS
