"""Operator webhook -> authenticated, decoded, attributed, committed, acknowledged (D1, D2, D10, D13, D16).

What cannot be authenticated or read goes to quarantine, sealed; a readable STOP never does. The answer leaves only
after the commit, and an unknown outcome is 503, so that the operator sends again.
"""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog

from app import clock, longtext, lookback, operators, receipts, replies
from app.attribution import NO_TRACES
from app.case import Case, candidates_of, conclude
from app.directory import Link, Profile, Snapshot
from app.errors import BadSignatureError, NotFoundError, UnavailableError
from app.intent import Intent
from app.queries import mo
from app.registry import Registry
from app.sequencer import Poisoned, Settled

SERVICE_NUMBER = re.compile(r"\+?[0-9]{3,8}")

log = structlog.get_logger()


async def receive(registry: Registry, slug: str, request: operators.Request) -> operators.Answer:
    """Take one request of an operator connection; return the provider's own acknowledgement."""
    link = await registry.directory.link(slug)
    if link is None:
        raise NotFoundError("There is no such operator connection; look it up with `stop-registry operator list`.")
    provider, now = operators.provider(link.connection.provider), clock.now()
    try:
        authentic = provider.authenticate(request, link.connection, now)
    except BadSignatureError as refusal:
        log.warning("mo_not_authentic", connection=slug)
        await quarantine(registry, link, "not-authentic", _raw(request), now)
        raise BadSignatureError(str(refusal)) from None
    decoded = provider.decode(request, link.connection)
    for item in decoded.unreadable:
        await quarantine(registry, link, item.reason, item.raw or _raw(request), now)
    snapshot = await registry.directory.current()
    cases = [
        conclude(registry.root, link, snapshot, message, now, stale=authentic.stale) for message in decoded.messages
    ]
    cases = [await _traced(registry, link, snapshot, case, now, stale=authentic.stale) for case in cases]
    cases += await longtext.wholes(registry, link, snapshot, decoded.messages, now, stale=authentic.stale)
    settled = await _settle_all(registry, link, request, cases)
    replies_go_back = provider.can_reply and link.replies == "answer"
    outcomes = [
        _outcome(
            registry,
            link,
            case,
            done,
            _reply(snapshot, case, done) if replies_go_back and _is_a_person(case.message) else None,
        )
        for case, done in zip(cases, settled, strict=True)
        if not case.joined
    ]
    return provider.acknowledge(request, link.connection, tuple(outcomes))


async def cases(registry: Registry, link: Link, messages: Sequence[operators.Message]) -> list[Case]:
    """Conclude about messages that no webhook brought: an operator's list, or its own account of what it sent."""
    snapshot, now = await registry.directory.current(), clock.now()
    return [conclude(registry.root, link, snapshot, message, now, stale=False) for message in messages]


async def apply(registry: Registry, link: Link, found: Sequence[Case], source: str) -> list[Settled]:
    """Commit such messages; one that was committed before stays as it is."""
    marked = [
        msgspec.structs.replace(case, journal=msgspec.structs.replace(case.journal, source=source)) for case in found
    ]
    requests = [
        operators.Request(source.upper(), f"/{source}/{link.connection.slug}", body=msgspec.json.encode(case.message))
        for case in found
    ]
    works = (_settle(registry, link, request, case) for request, case in zip(requests, marked, strict=True))
    return list(await asyncio.gather(*works))


async def quarantine(registry: Registry, link: Link, reason: str, raw: bytes, now: datetime) -> None:
    """Keep a request that could not be used, sealed and counted; UnavailableError when the quarantine is full."""
    fingerprint = registry.root.digest("quarantine", raw)
    aad = f"{link.connection_id}:{fingerprint.hex()}".encode()
    box = registry.root.seal("quarantine", raw, aad, clock.random_bytes(12))
    async with registry.pool.acquire() as db:
        if await mo.quarantine_size(db, link.connection_id) >= registry.settings.quarantine_requests_max:
            log.error("quarantine_full", connection=link.connection.slug)
            raise UnavailableError("The quarantine of this connection is full; a person must look at it first.")
        await mo.put_in_quarantine(db, link.connection_id, fingerprint, reason, box, now)
    log.warning("mo_quarantined", connection=link.connection.slug, reason=reason)


async def _traced(
    registry: Registry, link: Link, snapshot: Snapshot, case: Case, now: datetime, *, stale: bool
) -> Case:
    """Conclude again with what our own records say, where that can change whom the message concerns."""
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
    return conclude(registry.root, link, snapshot, case.message, now, stale=stale, traces=traces)


async def _settle(registry: Registry, link: Link, request: operators.Request, case: Case) -> Settled:
    """Commit one message. One that nobody can be found for, or that cannot be committed, is kept in quarantine."""
    orphan = case.verdict.stop_word and not case.journal.wishes
    if case.message.msisdn is None or orphan:
        reason = "unreadable-number" if case.message.msisdn is None else "unknown-code"
        await quarantine(registry, link, reason, _raw(request), case.journal.received_at)
    try:
        return await registry.sequencer.message(case.journal, registry.settings.commit_seconds_max)
    except Poisoned:
        await quarantine(registry, link, "cannot-be-committed", _raw(request), case.journal.received_at)
        return Settled()


async def _settle_all(
    registry: Registry, link: Link, request: operators.Request, cases: Sequence[Case]
) -> Sequence[Settled]:
    """Commit all at once; nearly every request holds one message, which needs no task of its own."""
    if len(cases) == 1:
        return [await _settle(registry, link, request, cases[0])]
    return await asyncio.gather(*(_settle(registry, link, request, case) for case in cases))


def _outcome(registry: Registry, link: Link, case: Case, done: Settled, reply: str | None) -> operators.Outcome:
    paper = receipts.receipt(
        registry.origin,
        link.connection.slug,
        case.message.message_id,
        case.journal.dedupe,
        done.first_received_at or case.journal.received_at,
        [effect.leaf for effect in done.effects],
    )
    return operators.Outcome(
        case.message.position, receipt=receipts.sign(paper, registry.root.signing_key()), reply=reply
    )


def _is_a_person(message: operators.Message) -> bool:
    """Tell a person from a service. Whoever answers a short code's answer starts a loop that nothing ends."""
    return message.msisdn is not None and SERVICE_NUMBER.fullmatch(message.msisdn_text.strip()) is None


def _reply(snapshot: Snapshot, case: Case, done: Settled) -> str | None:
    """Choose what the person gets back: a confirmation once a day, the publisher's name, or how to use the code."""
    code = snapshot.codes.get(case.message.short_code or "")
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


def _raw(request: operators.Request) -> bytes:
    """Return the request as it is kept in quarantine: what a later replay needs, and no more."""
    kept = {
        "method": request.method,
        "path": request.path,
        "query": request.query.decode("latin-1"),
        "headers": dict(sorted(request.headers.items())),
    }
    return msgspec.json.encode(kept) + b"\n" + request.body
