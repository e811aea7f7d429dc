"""May a profile hold this value? What only the set-up as a whole can tell is `doctor`'s to say."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from app import phone, quiet_hours, replies
from app.errors import InvalidValueError
from app.profile import Profile
from app.safeguards.completing import TEXT_CHARACTERS_MAX

MINUTES_MAX = 24 * 60
NUMBERS_MAX = 10**9
NAME_CHARACTERS_MAX = 200
_NAME = re.compile(rf"[^\x00-\x1f\x7f]{{1,{NAME_CHARACTERS_MAX}}}")
_ADDRESS = re.compile(r"(?:https?://)?[^\s./]+(?:\.[^\s./]+)+(?:/\S*)?", re.IGNORECASE)


def fault(profile: Profile, name: str) -> str | None:
    """Say what is wrong with one field of a profile, never repeating the value; None when nothing is."""
    if name in {"policy", "hours"}:
        return _policy(profile, name)
    judge = _JUDGES.get(name)
    return judge(getattr(profile, name)) if judge else None


def _policy(profile: Profile, name: str) -> str | None:
    """Judge a policy with the sender's own hours, or these as they would hold, before the policy is chosen."""
    if name == "hours" and profile.hours is not None:
        profile = msgspec.structs.replace(profile, policy=quiet_hours.CUSTOM)
    try:
        quiet_hours.policy_of(profile)
    except InvalidValueError as wrong:
        known = f"the policies are {', '.join(quiet_hours.POLICIES)}, and {quiet_hours.CUSTOM} with hours of your own"
        return str(wrong).rstrip(".") if profile.policy == quiet_hours.CUSTOM else known
    return None


def _language(value: str) -> str | None:
    return None if value in replies.LANGUAGES else f"the languages are {', '.join(replies.LANGUAGES)}"


def _texts(value: replies.Texts) -> str | None:
    return next((found for text in (value.fr, value.en) if text and (found := replies.fault(text))), None)


def _minutes(value: int | None) -> str | None:
    return None if value is None or 1 <= value <= MINUTES_MAX else f"it is 1 to {MINUTES_MAX} minutes"


def _numbers(value: int) -> str | None:
    return None if 0 <= value <= NUMBERS_MAX else f"it is 0 to {NUMBERS_MAX:,} numbers"


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


_JUDGES: Mapping[str, Callable[[Any], str | None]] = {
    "confirmation": _texts,
    "contact": _texts,
    "help": _texts,
    "language": _language,
    "campaigns": _names,
    "routes": _names,
    "templates": _templates,
    "send_minutes": _minutes,
    "send_minutes_max": _minutes,
    "opt_out_urls": _addresses,
    "rcs_button_routes": _names,
    "first_seen_per_day": _numbers,
}
