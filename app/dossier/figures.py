"""What the entries of a period add up to: counted one by one, in memory that grows with calendar and set-up only.

Hours are those of mainland France, since no entry tells where a person is.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from app import ledger, quiet_hours

ZONE = ZoneInfo("Europe/Paris")
TERRITORY = "FR"
POLICY = quiet_hours.policy("prudent")
DELAY_BOUNDS_SECONDS = (1, 10, 60, 300, 3600, 86_400)
"""Upper ends, exclusive, of the classes of delay; the last class is open."""
NAMES_MAX = 1_000
OTHERS = "…"
"""Stands for whatever comes after NAMES_MAX different names."""
REASONS = ("invalid", "repeated", "opted_out", "duplicate", "quiet_hours")


class Figures:
    """The sums. `add` takes one entry; everything else reads."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.effects: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.connections: Counter[str] = Counter()
        self.delays = [0] * (len(DELAY_BOUNDS_SECONDS) + 1)
        self.checks: Counter[str] = Counter()
        self.callers: dict[str, Counter[str]] = {}
        self.campaigns: dict[str, Counter[str]] = {}
        self._hours: Counter[str] = Counter()  # "2026-11-23T09", UTC

    def add(self, entry: ledger.Entry) -> None:
        """Count one entry."""
        self.kinds[entry.kind] += 1
        if isinstance(entry, ledger.CheckEntry):
            self._add_check(entry)
        elif isinstance(entry, ledger.OppositionEntry):
            self.effects[entry.effect] += 1
            if entry.kind == "stop":
                self._add_stop(entry)

    def _add_stop(self, stop: ledger.OppositionEntry) -> None:
        self._hours[stop.at[:13]] += 1
        self.codes[_bounded(self.codes, stop.code or "")] += 1
        self.connections[_bounded(self.connections, stop.connection)] += 1
        delay = datetime.fromisoformat(stop.recorded) - datetime.fromisoformat(stop.at)
        self.delays[bisect_right(DELAY_BOUNDS_SECONDS, delay.total_seconds())] += 1

    def _add_check(self, check: ledger.CheckEntry) -> None:
        counts = {name: getattr(check.counts, name) for name in ("submitted", "allowed", *REASONS)} | {"checks": 1}
        caller = self.callers.setdefault(_bounded(self.callers, check.caller), Counter())
        campaign = self.campaigns.setdefault(_bounded(self.campaigns, check.campaign or ""), Counter())
        for sums in (self.checks, caller, campaign):
            sums.update(counts)

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
