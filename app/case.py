"""One decoded message and everything that is concluded about it: what it asks, of whom, since when, how surely."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from app import attribution, clock, lifting, operators, reading
from app.appends import Message, Wish
from app.attribution import NO_TRACES, Attribution, Candidate, Traces
from app.directory import Link, Snapshot
from app.intent import Intent, Verdict
from app.keys import Root
from app.lifting import Draft, Epochs
from app.reading import NO_WORDS, Reading
from app.tags import Tagger

LATE_AFTER = timedelta(hours=1)
RETRY_SPAN_DEFAULT_SECONDS = 86_400
REVIEW_PURPOSE = "review"
KEPT_TEXT_MAX = 40  # characters
KEPT_SENSES_MAX = 4096


class Case(msgspec.Struct, frozen=True):
    """One decoded message with everything that was concluded about it."""

    message: operators.Message
    reading: Reading
    attribution: Attribution
    journal: Message
    joined: bool = False
    """The whole of a long message, beside its parts, which were read on their own."""

    @property
    def verdict(self) -> Verdict:
        """What the message asks for."""
        return self.reading.verdict

    @property
    def weight(self) -> int:
        """How much it does: 0 nothing, 1 asks a person, 2 suppresses until one decides, 3 opposes."""
        if self.verdict.intent is Intent.STOP:
            return 3
        if self.reading.opposes:
            return 2
        return int(self.verdict.intent in {Intent.AMBIGUOUS, Intent.START})


class Sense(msgspec.Struct, frozen=True):
    """What a message says and whom it concerns, whoever sent it and whenever."""

    link: Link
    read: Reading
    found: Attribution
    intent: str
    classifier: str
    asks: bool
    """It opposes or lifts. Doubt with a stop word suppresses; doubt never lifts."""
    opposes: bool
    lifts: bool
    doubts: tuple[str, ...]
    hindrances: tuple[str, ...]
    flags: tuple[str, ...]
    """But for "late"."""
    taggers: tuple[tuple[int, Tagger], ...]
    """By sender."""
    epochs: Epochs


class _Senses:
    """The senses of short texts, kept for one reading of the directory: most people write one of a few words."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._known: dict[tuple[object, ...], Sense] = {}

    def of(
        self, link: Link, snapshot: Snapshot, message: operators.Message, *, stale: bool, joined: bool, traces: Traces
    ) -> Sense:
        """Return what a message says; read anew where it is long, or is looked at with our own records."""
        text = message.text
        if traces is not NO_TRACES or (text is not None and len(text) > KEPT_TEXT_MAX):
            return _sense(link, snapshot, message, stale=stale, joined=joined, traces=traces)
        if snapshot is not self._snapshot or len(self._known) >= KEPT_SENSES_MAX:
            self._snapshot, self._known = snapshot, {}
        part = message.part is not None
        key = (id(link), text, message.short_code, message.account, message.flag, part, stale, joined)
        known = self._known.get(key)
        if known is None:  # a link that is kept alive here shares its id with no other
            known = self._known[key] = _sense(link, snapshot, message, stale=stale, joined=joined, traces=traces)
        return known


def conclude(
    root: Root,
    link: Link,
    snapshot: Snapshot,
    message: operators.Message,
    now: datetime,
    *,
    stale: bool,
    joined: bool = False,
    traces: Traces = NO_TRACES,
) -> Case:
    """Conclude what one message asks of whom; nothing is asked of the database."""
    sense = _SENSES.of(link, snapshot, message, stale=stale, joined=joined, traces=traces)
    dedupe = root.digest("dedupe", operators.dedupe_parts(message, link.connection))
    verdict = sense.read.verdict
    journal = Message(
        connection_id=link.connection_id,
        connection=link.connection.slug,
        dedupe=dedupe,
        has_id=message.message_id is not None,
        received_at=now,
        event_at=_event_at(link, message, verdict, now),
        intent=sense.intent,
        rule=verdict.rule,
        classifier=sense.classifier,
        code=message.short_code,
        basis=sense.found.basis,
        candidates=sense.found.candidates,
        flags=("late", *sense.flags) if _is_late(message, now, stale=stale) else sense.flags,
        wishes=_wishes(sense, message),
        review=_draft(root, link, sense, message, dedupe, now),
        epochs=sense.epochs,
    )
    return Case(message, sense.read, sense.found, journal, joined)


def _sense(
    link: Link, snapshot: Snapshot, message: operators.Message, *, stale: bool, joined: bool, traces: Traces
) -> Sense:
    code = snapshot.codes.get(message.short_code or "")
    words = code.words if code else NO_WORDS
    read = reading.read(message, words)
    found = _attribution(link, snapshot, message, read, traces)
    hindrances = tuple(
        lifting.hindrances(
            certain=found.certain,
            may_lift=link.may_lift,
            authenticated=bool(link.connection.token or link.connection.secrets),
            stale=stale,
            part=joined or message.part is not None,
        )
    )
    senders = [snapshot.senders[sender_id] for sender_id in found.senders]
    return Sense(
        link=link,
        read=read,
        found=found,
        intent=read.verdict.intent.value,
        classifier=words.classifier,
        asks=read.opposes or read.verdict.intent is Intent.START,
        opposes=read.opposes,
        lifts=not (hindrances or read.doubts or read.opposes),
        doubts=read.doubts,
        hindrances=hindrances,
        flags=(*_flags(read, joined=joined), *attribution.flags(traces)),
        taggers=tuple((sender.sender_id, sender.tagger) for sender in senders),
        epochs={sender.sender_id: sender.epoch for sender in senders},
    )


def adds(whole: Case, parts: Sequence[Case]) -> bool:
    """Tell whether a long message asks more as a whole than its parts did, each on its own."""
    if whole.weight > max((part.weight for part in parts), default=0):
        return True
    reached = {sender_id for part in parts if part.reading.opposes for sender_id in part.attribution.senders}
    return whole.reading.opposes and not reached.issuperset(whole.attribution.senders)


def review_aad(connection_id: int, dedupe: bytes) -> bytes:
    """Return what binds the text in a review item to its row."""
    return f"{connection_id}:{dedupe.hex()}".encode()


def candidates_of(link: Link, snapshot: Snapshot, message: operators.Message) -> tuple[Candidate, ...]:
    """Return the code's senders. A code we do not know reaches every sender of the connection's codes (D2)."""
    code = snapshot.codes.get(message.short_code or "")
    return code.candidates if code else _reachable(link, snapshot)


def _attribution(
    link: Link, snapshot: Snapshot, message: operators.Message, read: Reading, traces: Traces
) -> Attribution:
    """Find the senders concerned."""
    named = snapshot.slugs.get(link.accounts.get(message.account or "", ""))
    return attribution.attribute(
        candidates_of(link, snapshot, message),
        hint=read.verdict.hint,
        scope_all=read.verdict.scope_all,
        account=named.sender_id if named else None,
        code_known=(message.short_code or "") in snapshot.codes,
        traces=traces,
        own_keyword=read.named,
    )


def _reachable(link: Link, snapshot: Snapshot) -> tuple[Candidate, ...]:
    codes = [snapshot.codes[code] for code in link.codes if code in snapshot.codes]
    unique = {candidate.sender_id: candidate for code in codes for candidate in code.candidates}
    return tuple(unique[sender_id] for sender_id in sorted(unique))


def _wishes(sense: Sense, message: operators.Message) -> tuple[Wish, ...]:
    """Return what the message asks of each sender."""
    number = message.msisdn
    if number is None or not sense.asks:
        return ()
    opposes, lifts = sense.opposes, sense.lifts
    return tuple(
        [Wish(sender_id, tagger.tag(number), opposes=opposes, lifts=lifts) for sender_id, tagger in sense.taggers]
    )


def _draft(
    root: Root, link: Link, sense: Sense, message: operators.Message, dedupe: bytes, now: datetime
) -> Draft | None:
    """Prepare the review item of a doubtful message, or of a START, which may turn out not to lift."""
    starts = sense.read.verdict.intent is Intent.START
    if message.msisdn is None or not sense.taggers or not (sense.doubts or starts):
        return None
    text, nonce = (message.text or "").encode("utf-8", "replace"), clock.random_bytes(12)
    return Draft(
        people=tuple((sender_id, tagger.tag(message.msisdn)) for sender_id, tagger in sense.taggers),
        box=root.seal(REVIEW_PURPOSE, text, review_aad(link.connection_id, dedupe), nonce),
        lift_at=min(message.received_at or now, now),
        doubts=sense.doubts,
        hindrances=sense.hindrances if starts else (),
    )


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


def _is_late(message: operators.Message, now: datetime, *, stale: bool) -> bool:
    return stale or (message.received_at is not None and now - message.received_at > LATE_AFTER)


def _flags(read: Reading, *, joined: bool) -> Iterator[str]:
    if read.verdict.intent is Intent.AMBIGUOUS:
        yield "provisional"
    if read.conflict:
        yield "flag-conflict"
    if read.verdict.repeat:
        yield "repeat"
    if joined:
        yield "joined"


_SENSES = _Senses()
