"""The policies, as data: hours of each weekday, what a Sunday or holiday is, and who says so."""

import msgspec

from app.errors import InvalidValueError

OPEN, ADVISED_AGAINST, CLOSED = "open", "advised against", "closed"


class Hours(msgspec.Struct, frozen=True):
    """A day's hours in minutes after local midnight; start inclusive, end exclusive."""

    opens: int
    closes: int


class Policy(msgspec.Struct, frozen=True):
    """One dated version of a policy. `days` from Monday to Sunday, None where the whole day is closed."""

    name: str
    version: str
    days: tuple[Hours | None, ...]
    sundays: str
    holidays: str
    source: str

    @property
    def label(self) -> str:
        """Name and version, as decisions record them."""
        return f"{self.name}/{self.version}"


def _hours(opens: str, closes: str) -> Hours:
    def minutes(text: str) -> int:
        hour, minute = text.split(":")
        return int(hour) * 60 + int(minute)

    return Hours(minutes(opens), minutes(closes))


_EIGHT_TO_EIGHT = _hours("08:00", "20:00")
_2024 = _hours("08:00", "22:00")
_2026 = _hours("08:00", "21:30")

POLICIES = {
    policy.name: policy
    for policy in (
        Policy(
            name="prudent",
            version="2026-03",
            days=(*[_EIGHT_TO_EIGHT] * 5, _hours("10:00", "20:00"), None),
            sundays=CLOSED,
            holidays=CLOSED,
            source="the narrowest of the published charters and operators' practices (OVHcloud 08:00-20:00, "
            "Saturdays from 10:00)",
        ),
        Policy(
            name="af2m-2024",
            version="2024-09",
            days=(*[_2024] * 6, None),
            sundays=CLOSED,
            holidays=CLOSED,
            source="af2m, charte de déontologie Business Messaging, in force 1 September 2024",
        ),
        Policy(
            name="af2m-2026",
            version="2026-03",
            days=(_2026,) * 7,
            sundays=ADVISED_AGAINST,
            holidays=ADVISED_AGAINST,
            source="af2m, charte Business Messaging 2026, in force March 2026",
        ),
    )
}


def policy(name: str) -> Policy:
    """Return a policy by its name; InvalidValueError lists the known ones."""
    found = POLICIES.get(name.partition("/")[0])
    if found is None or name not in {found.name, found.label}:
        raise InvalidValueError(f"There is no policy `{name}`; known: {', '.join(POLICIES)}.")
    return found
