"""Recorded operator requests and the ways tests bend them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from app.operators import Connection, Decoded, Message, Provider, Request, provider
from app.operators.replay import read_sample

VECTORS = Path(__file__).parents[1] / "vectors" / "mo"
S = TypeVar("S", bound=msgspec.Struct)
NAMES = sorted(path.stem for path in VECTORS.glob("*.json"))
NOW = datetime(2026, 3, 24, 22, 23, 26, tzinfo=UTC)


@cache
def _recorded(name: str) -> bytes:
    return (VECTORS / f"{name}.json").read_bytes()


def sample(name: str) -> dict[str, Any]:
    return json.loads(_recorded(name))


def parts(name: str) -> tuple[Provider, Request, Connection, datetime]:
    """Return provider, request, connection and clock of a recording."""
    request, connection, now = read_sample(sample(name))
    return provider(connection.provider), request, connection, now


def with_(struct: S, **changes: object) -> S:
    return msgspec.structs.replace(struct, **changes)


def with_config(connection: Connection, **settings: object) -> Connection:
    return with_(connection, config={**connection.config, **settings})


def decoded(name: str) -> Decoded:
    adapter, request, connection, _ = parts(name)
    return adapter.decode(request, connection)


def connect(name: str, *, secrets: Sequence[str] = (), token: str | None = None, **config: object) -> Connection:
    return Connection(slug=name, provider=name, secrets=tuple(secrets), token=token, config=config)


def post(path: str, body: bytes, **headers: int) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("POST", path, b"", named, body if isinstance(body, bytes) else body.encode())


def get(path: str, query: bytes) -> Request:
    return Request("GET", path, query.encode())


def read(name: str, request: Request, **config: object) -> Decoded:
    return provider(name).decode(request, connect(name, **config))


def one(name: str, request: Request, **config: object) -> Message:
    """Return the only message that a request holds."""
    (message,) = read(name, request, **config).messages
    return message


def signed_by_contract(
    body: bytes, secret: bytes = b"k" * 24, stamp: str = "1774391006", identifier: str = "msg_1"
) -> Request:
    """Return a request signed as Standard Webhooks says, put together here from hmac alone."""
    content = f"{identifier}.{stamp}.".encode() + body
    signature = base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
    headers = {"webhook_id": identifier, "webhook_timestamp": stamp, "webhook_signature": f"v1,{signature}"}
    return post("/v1/mo/standard", body, **headers)
