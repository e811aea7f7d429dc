"""A check's blanks filled from the sender's profile (D14), and what was given held against what exists.

A marketing check must be judgeable, so each of its fields is given or has exactly one value in the profile. The other
purposes need none of them: what they give is judged all the same.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from app.auth import Caller
from app.directory import Sender, Snapshot
from app.errors import IncompleteCheckError, InvalidValueError, TooEarlyError
from app.profile import Profile
from app.registry import Registry
from app.safeguards.mention import has_mention
from app.safeguards.plan import MARKETING, SERVICE, Plan

AHEAD_MAX = timedelta(minutes=60)
AHEAD_WITH_ADMISSIONS_MAX = timedelta(days=366)
PAST_MAX = timedelta(minutes=5)
"""Clocks differ, and a call may have waited for its turn."""
TEXT_CHARACTERS_MAX = 4_000
"""Longer than any SMS (1,530 characters in ten parts) or RCS text (3,072) that a person gets."""


class Given(Protocol):
    """What a caller said about the sending; `check.asking.Fields` is one."""

    @property
    def purpose(self) -> str: ...  # noqa: D102 - as in Plan
    @property
    def campaign(self) -> str | None: ...  # noqa: D102 - as in Plan
    @property
    def short_code(self) -> str | None: ...  # noqa: D102 - as in Plan
    @property
    def route(self) -> str | None: ...  # noqa: D102 - as in Plan
    @property
    def sender_id(self) -> str | None: ...  # noqa: D102 - as in Plan
    @property
    def send_at(self) -> datetime | None: ...  # noqa: D102 - as in Plan
    @property
    def send_minutes(self) -> int | None: ...  # noqa: D102 - as in Plan
    @property
    def text(self) -> str | None: ...  # noqa: D102 - as in Plan
    @property
    def template(self) -> str | None:
        """Id of a text registered in the profile."""

    @property
    def drill(self) -> bool: ...  # noqa: D102 - as in Plan


class Known(msgspec.Struct, frozen=True):
    """What exists beside the profile: the codes this sender uses, and all operator connections."""

    codes: Collection[str]
    routes: Collection[str]


class Missing(msgspec.Struct, frozen=True):
    """A blank that the profile could not fill, and where its one value would come from."""

    field: str
    values: Sequence[str]
    """What there is to choose from."""
    remedy: str
    """The command that sets it once and for all."""


async def completed(
    registry: Registry, sender: Sender, caller: Caller, given: Given, numbers: int, now: datetime
) -> Plan:
    """Complete a check against the directory; what was set up a moment ago is found at once."""
    snapshot = await registry.directory.current()
    try:
        return complete(sender, caller, known_to(snapshot, sender.sender_id), given, numbers, now)
    except InvalidValueError:
        snapshot = await registry.directory.current(max_age_seconds=0)
    newest = snapshot.senders.get(sender.sender_id, sender)
    return complete(newest, caller, known_to(snapshot, sender.sender_id), given, numbers, now)


def known_to(snapshot: Snapshot, sender_id: int) -> Known:
    """Return the codes that this sender uses, and the connections there are."""
    codes = [code.code for code in snapshot.codes.values() if sender_id in {one.sender_id for one in code.candidates}]
    return Known(codes, snapshot.links)


def complete(sender: Sender, caller: Caller, known: Known, given: Given, numbers: int, now: datetime) -> Plan:
    """Fill a check's blanks.

    IncompleteCheckError names every blank at once that marketing must not leave and the profile cannot fill;
    InvalidValueError what does not exist; TooEarlyError a sending planned more than an hour ahead.
    """
    text = _text_given(sender.profile, given)
    purpose = judged_purpose(given.purpose, text)
    must = purpose == MARKETING
    blanks = _fillings(sender, known)
    filled = {name: _filled(getattr(given, name), blank.values) for name, blank in blanks.items()}
    if must and text is None:
        text = _only(tuple(sender.profile.templates.values()))
    minutes = given.send_minutes if given.send_minutes is not None else sender.profile.send_minutes
    if must:
        _require({**filled, "send_minutes": minutes, "text": text}, blanks, sender)
    _must_exist(filled, known, sender)
    _refuse_minutes(minutes, sender.profile)
    return Plan(
        sender=sender,
        caller=caller,
        purpose=purpose,
        campaign=filled["campaign"],
        short_code=filled["short_code"],
        route=filled["route"],
        sender_id=filled["sender_id"],
        send_at=_instant(given.send_at, now, sender.profile),
        send_minutes=minutes if minutes is not None else sender.profile.send_minutes_max,
        text=text,
        numbers=numbers,
        drill=given.drill,
    )


def left_to_the_caller(sender: Sender, known: Known) -> list[str]:
    """Name the fields that every marketing check of this sender must give."""
    profile = sender.profile
    single = {name: _only(blank.values) for name, blank in _fillings(sender, known).items()}
    values = {**single, "send_minutes": profile.send_minutes, "text": _only(tuple(profile.templates.values()))}
    return [name for name, value in values.items() if value is None]


def judged_purpose(purpose: str, text: str | None) -> str:
    """Return the purpose to judge by: a `service` text that offers STOP is marketing (D8)."""
    return MARKETING if purpose == SERVICE and text is not None and has_mention(text) else purpose


def _fillings(sender: Sender, known: Known) -> dict[str, Missing]:
    """Return what each of the four plain fields may be filled with."""
    profile, command = sender.profile, f"stop-registry sender set {sender.slug}"
    codes = (profile.short_code,) if profile.short_code else tuple(known.codes)
    remedy = f"{command} short_code CODE" if known.codes else f"stop-registry code add CODE --sender {sender.slug}"
    return {
        "short_code": Missing("short_code", codes, remedy),
        "route": Missing("route", profile.routes, f"{command} routes CONNECTION"),
        "campaign": Missing("campaign", profile.campaigns, f"{command} campaigns NAME"),
        "sender_id": Missing("sender_id", profile.sender_ids, f"{command} sender_ids BRAND"),
    }


def _filled(given: str | None, values: Sequence[str]) -> str | None:
    return given if given is not None and given.strip() else _only(values)


def _only(values: Sequence[str]) -> str | None:
    return values[0] if len(values) == 1 else None


def _require(values: Mapping[str, object], blanks: Mapping[str, Missing], sender: Sender) -> None:
    """Name everything that is missing at once, each with both ways to give it."""
    command = f"stop-registry sender set {sender.slug}"
    ways = {
        **blanks,
        "send_minutes": Missing("send_minutes", (), f"{command} send_minutes 30"),
        "text": Missing("text", tuple(sender.profile.templates), f'{command} templates \'{{"ID": "TEXT"}}\''),
    }
    missing = [ways[name] for name, value in values.items() if value is None]
    if not missing:
        return
    raise IncompleteCheckError(
        "A marketing check is judged by these fields, and the profile holds no single value to take: "
        + "; ".join(_told(one, "one of {}, or set once: {}", "give it, or set once: {}") for one in missing)
        + ".",
        french="Une demande marketing est jugée sur ces champs, et le profil n'en donne pas de valeur unique : "
        + " ; ".join(
            _told(one, "l'un de {}, ou une fois pour toutes : {}", "à donner, ou une fois pour toutes : {}")
            for one in missing
        )
        + ".",
        missing=",".join(one.field for one in missing),
        rule="completeness",
        profile=sender.slug,
        source="what the safeguards of the registry need (D14)",
        changed_by="the caller in the request, or an administrator with `stop-registry sender set`",
    )


def _told(missing: Missing, choose: str, give: str) -> str:
    field = "`text` (or `template`)" if missing.field == "text" else f"`{missing.field}`"
    if len(missing.values) > 1:
        return f"{field}: " + choose.format(", ".join(f"`{value}`" for value in missing.values), f"`{missing.remedy}`")
    return f"{field}: " + give.format(f"`{missing.remedy}`")


def _text_given(profile: Profile, given: Given) -> str | None:
    """Return the text that the caller gave, itself or by its id."""
    if given.text is not None and given.template is not None:
        raise InvalidValueError(
            "Give `text` or `template`, not both.", french="Donnez `text` ou `template`, pas les deux."
        )
    if given.template is not None:
        return _template(profile, given.template)
    if given.text is None or not given.text.strip():
        return None
    if len(given.text) > TEXT_CHARACTERS_MAX:
        raise InvalidValueError(
            f"`text` has more than {TEXT_CHARACTERS_MAX:,} characters; no SMS is as long.",
            french=f"`text` dépasse {TEXT_CHARACTERS_MAX} caractères ; aucun SMS n'est aussi long.",
        )
    return given.text


def _template(profile: Profile, name: str) -> str:
    text = profile.templates.get(name)
    if text is None:
        listed = ", ".join(f"`{known}`" for known in profile.templates)
        raise InvalidValueError(
            f"No text is registered under this `template`; known: {listed or 'none'}.",
            french=f"Aucun texte n'est enregistré sous ce `template` ; connus : {listed or 'aucun'}.",
        )
    return text


def _must_exist(filled: Mapping[str, str | None], known: Known, sender: Sender) -> None:
    """Refuse a code that is not this sender's and a route that is not there, or not among the sender's own."""
    code, route, own = filled["short_code"], filled["route"], sender.profile.routes
    if code is not None and code not in known.codes:
        listed = ", ".join(f"`{one}`" for one in known.codes)
        raise InvalidValueError(
            f"`short_code` is none of this sender's codes; they are: {listed or 'none yet'}.",
            french=f"`short_code` n'est pas un code de cet expéditeur ; les siens : {listed or 'aucun'}.",
        )
    if route is None:
        return
    if route not in known.routes or (own and route not in own):
        listed = ", ".join(f"`{one}`" for one in own)
        english = f"its profile allows {listed}" if own else "`stop-registry operator list` shows them"
        french = f"son profil permet {listed}" if own else "`stop-registry operator list` les montre"
        raise InvalidValueError(
            f"`route` is no operator connection that this sender sends through: {english}.",
            french=f"`route` n'est pas une connexion opérateur de cet expéditeur : {french}.",
        )


def _refuse_minutes(minutes: int | None, profile: Profile) -> None:
    if minutes is not None and not 1 <= minutes <= profile.send_minutes_max:
        raise InvalidValueError(
            f"`send_minutes` is how long the sending takes: 1 to {profile.send_minutes_max}; part a longer one.",
            french=f"`send_minutes` est la durée de l'envoi : de 1 à {profile.send_minutes_max} ; partagez un envoi "
            "plus long.",
        )


def _instant(given: datetime | None, now: datetime, profile: Profile) -> datetime:
    """Return when the sending begins, never before now."""
    if given is None:
        return now
    if given.utcoffset() is None:
        raise InvalidValueError(
            "`send_at` needs its offset from UTC, such as 2026-11-23T09:00:00Z.",
            french="`send_at` doit porter son décalage UTC, par exemple 2026-11-23T09:00:00Z.",
        )
    ahead = given - now
    if ahead < -PAST_MAX:
        raise InvalidValueError(
            "`send_at` is past; leave it out to send now.", french="`send_at` est passé ; omettez-le pour envoyer."
        )
    if ahead > (AHEAD_WITH_ADMISSIONS_MAX if profile.admissions else AHEAD_MAX):
        raise _too_early()
    # A little late is now: hours and clearance begin when messages can leave, not when they should have.
    return max(given.astimezone(UTC), now)


def _too_early() -> TooEarlyError:
    return TooEarlyError(
        "`send_at` is more than 60 minutes away: who says STOP until then would be reached. Check "
        "shortly before sending, or let the gateway ask for admissions.",
        french="`send_at` est à plus de 60 minutes : qui dirait STOP d'ici là serait sollicité. "
        "Vérifiez juste avant l'envoi, ou laissez la passerelle demander des admissions.",
        rule="ahead",
        profile="admissions: false",
        source="a STOP must take effect without delay (GDPR art. 21(3); af2m charte Business Messaging 2026)",
        changed_by="an administrator, with `stop-registry sender set SENDER admissions true`, where it is so",
    )
