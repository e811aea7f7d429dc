"""Amazon End User Messaging SMS through SNS: a signed JSON envelope whose ``Message`` is the MO as a JSON string.

Nothing is fetched here. The certificate of a SigningCertURL is in the connection's ``certificates`` once it has been
fetched from its one allowed host and its chain judged; TopicArn must be the expected one. A SubscriptionConfirmation
comes out as ``Decoded.control``: a person decides whether that URL is opened, once.
Sources: docs.aws.amazon.com two-way-sms-payload, sns-verify-signature-of-message.
"""

import re
from datetime import datetime, timedelta

from cryptography import x509

from app.operators import bodies, credentials, signatures, values
from app.operators.flat import UTC_ZONE, Flat, Shape
from app.operators.model import Authentic, Connection, Decoded, Request
from app.operators.signatures import octets, refuse

WINDOW = timedelta(hours=1)  # the longest a custom retry policy lasts
SHAPE = Shape(
    name="aws",
    number=("originationnumber",),
    text=("messagebody",),
    code=("destinationnumber",),
    id=("inboundmessageid",),
    time=("^timestamp",),
    zone=UTC_ZONE,
    source="body",
    reply_to=("previouspublishedmessageid",),
)
NOTIFICATION, SUBSCRIPTION, UNSUBSCRIPTION = "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"
_SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_SIGNED[UNSUBSCRIPTION] = _SIGNED[SUBSCRIPTION]
_HOST = re.compile(r"https://sns\.[a-z0-9-]{2,30}\.amazonaws\.com/[\x21-\x5b\x5d-\x7e]*", re.ASCII)


def is_allowed(url: object) -> bool:
    """Tell whether a URL points at ``sns.<region>.amazonaws.com`` and nowhere else: no port, no user, only https."""
    return isinstance(url, str) and _HOST.fullmatch(url) is not None


def authenticate(request: Request, connection: Connection, now: datetime) -> Authentic:
    """Check topic, certificate and signature; a certificate outside its dates makes the message stale."""
    envelope = _envelope(request)
    if envelope.get("TopicArn") not in _topics(connection):
        raise refuse("The topic is not this connection's: set topic_arn to the topic that the number publishes to.")
    holder = _certificate(envelope.get("SigningCertURL"), connection)
    if holder is None:
        raise refuse("The signing certificate is not in this connection's certificates: fetch and judge it first.")
    presented = signatures.exact_base64(envelope.get("Signature", ""))
    version = envelope.get("SignatureVersion")
    if not signatures.certificate_verifies(holder, version, presented, _string_to_sign(envelope)):
        raise refuse("The SNS signature does not verify under the certificate that it names.")
    dated = holder.not_valid_before_utc <= now <= holder.not_valid_after_utc
    sent = values.instant(envelope.get("Timestamp", ""))
    late = sent is None or signatures.is_stale(sent.timestamp(), now, WINDOW)
    return Authentic("aws-sns", stale=late or not dated)


def _envelope(request: Request) -> dict[str, str]:
    """Return the text members of the envelope, exactly as named; empty when there is none."""
    try:
        tree = bodies.json_tree(request.body)
    except bodies.UnreadableBodyError:
        return {}
    found = tree.items() if isinstance(tree, dict) else ()
    return {name: value for name, value in found if isinstance(value, str)}


def _topics(connection: Connection) -> list[str]:
    configured = connection.config.get("topic_arn") or []
    return [configured] if isinstance(configured, str) else [str(one) for one in configured]


def _certificate(url: object, connection: Connection) -> x509.Certificate | None:
    known = connection.config.get("certificates")
    if not isinstance(url, str) or not is_allowed(url) or not isinstance(known, dict) or url not in known:
        return None
    return signatures.certificate(known[url])


def _string_to_sign(envelope: dict[str, str]) -> bytes:
    names = _SIGNED.get(envelope.get("Type", ""), ())
    return octets("".join(f"{name}\n{envelope[name]}\n" for name in names if name in envelope))


class Sns(Flat):
    """The MO is a document inside the envelope."""

    def signs(self, connection: Connection) -> bool:
        """Tell whether the signature decides: always, unless the connection names another proof."""
        return connection.config.get("scheme") not in credentials.GENERIC_SCHEMES

    def read(self, request: Request, connection: Connection) -> Decoded:
        """Read the envelope; a subscription to confirm becomes ``control`` if its host and topic are the expected."""
        envelope = _envelope(request)
        kind = envelope.get("Type")
        if kind == SUBSCRIPTION:
            url, expected = envelope.get("SubscribeURL"), envelope.get("TopicArn") in _topics(connection)
            return Decoded(control=url if expected and is_allowed(url) else None)
        if kind == UNSUBSCRIPTION:
            return Decoded()
        if kind != NOTIFICATION:
            raise bodies.UnreadableBodyError("not an SNS envelope")
        return self._notification(request, envelope, connection)

    def _notification(self, request: Request, envelope: dict[str, str], connection: Connection) -> Decoded:
        inner = bodies.flatten(bodies.json_tree(octets(envelope.get("Message", ""))))
        found = self.message(inner | {"^timestamp": envelope.get("Timestamp", "")}, connection, 0)
        return self.decoded([(found, request.body)])


PROVIDER = Sns(SHAPE, authenticate)
