"""D16: state is a pure function of the set of a person's events."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app import standing

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVENTS = st.tuples(
    st.sampled_from(["stop", "start"]),
    st.sampled_from(["36200", "36111", standing.ANY_CODE]),
    st.sampled_from([1, 2]),
    st.integers(-20, 20).map(lambda minutes: NOON + timedelta(minutes=minutes)),
)


DECISIONS = st.tuples(
    st.sampled_from(["doubtful-stop", "oppose", "withdraw", "lift"]),
    st.sampled_from(["36200", standing.ANY_CODE]),
    st.sampled_from([1, 2]),
    st.integers(-20, 20).map(lambda minutes: NOON + timedelta(minutes=minutes)),
)
SAID = NOON
ITEM = 7


def history_of(events):
    history = ()
    for kind, code, connection, at in events:
        if kind == "doubtful-stop":
            history = standing.with_doubtful_stop(history, code, connection, at, ITEM)
            continue
        if kind in {"oppose", "withdraw", "lift"}:
            history = decided(history, kind, at, code, connection)
            continue
        add = standing.with_stop if kind == "stop" else standing.with_start
        history = add(history, code, connection, at)
    return history


def decided(history, kind, at, code="36200", connection=1, said=SAID):
    """What a person decides at `at` about a message of noon."""
    said, at = standing.microseconds(said), standing.microseconds(at)
    mark = standing.Mark(
        code,
        connection,
        stop_at=said if kind == "oppose" else None,
        start_at=said if kind == "lift" else None,
        item=ITEM,
        opposed_at=at if kind == "oppose" else None,
        lifted_at=None if kind == "oppose" else at,
    )
    return standing.with_decision(history, mark)


@given(st.lists(EVENTS | DECISIONS, max_size=5))
def test_every_order_of_arrival_gives_the_same_state_and_the_same_bytes(events):
    results = {standing.encode(history_of(order)) for order in permutations(events)}

    assert len(results) == 1


@given(st.lists(EVENTS, max_size=6))
def test_the_marks_forget_nothing_that_decides(events):
    """The marks keep only the latest events; a decision over the whole list must be the same."""

    def lifted(code):
        stops = [(c, at) for kind, k, c, at in events if kind == "stop" and k == code]
        starts = [(k, c, at) for kind, k, c, at in events if kind == "start" and k in {code, standing.ANY_CODE}]
        return any(
            all(at > stop + (timedelta(0) if c == s or k == standing.ANY_CODE else timedelta(minutes=5))
                for s, stop in stops)
            for k, c, at in starts
        )  # fmt: skip

    codes = {code for kind, code, _, _ in events if kind == "stop"}

    assert standing.opposed(history_of(events)) == any(not lifted(code) for code in codes)


def test_nobody_is_opposed_before_the_first_stop():
    assert not standing.opposed(())
    assert not standing.opposed(history_of([("start", "36200", 1, NOON)]))


def test_a_later_start_on_the_same_connection_lifts():
    assert not standing.opposed(
        history_of([("stop", "36200", 1, NOON), ("start", "36200", 1, NOON + timedelta(microseconds=1))])
    )


def test_a_start_at_the_same_instant_does_not_lift():
    assert standing.opposed(history_of([("stop", "36200", 1, NOON), ("start", "36200", 1, NOON)]))


def test_across_connections_five_minutes_are_not_enough():
    events = [("stop", "36200", 1, NOON), ("start", "36200", 2, NOON + timedelta(minutes=5))]

    assert standing.opposed(history_of(events))


def test_across_connections_more_than_five_minutes_lift():
    events = [("stop", "36200", 1, NOON), ("start", "36200", 2, NOON + timedelta(minutes=5, microseconds=1))]

    assert not standing.opposed(history_of(events))


def test_a_start_must_be_later_than_every_stop_through_its_code():
    events = [
        ("stop", "36200", 1, NOON),
        ("stop", "36200", 2, NOON + timedelta(minutes=2)),
        ("start", "36200", 1, NOON + timedelta(minutes=3)),
    ]

    assert standing.opposed(history_of(events))


def test_a_start_on_one_code_does_not_lift_a_stop_on_another():
    assert standing.opposed(history_of([("stop", "36200", 1, NOON), ("start", "36111", 1, NOON + timedelta(days=1))]))


def test_a_history_survives_storage():
    history = history_of([("stop", "36200", 1, NOON), ("start", "36111", 2, NOON)])

    assert standing.decode(standing.encode(history)) == history


LATER, LATEST = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
DOUBTFUL = standing.with_doubtful_stop((), "36200", 1, NOON, ITEM)


def test_a_doubtful_stop_stands_until_somebody_decides():
    assert standing.opposed(DOUBTFUL)
    assert not standing.opposed(decided(DOUBTFUL, "withdraw", LATER))


def test_taking_a_doubtful_stop_back_leaves_a_clear_one_in_force():
    history = standing.with_stop(DOUBTFUL, "36200", 1, NOON - timedelta(days=1))

    assert standing.opposed(decided(history, "withdraw", LATER))


def test_taking_one_doubtful_stop_back_leaves_another_in_force():
    history = standing.with_doubtful_stop(DOUBTFUL, "36200", 1, NOON, ITEM + 1)

    assert standing.opposed(decided(history, "withdraw", LATER))


def test_a_doubtful_stop_that_is_said_again_after_the_decision_stands_again():
    history = decided(DOUBTFUL, "withdraw", LATER)

    assert standing.opposed(standing.with_doubtful_stop(history, "36200", 1, LATEST, ITEM))


def test_the_latest_decision_counts_in_whatever_order_they_come():
    lifted, opposed = ("lift", LATER), ("oppose", LATEST)
    stop = standing.with_stop((), "36200", 1, NOON - timedelta(days=1))

    assert standing.opposed(decided(decided(stop, *lifted), *opposed))
    assert standing.opposed(decided(decided(stop, *opposed), *lifted))
    assert not standing.opposed(decided(decided(stop, "oppose", LATER), "lift", LATEST))


def test_two_decisions_of_one_instant_leave_the_person_opposed():
    assert standing.opposed(decided(decided((), "oppose", LATER), "lift", LATER))


def test_a_lift_by_decision_dates_from_the_message_not_from_the_decision():
    stop = standing.with_stop((), "36200", 1, NOON + timedelta(minutes=1))

    assert standing.opposed(decided(stop, "lift", LATEST))


def test_a_lift_by_decision_needs_no_five_minutes_across_connections():
    stop = standing.with_stop((), "36200", 2, NOON - timedelta(minutes=1))

    assert not standing.opposed(decided(stop, "lift", LATER))


def test_a_start_of_the_person_lifts_what_a_decision_opposed_before_it():
    history = decided((), "oppose", LATEST)

    assert standing.opposed(history)
    assert not standing.opposed(standing.with_start(history, "36200", 1, LATER))


def test_an_opt_in_lifts_older_stops_of_every_code_and_channel_and_none_of_its_own_instant():
    history = standing.with_stop((), "36200", 1, NOON)
    history = standing.with_stop(history, standing.ANY_CODE, 0, NOON)

    assert standing.opposed(standing.with_start(history, standing.ANY_CODE, 0, NOON))
    assert not standing.opposed(standing.with_start(history, standing.ANY_CODE, 0, LATER))


def test_a_start_on_a_code_lifts_no_opposition_of_another_channel():
    assert standing.opposed(standing.with_start(standing.with_stop((), standing.ANY_CODE, 0, NOON), "36200", 1, LATER))


def test_histories_that_were_stored_before_there_were_reviews_are_read():
    old = msgspec.msgpack.encode([("36200", 1, standing.microseconds(NOON), None)])

    assert standing.decode(old) == standing.with_stop((), "36200", 1, NOON)
