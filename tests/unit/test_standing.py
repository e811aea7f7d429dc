"""D16: state is a pure function of the set of a person's events."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

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


def history_of(events):
    history = ()
    for kind, code, connection, at in events:
        add = standing.with_stop if kind == "stop" else standing.with_start
        history = add(history, code, connection, at)
    return history


@given(st.lists(EVENTS, max_size=5))
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
