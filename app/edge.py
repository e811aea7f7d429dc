"""The HTTP edge: bodies read with limits, problems rendered, every request given an id, a metric and one log line."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, MutableMapping
from functools import lru_cache
from types import coroutine
from typing import Any, TypeAlias, TypeVar, cast

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from prometheus_client import Counter, Histogram

from app import clock, logs
from app.database import is_unavailable
from app.errors import (
    BusyError,
    MalformedRequestError,
    NotFoundError,
    RegistryError,
    TooLargeError,
    UnavailableError,
)
from app.inflate import Gunzip

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
T = TypeVar("T")

PROBLEM_TYPE = "https://stop-registry.example/problems/"
GZIP_NAMES = frozenset({"gzip", "x-gzip"})
RETRY_AFTER_SECONDS = {UnavailableError.status: 5, BusyError.status: 5}

REQUESTS = Counter("stop_registry_requests", "Requests by route and status", ["route", "method", "status"])
SECONDS = Histogram(
    "stop_registry_request_seconds",
    "Seconds to answer, by route",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""What a method may be called in metrics and logs; a caller can send any word."""

log = structlog.get_logger()


class TimedOutError(RegistryError):
    """The body did not arrive in time."""

    status = 408
    slug = "body-timeout"
    title = "The body did not arrive in time"
    title_fr = "Le corps de la requête n'est pas arrivé à temps"


class UnsupportedEncodingError(RegistryError):
    """The body is encoded in a way that is not read here."""

    status = 415
    slug = "unsupported-encoding"
    title = "This content encoding is not read here"
    title_fr = "Cet encodage n'est pas accepté ici"


async def read_body(
    request: Request[Any, Any, Any], bytes_max: int, seconds_max: int, *, packed: bool = False
) -> bytes:
    """Read a body whole, within both limits; neither the server nor the framework has a deadline of its own.

    `packed`: it may come as gzip. Then both what arrives and what it unpacks to are bounded.
    """
    gunzip = _gunzip(request, bytes_max, packed=packed)
    chunks, size = [], 0
    try:
        async with asyncio.timeout(seconds_max):
            async for chunk in request.stream():
                size += len(chunk)
                if size > bytes_max:
                    raise TooLargeError(f"The body may hold {bytes_max:,} bytes at most.")
                if gunzip:
                    # Beside the event loop: a packed piece can be a hundred times its size.
                    await asyncio.to_thread(gunzip.feed, chunk)
                else:
                    chunks.append(chunk)
    except TimeoutError:
        raise TimedOutError(f"The body must arrive within {seconds_max} seconds.") from None
    return gunzip.finish() if gunzip else b"".join(chunks)


def _gunzip(request: Request[Any, Any, Any], bytes_max: int, *, packed: bool) -> Gunzip | None:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if packed and encoding in GZIP_NAMES:
        return Gunzip(bytes_max)
    if encoding == "identity":
        return None
    raise UnsupportedEncodingError("Send the body without Content-Encoding" + (", or as gzip." if packed else "."))


async def plain_body(headers: Mapping[str, str], receive: Receive, bytes_max: int, seconds_max: int) -> bytes:
    """Read a body as `read_body` does, where there is no request of the framework."""
    if headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedEncodingError("Send the body without Content-Encoding.")
    try:
        return await _within(seconds_max, _chunks(receive, bytes_max))
    except TimeoutError:
        raise TimedOutError(f"The body must arrive within {seconds_max} seconds.") from None


async def small_body(receive: Receive, bytes_max: int, seconds_max: int) -> tuple[bytes | None, Receive]:
    """Return a body of at most so many bytes, else None; and what to receive it with again from its beginning."""
    arrived: list[Any] = []
    try:
        body = await _within(seconds_max, _gathered(receive, bytes_max, arrived))
    except TimeoutError:
        raise TimedOutError(f"The body must arrive within {seconds_max} seconds.") from None
    arrived.reverse()

    async def again() -> Any:  # noqa: ANN401 - as a server gives it
        return arrived.pop() if arrived else await receive()

    return body, again


async def _gathered(receive: Receive, bytes_max: int, arrived: list[Any]) -> bytes | None:
    body = b""
    while len(body) <= bytes_max:
        message = await receive()
        arrived.append(message)
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body if len(body) <= bytes_max else None
    return None


async def _chunks(receive: Receive, bytes_max: int) -> bytes:
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MalformedRequestError("The body did not arrive whole.")
        chunks.append(message.get("body", b""))
        size, more = size + len(chunks[-1]), message.get("more_body", False)
        if size > bytes_max:
            raise TooLargeError(f"The body may hold {bytes_max:,} bytes at most.")
    return b"".join(chunks)


async def _within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Await something, at most so long.

    What needs no waiting, such as a body that came with its head, is done before a deadline is set: that would cost
    more than reading it.
    """
    try:
        waits_for = work.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    async with asyncio.timeout(seconds):
        return await _resumed(work, waits_for)


@coroutine
def _resumed(work: Coroutine[Any, Any, T], waits_for: object) -> Generator[object, Any, T]:
    """Go on with something that waits already, as `await` does (PEP 380)."""
    try:
        while True:
            try:
                answer = yield waits_for
            except BaseException as error:  # noqa: BLE001 - a cancellation too is for the work to see
                waits_for = work.throw(error)
            else:
                waits_for = work.send(answer)
    except StopIteration as done:
        return cast("T", done.value)


async def render(scope: Scope, receive: Receive, send: Send, error: Exception) -> None:
    """Answer with an error's problem document, where the framework is not there to do it."""
    request: Request[Any, Any, Any] = Request(cast("Any", scope), receive, send)
    handler = next(HANDLERS[kind] for kind in type(error).__mro__ if kind in HANDLERS)
    await handler(request, error).to_asgi_response(None, request)(cast("Any", scope), receive, send)


def request_id_of(request: Request[Any, Any, Any]) -> str | None:
    """Return the id that `observed` gave the request."""
    return request.scope.get("state", {}).get("request_id")


def problem(request: Request[Any, Any, Any], error: RegistryError) -> Response[bytes]:
    """Render an error as RFC 9457 asks."""
    french = request.headers.get("accept-language", "").lower().startswith("fr")
    body = {
        "type": PROBLEM_TYPE + error.slug,
        "title": error.title_fr if french else error.title,
        "status": error.status,
        "detail": error.french if french else str(error),
        "request_id": request_id_of(request),
        **error.members,
    }
    headers = {}
    retry_after = error.retry_after_seconds or RETRY_AFTER_SECONDS.get(error.status)
    if retry_after:
        headers["Retry-After"] = str(retry_after)
    content = msgspec.json.encode(body)
    return Response(content, status_code=error.status, media_type="application/problem+json", headers=headers)


def on_registry_error(request: Request[Any, Any, Any], error: RegistryError) -> Response[bytes]:
    """Ours: the message was written for the caller, unless something of ours failed."""
    if error.status == RegistryError.status:
        return on_unknown_error(request, error)
    return problem(request, error)


def on_malformed(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Bytes that are no JSON, or JSON of another shape: say where."""
    detail = "The body is not valid UTF-8 JSON."
    if isinstance(error, msgspec.ValidationError):
        detail = logs.DIGIT_RUN.sub(logs.MASK, str(error))  # it names an unknown field, which can be a number
    return problem(request, MalformedRequestError(detail))


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """The framework's own refusals: unknown paths, methods, sizes."""
    known = {404: NotFoundError("There is nothing at this address."), 413: TooLargeError("The body is too large.")}
    shown = known.get(error.status_code)
    if shown is None and error.status_code >= RegistryError.status:
        return on_unknown_error(request, error)
    if shown is None:
        shown = MalformedRequestError("The request does not fit this address; see /schema.")
        shown.status = error.status_code
    return problem(request, shown)


def on_unknown_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Something nobody foresaw: the caller learns nothing but the request's id, the log learns the kind and place.

    A database that went away in the middle is foreseen: nothing is concluded, and the caller asks again.
    """
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else None
    log.error("request_failed", error=type(error).__name__, where=where, request_id=request_id_of(request))
    if is_unavailable(error):
        return problem(request, UnavailableError("The database is away; ask again in a few seconds."))
    return problem(request, RegistryError("Something failed here; quote the request_id to the registry's operator."))


HANDLERS: dict[type[Exception] | int, Callable[..., Response[bytes]]] = {
    RegistryError: on_registry_error,
    msgspec.MsgspecError: on_malformed,
    UnicodeDecodeError: on_malformed,
    RecursionError: on_malformed,
    HTTPException: on_http_error,
    Exception: on_unknown_error,
}


def observed(app: Application) -> Application:
    """Wrap the application: an id for every request, one metric, one log line with the route and never the path."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        request_id, started, status = clock.new_id("req"), time.perf_counter(), 0
        scope.setdefault("state", {})["request_id"] = request_id

        async def tagged(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await app(scope, receive, tagged)
            seconds = time.perf_counter() - started
            await asyncio.sleep(0)  # the answer leaves at the end of this turn: what is noted of it comes after
        except BaseException:
            _observe(scope, status, time.perf_counter() - started, request_id)
            raise
        _observe(scope, status, seconds, request_id)

    return wrapped


def _observe(scope: Scope, status: int, seconds: float, request_id: str) -> None:
    # The template, not the path: a path can hold anything a caller typed (libraries.md, finding 6).
    route = str(scope.get("path_template") or "unknown")
    method = scope["method"] if scope["method"] in METHODS else "other"
    counter, histogram = _metrics(route, method, status)
    counter.inc()
    histogram.observe(seconds)
    logs.request(route, method, status, round(seconds * 1000, 1), request_id)


@lru_cache(maxsize=1_024)
def _metrics(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """Find the two metrics once: looking them up costs more than counting."""
    return REQUESTS.labels(route, method, status), SECONDS.labels(route)
