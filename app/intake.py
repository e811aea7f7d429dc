"""Operator webhook -> authenticated, decoded, attributed, committed, acknowledged (D1, D2, D10, D13, D16).

What cannot be authenticated or read goes to quarantine, sealed; a readable STOP never does. The answer leaves only
after the commit, and an unknown outcome is 503, so that the operator sends again; the request is spooled all the same,
because not every operator does.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec
import structlog

from app import canaries, clock, jws, longtext, lookback, operators, receipts, replies
from app.alarms import Kind
from app.attribution import NO_TRACES
from app.case import Case, candidates_of, conclude
from app.database import is_unavailable, write_transaction
from app.directory import Link, Snapshot
from app.errors import BadSignatureError, NotFoundError, UnavailableError
from app.intent import Intent
from app.profile import Profile
from app.queries import mo
from app.registry import Registry
from app.sequencer import Poisoned, Settled
from app.spool import Spooled, SpoolFullError

SERVICE_NUMBER = re.compile(r"\+?[0-9]{3,8}")

NOT_AUTHENTIC = "A request does not carry this connection's proof; compare its secrets with the operator's."
CONFIRM = "The provider asks to confirm the subscription: open this address once, in a browser: "
CODE_UNKNOWN = "A message came to a code that this registry does not know; add it with `stop-registry code add`."

RECONCILIATION = "reconciliation"

SetAside: TypeAlias = Callable[[str], Awaitable[None]]
"""What becomes of a request, or a part of it, that cannot be used; takes the reason."""

log = structlog.get_logger()


class QuarantineFullError(UnavailableError):
    """The quarantine of this connection takes no more until a person has looked."""


async def receive(registry: Registry, slug: str, request: operators.Request) -> operators.Answer:
    """Take one request of an operator connection; return the provider's own acknowledgement."""
    link = await registry.directory.link(slug)
    if link is None:
        raise NotFoundError("There is no such operator connection; look it up with `stop-registry operator list`.")
    provider, now = operators.provider(link.connection.provider), clock.now()

    async def set_aside(reason: str) -> None:
        await quarantine(registry, link, reason, request, now)

    await in_step()
    try:
        authentic = provider.authenticate(request, link.connection, now)
    except BadSignatureError as refusal:
        log.warning("mo_not_authentic", connection=slug)
        registry.alarms.raise_alarm(Kind.BAD_SIGNATURE, slug, NOT_AUTHENTIC)
        await set_aside("not-authentic")
        raise BadSignatureError(str(refusal)) from None
    try:
        outcomes = await take(registry, link, request, now, set_aside, stale=authentic.stale)
    except QuarantineFullError:
        raise
    except UnavailableError:
        await _spool(registry, link, request, now, stale=authentic.stale)
        raise
    return provider.acknowledge(request, link.connection, outcomes)


async def in_step() -> None:
    """Let every other request come to the same place first.

    A hundred of them run through one stretch of code after the other in three quarters of the time that each takes
    through all of it, since the processor has each stretch at hand; alone, a request loses a few microseconds.
    """
    await asyncio.sleep(0)


async def take(
    registry: Registry, link: Link, request: operators.Request, now: datetime, set_aside: SetAside, *, stale: bool
) -> tuple[operators.Outcome, ...]:
    """Decode and commit an authentic request that was received at `now`, whoever brings it back.

    What cannot be used is handed to `set_aside` with the reason. UnavailableError when the outcome is not known.
    """
    provider = operators.provider(link.connection.provider)
    decoded = provider.decode(request, link.connection)
    for item in decoded.unreadable:
        await set_aside(item.reason)
    if decoded.control is not None:
        # Nothing is fetched by us: an address that came from outside is opened by a person, or not at all.
        registry.alarms.raise_alarm(Kind.CONFIRMATION_ASKED, link.connection.slug, CONFIRM + decoded.control)
    snapshot = await registry.directory.current()
    await in_step()
    cases = [conclude(registry.root, link, snapshot, message, now, stale=stale) for message in decoded.messages]
    cases += await longtext.wholes(registry, link, snapshot, decoded.messages, now, stale=stale)
    traced = [_traced(registry, link, snapshot, case, now, stale=stale) for case in cases]
    cases = [await traced[0]] if len(traced) == 1 else await asyncio.gather(*traced)  # a task costs more than most
    cases = list(await canaries.recognised(registry, link, cases, now))
    settled = await _settle_all(registry, cases, set_aside)
    await _prove(registry, link, snapshot, cases, settled)
    if any((case.message.short_code or "") not in snapshot.codes for case in cases):
        registry.alarms.raise_alarm(Kind.UNKNOWN_CODE, link.connection.slug, CODE_UNKNOWN)
    answered = [(case, done) for case, done in zip(cases, settled, strict=True) if not case.joined]
    replies_go_back = provider.can_reply and link.replies == "answer"
    written = await _receipts(registry, link, answered) if provider.gives_receipts else [None] * len(answered)
    return tuple(
        operators.Outcome(
            case.message.position,
            receipt=receipt,
            reply=_reply(snapshot, case, done) if replies_go_back and _is_a_person(case.message) else None,
        )
        for (case, done), receipt in zip(answered, written, strict=True)
    )


async def cases(registry: Registry, link: Link, messages: Sequence[operators.Message]) -> list[Case]:
    """Conclude about messages that no webhook brought: an operator's list, or its own account of what it sent."""
    snapshot, now = await registry.directory.current(), clock.now()
    return [conclude(registry.root, link, snapshot, message, now, stale=False) for message in messages]


async def apply(registry: Registry, link: Link, found: Sequence[Case], source: str) -> list[Settled]:
    """Commit such messages; one that was committed before stays as it is."""
    marked = [
        msgspec.structs.replace(case, journal=msgspec.structs.replace(case.journal, source=source))
        for case in await canaries.disarmed(registry, found)
    ]
    requests = [
        operators.Request(source.upper(), f"/{source}/{link.connection.slug}", body=msgspec.json.encode(case.message))
        for case in found
    ]

    def set_aside_as(request: operators.Request) -> SetAside:
        return lambda reason: quarantine(registry, link, reason, request, clock.now())

    works = (_settle(registry, case, set_aside_as(request)) for request, case in zip(requests, marked, strict=True))
    settled = list(await asyncio.gather(*works))
    if source != RECONCILIATION:  # what had to be reconciled is what the channel did not bring
        await _prove(registry, link, await registry.directory.current(), marked, settled)
    return settled


async def quarantine(
    registry: Registry, link: Link, reason: str, request: operators.Request, now: datetime, *, bounded: bool = True
) -> None:
    """Keep a request that could not be used, sealed and counted; UnavailableError when that is not certain.

    `bounded` is given up for what comes out of the spool, which has its own bound: it must not block the node.
    """
    slug, seconds = link.connection.slug, registry.settings.commit_seconds_max
    work = asyncio.ensure_future(_put_in_quarantine(registry, link, reason, request, now, bounded=bounded))
    try:
        # Only the wait ends: cut off in the middle, a commit may be reported as done where no standby has it.
        size = await asyncio.wait_for(asyncio.shield(work), seconds)
    except QuarantineFullError:
        registry.alarms.raise_alarm(Kind.QUARANTINE_FULL, slug, "Nothing more is kept; look at it and replay it.")
        raise
    except Exception as error:
        work.add_done_callback(_forget)
        if is_unavailable(error):
            raise UnavailableError("The database is away; send the same request again.") from error
        raise
    registry.alarms.raise_alarm(Kind.QUARANTINE_GROWING, slug, f"Requests wait in quarantine: {size}.")
    log.warning("mo_quarantined", connection=slug, reason=reason)


async def _put_in_quarantine(
    registry: Registry, link: Link, reason: str, request: operators.Request, now: datetime, *, bounded: bool
) -> int:
    fingerprint = registry.root.digest("quarantine", raw_of(msgspec.structs.replace(request, peer="")))
    aad = quarantine_aad(link.connection_id, fingerprint)
    box = registry.root.seal("quarantine", raw_of(request), aad, clock.random_bytes(12))
    async with write_transaction(registry.pool) as db:
        size = await mo.quarantine_size(db, link.connection_id)
        if bounded and size >= registry.settings.quarantine_requests_max:
            raise QuarantineFullError("The quarantine of this connection is full; a person must look at it first.")
        await mo.put_in_quarantine(db, link.connection_id, fingerprint, reason, box, now)
    return size + 1


def quarantine_aad(connection_id: int, fingerprint: bytes) -> bytes:
    """Return what a sealed request is bound to: its row."""
    return f"{connection_id}:{fingerprint.hex()}".encode()


async def _spool(registry: Registry, link: Link, request: operators.Request, now: datetime, *, stale: bool) -> None:
    """Keep an authentic request that the database did not take; the operator is answered 503 all the same."""
    try:
        await registry.spool.put(Spooled(link.connection_id, link.connection.slug, now, stale, request))
    except SpoolFullError as full:
        registry.alarms.raise_alarm(Kind.SPOOL_FULL, clock.node(), str(full))
    else:
        registry.alarms.raise_alarm(Kind.SPOOL_NOT_EMPTY, clock.node(), "Messages wait for the database.")


def _forget(work: "asyncio.Future[int]") -> None:
    """Take the exception of a work that nobody waits for any more."""
    if not work.cancelled():
        work.exception()


async def _traced(
    registry: Registry, link: Link, snapshot: Snapshot, case: Case, now: datetime, *, stale: bool
) -> Case:
    """Conclude again with what our own records say, where that can change whom the message concerns."""
    if case.attribution.basis not in lookback.NAMEABLE:
        return case
    question = lookback.Question(
        case.message,
        candidates_of(link, snapshot, case.message),
        case.attribution,
        case.journal.event_at,
        opposes=any(wish.opposes for wish in case.journal.wishes),
    )
    traces = await lookback.traces(registry, snapshot, question, now)
    if traces == NO_TRACES:
        return case
    return conclude(registry.root, link, snapshot, case.message, now, stale=stale, joined=case.joined, traces=traces)


async def _settle(registry: Registry, case: Case, set_aside: SetAside) -> Settled:
    """Commit one message. One that nobody can be found for, or that cannot be committed, is kept in quarantine.

    Such a one is not journalled: journalled, it would be known when it comes again, and never be applied.
    """
    orphan = case.verdict.stop_word and not case.journal.wishes
    if case.message.msisdn is None or orphan:
        await set_aside("unreadable-number" if case.message.msisdn is None else "unknown-code")
        return Settled()
    try:
        settled = await registry.sequencer.message(case.journal, registry.settings.commit_seconds_max)
    except Poisoned:
        await set_aside("cannot-be-committed")
        return Settled()
    if settled.fresh:
        registry.tally.count(case.journal)
    return settled


async def _settle_all(registry: Registry, cases: Sequence[Case], set_aside: SetAside) -> Sequence[Settled]:
    """Commit all at once; nearly every request holds one message, which needs no task of its own."""
    if len(cases) == 1:
        return [await _settle(registry, cases[0], set_aside)]
    return await asyncio.gather(*(_settle(registry, case, set_aside) for case in cases))


async def _prove(
    registry: Registry, link: Link, snapshot: Snapshot, cases: Sequence[Case], settled: Sequence[Settled]
) -> None:
    """Note that STOPs arrived. Only a clear STOP proves that STOPs do: operators treat that word like no other."""
    waits = False
    for case, done in zip(cases, settled, strict=True):
        code, arrived_at = case.message.short_code or "", done.first_received_at
        if arrived_at is not None and case.verdict.intent is Intent.STOP and code in snapshot.codes:
            told = case.journal.source != "mo"  # a list that is read today may hold a STOP of long ago
            at = min(arrived_at, case.journal.event_at) if told else arrived_at
            waits |= registry.pulse.heard(link.connection_id, code, at, new=done.fresh)
    if waits:
        await registry.pulse.prove()


async def _receipts(registry: Registry, link: Link, answered: Sequence[tuple[Case, Settled]]) -> list[str]:
    """Write and sign the receipt of each message that is committed now."""
    key = registry.root.signing_key()
    unsigned = [
        receipts.to_sign(
            receipts.receipt(
                registry.origin,
                link.connection.slug,
                case.message.message_id,
                case.journal.dedupe,
                done.first_received_at or case.journal.received_at,
                [effect.leaf for effect in done.effects],
            ),
            key,
        )
        for case, done in answered
    ]
    return list(map(jws.signed, unsigned, await registry.signer.sign(unsigned)))


def _is_a_person(message: operators.Message) -> bool:
    """Tell a person from a service. Whoever answers a short code's answer starts a loop that nothing ends."""
    return message.msisdn is not None and SERVICE_NUMBER.fullmatch(message.msisdn_text.strip()) is None


def _reply(snapshot: Snapshot, case: Case, done: Settled) -> str | None:
    """Choose what the person gets back: a confirmation once a day, the publisher's name, or how to use the code."""
    code = snapshot.codes.get(case.message.short_code or "")
    if case.journal.basis == canaries.BASIS:
        return replies.canary(case.message.short_code or "")
    senders = [snapshot.senders[sender_id] for sender_id in case.attribution.senders]
    profile = senders[0].profile if len(senders) == 1 else Profile()
    about = replies.About(
        tuple(sender.name for sender in senders),
        case.message.short_code or "",
        code.tariff if code else "",
        replies.language_of(case.message.text, profile.language),
    )
    asked = case.verdict.intent
    if asked is Intent.STOP and done.effects and all(effect.confirm for effect in done.effects):
        return profile.confirmation.of(about.language) or replies.confirmation(about)
    if asked is Intent.CONTACT and senders:
        return profile.contact.of(about.language) or replies.contact(about)
    if asked is Intent.HELP and about.code:
        return profile.help.of(about.language) or replies.usage(about)
    return None


def raw_of(request: operators.Request) -> bytes:
    """Return the request as it is kept in quarantine: what a later replay needs, and no more."""
    kept = {
        "method": request.method,
        "path": request.path,
        "query": request.query.decode("latin-1"),
        "headers": dict(sorted(request.headers.items())),
        "peer": request.peer,
    }
    return msgspec.json.encode(kept) + b"\n" + request.body


def request_of(raw: bytes) -> operators.Request:
    """Return the request that `raw_of` wrote; MsgspecError when it is none."""
    head, _, body = raw.partition(b"\n")
    kept = msgspec.json.decode(head, type=_Kept)
    return operators.Request(kept.method, kept.path, kept.query.encode("latin-1"), kept.headers, body, kept.peer)


class _Kept(msgspec.Struct, frozen=True):
    method: str
    path: str
    query: str
    headers: dict[str, str]
    peer: str = ""
