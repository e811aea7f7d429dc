"""May a profile hold this value? What only the set-up as a whole can tell is `doctor`'s to say."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from app import phone, quiet_hours, replies
from app.errors import InvalidValueError
from app.profile import Profile
from app.safeguards import routes, sectors, sender_ids
from app.safeguards.completing import TEXT_CHARACTERS_MAX

CUSTOM = "custom"
MINUTES_MAX = 24 * 60
NUMBERS_MAX = 10**9
DAYS_MAX = 90
NAME_CHARACTERS_MAX = 200
_NAME = re.compile(rf"[^\x00-\x1f\x7f]{{1,{NAME_CHARACTERS_MAX}}}")
_CODE = re.compile("[0-9]{3,8}")
_COUNTRY = re.compile("[A-Z]{2}")
_ADDRESS = re.compile(r"(?:https?://)?[^\s./]+(?:\.[^\s./]+)+(?:/\S*)?", re.IGNORECASE)


def fault(profile: Profile, name: str) -> str | None:
    """Say what is wrong with one field of a profile, never repeating the value; None when nothing is."""
    if name == "policy" or (name == "hours" and (profile.hours is not None or profile.policy == CUSTOM)):
        return _policy(profile, own=name == "hours")
    judge = _JUDGES.get(name)
    return judge(getattr(profile, name)) if judge else None


def _policy(profile: Profile, *, own: bool) -> str | None:
    """Judge the policy in force, or the sender's `own` hours although they are not in force yet."""
    judged = msgspec.structs.replace(profile, policy=CUSTOM) if own else profile
    if judged.policy not in {CUSTOM, *quiet_hours.POLICIES}:
        return f"the policies are {', '.join(quiet_hours.POLICIES)}, and {CUSTOM} for hours of one's own"
    try:
        quiet_hours.policy_of(judged)
    except InvalidValueError as error:
        return str(error).rstrip(".")
    return None


def _language(value: str) -> str | None:
    return None if value in replies.LANGUAGES else f"the languages are {', '.join(replies.LANGUAGES)}"


def _texts(value: replies.Texts) -> str | None:
    return next((found for text in (value.fr, value.en) if text and (found := replies.fault(text))), None)


def _minutes(value: int | None) -> str | None:
    return None if value is None or 1 <= value <= MINUTES_MAX else f"it is 1 to {MINUTES_MAX} minutes"


def _short_code(value: str | None) -> str | None:
    return None if value is None or _CODE.fullmatch(value) else "a short code is 3 to 8 digits, such as 36200"


def _numbers(value: int) -> str | None:
    return None if 0 <= value <= NUMBERS_MAX else f"it is 0 to {NUMBERS_MAX:,} numbers"


def _days(value: int) -> str | None:
    return None if 1 <= value <= DAYS_MAX else f"it is 1 to {DAYS_MAX} days: older contacts are forgotten"


def _count(value: int) -> str | None:
    return None if value >= 1 else "it is a number of people, from 1 on"


def _share(value: float) -> str | None:
    return None if 0 < value <= 1 else "it is a part of the people cleared, above 0 and at most 1"


def _names(values: Iterable[str]) -> str | None:
    for value in values:
        if not value.strip() or not _NAME.fullmatch(value):
            return f"each has 1 to {NAME_CHARACTERS_MAX} visible characters"
        if phone.read(value).number:
            return "one of them is a telephone number, which has no place here"
    return None


def _templates(value: Mapping[str, str]) -> str | None:
    if found := _names(value):
        return f"of the ids, {found}"
    fits = all(text.strip() and len(text) <= TEXT_CHARACTERS_MAX for text in value.values())
    return None if fits else f"each text has 1 to {TEXT_CHARACTERS_MAX:,} characters"


def _addresses(values: Iterable[str]) -> str | None:
    if all(_ADDRESS.fullmatch(value) for value in values):
        return None
    return "each is an address, or how addresses begin, such as https://salon-martin.fr/stop"


def _sender_ids(values: Iterable[str]) -> str | None:
    # A code that is answered overseas only is known when a batch is judged; any other number is judged here.
    found = [sender_ids.objection(value, {value}) for value in values]
    return next((one.english.rstrip(".") for one in found if one), None)


def _among(known: Iterable[str], what: str) -> Callable[[Iterable[str]], str | None]:
    listed = tuple(known)
    return lambda values: None if set(values) <= set(listed) else f"the {what} are {', '.join(listed)}"


def _countries(values: Iterable[str]) -> str | None:
    return None if all(_COUNTRY.fullmatch(value) for value in values) else "each is an ISO 3166 code, such as FR"


_JUDGES: Mapping[str, Callable[[Any], str | None]] = {
    "confirmation": _texts,
    "contact": _texts,
    "help": _texts,
    "language": _language,
    "short_code": _short_code,
    "campaigns": _names,
    "routes": _names,
    "sender_ids": _sender_ids,
    "templates": _templates,
    "send_minutes": _minutes,
    "send_minutes_max": _minutes,
    "duplicate_hours": _numbers,
    "frequency_max": _numbers,
    "frequency_days": _days,
    "opt_out_urls": _addresses,
    "rcs_button_routes": _names,
    "allowed_classes": _among(routes.CLASSES, "classes"),
    "allowed_countries": _countries,
    "sectors": _among(sectors.BANS, "sectors"),
    "contract_campaigns": _names,
    "first_seen_per_day": _numbers,
    "storm_count_min": _count,
    "storm_share": _share,
    "storm_minutes": _minutes,
}
