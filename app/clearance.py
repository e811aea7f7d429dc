"""Clearances: the signed, short-lived permission for the rest of a batch. Signing and verifying; pure.

A clearance is a compact JWS (EdDSA) that a gateway verifies offline. It names no number: the batch is a salted digest
of the allowed numbers, so the same list gives another digest each time. The salt travels in the token, because whoever
holds the list must be able to recompute the digest; a token is therefore as confidential as a list of one.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from numpy.typing import NDArray

from app import jws
from app.errors import InvalidValueError

TYPE: Final = "stop-registry-clearance+jws"
FEW_NUMBERS = 8  # sooner ordered one by one
NUMBER_BYTES = 8
SALT_BYTES: Final = 16
PREFIX: Final = "clr"
_ID: Final = re.compile(r"clr_[0-9a-f]{32}")
SIGNING_PURPOSE: Final = "clearance"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed. Instants are seconds since 1970 (RFC 7519 NumericDate).

    iss: the registry. aud: the route the batch goes out through, the sender where there is none. jti: the clearance's
    id. check: the check that gave it. count: how many numbers it covers, batch_digest: which (see `batch_digest`).
    ledger_size, ledger_root: the sender's list it was judged by. policy: the hours applied. classifier: what read the
    STOPs of that list.
    """

    iss: str
    aud: str
    jti: str
    iat: int
    nbf: int
    exp: int
    check: str
    sender: str
    delegate: str | None
    campaign: str | None
    purpose: str
    short_code: str | None
    sender_id: str | None
    count: int
    batch_salt: str
    batch_digest: str
    ledger_size: int
    ledger_root: str
    policy: str | None
    classifier: str
    admissions: bool = False
    """The gateway must ask for an admission before each message."""
    drill: bool = False
    unanswered: Literal["refuse", "send"] = "refuse"
    """What a gateway does while the registry does not answer; only service and transactional messages may go then."""

    @property
    def not_before(self) -> datetime:
        """From when it holds."""
        return datetime.fromtimestamp(self.nbf, UTC)

    @property
    def expires_at(self) -> datetime:
        """Until when it holds; at that instant no longer."""
        return datetime.fromtimestamp(self.exp, UTC)


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a clearance."""

    what: str
    detail: str


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """What a clearance is held against; what is None is not compared."""

    now: datetime
    audience: str | None = None
    sender: str | None = None
    numbers: NDArray[np.int64] | None = None
    """The numbers about to be sent to, E.164, 0 where one could not be read."""


def clearance_id(check_id: str) -> str:
    """Name the clearance of a check: they share the random part."""
    return f"{PREFIX}_{check_id.partition('_')[2]}"


def is_id(text: str) -> bool:
    """Tell whether a text is spelled as the id of a clearance."""
    return _ID.fullmatch(text) is not None


def check_id(clearance_id: str) -> str:
    """Name the check of a clearance."""
    return f"chk_{clearance_id.partition('_')[2]}"


def batch_digest(salt: bytes, numbers: NDArray[np.int64]) -> str:
    """Return hex SHA-256(salt || numbers): each number once, ascending, as 8 big-endian bytes."""
    if numbers.size <= FEW_NUMBERS:
        few = b"".join(number.to_bytes(NUMBER_BYTES, "big") for number in sorted(set(numbers.tolist())))
        return hashlib.sha256(salt + few).hexdigest()
    ordered = np.sort(numbers)
    if ordered.size and (ordered[1:] == ordered[:-1]).any():
        ordered = np.unique(ordered)
    digest = hashlib.sha256(salt)
    digest.update(ordered.astype(">i8").data)
    return digest.hexdigest()


def encode(terms: Terms) -> bytes:
    """Return the bytes that are signed; they are stored, so that a lost answer can be given again."""
    return msgspec.json.encode(terms)


def digest(payload: bytes) -> str:
    """Return hex SHA-256 of the signed bytes: what the ledger keeps. The salt in them makes it unguessable."""
    return hashlib.sha256(payload).hexdigest()


def sign(payload: bytes, key: Ed25519PrivateKey) -> str:
    """Return the token of encoded terms."""
    return jws.sign(payload, TYPE, key)


def read(token: str, keys: jws.Keys) -> Terms:
    """Return the terms of a token whose signature fits; BadTokenError otherwise."""
    try:
        return msgspec.json.decode(jws.verify(token, TYPE, keys), type=Terms)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise jws.BadTokenError("The token is signed, but its terms are of another release.") from None


def faults(terms: Terms, presented: Presented) -> Sequence[Fault]:
    """Name everything that is wrong with using these terms now, for this."""
    found = list(_of_time(terms, presented.now))
    if presented.audience is not None and presented.audience != terms.aud:
        found.append(Fault("audience", f"It is for the route `{terms.aud}`, not for `{presented.audience}`."))
    if presented.sender is not None and presented.sender != terms.sender:
        found.append(Fault("sender", f"It is for the sender `{terms.sender}`, not for `{presented.sender}`."))
    if presented.numbers is not None:
        found += _of_numbers(terms, presented.numbers)
    return found


def _of_time(terms: Terms, now: datetime) -> Sequence[Fault]:
    if now < terms.not_before:
        return [Fault("not-yet", f"It holds from {terms.not_before:%Y-%m-%dT%H:%M:%SZ} on.")]
    if now >= terms.expires_at:
        return [Fault("expired", f"It ended at {terms.expires_at:%Y-%m-%dT%H:%M:%SZ}; check the batch again.")]
    return []


def _of_numbers(terms: Terms, numbers: NDArray[np.int64]) -> Sequence[Fault]:
    if (numbers == 0).any():
        position = int(np.flatnonzero(numbers == 0)[0])
        return [Fault("numbers", f"Line {position + 1} of the list is no number.")]
    distinct = np.unique(numbers)
    if distinct.size != numbers.size:
        return [Fault("repeated", f"{numbers.size - distinct.size} of the numbers occur more than once in the list.")]
    if distinct.size != terms.count:
        return [Fault("numbers", f"It covers {terms.count} numbers and the list has {distinct.size}.")]
    if batch_digest(_salt(terms), distinct) != terms.batch_digest:
        return [Fault("numbers", "The list has as many numbers as were cleared, but they are not the same.")]
    return []


def _salt(terms: Terms) -> bytes:
    try:
        return bytes.fromhex(terms.batch_salt)
    except ValueError:
        raise InvalidValueError("The terms hold no salt.") from None
