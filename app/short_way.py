"""Two short ways past the framework: all messages, and what callers ask one by one and can be answered by belief."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias

from app import check, intake, operators
from app.auth import Caller, Callers
from app.edge import Application, Receive, Scope, Send, first_piece, plain_body, render
from app.registry import Registry

MO_PATH = re.compile(r"/v1/mo/([^/]+)(?:/[^/]+)?")
MO_METHODS = frozenset({"GET", "POST"})
CHECKS_PATH = "/v1/checks"
Ask: TypeAlias = Callable[[Registry, Caller, Mapping[str, str], bytes, bytes], Awaitable[bytes | None]]
"""From headers, query and body of a question to its answer as JSON, or None: then it is as if nothing had been."""
JSON_HEADER = (b"content-type", b"application/json")


class State(Protocol):
    """What the application holds while it runs."""

    registry: Registry
    callers: Callers


def short_way(state: Callable[[], State], long_way: Application) -> Application:
    """Serve without the framework what comes in large numbers, since it would cost as much again; all else goes on.

    Whatever the framework's handlers answer, this answers; errors are rendered by the same functions.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await long_way(scope, receive, send)
        elif scope["method"] in MO_METHODS and (found := MO_PATH.fullmatch(scope["path"])):
            await _message(state().registry, found[1], scope, receive, send)
        elif scope["method"] == "POST" and (ask := _asked(scope)):
            await _by_belief(state(), ask, scope, receive, send, long_way)
        else:
            await long_way(scope, receive, send)

    return application


async def _message(registry: Registry, connection: str, scope: Scope, receive: Receive, send: Send) -> None:
    scope["path_template"] = "/v1/mo/{connection}"
    try:
        answer = await _take(registry, connection, scope, receive)
    except Exception as error:  # noqa: BLE001 - each kind has its problem document
        await render(scope, receive, send, error)
        return
    await _answer(send, answer.status, _headers(answer), answer.body)


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
    """One charset and no more: with two, Kannel cannot read the text for the phone."""
    media_type = answer.content_type.partition(";")[0] or "text/plain"
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    return [
        (b"content-type", f"{media_type}{charset}".encode()),
        (b"content-length", str(len(answer.body)).encode()),
    ]


def _asked(scope: Scope) -> Ask | None:
    return check.believed if scope["path"] == CHECKS_PATH else None


async def _by_belief(state: State, ask: Ask, scope: Scope, receive: Receive, send: Send, long_way: Application) -> None:
    """Answer a small question of a caller who is known; whatever is not answered goes the long way from its start."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    caller = state.callers.remembered(headers.get("authorization", ""))
    if caller is None or "content-encoding" in headers:
        await long_way(scope, receive, send)
        return
    registry = state.registry
    try:
        piece, again = await first_piece(receive, registry.settings.body_seconds_max)
        answer = await ask(registry, caller, headers, scope["query_string"], piece) if piece is not None else None
    except Exception as error:  # noqa: BLE001 - each kind has its problem document
        await render(scope, receive, send, error)
        return
    if answer is None:
        await long_way(scope, again, send)
        return
    scope["path_template"] = scope["path"]
    await _answer(send, 200, [JSON_HEADER, (b"content-length", str(len(answer)).encode())], answer)


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
