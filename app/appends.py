"""What one sequencer transaction writes: from messages and records, heads and standings to rows. Pure.

The order of the entries is the order of the works, per sender; the heads are locked while this is computed, so the
indexes given here are the ones committed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from app import ledger, standing

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
    source: str = "mo"
    """How it came: "mo", or "pull" or "reconciliation" where no webhook brought it."""
    part: Literal["first", "more", "last"] | None = None
    """Its place where the senders are too many for one transaction; None: it is whole."""

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


class Record(msgspec.Struct, frozen=True):
    """An entry that is no person's wish: a check, an administrative fact."""

    sender_id: int
    build: Callable[[int], ledger.Entry]
    """From the index it is given to the entry."""
    check: CheckRow | None = None


class Effect(msgspec.Struct, frozen=True):
    """What a message did to one sender's list."""

    sender_id: int
    index: int
    leaf: bytes
    confirm: bool


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


Key = tuple[int, bytes]
Person = tuple[int, int]


class Rows(msgspec.Struct):
    """Column-wise rows for the statements, and what each work is answered."""

    entries: list[tuple[int, int, bytes]] = []
    openings: list[tuple[int, int, int, bytes]] = []
    states: dict[Person, State] = {}
    effects: dict[Key, list[Effect]] = {}
    record_indexes: dict[int, int] = {}
    """Position of a record among the works -> its index."""


def people_of(messages: Sequence[Message]) -> list[Person]:
    """Return every (sender, tag) the messages touch, unique and sorted."""
    return sorted({(wish.sender_id, wish.tag) for message in messages for wish in message.wishes})


def parts_of(message: Message, wishes_max: int) -> list[Message]:
    """Return the message in parts of so many wishes, in sender order; one that is small enough stays whole."""
    wishes = sorted(message.wishes, key=lambda wish: wish.sender_id)
    if len(wishes) <= wishes_max:
        return [message]
    starts = range(0, len(wishes), wishes_max)
    return [
        msgspec.structs.replace(
            message,
            wishes=tuple(wishes[start : start + wishes_max]),
            part="first" if start == 0 else "last" if start == starts[-1] else "more",
        )
        for start in starts
    ]


def left_of(message: Message, effects: Sequence[Effect]) -> Message:
    """Return the message without the wishes that an earlier, interrupted delivery has carried out."""
    done = {effect.sender_id for effect in effects}
    return msgspec.structs.replace(message, wishes=tuple(w for w in message.wishes if w.sender_id not in done))


def plan(
    works: Sequence[Message | Record],
    fresh: frozenset[Key],
    heads: dict[int, Head],
    states: dict[Person, State],
    salts: Iterator[bytes],
) -> Rows:
    """Turn works into rows, advancing the heads given.

    A message whose key is not fresh does nothing again, unless it carries no id and the present state no longer
    equals its effect.
    """
    rows = Rows(states={}, effects=defaultdict(list))
    current = dict(states)
    done: set[Key] = set()
    for position, work in enumerate(works):
        if isinstance(work, Record):
            rows.record_indexes[position] = _append(rows, heads[work.sender_id], work.sender_id, work.build).index
            continue
        if work.key in done or not (work.key in fresh or _state_differs(work, current)):
            continue
        done.add(work.key)
        confirm = _confirms(work, current)
        for wish in work.wishes:
            rows.effects[work.key].append(
                _apply(rows, heads[wish.sender_id], work, wish, current, next(salts), confirm=confirm)
            )
    return rows


def _state_differs(message: Message, states: dict[Person, State]) -> bool:
    if message.has_id:
        return False
    return any(
        (state := states.get((wish.sender_id, wish.tag))) is None or state.opposed != wish.opposes
        for wish in message.wishes
        if wish.opposes or wish.lifts
    )


def _confirms(message: Message, states: dict[Person, State]) -> bool:
    """Tell whether the person is to be told: of a clear STOP, unless any of its senders was confirmed within a day.

    A STOP to several senders gets one answer, so whoever was told about one of them today is not told again.
    """
    people = [(wish.sender_id, wish.tag) for wish in message.wishes if wish.opposes]
    clear = message.intent == CLEAR_STOP and bool(people)
    return clear and all(_due(states.get(person), message.received_at) for person in people)


def _apply(
    rows: Rows,
    head: Head,
    message: Message,
    wish: Wish,
    states: dict[Person, State],
    salt: bytes,
    *,
    confirm: bool,
) -> Effect:
    person = (wish.sender_id, wish.tag)
    before = states.get(person)
    history = _history_after(message, wish, before)
    opposed = standing.opposed(history)

    recorded = ledger.timestamp(message.received_at)

    def build(index: int) -> ledger.Entry:
        return ledger.OppositionEntry(
            index=index,
            recorded=recorded,
            kind="stop" if wish.opposes else "start",
            at=recorded if message.event_at is message.received_at else ledger.timestamp(message.event_at),
            connection=message.connection,
            message=message.dedupe.hex(),
            person=ledger.person_commitment(salt, wish.tag),
            code=message.code,
            basis=message.basis,
            candidates=message.candidates,
            intent=message.intent,
            rule=message.rule,
            classifier=message.classifier,
            effect=_effect(before, opposed=opposed),
            flags=message.flags,
        )

    effect = _append(rows, head, wish.sender_id, build)
    rows.openings.append((wish.sender_id, wish.tag, effect.index, salt))
    changed = before is None or before.opposed != opposed
    states[person] = rows.states[person] = State(
        opposed=opposed,
        since=message.event_at if changed or before is None else before.since,
        source=message.source if changed or before is None else before.source,
        changed_at_index=effect.index if changed or before is None else before.changed_at_index,
        confirmed_at=message.received_at if confirm else (before.confirmed_at if before else None),
        history=standing.encode(history),
    )
    return Effect(wish.sender_id, effect.index, effect.leaf, confirm)


def _history_after(message: Message, wish: Wish, before: State | None) -> standing.History:
    history = standing.decode(before.history) if before else ()
    code = message.code or ""
    if wish.opposes:
        return standing.with_stop(history, code, message.connection_id, message.event_at)
    if wish.lifts:
        return standing.with_start(history, code, message.connection_id, message.event_at)
    return history


def _due(before: State | None, now: datetime) -> bool:
    return before is None or before.confirmed_at is None or now - before.confirmed_at >= CONFIRM_AGAIN_AFTER


def _effect(before: State | None, *, opposed: bool) -> Literal["opposed", "lifted", "unchanged"]:
    was_opposed = before is not None and before.opposed
    if was_opposed == opposed:
        return "unchanged"
    return "opposed" if opposed else "lifted"


def _append(rows: Rows, head: Head, sender_id: int, build: Callable[[int], ledger.Entry]) -> Effect:
    index = head.size + len(head.leaves)
    line = ledger.encode(build(index))
    leaf = ledger.leaf_hash(line)
    head.leaves.append(leaf)
    rows.entries.append((sender_id, index, line))
    return Effect(sender_id, index, leaf, confirm=False)


def advanced(head: Head) -> tuple[int, bytes]:
    """Fold a head's waiting leaves into its tree: the new size and peaks."""
    frontier = ledger.append(ledger.Frontier(head.size, head.peaks), head.leaves)
    return frontier.size, frontier.peaks
