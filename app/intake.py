"""Operator webhook -> authenticated, decoded, attributed, committed, acknowledged (D1, D2, D10, D13, D16).

What cannot be authenticated or read goes to quarantine, sealed; a readable STOP never does. The answer leaves only
after the commit, and an unknown outcome is 503, so that the operator sends again.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from app import attribution, clock, intent, lookback, operators, receipts, replies, tags
from app.appends import Message, Wish
from app.attribution import NO_TRACES, Attribution, Candidate, Traces
from app.directory import Link, Profile, Snapshot
from app.errors import BadSignatureError, NotFoundError, UnavailableError
from app.intent import Intent, Verdict
from app.queries import mo
from app.registry import Registry
from app.sequencer import Poisoned, Settled

LATE_AFTER = timedelta(hours=1)
RETRY_SPAN_DEFAULT_SECONDS = 86_400
SERVICE_NUMBER = re.compile(r"\+?[0-9]{3,8}")
STOP_EVENT = Verdict(intent=Intent.STOP, rule="operator.event", stop_word=True, scope_all=False, repeat=False, hint="")
STOP_FLAG = msgspec.structs.replace(STOP_EVENT, rule="operator.flag")

log = structlog.get_logger()


class Case(msgspec.Struct, frozen=True):
    """One decoded message with everything that was concluded about it."""

    message: operators.Message
    verdict: Verdict
    attribution: Attribution
    journal: Message


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
    cases = [_case(registry, link, snapshot, message, now, stale=authentic.stale) for message in decoded.messages]
    cases = [await _traced(registry, link, snapshot, case, now, stale=authentic.stale) for case in cases]
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
    ]
    return provider.acknowledge(request, link.connection, tuple(outcomes))


async def cases(registry: Registry, link: Link, messages: Sequence[operators.Message]) -> list[Case]:
    """Conclude about messages that no webhook brought: an operator's list, or its own account of what it sent."""
    snapshot, now = await registry.directory.current(), clock.now()
    return [_case(registry, link, snapshot, message, now, stale=False) for message in messages]


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


def read_intent(message: operators.Message) -> Verdict:
    """Read a message's wish. The provider's own flag may add a STOP to our reading, never take one away."""
    if message.text is None:
        return STOP_EVENT
    verdict = intent.classify(message.text)
    return STOP_FLAG if message.flag is Intent.STOP and verdict.intent is not Intent.STOP else verdict


async def _traced(
    registry: Registry, link: Link, snapshot: Snapshot, case: Case, now: datetime, *, stale: bool
) -> Case:
    """Conclude again with what our own records say, where that can change whom the message concerns."""
    question = lookback.Question(
        case.message,
        _candidates(link, snapshot, case.message),
        case.attribution,
        case.journal.event_at,
        opposes=any(wish.opposes for wish in case.journal.wishes),
    )
    traces = await lookback.traces(registry, snapshot, question, now)
    if traces == NO_TRACES:
        return case
    return _case(registry, link, snapshot, case.message, now, stale=stale, traces=traces)


def _case(
    registry: Registry,
    link: Link,
    snapshot: Snapshot,
    message: operators.Message,
    now: datetime,
    *,
    stale: bool,
    traces: Traces = NO_TRACES,
) -> Case:
    verdict = read_intent(message)
    found = _attribution(link, snapshot, message, verdict, traces)
    wishes = tuple(_wishes(link, snapshot, message, verdict, found))
    parts = operators.dedupe_parts(message, link.connection)
    journal = Message(
        connection_id=link.connection_id,
        connection=link.connection.slug,
        dedupe=registry.root.digest("dedupe", parts),
        has_id=message.message_id is not None,
        received_at=now,
        event_at=_event_at(link, message, verdict, now),
        intent=verdict.intent.value,
        rule=verdict.rule,
        classifier=intent.CLASSIFIER_VERSION,
        code=message.short_code,
        basis=found.basis,
        candidates=found.candidates,
        flags=(*_flags(message, verdict, now, stale=stale), *lookback.flags(traces)),
        wishes=wishes,
    )
    return Case(message, verdict, found, journal)


def _attribution(
    link: Link, snapshot: Snapshot, message: operators.Message, verdict: Verdict, traces: Traces
) -> Attribution:
    """Find the senders concerned."""
    named = snapshot.slugs.get(link.accounts.get(message.account or "", ""))
    return attribution.attribute(
        _candidates(link, snapshot, message),
        hint=verdict.hint,
        scope_all=verdict.scope_all,
        account=named.sender_id if named else None,
        code_known=(message.short_code or "") in snapshot.codes,
        traces=traces,
    )


def _candidates(link: Link, snapshot: Snapshot, message: operators.Message) -> tuple[Candidate, ...]:
    """Return the code's senders. A code we do not know reaches every sender of the connection's codes (D2)."""
    code = snapshot.codes.get(message.short_code or "")
    return code.candidates if code else _reachable(link, snapshot)


def _reachable(link: Link, snapshot: Snapshot) -> tuple[Candidate, ...]:
    codes = [snapshot.codes[code] for code in link.codes if code in snapshot.codes]
    unique = {candidate.sender_id: candidate for code in codes for candidate in code.candidates}
    return tuple(unique[sender_id] for sender_id in sorted(unique))


def _wishes(
    link: Link, snapshot: Snapshot, message: operators.Message, verdict: Verdict, found: Attribution
) -> Iterator[Wish]:
    """Yield what the message asks of each sender. Doubt with a stop word suppresses; doubt never lifts."""
    opposes = verdict.intent is Intent.STOP or (verdict.intent is Intent.AMBIGUOUS and verdict.stop_word)
    if message.msisdn is None or not (opposes or verdict.intent is Intent.START):
        return
    lifts = not opposes and found.certain and link.may_lift
    for sender_id in found.senders:
        tag = tags.tag(snapshot.senders[sender_id].key, message.msisdn)
        yield Wish(sender_id, tag, opposes=opposes, lifts=lifts)


def _event_at(link: Link, message: operators.Message, verdict: Verdict, now: datetime) -> datetime:
    """Return the earlier of operator time and receipt.

    A START without a time may have waited as long as the provider retries, so it counts as that old (D16).
    """
    if message.received_at is not None:
        return min(message.received_at, now)
    if verdict.intent is Intent.START:
        span = link.connection.config.get("retry_span_seconds", RETRY_SPAN_DEFAULT_SECONDS)
        return now - timedelta(seconds=int(span))
    return now


def _flags(message: operators.Message, verdict: Verdict, now: datetime, *, stale: bool) -> Iterator[str]:
    if stale or (message.received_at and now - message.received_at > LATE_AFTER):
        yield "late"
    if verdict.intent is Intent.AMBIGUOUS:
        yield "provisional"
    if verdict.repeat:
        yield "repeat"


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
