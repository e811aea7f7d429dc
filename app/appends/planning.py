"""From works, heads and standings to rows.

The order of the entries is the order of the works, per sender; the heads are locked while this is computed, so the
indexes given here are the ones committed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from app import ledger, lifting, standing
from app.appends.works import Effect, Head, Key, Message, Record, Rows, Ruled, State, Wish, Work
from app.lifting import Budget, Draft, Item, LiftBudgetError, Person, Ruling

CONFIRM_AGAIN_AFTER = timedelta(days=1)
CLEAR_STOP = "STOP"


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
