"""Two short ways past the framework: all messages, and what callers ask one by one and can be answered by belief."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache, partial
from typing import Protocol, TypeAlias

from app import admissions, check, intake, operators
from app.auth import Caller, Callers
from app.edge import Application, Receive, Scope, Send, plain_body, render, small_body
from app.registry import Registry

MO_PATH = re.compile(r"/v1/mo/([^/]+)(?:/[^/]+)?")
MO_METHODS = frozenset({"GET", "POST"})
SMALL_BYTES = 20_000
"""About a thousand numbers: beyond, what is saved is not worth the memory of a second copy."""
CHECKS_PATH = "/v1/checks"
ADMISSIONS_PATH = re.compile(r"/v1/clearances/([^/]+)/admissions")
Ask: TypeAlias = Callable[[Registry, Caller, Mapping[str, str], bytes, bytes], Awaitable[check.Believed | None]]
"""From headers, query and body of a question to its answer as JSON, or None: then it is as if nothing had been."""
ADMISSIONS_TEMPLATE = "/v1/clearances/{clearance_id}/admissions"
HEADERS = {
    name.encode(): name for name in ("authorization", "content-encoding", "content-type", "accept", "idempotency-key")
}
"""What is looked at in a question that may be answered by belief."""
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
        method = scope["method"] if scope["type"] == "http" else ""
        if method in MO_METHODS and (found := MO_PATH.fullmatch(scope["path"])):
            await _message(state().registry, found[1], scope, receive, send)
        elif method == "POST" and (question := _question(scope)):
            again = await _by_belief(state(), question, scope, receive, send)
            if again is not None:
                await long_way(scope, again, send)
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
    return [(b"content-type", _written(answer.content_type)), (b"content-length", str(len(answer.body)).encode())]


@lru_cache(maxsize=64)
def _written(content_type: str) -> bytes:
    """One charset and no more: with two, Kannel cannot read the text for the phone."""
    media_type = content_type.partition(";")[0] or "text/plain"
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    return f"{media_type}{charset}".encode()


def _question(scope: Scope) -> tuple[str, Ask] | None:
    """Return how the address is called in metrics, and who may answer."""
    if scope["path"] == CHECKS_PATH:
        return CHECKS_PATH, check.believed
    found = ADMISSIONS_PATH.fullmatch(scope["path"])
    return (ADMISSIONS_TEMPLATE, partial(_admit, found[1])) if found else None


async def _admit(
    clearance_id: str, registry: Registry, caller: Caller, _headers: Mapping[str, str], _query: bytes, body: bytes
) -> check.Believed | None:
    answer = await admissions.believed(registry, caller, clearance_id, body)
    return check.Believed(answer, _nothing) if answer is not None else None


def _nothing() -> None:
    """Nothing is left to be done."""


async def _by_belief(
    state: State, question: tuple[str, Ask], scope: Scope, receive: Receive, send: Send
) -> Receive | None:
    """Answer a small question of a caller who is known; else return what the long way is to receive with."""
    sent = dict(scope["headers"])
    headers = {name: sent[key].decode("latin-1") for key, name in HEADERS.items() if key in sent}
    caller = state.callers.remembered(headers.get("authorization", ""))
    if caller is None or "content-encoding" in headers:
        return receive
    template, ask = question
    registry = state.registry
    try:
        body, again = await small_body(receive, SMALL_BYTES, registry.settings.body_seconds_max)
        answer = await ask(registry, caller, headers, scope["query_string"], body) if body is not None else None
    except Exception as error:  # noqa: BLE001 - each kind has its problem document
        scope["path_template"] = template
        await render(scope, receive, send, error)
        return None
    if answer is None:
        return again
    scope["path_template"] = template
    await _answer(send, 200, [JSON_HEADER, (b"content-length", str(len(answer.body)).encode())], answer.body)
    await asyncio.sleep(0)  # now it leaves
    answer.then()
    return None


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
