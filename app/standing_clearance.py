"""Standing clearances: permission beforehand for alerts, for when no answer comes. Signing and verifying; pure (D8).

Whom an alert may reach hangs on no opposition, so nothing that we do or fail to do may hold it up. A sender granted
`emergency` keeps a token of 90 days; the gateways named in it verify it offline and send under it while the registry
does not answer. What ended early is on a signed list, which a gateway keeps the latest copy of.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import jws
from app.clearance import Fault

TYPE: Final = "stop-registry-standing+jws"
DENIED_TYPE: Final = "stop-registry-denied+jws"
PREFIX: Final = "std"
LIFE: Final = timedelta(days=90)
DENIED_LIFE: Final = timedelta(days=7)
_ID: Final = re.compile(r"std_[0-9a-f]{32}")
T = TypeVar("T")


class StandingTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed. Instants are seconds since 1970 (RFC 7519 NumericDate).

    iss: the registry. jti: the id. sender_ids: what phones may show as the sender. gateways: who may send under it, by
    the names they were given. daily_cap: messages a day (UTC), beyond which every one passes and a person is told.
    """

    iss: str
    jti: str
    iat: int
    nbf: int
    exp: int
    sender: str
    sender_ids: tuple[str, ...]
    gateways: tuple[str, ...]
    daily_cap: int

    @property
    def expires_at(self) -> datetime:
        """Until when it holds; at that instant no longer."""
        return datetime.fromtimestamp(self.exp, UTC)


class Denied(msgspec.Struct, frozen=True, kw_only=True):
    """The standing clearances that ended before their time, as of `iat`; from `exp` on the copy is out of date."""

    iss: str
    iat: int
    exp: int
    revoked: tuple[str, ...]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a standing clearance is held against; what is None is not compared."""

    now: datetime
    gateway: str | None = None
    sender: str | None = None
    sender_id: str | None = None
    denied: Denied | None = None


def is_id(text: str) -> bool:
    """Tell whether a text is spelled as the id of a standing clearance."""
    return _ID.fullmatch(text) is not None


def sign(payload: bytes, key: Ed25519PrivateKey) -> str:
    """Return the token of encoded terms."""
    return jws.sign(payload, TYPE, key)


def read(token: str, keys: jws.Keys) -> StandingTerms:
    """Return the terms of a token whose signature fits; BadTokenError otherwise."""
    return _read(token, TYPE, keys, StandingTerms)


def sign_denied(denied: Denied, key: Ed25519PrivateKey) -> str:
    """Return the list as it is published."""
    return jws.sign(msgspec.json.encode(denied), DENIED_TYPE, key)


def read_denied(token: str, keys: jws.Keys) -> Denied:
    """Return a published list whose signature fits; BadTokenError otherwise."""
    return _read(token, DENIED_TYPE, keys, Denied)


def faults(terms: StandingTerms, shown: Shown) -> Sequence[Fault]:
    """Name everything that is wrong with sending under these terms now.

    A list that is out of date still denies what it names; whom it does not name it cannot speak for, and doubt about
    our own list holds up no alert.
    """
    found = list(_of_time(terms, shown.now))
    if shown.denied is not None and terms.jti in shown.denied.revoked:
        found.append(Fault("revoked", "It was ended before its time."))
    for what, value, allowed in (
        ("gateway", shown.gateway, terms.gateways),
        ("sender", shown.sender, (terms.sender,)),
        ("sender-id", shown.sender_id, terms.sender_ids),
    ):
        if value is not None and value not in allowed:
            found.append(Fault(what, f"It is for {', '.join(allowed)}, and not for this {what}."))
    return found


def _of_time(terms: StandingTerms, now: datetime) -> Sequence[Fault]:
    if now < datetime.fromtimestamp(terms.nbf, UTC):
        return [Fault("not-yet", "It does not hold yet; is the clock right?")]
    if now >= terms.expires_at:
        return [Fault("expired", f"It ended at {terms.expires_at:%Y-%m-%dT%H:%M:%SZ}; have a new one issued.")]
    return []


def _read(token: str, kind: str, keys: jws.Keys, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(jws.verify(token, kind, keys), type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise jws.BadTokenError("The token is signed, but its terms are of another release.") from None
