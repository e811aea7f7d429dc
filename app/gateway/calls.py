"""A call of Kannel's `sendsms`, taken apart and put together again (Kannel user guide, "SMS-push sendsms").

What is ours is taken out, `to` is narrowed to who may be reached, and everything else goes on byte for byte: a text can
be in any charset, so it is never decoded here.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote_plus, unquote_plus

import msgspec

from app.gateway.problems import MALFORMED, Problem

TO, FROM = "to", "from"
CLEARANCE, CAMPAIGN, DRILL = "clearance", "campaign", "drill"
OURS: Final = frozenset({CLEARANCE, CAMPAIGN, DRILL, TO})
QUERY_BYTES_MAX: Final = 200_000
RECIPIENTS_MAX: Final = 1_000
CAMPAIGN_CHARACTERS_MAX: Final = 200
YES: Final = frozenset({"1", "true", "yes"})


class Call(msgspec.Struct, frozen=True):
    """One call: what is asked of Kannel, and what is for us."""

    rest: tuple[str, ...]
    """Parameters that go on as they came."""
    to: tuple[str, ...]
    sender_id: str | None
    token: str | None
    campaign: str | None
    drill: bool

    def query(self, to: Sequence[str]) -> str:
        """Return the query for Kannel: the same, to these."""
        return "&".join([*self.rest, f"{TO}={'+'.join(quote_plus(number) for number in to)}"])


def read(query: bytes, header: str | None) -> Call:
    """Take a query apart; `header` is X-Clearance, which goes before the parameter. Problem when it cannot be read."""
    if len(query) > QUERY_BYTES_MAX or not query.isascii():
        raise Problem(MALFORMED, "The query is too long, or holds bytes that are not percent-encoded.")
    parts = [(_name(part), part) for part in query.decode("ascii").split("&") if part]
    to = tuple(number for name, part in parts if name == TO for number in _value(part).split())
    if not to or len(to) > RECIPIENTS_MAX:
        raise Problem(MALFORMED, f"`to` names one number, or up to {RECIPIENTS_MAX:,} parted by spaces.")
    campaign = _only(parts, CAMPAIGN)
    if campaign is not None and (len(campaign) > CAMPAIGN_CHARACTERS_MAX or not campaign.isprintable()):
        raise Problem(MALFORMED, f"`campaign` is one line of at most {CAMPAIGN_CHARACTERS_MAX} characters.")
    return Call(
        rest=tuple(part for name, part in parts if name not in OURS),
        to=to,
        sender_id=_only(parts, FROM) or None,
        token=(header or _only(parts, CLEARANCE) or "").strip() or None,
        campaign=campaign,
        drill=(_only(parts, DRILL) or "").lower() in YES,
    )


def _only(parts: Sequence[tuple[str, str]], name: str) -> str | None:
    """Return a parameter's value; of one that stands twice nobody knows which Kannel takes."""
    found = [_value(part) for each, part in parts if each == name]
    if len(found) > 1:
        raise Problem(MALFORMED, f"`{name}` stands twice in the query; say it once.")
    return found[0] if found else None


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0])


def _value(part: str) -> str:
    return unquote_plus(part.partition("=")[2])
