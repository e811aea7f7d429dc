"""Whether a sending of so many minutes may begin now, in this territory, under this policy."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from app.quiet_hours.calendar import public_holidays, zones
from app.quiet_hours.policies import ADVISED_AGAINST, CLOSED, Hours, Policy

SEARCH_DAYS_MAX = 30
SUNDAY = 6


class Ruling(msgspec.Struct, frozen=True):
    """The answer. `opens_at` is UTC, None when open, or when the territory is unknown and nothing can be promised.

    `closes_at`: the earliest closing among the zones, UTC, when open. `rule` names what decided.
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
    advisory: bool
    closes_at: datetime | None
    opens_at: datetime | None


def judge(
    policy: Policy, territory: str, instant: datetime, minutes: int = 0, *, alsace_moselle: bool = False
) -> Ruling:
    """Judge an aware instant.

    Every zone the territory's numbers may be in must be open, from the first minute to the last: a sending that would
    end after closing may not begin.
    """
    names = zones(territory)
    if not names:
        return Ruling(open=False, rule="unknown territory", policy=policy.label, source=policy.source)
    seen = [_local(policy, territory, name, instant, minutes, alsace_moselle=alsace_moselle) for name in names]
    closed = [view for view in seen if not view.open]
    if not closed:
        closing = min(view.closes_at for view in seen if view.closes_at is not None)
        return Ruling(
            open=True,
            rule=next((view.rule for view in seen if view.advisory), seen[0].rule),
            policy=policy.label,
            source=policy.source,
            advisory=any(view.advisory for view in seen),
            closes_at=closing,
        )
    opens_at = _common_opening(policy, territory, instant, minutes, alsace_moselle=alsace_moselle)
    return Ruling(open=False, rule=closed[0].rule, policy=policy.label, source=policy.source, opens_at=opens_at)


def _common_opening(
    policy: Policy, territory: str, instant: datetime, minutes: int, *, alsace_moselle: bool
) -> datetime | None:
    """Return the first later instant at which every zone is open: move to the latest opening until all agree."""
    at = instant
    for _ in range(SEARCH_DAYS_MAX * 4):
        seen = [
            _local(policy, territory, name, at, minutes, alsace_moselle=alsace_moselle) for name in zones(territory)
        ]
        openings = [view.opens_at for view in seen if not view.open and view.opens_at is not None]
        if not openings:
            return at.astimezone(UTC) if all(view.open for view in seen) else None
        at = max(openings)
    return None


def _local(
    policy: Policy, territory: str, zone: str, instant: datetime, minutes: int, *, alsace_moselle: bool
) -> _Local:
    clock = ZoneInfo(zone)
    local = instant.astimezone(clock)
    hours, rule, advisory = _day(policy, territory, local.date(), alsace_moselle=alsace_moselle)
    if hours is not None:
        opens, closes = (_at(local.date(), minute, clock) for minute in (hours.opens, hours.closes))
        if opens <= instant < closes and instant + timedelta(minutes=minutes) <= closes:
            return _Local(open=True, rule=rule, advisory=advisory, closes_at=closes, opens_at=None)
        if instant < opens and opens + timedelta(minutes=minutes) <= closes:
            return _Local(open=False, rule="before hours", advisory=False, closes_at=None, opens_at=opens)
        rule = "after hours" if instant >= closes or instant >= opens else "before hours"
    opening = _next_opening(policy, territory, local.date(), minutes, clock, alsace_moselle=alsace_moselle)
    return _Local(open=False, rule=rule, advisory=False, closes_at=None, opens_at=opening)


def _next_opening(
    policy: Policy, territory: str, after: date, minutes: int, clock: ZoneInfo, *, alsace_moselle: bool
) -> datetime | None:
    for days in range(1, SEARCH_DAYS_MAX):
        day = after + timedelta(days=days)
        hours, _, _ = _day(policy, territory, day, alsace_moselle=alsace_moselle)
        if hours is not None and hours.opens + minutes <= hours.closes:
            return _at(day, hours.opens, clock)
    return None


def _day(policy: Policy, territory: str, day: date, *, alsace_moselle: bool) -> tuple[Hours | None, str, bool]:
    """Return a day's hours, the rule that gives them, and whether sending is advised against."""
    hours, rule, stance = policy.days[day.weekday()], "hours of the day", ""
    if day.weekday() == SUNDAY:
        rule, stance = "Sunday", policy.sundays
    if day in public_holidays(territory, day.year, alsace_moselle=alsace_moselle):
        rule, stance = "public holiday", CLOSED if stance == CLOSED else policy.holidays
    return (None if stance == CLOSED else hours), rule, stance == ADVISED_AGAINST


def _at(day: date, minute: int, clock: ZoneInfo) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60), tzinfo=clock).astimezone(UTC)
