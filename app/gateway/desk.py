"""The registry, as a gateway asks it: admitted, refused, or no answer; never one for another.

An answer is what the registry itself said within the time stated: the form it has, or one of its own problem documents.
All else is none: silence, a proxy's page, a server in trouble, a key that is not taken.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import httpx
import msgspec

from app.gateway.calls import Call
from app.gateway.problems import PROBLEM_TYPE, REFUSED, Problem, Refused
from app.gateway.settings import Settings
from app.standing_clearance import StandingTerms

ANSWERED: Final = 200
REFUSALS: Final = frozenset({403, 404, 409, 422, 423})
SILENCE_SECONDS: Final = 5.0
"""How long alerts go out without asking anew after an answer failed to come: not each of them waits in vain."""
CONNECTIONS_MAX: Final = 16
T = TypeVar("T")
PASSED_ON: Final = frozenset({"rule", "profile", "source", "changed_by", "held_since"})


class NoAnswerError(Exception):
    """Nothing was decided; the text says what came instead."""


class Admitted(msgspec.Struct, frozen=True):
    """Whom to send to now, as they were named, and whom not."""

    send: tuple[str, ...]
    refused: tuple[Refused, ...] = ()


class _Granted(msgspec.Struct, frozen=True):
    token: str


class _Checked(msgspec.Struct, frozen=True):
    allowed: tuple[str, ...]
    clearance: _Granted | None


class _ProblemDocument(msgspec.Struct, frozen=True):
    type: str
    detail: str = ""


class Desk:
    """Asks over connections that are kept alive."""

    def __init__(self, settings: Settings) -> None:
        loopback = httpx.URL(settings.registry).host in {"127.0.0.1", "localhost", "::1"}
        self._seconds = settings.seconds
        self._silent_until = 0.0
        self._client = httpx.AsyncClient(
            base_url=settings.registry,
            headers={"Authorization": f"Bearer {settings.key}"},
            timeout=settings.seconds,
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX),
            trust_env=not loopback,
        )

    @property
    def silent(self) -> bool:
        """Tell whether the last question got no answer, a moment ago."""
        return time.monotonic() < self._silent_until

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def admit(self, clearance_id: str, call: Call, request_id: str) -> Admitted:
        """Ask for the call's numbers; Problem when refused as a whole, NoAnswerError when nothing was decided."""
        body = {"numbers": call.to, "request_id": request_id}
        content = await self._ask("POST", f"/v1/clearances/{clearance_id}/admissions", body)
        admitted = _decoded(content, Admitted)
        named = Counter(admitted.send) + Counter(one.number for one in admitted.refused)
        if named != Counter(call.to):
            raise NoAnswerError("The answer is about other numbers.")
        return admitted

    async def check(self, terms: StandingTerms, call: Call, request_id: str) -> tuple[Admitted, str | None]:
        """Check an alert that was not checked before; returns also the signed clearance, None where nobody has one."""
        body = {
            "sender": terms.sender,
            "purpose": "emergency",
            "numbers": call.to,
            "campaign": call.campaign,
            "sender_id": call.sender_id,
            "drill": call.drill,
        }
        content = await self._ask("POST", "/v1/checks?as=allowed", body, {"Idempotency-Key": request_id})
        checked = _decoded(content, _Checked)
        left = Counter(call.to) - Counter(checked.allowed)
        if Counter(checked.allowed) - Counter(call.to):
            raise NoAnswerError("The answer is about other numbers.")
        refused = tuple(Refused(number, "invalid") for number in left.elements())
        return Admitted(checked.allowed, refused), checked.clearance.token if checked.clearance else None

    async def tell(self, standing_id: str, use: Mapping[str, object]) -> None:
        """Tell what went out under a standing clearance."""
        await self._ask("POST", f"/v1/clearances/{standing_id}/uses", use)

    async def denied(self) -> str:
        """Return the published list of standing clearances that ended before their time."""
        return (await self._ask("GET", "/.well-known/denied-standing.jws")).decode("ascii", "replace")

    async def _ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        content = msgspec.json.encode(body) if body is not None else None
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._client.request(method, path, content=content, headers=headers)
        except (TimeoutError, httpx.HTTPError) as error:
            self._silent_until = time.monotonic() + SILENCE_SECONDS
            raise NoAnswerError(f"No answer within {self._seconds:g} s ({type(error).__name__}).") from None
        self._silent_until = 0.0
        if answer.status_code == ANSWERED:
            return answer.content
        if answer.status_code in REFUSALS:
            raise _refusal(answer.content, body)
        raise NoAnswerError(f"The registry answered {answer.status_code}, which decides nothing.")


def _refusal(content: bytes, body: object) -> Exception:
    """Return the registry's refusal; NoAnswerError where the document is not its own."""
    try:
        document = msgspec.json.decode(content, type=_ProblemDocument)
        members = msgspec.json.decode(content, type=dict)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return NoAnswerError("What was answered is no answer of a registry.")
    if not document.type.startswith(PROBLEM_TYPE):
        return NoAnswerError("What was answered is no answer of a registry.")
    reason = document.type.removeprefix(PROBLEM_TYPE)
    numbers: Sequence[str] = body.get("numbers", ()) if isinstance(body, dict) else ()
    passed = {name: value for name, value in members.items() if name in PASSED_ON}
    return Problem(REFUSED, document.detail, refused=[Refused(number, reason) for number in numbers], **passed)


def _decoded(content: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise NoAnswerError("What was answered is no answer of a registry.") from None
