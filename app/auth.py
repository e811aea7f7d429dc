"""Who is calling: keys of the form `sr_<id>_<secret><checksum>`, found by id and compared in constant time.

The secret is 256 random bits, so SHA-256 is enough at rest (a slow hash would only cap a core at some dozens of
requests a second). The checksum lets a scanner or a typing error be told from a wrong key without asking the database.
"""

import hashlib
import hmac
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from app import clock
from app.directory import Directory, Sender
from app.errors import ForbiddenError, InvalidValueError, NotFoundError, UnauthenticatedError
from app.queries import api_keys
from app.queries.rows import Db

CALLERS_MAX = 1_000
ID_CHARACTERS = 10
SECRET_CHARACTERS = 43
CHECKSUM_CHARACTERS = 6
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NO_SUCH_KEY = hashlib.sha256(b"no such key").digest()


class Role(StrEnum):
    """What a key is for. A sender's key acts for one sender, a delegate's for one or several.

    An auditor's, a data protection officer's and the support desk's read about the senders named, for a time.
    """

    SENDER = "sender"
    DELEGATE = "delegate"
    AUDITOR = "auditor"
    DPO = "dpo"
    SUPPORT = "support"
    ADMIN = "admin"


READERS = frozenset({Role.AUDITOR, Role.DPO, Role.SUPPORT})
"""Who may read what is held about people, of the senders named."""
GRANTS = frozenset({Role.AUDITOR, Role.DPO})
"""Roles whose grant somebody is told of."""
AUDIT_DAYS = 90
"""How long an auditor's key lasts where no end is named: an audit has one."""


class Caller(msgspec.Struct, frozen=True):
    """An authenticated key."""

    key_id: str
    role: Role
    label: str
    sender_ids: tuple[int, ...]

    def require(self, *roles: Role) -> None:
        """Refuse a key that is not made for this."""
        if self.role not in roles:
            raise ForbiddenError(f"A key of role {self.role} may not do this; it takes {' or '.join(roles)}.")

    def chosen(self, sender_id: int | None) -> int:
        """Return the sender to act for: the one named, or the key's only one. Another's sender does not exist."""
        if sender_id is not None:
            if sender_id not in self.sender_ids:
                raise NotFoundError("There is no such sender.")
            return sender_id
        if len(self.sender_ids) != 1:
            raise InvalidValueError("This key acts for several senders: say which one in `sender`.")
        return self.sender_ids[0]


class NewKey(msgspec.Struct, frozen=True):
    """A key just made: the row to store and the text to show once."""

    row: api_keys.KeyRow
    text: str


def new_key(role: Role, label: str, sender_ids: Sequence[int], random: bytes) -> NewKey:
    """Make a key from 40 random bytes."""
    key_id = _base62(int.from_bytes(random[32:], "big"), ID_CHARACTERS)
    secret = _base62(int.from_bytes(random[:32], "big"), SECRET_CHARACTERS)
    digest = hashlib.sha256(secret.encode()).digest()
    row = api_keys.KeyRow(key_id, digest, role, label, list(sender_ids))
    return NewKey(row, f"sr_{key_id}_{secret}{_checksum(key_id, secret)}")


def split(text: str) -> tuple[str, str]:
    """Return a key's id and secret; UnauthenticatedError when it is no key of ours."""
    parts = text.split("_")
    if len(parts) != 3 or parts[0] != "sr" or not text.isascii():  # noqa: PLR2004 - sr, id, secret
        raise UnauthenticatedError("This is not a key of this registry: keys begin with sr_.")
    key_id, secret, checksum = parts[1], parts[2][:-CHECKSUM_CHARACTERS], parts[2][-CHECKSUM_CHARACTERS:]
    if _checksum(key_id, secret) != checksum:
        raise UnauthenticatedError("The key was not copied whole: its checksum is wrong.")
    return key_id, secret


def key_id(text: str) -> str:
    """Return the id in what a person gives as a key: its id, or the whole of it."""
    return split(text)[0] if text.startswith("sr_") and text.count("_") > 1 else text.removeprefix("sr_")


async def authenticate(db: Db, authorization: str) -> Caller:
    """Return who sends this Authorization header. Asked anew at every request, so a revoked key ends at once."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise UnauthenticatedError("Send the key as `Authorization: Bearer sr_…`.")
    key_id, secret = split(text.strip())
    row = await api_keys.find_key(db, key_id, clock.now())
    stored = row.secret_sha256 if row else _NO_SUCH_KEY
    same = hmac.compare_digest(hashlib.sha256(secret.encode()).digest(), stored)
    if row is None or not same:
        raise UnauthenticatedError("This key is unknown, expired or revoked.")
    return Caller(row.key_id, Role(row.role), row.label, tuple(row.sender_ids))


class Callers:
    """Who called lately, by a digest of what they sent as their key; a key may have been revoked since.

    Only what proves by itself that the key is still in force may rest on this (`check.belief`).
    """

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, Caller] = OrderedDict()

    def remember(self, authorization: str, caller: Caller) -> None:
        """Remember an authenticated caller, for as long as not too many others call."""
        self._known[_digest(authorization)] = caller
        if len(self._known) > CALLERS_MAX:
            self._known.popitem(last=False)

    def remembered(self, authorization: str) -> Caller | None:
        """Return who sent this Authorization header before."""
        return self._known.get(_digest(authorization))


def _digest(authorization: str) -> bytes:
    return hashlib.sha256(authorization.encode("utf-8", "surrogateescape")).digest()


async def sender_of(caller: Caller, directory: Directory, slug: str | None) -> Sender:
    """Return the sender a caller acts for: the one named, or its only one. Somebody else's does not exist."""
    named = await directory.sender(slug) if slug is not None else None
    if slug is not None and named is None:
        raise NotFoundError("There is no such sender.")
    sender = await directory.sender_by_id(caller.chosen(named.sender_id if named else None))
    if sender is None:
        raise NotFoundError("There is no such sender.")
    return sender


async def issue(db: Db, role: Role, label: str, sender_ids: Sequence[int], expires_at: datetime | None = None) -> str:
    """Make and store a key; the text returned exists nowhere else."""
    if role in {Role.SENDER, *READERS} and not sender_ids:
        raise InvalidValueError(f"A key of role {role} needs a sender.")
    if role is Role.SENDER and len(sender_ids) > 1:
        raise InvalidValueError("A sender's key acts for one sender; for several, issue a delegate's key.")
    if role is Role.ADMIN and sender_ids:
        raise InvalidValueError("An admin's key runs the registry and acts for no sender.")
    if role is Role.AUDITOR:
        expires_at = expires_at or clock.now() + timedelta(days=AUDIT_DAYS)
    key = new_key(role, label, sender_ids, clock.random_bytes(40))
    await api_keys.add_key(db, key.row, clock.now(), expires_at)
    return key.text


def _checksum(key_id: str, secret: str) -> str:
    return _base62(zlib.crc32(f"sr_{key_id}_{secret}".encode()), CHECKSUM_CHARACTERS)


def _base62(number: int, characters: int) -> str:
    digits = []
    for _ in range(characters):
        number, rest = divmod(number, 62)
        digits.append(_BASE62[rest])
    return "".join(reversed(digits))
