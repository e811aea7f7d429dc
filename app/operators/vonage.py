"""Vonage: the SMS API (GET, form or JSON, signed by the parameter ``sig``) and the Messages API (JSON, signed JWT).

SMS API: sort the parameters without ``sig``, replace & and = in values by _, join as ``&name=value``; then MD5 of
string and secret ("md5hash", the account's default) or HMAC in hexadecimal. Parts of long messages come one by one.
Messages API: ``Authorization: Bearer`` HS256 whose ``payload_hash`` is the SHA-256 of the body.
Sources: developer.vonage.com inbound-sms, signing-messages, signed-webhooks.
"""

import binascii
import hashlib
from datetime import datetime, timedelta

from app.operators import bodies, charsets, signatures
from app.operators.flat import UTC_ZONE, Flat, Shape
from app.operators.model import Authentic, Connection, Message, Request
from app.operators.signatures import octets, refuse

WINDOW = timedelta(hours=24)  # Vonage sends again for 24 hours
SMS = Shape(
    name="vonage",
    number=("msisdn",),
    text=("text",),
    code=("to",),
    id=("messageid",),
    time=("message-timestamp", "timestamp"),
    zone=UTC_ZONE,
    account=("api-key", "account-id"),
    part=("concat-ref", "concat-part", "concat-total"),
)
MESSAGES = Shape(
    name="vonage_messages",
    number=("from.number", "from"),
    text=("message.content.text", "text"),
    code=("to.number", "to"),
    id=("message_uuid",),
    time=("timestamp",),
    zone=UTC_ZONE,
    source="body",
)

_HMACS = {"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha512": "sha512"}
# Where the connection does not name its method, the length of the presented value says which may be meant.
_BY_LENGTH = {32: ("md5hash", "md5"), 40: ("sha1",), 64: ("sha256",), 128: ("sha512",)}


def authenticate_sms(request: Request, connection: Connection, now: datetime) -> Authentic:
    """Check ``sig`` over every other parameter of the request."""
    signed = _parameters(request)
    presented = b"".join(value for name, value in signed if name == b"sig").lower()
    text = b"".join(b"&" + name + b"=" + _plain(value) for name, value in sorted(signed) if name != b"sig")
    method = str(connection.config.get("method") or "").lower()
    methods = (method,) if method else _BY_LENGTH.get(len(presented), ())
    expected = [_signature(one, octets(secret), text) for one in methods for secret in connection.secrets if secret]
    if not signatures.any_same([one for one in expected if one], [presented]):
        raise refuse("The parameter sig does not match: check the signature secret and method of the account.")
    stamp = next((value for name, value in signed if name == b"timestamp"), b"")
    return Authentic("vonage-sig", signatures.is_stale(stamp, now, WINDOW))


def authenticate_messages(request: Request, connection: Connection, now: datetime) -> Authentic:
    """Check the bearer token and that it speaks of this very body."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    secrets = [secret for secret in connection.secrets if secret]
    claims = signatures.jwt_claims(token.strip(), secrets, ["HS256"]) if kind.lower() == "bearer" else None
    promised = (claims or {}).get(str(connection.config.get("hash_claim") or "payload_hash"))
    digest = hashlib.sha256(request.body).hexdigest()
    if claims is None or not signatures.same(octets(digest), octets(str(promised).lower())):
        raise refuse("The bearer token does not match this body: check the account's signature secret.")
    return Authentic("vonage-jwt", signatures.is_stale(claims.get("iat"), now, WINDOW))


def _signature(method: str, secret: bytes, text: bytes) -> bytes:
    if method == "md5hash":
        return hashlib.md5(text + secret).hexdigest().encode()  # noqa: S324  the provider's default, nothing of ours
    return signatures.mac_hex(_HMACS[method], secret, text) if method in _HMACS else b""


def _plain(value: bytes) -> bytes:
    return value.replace(b"&", b"_").replace(b"=", b"_")


def _parameters(request: Request) -> list[tuple[bytes, bytes]]:
    """Return every parameter in the spelling that was signed; none when a JSON body cannot be read."""
    if bodies.is_query(request) or not bodies.tree_opening(request.body):
        return bodies.field_pairs(request)
    try:
        tree = bodies.json_tree(request.body)
    except bodies.UnreadableBodyError:
        return []
    found = tree.items() if isinstance(tree, dict) else ()
    texts = [(str(name), bodies.scalar(value)) for name, value in found]
    return [(octets(name), octets(text)) for name, text in texts if text is not None]


class VonageSms(Flat):
    """The SMS API, whose binary messages carry their text in hexadecimal; the Messages API on the same connection."""

    def authenticate(self, request: Request, connection: Connection, now: datetime) -> Authentic:
        """Check the parameter or, where the request brings a bearer token, the token."""
        if _is_messages(request):
            return _MESSAGES.authenticate(request, connection, now)
        return super().authenticate(request, connection, now)

    def message(self, fields: dict[str, str], connection: Connection, position: int) -> Message | str | None:
        """Read one message of either API."""
        if "message_uuid" in fields:
            return _MESSAGES.message(fields, connection, position)
        return super().message(fields, connection, position)

    def prepare(self, fields: dict[str, str]) -> dict[str, str]:
        """Return the fields with the text of a binary message, and its place in a long one, read from their bytes."""
        if fields.get("type") != "binary":
            return fields
        text = charsets.decode(_from_hex(fields.get("data", "")))
        place = charsets.concatenation(_from_hex(fields.get("udh", "")))
        return fields | {"text": text} | dict(zip(SMS.part, map(str, place or ()), strict=False))


def _is_messages(request: Request) -> bool:
    return request.headers.get("authorization", "")[:7].lower() == "bearer "


def _from_hex(text: str) -> bytes:
    try:
        return binascii.unhexlify(text.strip())
    except (binascii.Error, ValueError):
        return b""


_MESSAGES = Flat(MESSAGES, authenticate_messages)
PROVIDERS = (VonageSms(SMS, authenticate_sms), _MESSAGES)
