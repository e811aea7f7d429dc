"""A small check judged by what is believed, and committed only if that is so: one round trip instead of three.

Who calls, and whom the sender's list holds, is known from a moment ago. The statement that records the check compares
all of it with what is so now (`record_alone`) and writes nothing where anything differs, so what is concluded here
is exactly what would have been read. Whatever does not fit, refusals included, is left to the way that reads.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from app import clock
from app.auth import Caller, Role, sender_of
from app.check import flow, planning
from app.check.answering import render
from app.check.asking import Asked, asked, question, read_batch
from app.check.flow import Look
from app.check.recording import Case, record_beside
from app.index import Version
from app.registry import Registry
from app.safeguards import enumeration
from app.safeguards.plan import EMERGENCY
from app.sequencer import NotAsBelievedError


class Ready(Look, frozen=True, eq=False):
    """A small check with all it needs to be judged."""

    version: Version
    warnings: list[str]


class Believed(NamedTuple):
    """An answer that may leave, and what is to be done once it has: nobody needs to wait for it."""

    body: bytes
    then: Callable[[], None]


async def believed(
    registry: Registry, caller: Caller, headers: Mapping[str, str], query: bytes, body: bytes
) -> Believed | None:
    """Answer a small check with JSON, by what is believed; None where it must be asked about."""
    if not registry.sequencer.is_idle:
        return None
    try:
        ready = await _ready(registry, caller, asked(headers, query, body))
        if ready is None:
            return None
        opposed = ready.version.tags.contains(ready.batch.tags)
        outcome = await flow.decided(ready, ready.version, opposed, ready.warnings)
    except Exception:  # noqa: BLE001 - perhaps only because of what was believed; else it is met again in a moment
        return None
    case = ready.case
    try:
        answer = await record_beside(case, outcome.made, ready.version.generation, lambda: render(case, outcome))
    except NotAsBelievedError:
        registry.index.doubt(case.sender.sender_id)
        return None
    return Believed(answer.pieces[0], lambda: flow.tell(case, ready.planned.plan, outcome.made.judged, ready.now))


async def _ready(registry: Registry, caller: Caller, call: Asked) -> Ready | None:
    caller.require(Role.SENDER, Role.DELEGATE)
    if call.screen or call.answer_lines or call.idempotency_key is not None:
        return None
    asked_about = question(call)
    sender = await sender_of(caller, registry.directory, asked_about.fields.sender)
    version = registry.index.believed(sender.sender_id)
    if version is None or version.epoch != sender.epoch or asked_about.fields.purpose == EMERGENCY:
        return None
    registry.spool.require_empty()
    await registry.witness.require(sender.sender_id)
    case, now = Case(registry, caller, call, asked_about.fields, sender), clock.now()
    batch = read_batch(registry.settings.check_numbers_max, asked_about, sender.key, sender.tagger)
    planned = await planning.planned(case, batch, now)
    if not planned.rules.strict_numbers:
        return None
    numbers = batch.numbers.numbers
    warnings = await enumeration.judge(registry, planned.plan, now, numbers, batch.tags)
    return Ready(case, batch, None, planned, now, version, [*planned.warnings, *warnings])
