"""Twilio: POST form or GET, one message, long ones already joined; no time and no timestamp in the signature.

``X-Twilio-Signature`` is base64 HMAC of the full URL and the sorted form parameters: SHA-1 under the auth token, or
the algorithm that ``X-Twilio-Webhooks-Signature-Settings`` names under a shared key (twilio 9.13). JSON bodies are
signed by ``bodySHA256`` in the URL. The answer may be TwiML whose message goes to the person.
"""

import hashlib
from datetime import datetime
from xml.sax.saxutils import escape

from app.operators import bodies, signatures
from app.operators.charsets import clean
from app.operators.flat import Flat, Shape, first_reply
from app.operators.model import Answer, Authentic, Connection, Outcome, Request
from app.operators.urls import signed_urls, with_and_without_port

SHAPE = Shape(
    name="twilio",
    number=("from",),
    text=("body",),
    code=("to",),
    id=("messagesid", "smsmessagesid", "smssid"),
    flag=("optouttype",),
    account=("messagingservicesid", "accountsid"),
)
_ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>'


def authenticate(request: Request, connection: Connection, now: datetime) -> Authentic:
    """Check the signature; there is nothing in it that could be stale."""
    del now
    algorithm = _ALGORITHMS.get(_named_algorithm(request))
    parameters = _signed_parameters(request)
    if algorithm is None or parameters is None:
        raise signatures.refuse("The request is not signed in a way Twilio documents: look at the number's webhook.")
    urls = [spelling for url in signed_urls(request, connection) for spelling in with_and_without_port(url)]
    expected = [
        signatures.mac_base64(algorithm, signatures.octets(secret), url + parameters)
        for url in urls
        for secret in connection.secrets
        if secret
    ]
    if not signatures.any_same(expected, [signatures.octets(request.headers.get("x-twilio-signature", ""))]):
        raise signatures.refuse("X-Twilio-Signature does not match: check the auth token and the public_url.")
    return Authentic(f"twilio-hmac-{algorithm}")


def _named_algorithm(request: Request) -> str:
    settings = request.headers.get("x-twilio-webhooks-signature-settings", "")
    named = dict(one.strip().partition("=")[::2] for one in settings.split(","))
    return (named.get("algorithm", "").strip() or "HMAC_SHA1").upper()


def _signed_parameters(request: Request) -> bytes | None:
    """Return what follows the URL in the signed string; None when the body is not covered by any signature."""
    promised = [value for name, value in bodies.pairs(request.query) if name == b"bodySHA256"]
    if promised:
        digest = hashlib.sha256(request.body).hexdigest().encode()
        return b"" if signatures.same(digest, promised[0].lower()) else None
    if not request.body:
        return b""
    if request.method.upper() == "GET" or bodies.tree_opening(request.body):
        return None
    return b"".join(name + value for name, value in sorted(set(bodies.pairs(request.body))))


class Twilio(Flat):
    """A text in TwiML goes back to the person."""

    can_reply = True

    def acknowledge(self, request: Request, connection: Connection, outcomes: tuple[Outcome, ...]) -> Answer:
        """Return TwiML, empty when nothing is to be said."""
        del request, connection
        reply = first_reply(outcomes)
        body = f"<Response><Message>{escape(clean(reply))}</Message></Response>" if reply else "<Response/>"
        return Answer(200, "text/xml", (_PROLOGUE + body).encode())


PROVIDER = Twilio(SHAPE, authenticate)
