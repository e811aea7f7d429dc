"""Operator webhook -> authenticated, decoded, attributed, committed, acknowledged (D1, D2, D10, D13, D16).

What cannot be authenticated or read goes to quarantine, sealed; a readable STOP never does. The answer leaves only
after the commit, and an unknown outcome is 503, so that the operator sends again; the request is spooled all the same,
because not every operator does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec
import structlog

from app import attribution, clock, intent, operators, receipts, replies, tags
from app.alarms import Kind
from app.appends import Message, Wish
from app.attribution import Attribution
from app.database import is_unavailable, write_transaction
from app.directory import Link, Snapshot
from app.errors import BadSignatureError, NotFoundError, UnavailableError
from app.intent import Intent, Verdict
from app.queries import mo
from app.registry import Registry
from app.sequencer import Poisoned, Settled
from app.spool import Spooled, SpoolFullError

LATE_AFTER = timedelta(hours=1)
RETRY_SPAN_DEFAULT_SECONDS = 86_400
STOP_EVENT = Verdict(intent=Intent.STOP, rule="operator.event", stop_word=True, scope_all=False, repeat=False, hint="")
STOP_FLAG = msgspec.structs.replace(STOP_EVENT, rule="operator.flag")

NOT_AUTHENTIC = "A request does not carry this connection's proof; compare its secrets with the operator's."
CODE_UNKNOWN = "A message came to a code that this registry does not know; add it with `stop-registry code add`."

SetAside: TypeAlias = Callable[[str], Awaitable[None]]
"""What becomes of a request, or a part of it, that cannot be used; takes the reason."""

log = structlog.get_logger()


class QuarantineFullError(UnavailableError):
    """The quarantine of this connection takes no more until a person has looked."""


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

    async def set_aside(reason: str) -> None:
        await quarantine(registry, link, reason, request, now)

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


async def take(
    registry: Registry, link: Link, request: operators.Request, now: datetime, set_aside: SetAside, *, stale: bool
) -> tuple[operators.Outcome, ...]:
    """Decode and commit an authentic request that was received at `now`, whoever brings it back.

    What cannot be used is handed to `set_aside` with the reason. UnavailableError when the outcome is not known.
    """
    decoded = operators.provider(link.connection.provider).decode(request, link.connection)
    for item in decoded.unreadable:
        await set_aside(item.reason)
    snapshot = await registry.directory.current()
    cases = [_case(registry, link, snapshot, message, now, stale=stale) for message in decoded.messages]
    settled = await asyncio.gather(*(_settle(registry, case, set_aside) for case in cases))
    if any((case.message.short_code or "") not in snapshot.codes for case in cases):
        registry.alarms.raise_alarm(Kind.UNKNOWN_CODE, link.connection.slug, CODE_UNKNOWN)
    return tuple(_outcome(registry, link, snapshot, case, done) for case, done in zip(cases, settled, strict=True))


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


def read_intent(message: operators.Message) -> Verdict:
    """Read a message's wish. The provider's own flag may add a STOP to our reading, never take one away."""
    if message.text is None:
        return STOP_EVENT
    verdict = intent.classify(message.text)
    return STOP_FLAG if message.flag is Intent.STOP and verdict.intent is not Intent.STOP else verdict


def _case(
    registry: Registry, link: Link, snapshot: Snapshot, message: operators.Message, now: datetime, *, stale: bool
) -> Case:
    verdict = read_intent(message)
    found = _attribution(link, snapshot, message, verdict)
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
        flags=tuple(_flags(message, verdict, now, stale=stale)),
        wishes=wishes,
    )
    return Case(message, verdict, found, journal)


def _attribution(link: Link, snapshot: Snapshot, message: operators.Message, verdict: Verdict) -> Attribution:
    """Find the senders concerned. A code we do not know reaches every sender of the connection's codes (D2)."""
    named = snapshot.slugs.get(link.accounts.get(message.account or "", ""))
    code = snapshot.codes.get(message.short_code or "")
    candidates = code.candidates if code else _reachable(link, snapshot)
    return attribution.attribute(
        candidates,
        hint=verdict.hint,
        scope_all=verdict.scope_all,
        account=named.sender_id if named else None,
        code_known=code is not None,
    )


def _reachable(link: Link, snapshot: Snapshot) -> tuple[attribution.Candidate, ...]:
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


async def _settle(registry: Registry, case: Case, set_aside: SetAside) -> Settled:
    """Commit one message. One that nobody can be found for, or that cannot be committed, is kept in quarantine.

    Such a one is not journalled: journalled, it would be known when it comes again, and never be applied.
    """
    orphan = case.verdict.stop_word and not case.journal.wishes
    if case.message.msisdn is None or orphan:
        await set_aside("unreadable-number" if case.message.msisdn is None else "unknown-code")
        return Settled()
    try:
        return await registry.sequencer.message(case.journal, registry.settings.commit_seconds_max)
    except Poisoned:
        await set_aside("cannot-be-committed")
        return Settled()


def _outcome(registry: Registry, link: Link, snapshot: Snapshot, case: Case, done: Settled) -> operators.Outcome:
    paper = receipts.receipt(
        registry.origin,
        link.connection.slug,
        case.message.message_id,
        case.journal.dedupe,
        done.first_received_at or case.journal.received_at,
        [effect.leaf for effect in done.effects],
    )
    reply = _reply(snapshot, case, done) if link.replies == "answer" else None
    return operators.Outcome(
        case.message.position, receipt=receipts.sign(paper, registry.root.signing_key()), reply=reply
    )


def _reply(snapshot: Snapshot, case: Case, done: Settled) -> str | None:
    """Choose what the person gets back: a confirmation once a day, the publisher's name, or how to use the code."""
    senders = [snapshot.senders[sender_id] for sender_id in case.attribution.senders]
    names, code = [sender.name for sender in senders], case.message.short_code or ""
    if case.verdict.intent is Intent.STOP and any(effect.confirm for effect in done.effects):
        own = senders[0].profile.confirmation if len(senders) == 1 else None
        return own or replies.confirmation(names, snapshot.codes[code].tariff if code in snapshot.codes else "")
    if case.verdict.intent is Intent.CONTACT and names:
        own = senders[0].profile.contact if len(senders) == 1 else None
        return own or replies.contact(names)
    if case.verdict.intent is Intent.HELP and code:
        own = senders[0].profile.help if len(senders) == 1 else None
        return own or replies.usage(code)
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
