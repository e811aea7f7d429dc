"""Zones and public holidays of a territory: all that a number's prefix leaves possible, the strictest decides.

French territories: the eleven statutory days, plus the days of Labour Code art. L3422-2, plus those that New Caledonia,
French Polynesia and Wallis and Futuna set themselves. The holidays package also lists days that are customary or
administrative only; they are left out by name. Saint-Martin's day is the 27th by the Code and the 28th by circular
since 2018: both count.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources

import holidays

ZONES: Mapping[str, tuple[str, ...]] = {
    "FR": ("Europe/Paris",),
    # +590 does not tell Guadeloupe, Saint-Martin and Saint-Barthélemy apart.
    "GP": ("America/Guadeloupe", "America/Marigot", "America/St_Barthelemy"),
    "MQ": ("America/Martinique",),
    "GF": ("America/Cayenne",),
    "RE": ("Indian/Reunion",),
    "YT": ("Indian/Mayotte",),
    "PM": ("America/Miquelon",),
    "NC": ("Pacific/Noumea",),
    # +689 does not tell the archipelagos apart.
    "PF": ("Pacific/Tahiti", "Pacific/Marquesas", "Pacific/Gambier"),
    "WF": ("Pacific/Wallis",),
}
# In the numbering plan, and not in the time zone database's table of countries.
_UNLISTED: Mapping[str, tuple[str, ...]] = {"XK": ("Europe/Belgrade",), "AC": ("Atlantic/St_Helena",)}
_SUBDIVISIONS: Mapping[str, tuple[str, ...]] = {
    "GP": ("971", "MF", "BL"), "MQ": ("972",), "GF": ("973",), "RE": ("974",), "YT": ("976",),
    "PM": ("PM",), "NC": ("NC",), "PF": ("PF",), "WF": ("WF",),
}  # fmt: skip
_NOT_STATUTORY: Mapping[str, frozenset[str]] = {
    "971": frozenset({"Mi-Careme", "Good Friday", "Victor Schoelcher Day"}),  # customary, and administrative
    "972": frozenset({"Victor Schoelcher Day"}),
    "MF": frozenset({"Victor Schoelcher Day"}),
}


@cache
def zones(territory: str) -> tuple[str, ...]:
    """Return every zone a number of this territory may be in; none where the territory is unknown."""
    return ZONES.get(territory) or _foreign_zones().get(territory, ())


@cache
def public_holidays(territory: str, year: int, *, alsace_moselle: bool = False) -> frozenset[date]:
    """Return the days that are a public holiday somewhere a number of this territory may be.

    A mainland number does not reveal Alsace and Moselle (Good Friday, 26 December): a policy may choose to count them.
    """
    if territory not in ZONES:
        return _foreign_holidays(territory, year)
    days = set(holidays.country_holidays("FR", years=year))
    if territory == "FR" and alsace_moselle:
        days |= set(holidays.country_holidays("FR", subdiv="57", years=year))
    for subdivision in _SUBDIVISIONS.get(territory, ()):
        listed = holidays.country_holidays("FR", subdiv=subdivision, years=year)
        left_out = _NOT_STATUTORY.get(subdivision, frozenset())
        days |= {day for day, name in listed.items() if name not in left_out}
    if territory == "GP":
        days.add(date(year, 5, 27))
    return frozenset(days)


def load(year: int) -> None:
    """Read what the first judgement would else have to read, a third of a second: for a server's start."""
    for territory in ZONES:
        public_holidays(territory, year)
    _foreign_zones()


@cache
def _foreign_zones() -> Mapping[str, tuple[str, ...]]:
    """Return the zones of each country, from the time zone database's own table."""
    found: dict[str, list[str]] = {}
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found.setdefault(country, []).append(zone)
    return {country: tuple(names) for country, names in found.items()} | dict(_UNLISTED)


def _foreign_holidays(territory: str, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(territory, years=year))
    except NotImplementedError:
        return frozenset()
