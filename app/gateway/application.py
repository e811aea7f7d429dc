"""The ASGI application: `/cgi-bin/sendsms` as Kannel has it, and `/health`."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import structlog

from app import clock, logs
from app.gateway.flow import Answer, Gateway
from app.gateway.problems import Problem
from app.gateway.settings import Settings
from app.gateway.telling import telling

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

SENDSMS, HEALTH = "/cgi-bin/sendsms", "/health"
PLAIN = [(b"content-type", b"text/plain; charset=utf-8")]
log = structlog.get_logger()


def application(settings: Settings) -> Application:
    """Build the application; files are read now, so that what is missing is said at the start."""
    gateway = Gateway(settings)

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(gateway, receive, send)
        elif scope["type"] == "http":
            started = time.perf_counter()
            answer = await _answer(gateway, scope)
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.body})
            route = scope["path"] if scope["path"] in {SENDSMS, HEALTH} else "unknown"
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            logs.request(route, "GET", answer.status, milliseconds, clock.new_id("req"))

    return served


async def _answer(gateway: Gateway, scope: Scope) -> Answer:
    if scope["path"] == HEALTH:
        return Answer(200, PLAIN, b"ok\n")
    if scope["path"] != SENDSMS:
        return Answer(404, PLAIN, b"There is nothing at this address; messages go to /cgi-bin/sendsms.\n")
    if scope["method"] != "GET":
        return Answer(405, [*PLAIN, (b"allow", b"GET")], b"Send the parameters in the query, with GET.\n")
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    try:
        return await gateway.send(scope["query_string"], headers.get(b"x-clearance"))
    except Problem as problem:
        return Answer(problem.status, problem.headers, problem.body(headers.get(b"accept-language", "")))


async def _live(gateway: Gateway, receive: Receive, send: Send) -> None:
    """Serve from uvicorn's startup to its shutdown."""
    await receive()
    async with telling(gateway):
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await gateway.close()
    await send({"type": "lifespan.shutdown.complete"})
