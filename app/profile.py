"""What a sender decided about itself: its profile, stored as JSON beside it. Absent fields take these defaults."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from app.replies import FRENCH, NO_TEXTS, Texts


class CustomHours(msgspec.Struct, frozen=True, kw_only=True):
    """A sender's own hours, for the policy `custom`; `quiet_hours.policy_of` says what is wrong with them."""

    days: tuple[str | None, ...]
    """From Monday to Sunday: `08:00-20:00`, up to `00:00-24:00`, or null where the day is closed."""
    sundays: Literal["open", "advised against", "closed"] = "closed"
    holidays: Literal["open", "advised against", "closed"] = "closed"
    source: str
    """Where the hours come from, as refusals name it."""
    version: str


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A sender's own decisions; `stop-registry sender set SLUG NAME VALUE` writes any of them.

    D14: a field of a check may be left out only where the profile holds exactly one value for it.
    """

    # What people get back.
    confirmation: Texts = NO_TEXTS
    contact: Texts = NO_TEXTS
    help: Texts = NO_TEXTS
    language: str = FRENCH
    """Of what people get back, unless they wrote in another."""

    # What it sends (D8).
    marketing: bool = True
    """Commercial messages; a school that only alerts parents sends none."""
    grants: tuple[Literal["service", "transactional", "emergency"], ...] = ()
    """What it may send beside them."""
    stop_covers_service: bool | None = None
    """A STOP ends service messages too; not said: where it sends no commercial ones."""
    # Who answers for it, as the article 30 record names them.
    controller: str = ""
    """Name and address of the controller, and how to reach it."""
    dpo: str = ""
    """How to reach its data protection officer."""
    processor: str = ""
    """Who runs this registry for it; the sender itself where it does."""

    service_unanswered: Literal["refuse", "send"] = "refuse"
    """What gateways do with its cleared service and transactional messages while the registry does not answer."""

    # What its checks may leave out.
    short_code: str | None = None
    """The code its texts name, where it uses several."""
    campaigns: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    """Slugs of the operator connections that it sends through."""
    sender_ids: tuple[str, ...] = ()
    templates: Mapping[str, str] = {}
    """Registered texts by their id."""
    send_minutes: int | None = None
    """How long its sendings take, where it is always the same."""

    # What its texts may offer instead of STOP and a code.
    opt_out_urls: tuple[str, ...] = ()
    """Addresses, or how they begin, at which people can say that they want no more."""
    rcs_button_routes: tuple[str, ...] = ()
    """Routes whose messages carry a button to opt out, also where the phone takes no RCS."""

    # Which routes may carry its messages.
    allowed_classes: tuple[str, ...] = ("direct", "partner")
    """Of routes: direct, partner, unknown."""
    allowed_countries: tuple[str, ...] = ()
    """ISO 3166 codes of where a route's data may live; none: the EEA and countries found adequate under the GDPR."""
    stop_must_return: bool = True
    """Commercial messages go only by routes through which a STOP comes back."""

    # What the law forbids it to advertise by SMS.
    sectors: tuple[str, ...] = ()
    """Trades it is in whose advertising is forbidden: energy-renovation, home-adaptation, cpf."""
    contract_campaigns: tuple[str, ...] = ()
    """Campaigns that reach only people with a contract in progress, to which they relate."""

    # Clearances.
    send_minutes_max: int = 60
    admissions: bool = False
    """Its gateway asks for an admission before each message."""

    # A storm of STOPs holds its marketing when both bounds are passed.
    storm_count_min: int = 50
    """People cleared who said STOP within the minutes; fewer never hold anything."""
    storm_share: float = 0.03
    """The part of the people cleared that may say STOP within the minutes; 1 turns the breaker off."""
    storm_minutes: int = 60

    # Duplicates.
    duplicate_hours: int = 24
    """Nobody gets one campaign, or one text, twice within so many hours; 0: no veto."""
    frequency_max: int = 0
    """As many commercial messages as this reach a person in `frequency_days`; 0: no cap."""
    frequency_days: int = 7

    # Hours.
    policy: str = "prudent"
    """A name of `quiet_hours.POLICIES`, or `custom` with `hours`."""
    hours: CustomHours | None = None
    alsace_moselle: bool = False
    """Good Friday and 26 December are public holidays for mainland numbers."""
    foreign_numbers: Literal["local", "closed"] = "local"
    """Hours of other countries: the strictest zone of each, or always closed."""

    # Enumeration.
    first_seen_per_day: int = 25_000_000
    """Numbers it may ask about for the first time in a day (UTC), by its contract: what its largest list needs."""
