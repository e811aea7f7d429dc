"""Telnyx: POST JSON event ``message.received``; ``telnyx-signature-ed25519`` over ``timestamp|body``, window 300 s.

Source: developers.telnyx.com, receiving-webhooks; package telnyx 4.189.
"""

from datetime import datetime, timedelta

from app.operators import credentials, signatures
from app.operators.flat import UTC_ZONE, Flat, Shape
from app.operators.model import Authentic, Connection, Request
from app.operators.signatures import from_base64, octets

WINDOW = timedelta(seconds=300)
SHAPE = Shape(
    name="telnyx",
    number=("data.payload.from.phone_number",),
    text=("data.payload.text",),
    code=tuple(f"data.payload.to.{place}.phone_number" for place in range(10)),
    id=("data.payload.id",),
    time=("data.payload.received_at", "data.occurred_at"),
    zone=UTC_ZONE,
    source="body",
    only={"data.event_type": ("message.received",), "data.payload.direction": ("inbound",)},
)


def authenticate(request: Request, connection: Connection, now: datetime) -> Authentic:
    """Check the signature under the account's public key, from the configuration or in the place of a secret."""
    stamp = request.headers.get("telnyx-timestamp", "")
    listed = connection.config.get("public_key") or connection.secrets
    keys = [from_base64(str(key)) for key in ([listed] if isinstance(listed, str) else listed)]
    presented = signatures.exact_base64(request.headers.get("telnyx-signature-ed25519", ""))
    if not signatures.ed25519_verifies(keys, presented, octets(f"{stamp}|") + request.body):
        raise signatures.refuse("telnyx-signature-ed25519 does not verify: check the account's public key.")
    return Authentic("telnyx-ed25519", signatures.is_stale(stamp, now, WINDOW))


class Telnyx(Flat):
    """The key is public, so it may stand in the configuration."""

    def signs(self, connection: Connection) -> bool:
        """Tell whether this connection has a key to check with."""
        chosen = connection.config.get("scheme") not in credentials.GENERIC_SCHEMES
        return chosen and bool(connection.config.get("public_key") or connection.secrets)


PROVIDER = Telnyx(SHAPE, authenticate)
