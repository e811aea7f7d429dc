"""One field at a time: numbers, short codes, times and flags, in every spelling providers were seen to use."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.intent import Intent
from app.phone import read_lenient

_SCHEME = re.compile(r"\A(?:tel|sms|sip|smsto):", re.IGNORECASE)
_SEPARATORS = str.maketrans("", "", " \t\u00a0\u202f.-()+/")
# Nine digits from 6 or 7 are a French mobile that lost its 0, unless they are Wallis-et-Futuna or Nouvelle-Calédonie.
_BARE_INTERNATIONAL = re.compile(r"(?!(?!68[17])[67]\d{8}\Z)[1-9]\d{7,14}", re.ASCII)
_DIGITS = re.compile(r"\d{1,20}", re.ASCII)
_FRANCE = "33"
_SHORT_CODE_DIGITS = 5  # French short codes (ARCEP, 3xxxx to 8xxxx)
SHORT_CODE_DIGITS_MAX = 6

# Words in which providers say what they took a message for (Twilio OptOutType, Plivo MessageIntent, mTarget Keyword).
_FLAGS = {
    **dict.fromkeys(("stop", "stopall", "optout", "opt-out", "opt_out", "unsubscribe"), Intent.STOP),
    **dict.fromkeys(("start", "unstop", "optin", "opt-in", "opt_in", "subscribe"), Intent.START),
    **dict.fromkeys(("help", "info", "aide"), Intent.HELP),
}

_CLOCK = r"[T_ +,-]+(?P<hour>\d{1,2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2}))?(?:[.,](?P<fraction>\d{1,12}))?"
_OFFSET = r"\s*(?P<zone>Z|UTC|GMT|(?P<sign>[+ -])(?P<zh>\d{2})(?::?(?P<zm>\d{2}))?)?"
_HALF = r"(?:\s*(?P<half>[AP]M))?"


def _pattern(date: str, clock: str = _CLOCK) -> re.Pattern[str]:
    return re.compile(rf"{date}(?:{clock}{_HALF}{_OFFSET})?", re.IGNORECASE | re.ASCII)


_YEAR_FIRST = _pattern(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})")
_DAY_FIRST = _pattern(r"(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4})")
_MONTH_FIRST = _pattern(r"(?P<month>\d{1,2})[-/.](?P<day>\d{1,2})[-/.](?P<year>\d{4})")
_COMPACT = _pattern(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})", _CLOCK.replace("]+", "]*"))
_COMPACT_DAY_FIRST = _pattern(r"(?P<day>\d{2})(?P<month>\d{2})(?P<year>\d{4})")
_UNIX = re.compile(r"(?P<whole>\d{10})(?P<rest>\d{3}|\d{6})?(?:\.(?P<fraction>\d{1,12}))?", re.ASCII)
_FRACTION_DIGITS = 6
_NOON = 12
_LONGEST_TIME = 64  # characters; no spelling of a time needs more


def number(text: str) -> int | None:
    """Return the person's number from a provider's spelling, as E.164 digits; None when none can be made out.

    Providers write numbers with their country, with or without "+": bare digits are read so first. A form that sent
    "+33…" without escaping the plus arrives with a space in its place.
    """
    if _is_e164(text):
        return read_lenient(text)
    spelling = _SCHEME.sub("", text.strip()).partition(";")[0].strip()
    if spelling.startswith("00"):
        spelling = "+" + spelling[2:]
    if _BARE_INTERNATIONAL.fullmatch(spelling.translate(_SEPARATORS)) and not spelling.startswith("+"):
        found = read_lenient("+" + spelling)
        if found is not None:
            return found
    return read_lenient(spelling)


def _is_e164(text: str) -> bool:
    """Tell whether a text is a plus and digits, as most providers write."""
    return text[:1] == "+" and text.isascii() and text[1:].isdigit()


def short_code(destination: str, channel: str, config: dict[str, Any]) -> str | None:
    """Return the code that was answered: a mapped channel, the digits of the destination, the connection's default."""
    codes = config.get("codes")
    mapped = codes if isinstance(codes, dict) else {}
    for key in (channel, destination):
        if key in mapped:
            return str(mapped[key])
    return code_digits(destination) or (str(config["default_code"]) if config.get("default_code") else None)


def code_digits(destination: str) -> str | None:
    """Return a destination's digits, without a country prefix before a five-digit code; None for a name."""
    if len(destination) == _SHORT_CODE_DIGITS and destination.isascii() and destination.isdigit():
        return destination
    plain = unicodedata.normalize("NFKC", _SCHEME.sub("", destination.strip()))
    digits = plain.partition(";")[0].translate(_SEPARATORS)
    if not _DIGITS.fullmatch(digits):
        return None
    bare = digits.removeprefix("00")
    national = bare.removeprefix(_FRANCE)
    return next((code for code in (bare, national) if len(code) == _SHORT_CODE_DIGITS), digits)


def is_code(destination: str) -> bool:
    """Tell whether a destination has the form of a short code rather than of somebody's number."""
    digits = code_digits(destination)
    return digits is not None and len(digits) <= SHORT_CODE_DIGITS_MAX


def is_person(text: str) -> bool:
    """Tell whether a text has the form of a person's number rather than of a code or a name."""
    digits = code_digits(text)
    return digits is not None and len(digits) > SHORT_CODE_DIGITS_MAX


def flag(word: str) -> Intent | None:
    """Return a provider's own reading of the message; None for a word that is none."""
    return _FLAGS.get(word.strip().lower())


def instant(text: str, zone: str = "UTC", *, month_first: bool = False) -> datetime | None:
    """Return the UTC time of any spelling: ISO with or without offset, compact, unix seconds to microseconds.

    ``zone`` (IANA) is for times without offset; of an autumn hour that comes twice, the earlier instant. Digits below
    the microsecond are cut off. None when unreadable: a message is never refused for its clock.
    """
    spelling = text.strip()
    if not spelling or len(spelling) > _LONGEST_TIME:
        return None
    try:
        unix = _UNIX.fullmatch(spelling)
        if unix:
            return _from_unix(unix["whole"], (unix["rest"] or "") + (unix["fraction"] or ""))
        found = _match(spelling, month_first=month_first)
        return _from_fields(found, zone) if found else _from_mail(spelling)
    except (ValueError, TypeError, OverflowError, LookupError, OSError):
        return None


def _match(spelling: str, *, month_first: bool) -> re.Match[str] | None:
    local = _MONTH_FIRST if month_first else _DAY_FIRST
    found = (form.fullmatch(spelling) for form in (_YEAR_FIRST, _COMPACT, local, _COMPACT_DAY_FIRST))
    return next((match for match in found if match and _is_month(match["month"])), None)


def _is_month(text: str) -> bool:
    return 1 <= int(text) <= 12  # noqa: PLR2004  months of a year


def _from_unix(seconds: str, fraction: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=_micros(fraction))


def _micros(fraction: str) -> int:
    return int((fraction or "0").ljust(_FRACTION_DIGITS, "0")[:_FRACTION_DIGITS])


def _from_mail(spelling: str) -> datetime | None:
    """Read "Sat, 21 Mar 2026 19:20:21 +0100" (RFC 5322), which must name its offset."""
    found = parsedate_to_datetime(spelling)
    return found.astimezone(UTC) if found.tzinfo else None


def _from_fields(found: re.Match[str], zone: str) -> datetime:
    hour = int(found["hour"] or 0)
    if found["half"]:
        hour = hour % _NOON + (_NOON if found["half"].upper() == "PM" else 0)
    year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    minute, second = int(found["minute"] or 0), int(found["second"] or 0)
    micros = _micros(found["fraction"])
    return datetime(year, month, day, hour, minute, second, micros, _zone(found, zone)).astimezone(UTC)


def _zone(found: re.Match[str], zone: str) -> tzinfo:
    if found["zone"] is None:
        return ZoneInfo(zone)
    offset = timedelta(hours=int(found["zh"] or 0), minutes=int(found["zm"] or 0))
    return timezone(-offset if found["sign"] == "-" else offset)
