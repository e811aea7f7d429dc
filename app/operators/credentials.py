"""Proof for providers that sign nothing: a token in the URL, Basic, a list of addresses. All that is set must hold."""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from app.operators.bodies import pairs
from app.operators.model import Authentic, Connection, Request
from app.operators.signatures import any_same, from_base64, octets, refuse

GENERIC_SCHEMES = frozenset({"token", "url-token", "basic", "addresses"})


def authenticate(request: Request, connection: Connection) -> Authentic:
    """Check every credential that the connection has; BadSignatureError when one fails or none is set."""
    held = [name for name, is_set in _SET.items() if is_set(connection)]
    if not held:
        raise refuse("This connection has no proof of its caller: give it a token, Basic credentials or secrets.")
    check_address(request, connection)
    if "basic" in held and not _basic_matches(request, connection):
        raise refuse("The Authorization header does not hold this connection's Basic credentials.")
    if "token" in held and not _token_matches(request, connection):
        raise refuse("The URL does not carry this connection's token: mend the address set at the provider.")
    return Authentic(scheme=held[0])


def check_address(request: Request, connection: Connection) -> None:
    """Refuse a caller outside the connection's addresses, where it has any."""
    allowed = connection.config.get("addresses")
    if allowed and not any(_is_within(request.peer, network) for network in _texts(allowed)):
        raise refuse("The caller's address is not one of this connection's addresses.")


def _uses_basic(connection: Connection) -> bool:
    return connection.config.get("scheme") == "basic" or bool(connection.config.get("username"))


def _uses_token(connection: Connection) -> bool:
    return bool(connection.token) or (bool(connection.secrets) and not _uses_basic(connection))


_SET: dict[str, Callable[[Connection], bool]] = {
    "token": _uses_token,
    "basic": _uses_basic,
    "addresses": lambda connection: bool(connection.config.get("addresses")),
}


def _basic_matches(request: Request, connection: Connection) -> bool:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    presented = from_base64(value) if kind.lower() == "basic" else None
    user = str(connection.config.get("username", ""))
    expected = [octets(f"{user}:{password}") for password in connection.secrets if password]
    return any_same(expected, [presented or b""])


def _token_matches(request: Request, connection: Connection) -> bool:
    tokens = [connection.token or ""]
    if not _uses_basic(connection):
        tokens.extend(connection.secrets)
    expected = [octets(token) for token in tokens if token]
    return any(any_same(expected, presented) for presented in _presented_tokens(request, connection.config))


def _presented_tokens(request: Request, config: dict[str, Any]) -> Iterator[list[bytes]]:
    """Yield what may be the token: the last step of the path, a header named for it, query values."""
    yield [unquote_to_bytes(octets(request.path.rstrip("/").rpartition("/")[2]))]
    header = request.headers.get(str(config.get("token_header", "authorization")).lower(), "")
    yield [octets(header.removeprefix("Bearer ").strip())]
    name = octets(str(config.get("token_param", "")))
    yield [value for key, value in pairs(request.query) if name in (b"", key)]


def _is_within(peer: str, network: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address) in ipaddress.ip_network(network, strict=False)
    except (ValueError, TypeError):
        return False


def _texts(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value] if isinstance(value, list | tuple) else []
