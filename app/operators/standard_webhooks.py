"""Our published contract for operators: Standard Webhooks (standardwebhooks.com), several messages per call.

``{"messages":[{"id","from","to","text","received_at","account","in_reply_to"}]}``, or one message as
``{"type":"sms.mo.received","timestamp","data":{…}}``. Signed in ``webhook-signature``: "v1," and HMAC-SHA256 of
``id.timestamp.body`` under a ``whsec_`` secret, or "v1a," and Ed25519 under a ``whpk_`` key; several, for rotation.
"""

from base64 import b64encode
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from app.mac import Mac
from app.operators import bodies, signatures, values
from app.operators.charsets import clean
from app.operators.flat import UTC_ZONE, Flat, Shape
from app.operators.model import Answer, Authentic, Connection, Decoded, Message, Outcome, Request

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


class _Plain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message that holds nothing but texts under the names of the contract, as nearly all do."""

    to: str
    text: str
    person: str = msgspec.field(name="from")
    id: str = ""
    received_at: str = ""
    account: str = ""
    in_reply_to: str = ""


class _PlainBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    messages: tuple[_Plain, ...]


class _AnyBody(msgspec.Struct, frozen=True):
    messages: list[msgspec.Raw]


_PLAIN_BODY = msgspec.json.Decoder(_PlainBody)
_ANY_BODY = msgspec.json.Decoder(_AnyBody)
_OTHER_FORM = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_READ_OTHERWISE = frozenset({"kind", "flag"})
"""Settings of a connection that change how a field is read."""


def authenticate(request: Request, connection: Connection, now: datetime) -> Authentic:
    """Check the signature list against every active secret."""
    stamp = request.headers.get("webhook-timestamp", "")
    signed = signatures.octets(f"{request.headers.get('webhook-id', '')}.{stamp}.") + request.body
    listed = request.headers.get("webhook-signature", "").split()
    presented = [signatures.octets(token[3:]) for token in listed if token.startswith("v1,")]
    expected = [
        b64encode(_mac(secret).digest(signed))
        for secret in connection.secrets
        if secret and not secret.startswith("whpk_")
    ]
    if not (signatures.any_same(expected, presented) or _verifies(connection.secrets, listed, signed)):
        raise signatures.refuse("webhook-signature matches none of this connection's secrets (Standard Webhooks).")
    return Authentic("standard-webhooks", signatures.is_stale(stamp, now, WINDOW))


def _verifies(secrets: tuple[str, ...], listed: list[str], signed: bytes) -> bool:
    """Tell whether one of the public keys verifies one of the listed signatures."""
    asymmetric = [signatures.exact_base64(token[4:]) for token in listed if token.startswith("v1a,")]
    keys = [signatures.from_base64(secret[5:]) for secret in secrets if secret.startswith("whpk_")]
    return any([signatures.ed25519_verifies(keys, signature, signed) for signature in asymmetric])  # noqa: C419  a list: no early end


@lru_cache(maxsize=32)
def _mac(secret: str) -> Mac:
    return Mac(signatures.from_base64(secret.removeprefix("whsec_")) or signatures.octets(secret))


class StandardWebhooks(Flat):
    """The contract's answer: a signed receipt per message of a batch, nothing for the single form."""

    gives_receipts = True

    def read(self, request: Request, connection: Connection) -> Decoded:
        """Read every message; a plain body in a third of the time that the reader of all other forms takes."""
        try:
            found = _PLAIN_BODY.decode(request.body).messages
        except _OTHER_FORM:
            return super().read(request, connection)
        config = connection.config
        if not _READ_OTHERWISE.isdisjoint(config) or not all(one.person.strip() for one in found):
            return super().read(request, connection)
        return Decoded(tuple([_plain(one, config, position) for position, one in enumerate(found)]))

    def message(self, fields: dict[str, str], connection: Connection, position: int) -> Message | str | None:
        """Read one message; an event of another type is kept for a person to see, since the contract has one."""
        if fields.get("^type", EVENT) != EVENT:
            return f"an event of another type than {EVENT}"
        return super().message(fields, connection, position)

    def acknowledge(self, request: Request, connection: Connection, outcomes: tuple[Outcome, ...]) -> Answer:
        """Return ``{"receipts":[…]}`` in the order of the request, null for what could not be read."""
        del connection
        length = _length(request.body)
        if length is None:
            return NO_CONTENT
        receipts = {outcome.position: outcome.receipt for outcome in outcomes}
        ordered = [receipts.get(position) for position in range(length)]
        return Answer(200, "application/json", msgspec.json.encode({"receipts": ordered}))


def _plain(one: _Plain, config: dict[str, Any], position: int) -> Message:
    """Return what `Flat.message` returns for the same fields."""
    given = clean(one.id) if one.id else None
    return Message(
        msisdn=values.number(one.person),
        msisdn_text=clean(one.person),
        short_code=values.short_code(one.to, "", config),
        destination=clean(one.to),
        text=clean(one.text),
        message_id=given,
        received_at=values.instant(one.received_at, str(config.get("zone") or UTC_ZONE)) if one.received_at else None,
        account=clean(one.account) if one.account else None,
        in_reply_to=clean(one.in_reply_to) if one.in_reply_to else None,
        given_id=given,
        position=position,
    )


def _length(body: bytes) -> int | None:
    """Return how many messages a body lists; None where it has the single form."""
    try:
        return len(_ANY_BODY.decode(body).messages)
    except _OTHER_FORM:
        pass  # read again below, leniently
    try:
        listed = bodies.child(bodies.json_tree(body), "messages")
    except bodies.UnreadableBodyError:
        return 0
    if listed is None:
        return None
    return len(listed) if isinstance(listed, list) else 1


PROVIDER = StandardWebhooks(SHAPE, authenticate)
