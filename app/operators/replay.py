"""Recorded requests, decoded again: what ``stop-registry operator replay`` prints."""

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from app.errors import InvalidValueError
from app.intent import keyword
from app.operators.model import Connection, Message, Request
from app.operators.registry import provider
from app.operators.values import instant
from app.phone import e164

# What a recording calls the settings of its connection.
_SETTINGS = {
    "naive_timezone": "zone",
    "timezone": "zone",
    "time_zone": "zone",
    "default_short_code": "default_code",
    "short_code": "default_code",
    "channel_to_short_code": "codes",
}
_PROOFS = ("scheme", "username", "topic_arn", "method", "hash_claim", "addresses")
_NO_CLOCK = datetime(1970, 1, 1, tzinfo=UTC)  # age never decides, so a recording without clock is merely stale


def replay(sample: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Authenticate and decode one recorded request; one object per message, in the order of the request.

    BadSignatureError when its proof does not hold; InvalidValueError when the recording itself cannot be used.
    """
    request, connection, now = read_sample(sample)
    adapter = provider(connection.provider)
    adapter.authenticate(request, connection, now)
    return [describe(message) for message in adapter.decode(request, connection).messages]


def describe(message: Message) -> dict[str, Any]:
    """Return a message as it is printed: E.164 number, RFC 3339 time, and the first word as people see it."""
    return {
        "msisdn": None if message.msisdn is None else e164(message.msisdn),
        "short_code": message.short_code,
        "text": message.text,
        "message_id": message.given_id,
        "received_at": message.received_at and rfc3339(message.received_at),
        "keyword": None if message.text is None else keyword(message.text),
    }


def rfc3339(time: datetime) -> str:
    """Return a UTC time with Z, and with a fraction only where it has one."""
    fraction = f"{time.microsecond:06d}"
    digits = fraction[:3] if fraction.endswith("000") else fraction
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") + (f".{digits}" if time.microsecond else "") + "Z"


def read_sample(sample: Mapping[str, Any]) -> tuple[Request, Connection, datetime]:
    """Return the request, the connection it was meant for and the time it came, from a recording."""
    path, _, query = str(sample.get("path_query") or "/").partition("?")
    headers = {str(name).lower(): str(value) for name, value in (sample.get("headers") or {}).items()}
    if sample.get("content_type"):
        headers.setdefault("content-type", str(sample["content_type"]))
    method = str(sample.get("method") or "POST").upper()
    peer = str(sample.get("peer") or sample.get("remote_addr") or "")
    request = Request(method, path, query.encode("utf-8", "surrogatepass"), headers, _body(sample), peer)
    return request, _connection(sample), instant(str(sample.get("clock_utc") or "")) or _NO_CLOCK


def _body(sample: Mapping[str, Any]) -> bytes:
    body, encoding = str(sample.get("body") or ""), str(sample.get("body_encoding") or "utf-8").lower()
    try:
        if encoding == "hex":
            return bytes.fromhex(body)
        return base64.b64decode(body) if encoding == "base64" else body.encode(encoding)
    except (ValueError, LookupError) as error:
        raise InvalidValueError("The sample's body does not fit its body_encoding: utf-8, hex or base64.") from error


def _connection(sample: Mapping[str, Any]) -> Connection:
    auth: Mapping[str, Any] = sample.get("auth") or {}
    config = {_SETTINGS.get(name, name): value for name, value in (sample.get("config") or {}).items()}
    config |= {name: auth[name] for name in _PROOFS if auth.get(name)}
    config |= {name: sample[name] for name in ("public_url",) if sample.get(name)}
    certificates = dict(auth.get("certificates") or {})
    if auth.get("cert_url"):
        certificates[str(auth["cert_url"])] = auth.get("signing_cert_pem")
    tokens = _named(auth, "value", "token")
    secrets = [*_named(sample, "secret"), *_named(auth, "secret", "signing_key", "password"), *tokens]
    return Connection(
        slug=str(sample.get("provider", "")),
        provider=str(sample.get("provider", "")),
        secrets=tuple(dict.fromkeys(secrets)),
        token=tokens[0] if tokens else None,
        config=config | {"certificates": certificates, "public_key": _named(auth, "public_key")},
    )


def _named(holder: Mapping[str, Any], *words: str) -> list[str]:
    """Return every text under a name with one of these words in it: also an earlier secret that is still active."""
    return [text for name, value in holder.items() if any(word in name for word in words) for text in _texts(value)]


def _texts(*values: object) -> Iterator[str]:
    for value in values:
        if isinstance(value, str) and value:
            yield value
        elif isinstance(value, list | tuple):
            yield from _texts(*value)
