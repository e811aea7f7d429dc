"""D16, the rules that are no order of events: who may lift, how often, and what a person is asked."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from app import appends, ledger, lifting, standing
from app.appends import Head, Message, State, Wish
from app.lifting import Budget, Draft, LiftBudgetError, Ruling

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SALON, ANNE = 1, 111
CERTAIN = {"certain": True, "may_lift": True, "authenticated": True, "stale": False, "part": False}


def opposed_state(at=NOON - timedelta(days=1), *, doubtful=False):
    history = standing.with_stop((), "36200", 1, at)
    if doubtful:
        history = standing.with_doubtful_stop((), "36200", 1, at, standing.item_of(b"\x01" * 16))
    return State(
        opposed=True, since=at, source="mo", changed_at_index=0, confirmed_at=at, history=standing.encode(history)
    )


def start(dedupe=b"\x01" * 16, tag=ANNE, *, lifts=True, hindrances=(), at=NOON, **more):
    draft = Draft(((SALON, tag),), b"box", at, hindrances=hindrances)
    return Message(
        connection_id=1, connection="op", dedupe=dedupe, has_id=True, received_at=at, event_at=at, intent="START",
        rule="start.keyword", classifier="1", code="36200", basis="dedicated", candidates=1, flags=(),
        wishes=(Wish(SALON, tag, opposes=False, lifts=lifts),), review=draft, **more,
    )  # fmt: skip


def ruling(decision, *, doubtful=False, dpo=False, at=NOON + timedelta(hours=1)):
    return Ruling(
        1, b"\x01" * 16, "36200", NOON, NOON, doubtful, decision, at, "cli:anne", "read it", ((SALON, ANNE),), dpo
    )


def planned(*works, states=None, budget=None):
    fresh = frozenset(work.key for work in works if isinstance(work, Message))
    salts = (number.to_bytes(16, "big") for number in count(1))
    budgets = {SALON: budget or Budget()}
    rows = appends.plan(works, fresh, {SALON: Head(0, b"", [])}, states or {}, salts, budgets)
    return rows, budgets[SALON], [ledger.decode(line) for _, _, line in rows.entries]


@pytest.mark.parametrize(
    ("circumstance", "reason"),
    [
        ({}, []),
        ({"certain": False}, ["uncertain-attribution"]),
        ({"may_lift": False}, ["may-not-lift"]),
        ({"authenticated": False}, ["not-authenticated"]),
        ({"stale": True}, ["stale"]),
        ({"part": True}, ["part-of-a-message"]),
    ],
)
def test_what_keeps_a_start_from_lifting_is_named(circumstance, reason):
    assert list(lifting.hindrances(**{**CERTAIN, **circumstance})) == reason


@pytest.mark.parametrize(("oppositions", "allowed"), [(0, 20), (4_199, 20), (4_200, 21), (1_000_000, 5_000)])
def test_a_day_allows_twenty_lifts_or_half_a_percent(oppositions, allowed):
    assert lifting.allowance(oppositions) == allowed


def test_a_start_that_lifts_opens_no_item_and_spends_one():
    rows, budget, [entry] = planned(start(), states={(SALON, ANNE): opposed_state()})

    assert (entry.effect, rows.items, budget.spent) == ("lifted", {}, 1)


def test_a_start_beyond_the_budget_lifts_nothing_and_asks():
    rows, budget, [entry] = planned(start(), states={(SALON, ANNE): opposed_state()}, budget=Budget(20, 20))

    assert (entry.effect, "budget" in entry.flags, budget.spent) == ("unchanged", True, 0)
    assert rows.states[SALON, ANNE].opposed
    assert [item.reasons for item in rows.items.values()] == [("budget",)]


def test_what_came_beyond_the_budget_is_no_event_of_the_person():
    """It would lift with the next event otherwise, unasked and unpaid."""
    before = opposed_state()
    rows, _, _ = planned(start(), states={(SALON, ANNE): before}, budget=Budget(20, 20))

    assert rows.states[SALON, ANNE].history == before.history


def test_the_last_of_the_budget_is_given_once():
    works = [start(bytes([n]) * 16, tag=n) for n in (1, 2)]
    states = {(SALON, n): opposed_state() for n in (1, 2)}
    rows, _, _ = planned(*works, states=states, budget=Budget(19, 20))

    assert [rows.states[SALON, n].opposed for n in (1, 2)] == [False, True]


def test_a_start_for_somebody_who_is_not_opposed_asks_nobody_and_spends_nothing():
    rows, budget, [entry] = planned(start(lifts=False, hindrances=("uncertain-attribution",)))

    assert (entry.effect, rows.items, budget.spent) == ("unchanged", {}, 0)


def test_a_start_that_is_not_later_asks():
    rows, _, _ = planned(start(), states={(SALON, ANNE): opposed_state(NOON)})

    assert [item.reasons for item in rows.items.values()] == [("not-later",)]


def test_a_hindered_start_asks_while_an_opposition_stands():
    states = {(SALON, ANNE): opposed_state()}
    rows, _, [entry] = planned(start(lifts=False, hindrances=("may-not-lift",)), states=states)

    assert [item.reasons for item in rows.items.values()] == [("may-not-lift",)]
    assert (entry.effect, entry.flags) == ("unchanged", ("review",))


def test_a_decision_is_two_entries_of_the_senders_ledger_and_shares_the_budget():
    rows, budget, [note, entry] = planned(ruling("lift"), states={(SALON, ANNE): opposed_state()})

    assert (note.kind, note.subject, note.detail["decision"], note.detail["by"]) == (
        "review", (b"\x01" * 16).hex(), "lift", "cli:anne",
    )  # fmt: skip
    assert (entry.kind, entry.rule, entry.effect, budget.spent) == ("start", "review.lift", "lifted", 1)
    assert not rows.states[SALON, ANNE].opposed


def test_a_decision_beyond_the_budget_is_for_a_data_protection_officer():
    states = {(SALON, ANNE): opposed_state()}
    with pytest.raises(LiftBudgetError, match="as-dpo"):
        planned(ruling("lift"), states=states, budget=Budget(20, 20))
    rows, _, [note, _] = planned(ruling("lift", dpo=True), states=states, budget=Budget(20, 20))

    assert not rows.states[SALON, ANNE].opposed
    assert note.detail["role"] == "dpo"


def test_leaving_is_written_down_and_changes_nothing():
    rows, _, [note] = planned(ruling("leave"), states={(SALON, ANNE): opposed_state(doubtful=True)})

    assert note.detail["decision"] == "leave"
    assert rows.states == {}


@pytest.mark.parametrize("order", [("lift", "oppose"), ("oppose", "lift")])
def test_a_decision_reverses_cleanly(order):
    state, first, second = opposed_state(doubtful=True), *order
    one = ruling(first, doubtful=True)
    other = ruling(second, doubtful=True, at=NOON + timedelta(hours=2))
    rows, _, _ = planned(one, other, states={(SALON, ANNE): state})

    assert rows.states[SALON, ANNE].opposed is (second == "oppose")


def test_an_opt_in_that_is_not_later_asks_nobody():
    draft = Draft(((SALON, ANNE),), b"box", NOON, asks_if_not_later=False)
    rows, _, _ = planned(start_with(draft), states={(SALON, ANNE): opposed_state(NOON)})

    assert rows.items == {}


def start_with(draft):
    return Message(
        connection_id=0, connection="opt-in", dedupe=b"\x03" * 16, has_id=True, received_at=NOON, event_at=NOON,
        intent="START", rule="opt-in.proof", classifier="sender", code=standing.ANY_CODE, basis="sender", candidates=1,
        flags=(), wishes=(Wish(SALON, ANNE, opposes=False, lifts=True),), review=draft, source="opt-in",
    )  # fmt: skip
