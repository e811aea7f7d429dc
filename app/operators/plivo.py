"""Plivo: POST form or GET, long messages already joined, no time.

``X-Plivo-Signature-V3`` (and ``-Ma-V3``, under the main account's token; each may list several) is base64 HMAC-SHA256
of ``url.nonce``, where the URL holds the sorted, decoded parameters: GET ``…?name=value&…``, POST
``…?[query].namevalue…``. V2 signs the URL and the nonce but not the body, so it counts only where a connection asks
for it by ``scheme: plivo-v2``. Sources: docs.plivo.com, package plivo 4.63.
"""

from datetime import datetime

from app.operators import bodies, signatures
from app.operators.flat import Flat, Shape
from app.operators.model import Answer, Authentic, Connection, Request
from app.operators.signatures import octets
from app.operators.urls import signed_urls

SHAPE = Shape(
    name="plivo",
    number=("from",),
    text=("text",),
    code=("to",),
    id=("messageuuid",),
    flag=("messageintent",),
    answer=Answer(200, "application/xml", b"<Response></Response>"),
)


def authenticate(request: Request, connection: Connection, now: datetime) -> Authentic:
    """Check the signature; there is nothing in it that could be stale."""
    del now
    version = "v2" if connection.config.get("scheme") == "plivo-v2" else "v3"
    headers = [request.headers.get(f"x-plivo-signature-{name}{version}", "") for name in ("", "ma-")]
    presented = [octets(one.strip()) for header in headers for one in header.split(",") if one.strip()]
    nonce = octets(request.headers.get(f"x-plivo-signature-{version}-nonce", ""))
    texts = [
        _v2(url, nonce) if version == "v2" else _v3(request, url, nonce) for url in signed_urls(request, connection)
    ]
    secrets = [octets(secret) for secret in connection.secrets if secret]
    expected = [signatures.mac_base64("sha256", secret, text) for secret in secrets for text in texts]
    if not signatures.any_same(expected, presented):
        raise signatures.refuse("X-Plivo-Signature does not match: check the auth token and the public_url.")
    return Authentic(f"plivo-{version}")


def _v2(url: bytes, nonce: bytes) -> bytes:
    return url.partition(b"?")[0] + nonce


def _v3(request: Request, url: bytes, nonce: bytes) -> bytes:
    base, _, query = url.partition(b"?")
    sorted_query = b"&".join(name + b"=" + value for name, value in sorted(bodies.pairs(query)))
    posted = b""
    if request.method.upper() != "GET":
        posted = b"".join(name + value for name, value in sorted(bodies.pairs(request.body)))
    mark = b"?" if sorted_query or posted else b""
    return base + mark + sorted_query + (b"." if sorted_query and posted else b"") + posted + b"." + nonce


PROVIDER = Flat(SHAPE, authenticate)
