"""The short way of messages: past the framework, to the same intake."""

import re
from collections.abc import Callable
from functools import lru_cache

from app import intake, operators
from app.edge import Application, Receive, Scope, Send, plain_body, render
from app.registry import Registry

MO_PATH = re.compile(r"/v1/mo/([^/]+)(?:/[^/]+)?")
MO_METHODS = frozenset({"GET", "POST"})


def short_way(registry: Callable[[], Registry], long_way: Application) -> Application:
    """Serve MO messages without the framework, which would cost a message as much again; all else goes the long way.

    Whatever `receive_mo` answers, this answers; errors are rendered by the same functions.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        found = MO_PATH.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is None or scope["method"] not in MO_METHODS:
            await long_way(scope, receive, send)
            return
        scope["path_template"] = "/v1/mo/{connection}"
        try:
            answer = await _take(registry(), found[1], scope, receive)
        except Exception as error:  # noqa: BLE001 - each kind has its problem document
            await render(scope, receive, send, error)
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer)})
        await send({"type": "http.response.body", "body": answer.body})

    return application


async def _take(registry: Registry, connection: str, scope: Scope, receive: Receive) -> operators.Answer:
    settings = registry.settings
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    body = await plain_body(headers, receive, settings.mo_body_bytes_max, settings.body_seconds_max)
    client = scope.get("client")
    request = operators.Request(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"],
        headers=headers,
        body=body,
        peer=client[0] if client else "",
    )
    return await intake.receive(registry, connection, request)


def _headers(answer: operators.Answer) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", _written(answer.content_type)), (b"content-length", str(len(answer.body)).encode())]


@lru_cache(maxsize=64)
def _written(content_type: str) -> bytes:
    """One charset and no more: with two, Kannel cannot read the text for the phone."""
    media_type = content_type.partition(";")[0] or "text/plain"
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    return f"{media_type}{charset}".encode()
