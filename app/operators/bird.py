"""Bird (Channels API): POST JSON, one message; the short code is not in it, so the channel is mapped.

``messagebird-signature`` is base64 HMAC-SHA256 of ``timestamp LF url LF sha256(body)``, the hash as 32 raw bytes.
Redeliveries keep the original timestamp and were seen hours later. Source: docs.bird.com, verifying a webhook.
"""

import hashlib
from datetime import datetime, timedelta

from app.operators import signatures
from app.operators.flat import UTC_ZONE, Flat, Shape
from app.operators.model import Authentic, Connection, Request
from app.operators.signatures import octets
from app.operators.urls import signed_urls

WINDOW = timedelta(hours=24)
SHAPE = Shape(
    name="bird",
    number=("payload.sender.contact.identifiervalue", "payload.sender.contact.platformaddress"),
    text=("payload.body.text.text",),
    channel=("payload.channelid",),
    id=("payload.id",),
    time=("payload.createdat", "payload.lateststatusat"),
    zone=UTC_ZONE,
    source="body",
    only={"event": ("sms.inbound",), "payload.direction": ("incoming",)},
)


def authenticate(request: Request, connection: Connection, now: datetime) -> Authentic:
    """Check the signature over the public URL and the body."""
    stamp = request.headers.get("messagebird-request-timestamp", "")
    digest = hashlib.sha256(request.body).digest()
    expected = [
        signatures.mac_base64("sha256", octets(secret), b"\n".join((octets(stamp), url, digest)))
        for url in signed_urls(request, connection)
        for secret in connection.secrets
        if secret
    ]
    if not signatures.any_same(expected, [octets(request.headers.get("messagebird-signature", ""))]):
        raise signatures.refuse("messagebird-signature does not match: check the signing key and the public_url.")
    return Authentic("bird-hmac-sha256", signatures.is_stale(stamp, now, WINDOW))


PROVIDER = Flat(SHAPE, authenticate)
