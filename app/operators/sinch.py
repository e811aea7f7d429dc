"""Sinch SMS (REST, ex Mblox): POST JSON, one message; signed where the account has it switched on.

``x-sinch-webhook-signature`` is base64 HMAC-SHA256 of ``body.nonce.timestamp`` under the secret as text. Sinch tries
again for 22 hours after 5xx and 429, and never after another 4xx. Source: developers.sinch.com, package sinch 2.3.
"""

import base64
import binascii
from datetime import datetime, timedelta

from app.operators import charsets, signatures
from app.operators.flat import UTC_ZONE, Flat, Shape
from app.operators.model import Authentic, Connection, Request
from app.operators.signatures import octets

WINDOW = timedelta(hours=24)
SHAPE = Shape(
    name="sinch",
    number=("from",),
    text=("body", "body.message", "body.subject"),
    code=("to",),
    id=("id",),
    time=("received_at", "sent_at"),
    zone=UTC_ZONE,
    source="body",
    only={"type": ("mo_text", "mo_binary", "mo_media")},
    reply_to=("client_reference",),
    part=("part_ref", "part_number", "part_total"),
)
_HEADER = "x-sinch-webhook-signature"


def authenticate(request: Request, connection: Connection, now: datetime) -> Authentic:
    """Check the signature headers."""
    nonce, stamp = (request.headers.get(f"{_HEADER}-{name}", "") for name in ("nonce", "timestamp"))
    if request.headers.get(f"{_HEADER}-algorithm", "HmacSHA256").lower() != "hmacsha256":
        raise signatures.refuse("The request names a signature algorithm that is not Sinch's HmacSHA256.")
    signed = request.body + octets(f".{nonce}.{stamp}")
    expected = [signatures.mac_base64("sha256", octets(secret), signed) for secret in connection.secrets if secret]
    if not signatures.any_same(expected, [octets(request.headers.get(_HEADER, ""))]):
        raise signatures.refuse(f"{_HEADER} does not match: check the secret that the account manager set.")
    return Authentic("sinch-hmac-sha256", signatures.is_stale(stamp, now, WINDOW))


class Sinch(Flat):
    """A binary message carries its text in base64."""

    def prepare(self, fields: dict[str, str]) -> dict[str, str]:
        """Return the fields with the text of a binary message, and its place in a long one, read from their bytes."""
        if fields.get("type") != "mo_binary":
            return fields
        try:
            raw = base64.b64decode(fields.get("body", ""), validate=True)
            place = charsets.concatenation(binascii.unhexlify(fields.get("udh", "")))
        except (binascii.Error, ValueError):
            return fields
        return fields | {"body": _text(raw)} | dict(zip(SHAPE.part, map(str, place or ()), strict=False))


def _text(raw: bytes) -> str:
    """Read octets that declare no charset: UTF-16BE shows by its NULs."""
    return charsets.decode_ucs2(raw) if b"\x00" in raw else charsets.decode(raw)


PROVIDER = Sinch(SHAPE, authenticate)
