"""MessageBird classic: POST form, with other field names for short codes than for long numbers.

``MessageBird-Signature-JWT`` (HS256, 384 or 512) holds the SHA-256 of the full URL and of the body. Source: package
messagebird 2.2; field names from public handlers.
"""

import hashlib
from datetime import datetime, timedelta

from app.operators import signatures
from app.operators.flat import UTC_ZONE, Flat, Shape
from app.operators.model import Answer, Authentic, Connection, Request
from app.operators.signatures import octets
from app.operators.urls import signed_urls

LEEWAY = timedelta(seconds=1)
SHAPE = Shape(
    name="messagebird",
    number=("originator",),
    text=("message", "body"),
    code=("shortcode", "recipient"),
    id=("mid", "id"),
    time=("createddatetime", "receive_datetime"),
    zone=UTC_ZONE,
    answer=Answer(200, "text/plain", b"OK"),
)


def authenticate(request: Request, connection: Connection, now: datetime) -> Authentic:
    """Check the token and that it speaks of this URL and this body."""
    token = request.headers.get("messagebird-signature-jwt", "")
    secrets = [secret for secret in connection.secrets if secret]
    claims = signatures.jwt_claims(token.strip(), secrets, ["HS256", "HS384", "HS512"]) or {}
    urls = [hashlib.sha256(url).hexdigest().encode() for url in signed_urls(request, connection)]
    body = hashlib.sha256(request.body).hexdigest() if request.body else ""
    knows_url = signatures.any_same(urls, [octets(str(claims.get("url_hash")))])
    knows_body = signatures.same(octets(body), octets(str(claims.get("payload_hash") or "")))
    if not (knows_url and knows_body) or claims.get("iss", "MessageBird") != "MessageBird":
        raise signatures.refuse("MessageBird-Signature-JWT does not match: check the signing key and the public_url.")
    return Authentic("messagebird-jwt", _is_stale(claims.get("nbf"), claims.get("exp"), now))


def _is_stale(not_before: object, expires: object, now: datetime) -> bool:
    try:
        window = float(str(not_before)) - LEEWAY.seconds, float(str(expires)) + LEEWAY.seconds
    except ValueError:
        return True
    return not window[0] <= now.timestamp() <= window[1]


PROVIDER = Flat(SHAPE, authenticate)
