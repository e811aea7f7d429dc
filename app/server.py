"""create_app: the routes, in one visible list, and the life of what serves them."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, cast
from urllib.parse import quote

import msgspec
from litestar import HttpMethod, Litestar, Request, Response, get, post, route
from litestar.datastructures import CacheControlHeader, State
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from app import (
    __version__,
    admissions,
    anchors,
    audit,
    auth,
    breakers,
    canaries,
    channels,
    check,
    clearances,
    clock,
    intake,
    journal,
    keyset,
    operators,
    opposition,
    proofs,
    puller,
    quiet_hours,
    recalls,
    reconciliation,
    recovery,
    retention,
    standing_clearances,
    subjects,
)
from app.auth import Caller
from app.database import lent
from app.edge import HANDLERS, Application, observed, read_body
from app.errors import UnavailableError
from app.registry import Registry, open_registry
from app.settings import Settings
from app.short_way import State as ServerState
from app.short_way import short_way

Call = Request[Any, Any, State]
Act = Callable[[Registry, Caller, str, bytes], Awaitable[object]]
LARGE_CHECK_BYTES = 200_000
JSON = "application/json"
SHARED_METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
JWKS_CACHED_SECONDS = 300
DENIED_CACHED_SECONDS = 30
ADMISSION_BODY_BYTES_MAX = 1_000_000


def registry_of(request: Call) -> Registry:
    """Return the running registry."""
    registry: Registry = request.app.state.registry
    return registry


async def caller_of(request: Call) -> Caller:
    """Return who is calling; the key is looked up anew every time."""
    registry = registry_of(request)
    seconds = registry.settings.commit_seconds_max
    authorization = request.headers.get("authorization", "")
    async with asyncio.timeout(seconds), lent(registry.pool, seconds) as db:
        caller = await auth.authenticate(db, authorization)
    request.app.state.callers.remember(authorization, caller)
    return caller


@get("/health/live", sync_to_thread=False)
def live() -> dict[str, str]:
    """Say that the process runs."""
    return {"status": "live"}


@get("/health/ready")
async def ready(request: Call) -> dict[str, str]:
    """Say whether messages and checks can be served."""
    if not await recovery.database_answers(registry_of(request)):
        raise UnavailableError("The database is away.")
    return {"status": "ready"}


@get("/metrics", sync_to_thread=False)
def metrics() -> Response[bytes]:
    """Metrics in Prometheus' format, of all worker processes together."""
    if not os.environ.get(SHARED_METRICS_VARIABLE):
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library types everything but this
    return Response(generate_latest(together), media_type=CONTENT_TYPE_LATEST)


@get("/.well-known/jwks.json", cache_control=CacheControlHeader(max_age=JWKS_CACHED_SECONDS))
async def jwks(request: Call) -> dict[str, list[dict[str, str]]]:
    """Publish the keys under which receipts and clearances verify: current, next and retired."""
    return {"keys": await keyset.key_set(registry_of(request))}


@route(
    ["/v1/mo/{connection:str}", "/v1/mo/{connection:str}/{token:str}"], http_method=[HttpMethod.GET, HttpMethod.POST]
)
async def receive_mo(request: Call, connection: FromPath[str]) -> Response[bytes]:
    """Take MO messages from an operator, in the operator's own format."""
    registry = registry_of(request)
    settings = registry.settings
    body = await read_body(request, settings.mo_body_bytes_max, settings.body_seconds_max)
    answer = await intake.receive(registry, connection, _operator_request(request, body))
    # The framework adds the charset itself; two of them, and Kannel cannot read the text for the phone.
    media_type = answer.content_type.partition(";")[0] or "text/plain"
    return Response(answer.body, status_code=answer.status, media_type=media_type)


@post(["/v1/manifests/{connection:str}", "/v1/manifests/{connection:str}/{token:str}"], status_code=200)
async def take_manifest(request: Call, connection: FromPath[str]) -> Response[bytes]:
    """Compare an operator's own account of a period with what arrived, and take the STOPs that did not."""
    registry = registry_of(request)
    body = await read_body(request, reconciliation.MANIFEST_BODY_BYTES_MAX, registry.settings.body_seconds_max)
    report = await reconciliation.take_manifest(registry, connection, _operator_request(request, body))
    return Response(report, media_type=JSON)


@post("/v1/checks", status_code=200)
async def check_batch(
    request: Call,
    as_: Annotated[str | None, QueryParameter(name="as")] = None,  # noqa: ARG001 - for /schema; check reads the query
    mode: FromQuery[str | None] = None,  # noqa: ARG001 - the same
) -> Response[bytes] | Stream:
    """Ask which numbers of a batch must be withheld: JSON or lines in, JSON or the allowed lines out."""
    registry = registry_of(request)
    caller = await caller_of(request)
    settings = registry.settings
    body = await read_body(request, settings.check_body_bytes_max, settings.body_seconds_max, packed=True)
    asked = check.asked(request.headers, request.scope["query_string"], body)
    if len(body) < LARGE_CHECK_BYTES:
        return _written(await check.check(registry, caller, asked))
    async with await request.app.state.lanes.of(asked):
        return _written(await check.check(registry, caller, asked))


@get("/v1/checks/{check_id:str}")
async def check_record(request: Call, check_id: FromPath[str]) -> dict[str, object]:
    """Look a check up again."""
    return await check.record_of(registry_of(request), await caller_of(request), check_id)


@post("/v1/clearances/verify", status_code=200)
async def verify_clearance(request: Call) -> Response[bytes]:
    """Say whether a clearance may be used now, for these numbers, and name what is wrong if not."""
    registry = registry_of(request)
    caller = await caller_of(request)
    settings = registry.settings
    body = await read_body(request, settings.check_body_bytes_max, settings.body_seconds_max)
    return Response(msgspec.json.encode(await clearances.verify(registry, caller, body)), media_type=JSON)


@post("/v1/clearances/{clearance_id:str}/revoke", status_code=204)
async def revoke_clearance(request: Call, clearance_id: FromPath[str]) -> None:
    """End a clearance before its time."""
    await clearances.revoke(registry_of(request), await caller_of(request), clearance_id)


@post("/v1/clearances/{clearance_id:str}/admissions", status_code=200)
async def admit(request: Call, clearance_id: FromPath[str]) -> Response[bytes]:
    """Ask, at the moment of sending, which numbers may go now; each goes once."""
    return await _about(request, clearance_id, admissions.admit, ADMISSION_BODY_BYTES_MAX)


@post("/v1/clearances/{clearance_id:str}/recall", status_code=200)
async def recall(request: Call, clearance_id: FromPath[str]) -> Response[bytes]:
    """Name those of the unsent numbers that must not be sent to any more."""
    return await _about(request, clearance_id, recalls.recall)


@post("/v1/clearances/{clearance_id:str}/release", status_code=200)
async def release(request: Call, clearance_id: FromPath[str]) -> Response[bytes]:
    """Take back what was not sent."""
    return await _about(request, clearance_id, recalls.release)


@get("/.well-known/denied-standing.jws", cache_control=CacheControlHeader(max_age=DENIED_CACHED_SECONDS))
async def denied_standing(request: Call) -> Response[bytes]:
    """Publish the signed list of standing clearances that ended before their time."""
    return Response((await standing_clearances.denied(registry_of(request))).encode(), media_type="application/jose")


@post("/v1/clearances/{standing_id:str}/uses", status_code=200)
async def tell_use(request: Call, standing_id: FromPath[str]) -> Response[bytes]:
    """Take what a gateway sent under a standing clearance while nobody answered."""
    return await _about(request, standing_id, standing_clearances.tell, ADMISSION_BODY_BYTES_MAX)


@post("/v1/opt-outs", status_code=200)
async def take_opt_outs(request: Call) -> Response[bytes]:
    """Take oppositions from other channels: web form, call centre, letter."""
    registry = registry_of(request)
    caller = await caller_of(request)
    settings = registry.settings
    body = await read_body(request, settings.check_body_bytes_max, settings.body_seconds_max)
    return Response(await channels.take(registry, caller, body), media_type=JSON)


@post("/v1/opt-ins")
async def opt_in(request: Call) -> Response[bytes]:
    """Record a consent that is newer than the person's opposition; 202 when a data protection officer decides."""
    registry = registry_of(request)
    caller = await caller_of(request)
    settings = registry.settings
    body = await read_body(request, settings.mo_body_bytes_max, settings.body_seconds_max)
    outcome = await opposition.opt_in(registry, caller, body)
    status = 202 if outcome.outcome == "review" else 200
    return Response(msgspec.json.encode(outcome), status_code=status, media_type=JSON)


@get("/v1/ledgers/{sender:str}/checkpoint")
async def checkpoint(request: Call, sender: FromPath[str]) -> Response[bytes]:
    """Return the signed head of a sender's ledger (C2SP checkpoint)."""
    registry = registry_of(request)
    found = await audit.sender_for(registry, await caller_of(request), sender)
    text = await audit.checkpoint(registry, found)
    return Response(text.encode(), media_type="text/plain")


@get("/v1/ledgers/{sender:str}/proofs/inclusion")
async def prove_inclusion(
    request: Call, sender: FromPath[str], index: FromQuery[int], size: FromQuery[int | None] = None
) -> Response[bytes]:
    """Prove that an entry is in the tree of a size (now's, by default), with a checkpoint of that size."""
    registry = registry_of(request)
    found = await audit.sender_for(registry, await caller_of(request), sender)
    async with request.app.state.proof_gate:
        answer = await proofs.inclusion(registry, found, index, size)
    return Response(msgspec.json.encode(answer), media_type=JSON)


@get("/v1/ledgers/{sender:str}/proofs/consistency")
async def prove_consistency(
    request: Call,
    sender: FromPath[str],
    start: Annotated[int, QueryParameter(name="from")],
    end: Annotated[int | None, QueryParameter(name="to")] = None,
) -> Response[bytes]:
    """Prove that the tree of a size (now's, by default) extends an older one, with a checkpoint of the newer."""
    registry = registry_of(request)
    found = await audit.sender_for(registry, await caller_of(request), sender)
    async with request.app.state.proof_gate:
        answer = await proofs.consistency(registry, found, start, end)
    return Response(msgspec.json.encode(answer), media_type=JSON)


@get("/v1/ledgers/{sender:str}/anchors")
async def list_anchors(
    request: Call,
    sender: FromPath[str],
    start: Annotated[datetime | None, QueryParameter(name="from")] = None,
    end: Annotated[datetime | None, QueryParameter(name="to")] = None,
) -> Response[bytes]:
    """List the heads that this node's witness, or a time-stamping authority, has seen in a period."""
    registry = registry_of(request)
    found = await audit.sender_for(registry, await caller_of(request), sender)
    async with request.app.state.proof_gate:
        answer = await anchors.anchors(registry, found, _utc(start), _utc(end))
    return Response(msgspec.json.encode(answer), media_type=JSON)


@get("/v1/audit/export")
async def export(
    request: Call,
    sender: FromQuery[str | None] = None,
    start: Annotated[datetime | None, QueryParameter(name="from")] = None,
    end: Annotated[datetime | None, QueryParameter(name="to")] = None,
) -> Stream:
    """Stream a sender's export as a zip."""
    registry = registry_of(request)
    caller = await caller_of(request)
    found = await audit.sender_for(registry, caller, sender)
    name = quote(f"{found.slug}.zip")
    return Stream(
        await audit.export(registry, found, audit.Scope(_utc(start), _utc(end)), caller.key_id),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@post("/v1/audit/subjects", status_code=200)
async def look_up_subjects(request: Call) -> Response[bytes]:
    """Say everything that is held about a person, as JSON or as a page to print (Accept: text/html)."""
    registry = registry_of(request)
    caller = await caller_of(request)
    settings = registry.settings
    body = await read_body(request, settings.mo_body_bytes_max, settings.body_seconds_max)
    async with request.app.state.proof_gate:
        answer = await subjects.answer_over_http(registry, caller, body)
    headers = {"Cache-Control": "no-store"}
    if request.accept.best_match([JSON, "text/html"]) == "text/html":
        return Response(subjects.as_html(answer).encode(), media_type="text/html", headers=headers)
    return Response(msgspec.json.encode(answer), media_type=JSON, headers=headers)


CHORES = (journal.sign_what_is_over, subjects.remind, anchors.stamp_due)
"""What is looked at every ten minutes."""

ROUTES = [
    live,
    ready,
    metrics,
    jwks,
    receive_mo,
    take_manifest,
    check_batch,
    check_record,
    verify_clearance,
    revoke_clearance,
    admit,
    recall,
    release,
    denied_standing,
    tell_use,
    take_opt_outs,
    opt_in,
    checkpoint,
    prove_inclusion,
    prove_consistency,
    list_anchors,
    export,
    look_up_subjects,
]


def create_app(settings: Settings, database_url: str) -> Litestar:
    """Build the application; nothing is opened before its lifespan begins."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with open_registry(settings, database_url) as registry, puller.running(registry):
            app.state.registry = registry
            app.state.callers = auth.Callers()
            await asyncio.to_thread(quiet_hours.load, clock.now().year)
            app.state.lanes = check.Lanes(settings.checks_at_once_max)
            app.state.proof_gate = check.Gate(at_once=1)  # each hashes a whole ledger
            async with (
                recovery.watching(registry),
                retention.running(registry, CHORES),
                canaries.reminding(registry),
                breakers.watching(registry),
            ):
                yield

    return Litestar(
        route_handlers=ROUTES,
        lifespan=[lifespan],
        exception_handlers=HANDLERS,
        middleware=[],
        request_max_body_size=settings.check_body_bytes_max + 1,
        openapi_config=OpenAPIConfig(
            title="stop-registry", version=__version__, path="/schema", render_plugins=[JsonRenderPlugin(path="/")]
        ),
        logging_config=None,
    )


def create_asgi(settings: Settings, database_url: str) -> Application:
    """Build the application as it is served."""
    return as_served(create_app(settings, database_url))


def as_served(app: Litestar) -> Application:
    """Put ids, metrics and log lines around everything, 404s included, and the short ways in front."""
    return observed(short_way(lambda: cast("ServerState", app.state), cast("Application", app)))


async def _about(request: Call, clearance_id: str, act: Act, bytes_max: int | None = None) -> Response[bytes]:
    """Answer what a caller asks or says about a clearance."""
    registry, caller = registry_of(request), await caller_of(request)
    settings = registry.settings
    body = await read_body(request, bytes_max or settings.check_body_bytes_max, settings.body_seconds_max)
    return Response(msgspec.json.encode(await act(registry, caller, clearance_id, body)), media_type=JSON)


def _written(answer: check.Answer) -> Response[bytes] | Stream:
    """Send an answer of one piece whole, and lines piece by piece, each forgotten once it is on its way."""
    if answer.media_type == JSON:
        return Response(answer.pieces[0], media_type=JSON, headers=answer.headers)
    length = str(sum(map(len, answer.pieces)))
    pieces = deque(answer.pieces)

    async def sent() -> AsyncIterator[bytes]:
        while pieces:
            yield pieces.popleft()

    # With its length said, a reader can tell a whole list from one that was cut.
    return Stream(sent(), media_type=answer.media_type, headers=answer.headers | {"Content-Length": length})


def _utc(instant: datetime | None) -> datetime | None:
    """Read an instant without a zone as UTC."""
    return instant.replace(tzinfo=UTC) if instant is not None and instant.tzinfo is None else instant


def _operator_request(request: Call, body: bytes) -> operators.Request:
    client = request.client
    headers: Mapping[str, str] = {name.lower(): value for name, value in request.headers.items()}
    return operators.Request(
        method=request.method,
        path=request.scope["raw_path"].decode("latin-1"),
        query=request.scope["query_string"],
        headers=dict(headers),
        body=body,
        peer=client.host if client else "",
    )
