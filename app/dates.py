"""When something happened, as French spreadsheets, forms and exports write it. Pure.

What providers write is read by `operators.values.instant`; people add month names, two-digit years and 14h05.
"""

import re
import unicodedata
from datetime import datetime
from functools import lru_cache

from app.operators.values import instant

PARIS = "Europe/Paris"
_MONTHS = ("janv", "fevr", "mars", "avr", "mai", "juin", "juil", "aout", "sept", "oct", "nov", "dec")
_SHORT_MONTHS = {"jan": 1, "fev": 2, "sep": 9}
_NAMED = re.compile(r"(?:[a-z]{3,8}\.?,? )?(\d{1,2})(?:er)? ([a-z]{3,9})\.?,? (\d{4})(.*)")
_SHORT_YEAR = re.compile(r"(\d{1,2})([/.])(\d{1,2})\2(\d{2})(?!\d)(.*)")
_HOUR = re.compile(r"\b(\d{1,2}) ?h ?(\d{2})?\b")
_LONGEST_DATE = 64  # characters
_REMEMBERED_DATES = 65_536
_CENTURY = "20"  # nobody opposed an SMS before 2000


@lru_cache(maxsize=_REMEMBERED_DATES)
def read(text: str, zone: str = PARIS) -> datetime | None:
    """Return the UTC instant of a date with or without time; None when it cannot be read.

    Day before month, as in France, unless the year comes first. `zone` (IANA) is for times without offset; a date
    without time is its midnight there.
    """
    if len(text) > _LONGEST_DATE:
        return None
    plain = unicodedata.normalize("NFKD", text.strip().lower()).encode("ascii", "ignore").decode()
    plain = " ".join(_HOUR.sub(_clock, plain.replace(" a ", " ")).split())
    return instant(_numeric(plain).upper(), zone)


def _clock(found: re.Match[str]) -> str:
    return f"{found[1]}:{found[2] or '00'}"


def _numeric(plain: str) -> str:
    """Write month names and two-digit years as digits; anything else stays as it is."""
    named = _NAMED.fullmatch(plain)
    if named and _month(named[2]):
        return f"{named[3]}-{_month(named[2]):02}-{int(named[1]):02}{named[4]}"
    short = _SHORT_YEAR.fullmatch(plain)
    if short:
        return f"{_CENTURY}{short[4]}-{int(short[3]):02}-{int(short[1]):02}{short[5]}"
    return plain


def _month(word: str) -> int:
    """Return 1 to 12 for a French month or its abbreviation, 0 for any other word."""
    found = [number for number, start in enumerate(_MONTHS, 1) if word.startswith(start)]
    return found[0] if found else _SHORT_MONTHS.get(word, 0)
