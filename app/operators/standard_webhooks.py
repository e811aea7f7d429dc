"""Our published contract for operators: Standard Webhooks (standardwebhooks.com), several messages per call.

``{"messages":[{"id","from","to","text","received_at","account","in_reply_to"}]}``, or one message as
``{"type":"sms.mo.received","timestamp","data":{…}}``. Signed in ``webhook-signature``: "v1," and HMAC-SHA256 of
``id.timestamp.body`` under a ``whsec_`` secret, or "v1a," and Ed25519 under a ``whpk_`` key; several, for rotation.
"""

from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from app.operators import bodies, signatures
from app.operators.flat import UTC_ZONE, Flat, Shape
from app.operators.model import Answer, Authentic, Connection, Message, Outcome, Request

WINDOW = timedelta(minutes=5)  # of the specification; outside it a message is stale
NO_CONTENT = Answer(204, "")
SHAPE = Shape(
    name="standard_webhooks",
    number=("from",),
    text=("text",),
    code=("to",),
    id=("id",),
    time=("received_at", "^timestamp"),
    zone=UTC_ZONE,
    account=("account",),
    reply_to=("in_reply_to",),
    source="body",
    each=("messages", "data"),
)
EVENT = "sms.mo.received"


def authenticate(request: Request, connection: Connection, now: datetime) -> Authentic:
    """Check the signature list against every active secret."""
    stamp = request.headers.get("webhook-timestamp", "")
    signed = signatures.octets(f"{request.headers.get('webhook-id', '')}.{stamp}.") + request.body
    listed = [token.partition(",") for token in request.headers.get("webhook-signature", "").split()]
    presented = [signatures.octets(value) for version, _, value in listed if version == "v1"]
    expected = [
        signatures.mac_base64("sha256", _key(secret), signed)
        for secret in connection.secrets
        if secret and not secret.startswith("whpk_")
    ]
    asymmetric = [signatures.exact_base64(value) for version, _, value in listed if version == "v1a"]
    keys = [signatures.from_base64(secret[5:]) for secret in connection.secrets if secret.startswith("whpk_")]
    verified = [signatures.ed25519_verifies(keys, signature, signed) for signature in asymmetric]
    if not (signatures.any_same(expected, presented) or any(verified)):
        raise signatures.refuse("webhook-signature matches none of this connection's secrets (Standard Webhooks).")
    return Authentic("standard-webhooks", signatures.is_stale(stamp, now, WINDOW))


@lru_cache(maxsize=32)
def _key(secret: str) -> bytes:
    return signatures.from_base64(secret.removeprefix("whsec_")) or signatures.octets(secret)


class StandardWebhooks(Flat):
    """The contract's answer: a signed receipt per message of a batch, nothing for the single form."""

    gives_receipts = True

    def message(self, fields: dict[str, str], connection: Connection, position: int) -> Message | str | None:
        """Read one message; an event of another type is kept for a person to see, since the contract has one."""
        if fields.get("^type", EVENT) != EVENT:
            return f"an event of another type than {EVENT}"
        return super().message(fields, connection, position)

    def acknowledge(self, request: Request, connection: Connection, outcomes: tuple[Outcome, ...]) -> Answer:
        """Return ``{"receipts":[…]}`` in the order of the request, null for what could not be read."""
        del connection
        try:
            listed = bodies.child(bodies.json_tree(request.body), "messages")
        except bodies.UnreadableBodyError:
            listed = []
        if listed is None:
            return NO_CONTENT
        receipts = {outcome.position: outcome.receipt for outcome in outcomes}
        length = len(listed) if isinstance(listed, list) else 1
        ordered = [receipts.get(position) for position in range(length)]
        return Answer(200, "application/json", msgspec.json.encode({"receipts": ordered}))


PROVIDER = StandardWebhooks(SHAPE, authenticate)
