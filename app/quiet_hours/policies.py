"""The policies, as data: hours of each weekday, what a Sunday or holiday is, and who says so.

A policy is a sender's choice, not the law, so its dates in force change no decision: af2m-2026 can be chosen for any
instant, as research/regulation.md §7.3 has it. They make a warning instead. Were a policy replaced silently by the one
before or after it, the hours would widen behind the sender's back: 2024 ends half an hour later than 2026.
"""

import hashlib
import re
from datetime import date
from functools import lru_cache
from typing import Final, Literal

import msgspec

from app.errors import InvalidValueError
from app.profile import CustomHours, Profile

OPEN, ADVISED_AGAINST, CLOSED = "open", "advised against", "closed"
LOCAL: Final = "local"
CUSTOM: Final = "custom"
DAY_MINUTES: Final = 24 * 60
WEEK_DAYS: Final = 7

_SPAN = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9._-]{1,40}")
_SOURCE = re.compile(r"[^\x00-\x1f\x7f]{1,300}")
_DIGEST_CHARACTERS = 8


class DayHours(msgspec.Struct, frozen=True):
    """A day's hours in minutes after local midnight; start inclusive, end exclusive, 1440 = the midnight that ends it.

    A day that closes at 1440 and one that opens at 0 are continuous.
    """

    opens: int
    closes: int


class Policy(msgspec.Struct, frozen=True):
    """One dated version of a policy. `days` from Monday to Sunday, None where the whole day is closed."""

    name: str
    version: str
    days: tuple[DayHours | None, ...]
    sundays: str
    holidays: str
    source: str
    foreign: str = LOCAL
    """Numbers of other countries: LOCAL = the hours of their country, its strictest zone; or CLOSED."""
    in_force: date | None = None
    replaced: date | None = None
    replaced_by: str = ""

    @property
    def label(self) -> str:
        """Name and version, as decisions record them."""
        return f"{self.name}/{self.version}"

    def out_of_force(self, day: date) -> str | None:
        """Return the warning to give for a day on which this policy is not, or no longer, in force."""
        if self.in_force and day < self.in_force:
            return f"The policy {self.label} comes into force on {self.in_force}; it was applied all the same."
        if self.replaced and day >= self.replaced:
            return f"The policy {self.label} was replaced by {self.replaced_by} on {self.replaced}; choose that one."
        return None


def _hours(text: str) -> DayHours:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise InvalidValueError("Hours are written as 08:00-20:00, or 00:00-24:00 for all day; one day's are not.")
    opens, closes = (int(found[hour]) * 60 + int(found[hour + 1]) for hour in (1, 3))
    if not opens < closes <= DAY_MINUTES:
        raise InvalidValueError("One day's hours do not end after they begin, or not on that day; they end at 24:00.")
    return DayHours(opens, closes)


_EIGHT_TO_EIGHT = _hours("08:00-20:00")
_2024 = _hours("08:00-22:00")
_2026 = _hours("08:00-21:30")
_CHARTER_OF_2026 = date(2026, 3, 1)  # "from next month", said in February: the exact day was not found

POLICIES = {
    policy.name: policy
    for policy in (
        Policy(
            name="prudent",
            version="2026-03",
            days=(*[_EIGHT_TO_EIGHT] * 5, _hours("10:00-20:00"), None),
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
            in_force=date(2024, 9, 1),
            replaced=_CHARTER_OF_2026,
            replaced_by="af2m-2026",
        ),
        Policy(
            name="af2m-2026",
            version="2026-03",
            days=(_2026,) * 7,
            sundays=ADVISED_AGAINST,
            holidays=ADVISED_AGAINST,
            source="af2m, charte Business Messaging 2026, in force March 2026",
            in_force=_CHARTER_OF_2026,
        ),
    )
}


def policy(name: str) -> Policy:
    """Return a policy by its name; InvalidValueError lists the known ones."""
    found = POLICIES.get(name.partition("/")[0])
    if found is None or name not in {found.name, found.label}:
        raise InvalidValueError(f"There is no policy `{name}`; known: {', '.join(POLICIES)}.")
    return found


def policy_of(profile: Profile) -> Policy:
    """Return the policy a sender chose, its own hours included; InvalidValueError says what is wrong with them."""
    return _chosen(profile.policy, profile.hours, profile.foreign_numbers)


@lru_cache(maxsize=1_024)  # every check asks, and a profile changes rarely
def _chosen(name: str, own: CustomHours | None, foreign: Literal["local", "closed"]) -> Policy:
    chosen = _custom(own) if name == CUSTOM else policy(name)
    return msgspec.structs.replace(chosen, foreign=foreign)


def _custom(own: CustomHours | None) -> Policy:
    """Read a sender's own hours. The label ends with a digest of them, so one label never means two policies."""
    if own is None:
        raise InvalidValueError("The policy `custom` needs the sender's own `hours`: days, source and version.")
    if len(own.days) != WEEK_DAYS:
        raise InvalidValueError("`hours.days` has seven entries from Monday to Sunday: 08:00-20:00, or null if closed.")
    days = tuple(_hours(text) if text is not None else None for text in own.days)
    if not any(days):
        raise InvalidValueError("`hours.days` is closed on every day: nothing could ever be sent.")
    if (days[-1] is None) != (own.sundays == CLOSED):
        raise InvalidValueError("`hours.days` and `hours.sundays` contradict each other about Sundays; say both alike.")
    if not _SOURCE.fullmatch(own.source.strip()):
        raise InvalidValueError("`hours.source` says in a line where the hours come from: who decided them, and when.")
    if not _VERSION.fullmatch(own.version):
        raise InvalidValueError("`hours.version` is 1 to 40 letters, digits, dots or dashes, such as 2026-11.")
    digest = hashlib.sha256(msgspec.json.encode([own.days, own.sundays, own.holidays])).hexdigest()
    version = f"{own.version}+{digest[:_DIGEST_CHARACTERS]}"
    return Policy(CUSTOM, version, days, own.sundays, own.holidays, own.source.strip())
