"""What one sequencer transaction writes: from messages and records, heads and standings to rows. Pure.

The order of the entries is the order of the works, per sender; the heads are locked while this is computed, so the
indexes given here are the ones committed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from app import ledger, lifting, standing
from app.lifting import Budget, Draft, Epochs, Item, LiftBudgetError, Person, Ruling

CONFIRM_AGAIN_AFTER = timedelta(days=1)
CLEAR_STOP = "STOP"


class Wish(msgspec.Struct, frozen=True):
    """One person's STOP or START towards one sender."""

    sender_id: int
    tag: int
    opposes: bool
    lifts: bool
    """A START that may lift: certain attribution, from a connection that may."""


class Message(msgspec.Struct, frozen=True):
    """A decoded, attributed MO on its way into the journal."""

    connection_id: int
    connection: str
    dedupe: bytes
    has_id: bool
    """Without an id of its own, a repeat is dropped only if the state already equals its effect (D13)."""
    received_at: datetime
    event_at: datetime
    intent: str
    rule: str
    classifier: str
    code: str | None
    basis: str
    candidates: int
    flags: tuple[str, ...]
    wishes: tuple[Wish, ...]
    review: Draft | None = None
    """What a person will be asked, if this turns out to be doubtful."""
    source: str = "mo"
    """How it came: "mo", or "pull" or "reconciliation" where no webhook brought it."""
    epochs: Epochs = {}
    part: Literal["first", "more", "last"] | None = None
    """Its place where the senders are too many for one transaction; None: it is whole."""

    @property
    def doubtful(self) -> bool:
        """A STOP in it stands only until a person decides."""
        return self.review is not None and bool(self.review.doubts)

    @property
    def key(self) -> tuple[int, bytes]:
        """What makes the message the same message."""
        return self.connection_id, self.dedupe


class Replay(msgspec.Struct, frozen=True):
    """What a check repeated under its Idempotency-Key is rebuilt from; digests are keyed, nothing holds a number."""

    key_digest: bytes
    body_digest: bytes
    expires_at: datetime
    peaks: bytes
    """Of the ledger at the size the verdict was computed at."""
    reasons: bytes
    """One byte a position, compressed."""


class Permit(msgspec.Struct, frozen=True):
    """The clearance of a check: the bytes that are signed, and the generation of the key that signs them."""

    terms: bytes
    not_before: datetime
    expires_at: datetime
    signed_by: int
    gated: bool = False
    """Its gateway asks for admissions."""
    text_digest: bytes | None = None
    """Keyed; by it the same text to the same person is known under another campaign's name."""


class CheckRow(msgspec.Struct, frozen=True):
    """What check_record holds beside the entry; the cleared tags come along only when they are few."""

    sender_id: int
    check_id: str
    key_id: str
    purpose: str
    campaign: str | None
    checked_at: datetime
    evaluated_at: int
    counts: str
    cleared: bytes | None
    replay: Replay | None = None
    permit: Permit | None = None
    contacts_at: int | None = None
    """Whom the sender contacted lately was known up to this index; ContactsMovedError if more was cleared since."""
    epoch: int = 0
    """Of the key that made the cleared tags."""


class Record(msgspec.Struct, frozen=True):
    """An entry that is no person's wish: a check, an administrative fact."""

    sender_id: int
    build: Callable[[int], ledger.Entry]
    """From the index it is given to the entry."""
    check: CheckRow | None = None
    found: tuple[int, bytes] | None = None
    """Size and peaks of the ledger when it was last read: where it has not grown since, no lock is needed."""
    touches: str | None = None
    """The check whose clearance the entry tells of."""


class Effect(msgspec.Struct, frozen=True):
    """What a message did to one sender's list."""

    sender_id: int
    index: int
    leaf: bytes
    confirm: bool


class Ruled(msgspec.Struct, frozen=True):
    """What a decision did to one sender's list."""

    sender_id: int
    opposed: bool
    effect: lifting.Change


class State(msgspec.Struct, frozen=True):
    """A row of opt_out."""

    opposed: bool
    since: datetime
    source: str
    changed_at_index: int
    confirmed_at: datetime | None
    history: bytes


class Head(msgspec.Struct):
    """A locked head while entries are added; leaves wait here and are folded into the tree once."""

    size: int
    peaks: bytes
    leaves: list[bytes] = []
    epoch: int = 0
    """Of the key in force."""
    retagging: bool = False
    """The next key is being prepared: what is written is written in its form too."""

    @property
    def next_index(self) -> int:
        """The index of the next entry."""
        return self.size + len(self.leaves)


Work = Message | Record | Ruling
Key = tuple[int, bytes]


class Rows(msgspec.Struct):
    """Column-wise rows for the statements, and what each work is answered."""

    entries: list[tuple[int, int, bytes]] = []
    openings: list[tuple[int, int, int, bytes]] = []
    states: dict[Person, State] = {}
    effects: dict[Key, list[Effect]] = {}
    record_indexes: dict[int, int] = {}
    """Position of a record among the works -> its index."""
    rulings: dict[int, list[Ruled]] = {}
    """Position of a ruling among the works -> what it did."""
    items: dict[Key, Item] = {}


def people_of(works: Sequence[Work]) -> list[Person]:
    """Return every (sender, tag) the works touch, unique and sorted."""
    return sorted({person for work in works for person in _people(work)})


def senders_of(work: Work) -> set[int]:
    """Return the senders in whose ledgers the work writes."""
    return {work.sender_id} if isinstance(work, Record) else {sender_id for sender_id, _ in _people(work)}


def lifting_senders(works: Sequence[Work]) -> list[int]:
    """Return the senders whose oppositions the works may lift, one for each time."""
    found = [wish.sender_id for work in works if isinstance(work, Message) for wish in work.wishes if wish.lifts]
    lifts = [work for work in works if isinstance(work, Ruling) and work.decision == "lift"]
    return found + [sender_id for work in lifts for sender_id, _ in work.people]


def _people(work: Work) -> tuple[Person, ...]:
    if isinstance(work, Message):
        return tuple((wish.sender_id, wish.tag) for wish in work.wishes)
    return work.people if isinstance(work, Ruling) else ()


def plan(
    works: Sequence[Work],
    fresh: frozenset[Key],
    heads: dict[int, Head],
    states: dict[Person, State],
    salts: Iterator[bytes],
    budgets: dict[int, Budget] | None = None,
) -> Rows:
    """Turn works into rows, advancing the heads given and spending from the budgets.

    A message whose key is not fresh does nothing again, unless it carries no id and the present state no longer
    equals its effect. LiftBudgetError for a ruling that nobody but a data protection officer may make today.
    """
    rows = Rows(states={}, effects=defaultdict(list))
    current = dict(states)
    budgets = defaultdict(Budget, budgets or {})
    done: set[Key] = set()
    for position, work in enumerate(works):
        if isinstance(work, Record):
            head = heads[work.sender_id]
            rows.record_indexes[position] = _append_entry(rows, head, work.sender_id, work.build).index
            continue
        if isinstance(work, Ruling):
            rows.rulings[position] = list(_rule(rows, heads, work, current, salts, budgets))
            continue
        key = work.key
        if key in done or not (key in fresh or _state_differs(work, current)):
            continue
        done.add(key)
        reasons = _act(rows, heads, work, current, salts, budgets)
        if reasons and work.review and work.part in {None, "first"}:
            rows.items[key] = _item(work, work.review, reasons)
    return rows


def _state_differs(message: Message, states: dict[Person, State]) -> bool:
    if message.has_id:
        return False
    return any(
        (state := states.get((wish.sender_id, wish.tag))) is None or state.opposed != wish.opposes
        for wish in message.wishes
        if wish.opposes or wish.lifts
    )


def _act(
    rows: Rows,
    heads: dict[int, Head],
    message: Message,
    states: dict[Person, State],
    salts: Iterator[bytes],
    budgets: dict[int, Budget],
) -> tuple[str, ...]:
    """Carry out a message's wishes; return why a person must look at it, nothing when nobody must."""
    draft = message.review
    doubts = draft.doubts if draft else ()
    confirm = _confirms(message, states)
    reasons = list(doubts)
    effects = []
    for wish in message.wishes:
        person, head = (wish.sender_id, wish.tag), heads[wish.sender_id]
        before = states.get(person)
        history, refusal = _history_after(message, wish, before, budgets)
        opposed = standing.opposed(history)
        kept_from = ((refusal,) if refusal else draft.hindrances) if draft and opposed and not wish.opposes else ()
        reasons += kept_from
        flags = message.flags + ((refusal,) if refusal == lifting.BUDGET else ())
        asked = ("review",) if doubts or kept_from else ()
        salt, change = next(salts), _effect(before, opposed=opposed)
        line = _line_of(message, wish, head.next_index, salt, change, flags + asked)
        effect = _append(rows, head, wish.sender_id, line, confirm=confirm)
        news = _News(message.event_at, message.source, message.received_at if confirm else None)
        _store(rows, states, person, before, history, effect, salt, news, opposed=opposed)
        effects.append(effect)
    if effects:
        rows.effects[message.key] += effects
    return tuple(dict.fromkeys(reasons))


def _confirms(message: Message, states: dict[Person, State]) -> bool:
    """Tell whether the person is to be told: of a clear STOP, unless any of its senders was confirmed within a day.

    A STOP to several senders gets one answer, so whoever was told about one of them today is not told again.
    """
    if message.intent != CLEAR_STOP:
        return False
    people = [(wish.sender_id, wish.tag) for wish in message.wishes if wish.opposes]
    told = [states[person] for person in people if person in states]
    return bool(people) and all(_due(state, message.received_at) for state in told)


def _history_after(
    message: Message, wish: Wish, before: State | None, budgets: dict[int, Budget]
) -> tuple[standing.History, str | None]:
    """Return the history with the wish in it, or without it and why a START that might lift does not."""
    history = standing.decode(before.history) if before else ()
    code = message.code or ""
    if wish.opposes:
        return _with_stop(history, message, code), None
    if not wish.lifts:
        return history, None
    lifted = standing.with_start(history, code, message.connection_id, message.event_at)
    if standing.opposed(lifted):
        asks = message.review is not None and message.review.asks_if_not_later
        return lifted, lifting.NOT_LATER if asks else None
    if before and before.opposed and budgets[wish.sender_id].exhausted:
        return history, lifting.BUDGET
    if before and before.opposed:
        budgets[wish.sender_id].spend()
    return lifted, None


def _with_stop(history: standing.History, message: Message, code: str) -> standing.History:
    if message.doubtful:
        item = standing.item_of(message.dedupe)
        return standing.with_doubtful_stop(history, code, message.connection_id, message.event_at, item)
    return standing.with_stop(history, code, message.connection_id, message.event_at)


def _line_of(
    message: Message, wish: Wish, index: int, salt: bytes, effect: lifting.Change, flags: tuple[str, ...]
) -> bytes:
    recorded = ledger.timestamp(message.received_at)
    return ledger.encode_opposition(
        index=index,
        recorded=recorded,
        kind="stop" if wish.opposes else "start",
        at=recorded if message.event_at is message.received_at else ledger.timestamp(message.event_at),
        connection=message.connection,
        message=message.dedupe.hex(),
        person=ledger.person_commitment(salt, wish.tag),
        code=lifting.code_of(message.code),
        basis=message.basis,
        candidates=message.candidates,
        intent=message.intent,
        rule=message.rule,
        classifier=message.classifier,
        effect=effect,
        flags=flags,
    )


def _rule(
    rows: Rows,
    heads: dict[int, Head],
    ruling: Ruling,
    states: dict[Person, State],
    salts: Iterator[bytes],
    budgets: dict[int, Budget],
) -> Iterator[Ruled]:
    """Carry out a decision: an entry that says who decided and why for each sender, and one for each change."""
    for sender_id, tag in ruling.people:
        before = states.get((sender_id, tag))
        history = lifting.ruled(standing.decode(before.history) if before else (), ruling)
        opposed = standing.opposed(history)
        effect = _effect(before, opposed=opposed)
        if effect == "lifted" and budgets[sender_id].exhausted and not ruling.by_dpo:
            raise LiftBudgetError(
                "As many oppositions of this sender were lifted today as one day allows. "
                "A data protection officer decides: again with --as-dpo, or tomorrow."
            )
        if effect == "lifted" and sender_id in budgets:
            budgets[sender_id].spend()
        head = heads[sender_id]
        _append_entry(rows, head, sender_id, lambda index: lifting.note_of(ruling, index))
        yield Ruled(sender_id, opposed, effect)
        if ruling.decision == "leave":
            continue
        salt = next(salts)
        build = lifting.decision_of(ruling, tag, salt, effect, len(ruling.people))
        appended = _append_entry(rows, head, sender_id, build)
        since = ruling.event_at if opposed else ruling.decided_at
        source = "review" if ruling.basis == "review" else "mo"
        news = _News(since, source, None)
        _store(rows, states, (sender_id, tag), before, history, appended, salt, news, opposed=opposed)


class _News(msgspec.Struct, frozen=True):
    """What a new state takes from the event that made it."""

    since: datetime
    source: str
    confirmed_at: datetime | None


def _store(
    rows: Rows,
    states: dict[Person, State],
    person: Person,
    before: State | None,
    history: standing.History,
    effect: Effect,
    salt: bytes,
    news: _News,
    *,
    opposed: bool,
) -> None:
    rows.openings.append((*person, effect.index, salt))
    encoded = standing.encode(history)
    confirmed_at = news.confirmed_at or (before.confirmed_at if before else None)
    if before is None or before.opposed != opposed:
        state = State(opposed, news.since, news.source, effect.index, confirmed_at, encoded)
    else:
        state = State(opposed, before.since, before.source, before.changed_at_index, confirmed_at, encoded)
    states[person] = rows.states[person] = state


def _item(message: Message, draft: Draft, reasons: tuple[str, ...]) -> Item:
    return Item(
        connection_id=message.connection_id,
        dedupe=message.dedupe,
        opened_at=message.received_at,
        event_at=message.event_at,
        lift_at=draft.lift_at,
        code=message.code,
        intent=message.intent,
        rule=message.rule,
        classifier=message.classifier,
        doubtful_stop=message.doubtful and any(wish.opposes for wish in message.wishes),
        reasons=reasons,
        box=draft.box,
        people=draft.people,
        epochs=message.epochs,
    )


def _due(before: State, now: datetime) -> bool:
    return before.confirmed_at is None or now - before.confirmed_at >= CONFIRM_AGAIN_AFTER


def _effect(before: State | None, *, opposed: bool) -> lifting.Change:
    was_opposed = before is not None and before.opposed
    if was_opposed == opposed:
        return "unchanged"
    return "opposed" if opposed else "lifted"


def _append_entry(rows: Rows, head: Head, sender_id: int, build: Callable[[int], ledger.Entry]) -> Effect:
    return _append(rows, head, sender_id, ledger.encode(build(head.next_index)), confirm=False)


def _append(rows: Rows, head: Head, sender_id: int, line: bytes, *, confirm: bool) -> Effect:
    """Add a line that was written for the head's next index."""
    index, leaf = head.next_index, ledger.leaf_hash(line)
    head.leaves.append(leaf)
    rows.entries.append((sender_id, index, line))
    return Effect(sender_id, index, leaf, confirm)


class Addition(msgspec.Struct):
    """All that one transaction adds to one sender's ledger and list, beside the head it was made for."""

    before: tuple[int, int, bytes]
    """Sender, size and peaks, as they were locked."""
    after: tuple[int, bytes]
    """Size and peaks."""
    lines: list[bytes] = []
    openings: list[tuple[int, int, bytes]] = []
    """Tag, index, salt."""
    states: list[tuple[int, State]] = []
    epoch: int = 0
    """Of the key that made the tags."""


def addition_alone(record: Record, found: tuple[int, bytes]) -> Addition:
    """Return what a record adds to a ledger that is as it was found."""
    head = Head(*found, [])
    line = ledger.encode(record.build(head.next_index))
    head.leaves.append(ledger.leaf_hash(line))
    return Addition((record.sender_id, *found), advanced(head), [line])


def additions(rows: Rows, heads: dict[int, Head]) -> list[Addition]:
    """Part the rows of a plan by sender, in the order of the heads."""
    found = {
        sender_id: Addition((sender_id, head.size, head.peaks), advanced(head), epoch=head.epoch)
        for sender_id, head in heads.items()
        if head.leaves
    }
    for sender_id, _, line in rows.entries:
        found[sender_id].lines.append(line)
    for sender_id, tag, index, salt in rows.openings:
        found[sender_id].openings.append((tag, index, salt))
    for (sender_id, tag), state in rows.states.items():
        found[sender_id].states.append((tag, state))
    return list(found.values())


def advanced(head: Head) -> tuple[int, bytes]:
    """Fold a head's waiting leaves into its tree: the new size and peaks."""
    frontier = ledger.append(ledger.Frontier(head.size, head.peaks), head.leaves)
    return frontier.size, frontier.peaks
