"""What a sender decided about itself: its profile, stored as JSON beside it. Absent fields take these defaults."""

from collections.abc import Mapping

import msgspec

from app.replies import FRENCH, NO_TEXTS, Texts


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

    # What its checks may leave out.
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

    # Clearances.
    send_minutes_max: int = 60
    admissions: bool = False
    """Its gateway asks for an admission before each message."""

    # Hours.
    policy: str = "prudent"
    alsace_moselle: bool = False
