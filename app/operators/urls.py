"""The URL that a provider signed: built from the connection's public URL, never from headers of the request."""

import re
from urllib.parse import urlsplit

from app.operators.bodies import pairs
from app.operators.model import Connection, Request
from app.operators.signatures import octets, refuse

_PORTS = {"https": 443, "http": 80}
_AUTHORITY = re.compile(
    r"(?P<scheme>https?)://(?P<host>[^/?#]*?)(?::(?P<port>\d{1,5}))?(?P<rest>[/?#].*)?", re.IGNORECASE
)


def signed_urls(request: Request, connection: Connection) -> list[bytes]:
    """Return the URLs that the provider may have called, query as it came; BadSignatureError when none is set.

    ``public_url`` is what was typed at the provider, or only its origin or a prefix: then the path of the request
    follows. The query is the request's own, or the configured one if the two say the same in other spellings.
    """
    public = str(connection.config.get("public_url") or "").partition("#")[0]
    if not _AUTHORITY.fullmatch(public):
        raise refuse("Set this connection's public_url to the address typed at the provider: it signs that address.")
    base, _, configured = public.partition("?")
    bases = [base.rstrip("/") + request.path] if urlsplit(base).path in {"", "/"} else [base]
    if base.endswith("/") or not base.endswith(request.path):
        bases.append(base.rstrip("/") + request.path)
    queries = [request.query]
    if configured and octets(configured) != request.query and _same_query(octets(configured), request.query):
        queries.append(octets(configured))
    return [octets(one) + (b"?" + query if query else b"") for one in dict.fromkeys(bases) for query in queries]


def with_and_without_port(url: bytes) -> list[bytes]:
    """Return the URL with its port and without: providers are not consistent about the default one."""
    found = _AUTHORITY.fullmatch(url.decode("utf-8", "surrogateescape"))
    if found is None:
        return [url]
    scheme, host, rest = found["scheme"], found["host"], found["rest"] or ""
    port = found["port"] or str(_PORTS[scheme.lower()])
    spellings = (f"{scheme}://{host}{rest}", f"{scheme}://{host}:{port}{rest}")
    return [spelling.encode("utf-8", "surrogateescape") for spelling in spellings]


def _same_query(one: bytes, other: bytes) -> bool:
    return pairs(one) == pairs(other)
