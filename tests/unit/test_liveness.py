"""From evidence to the state of a STOP channel."""

from datetime import UTC, datetime, timedelta
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import canaries
from app.keys import Root
from app.liveness import Evidence, State, silence, state_of, step, why

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
counts = st.integers(0, 10**8)


def heard(**more: int) -> Evidence:
    return Evidence(stop_at=NOON, **more)


def test_nothing_proves_a_channel_but_a_stop_or_a_canary():
    assert state_of(Evidence(answered=10**6, stops=0)) is State.NEVER_PROVEN
    assert state_of(Evidence(stop_at=NOON)) is State.ALIVE
    assert state_of(Evidence(canary_at=NOON, canary="TEST-7F3A")) is State.ALIVE


@pytest.mark.parametrize("months", [1, 12, 60])
def test_a_small_sender_is_never_refused_for_silence_alone(months: int):
    """300 messages a month; only the last three months are counted, and five years would not do either."""
    assert state_of(heard(unanswered=300 * months)) is State.ALIVE


@pytest.mark.parametrize(
    ("answered", "stops", "suspect_after", "dead_after"),
    [
        (0, 0, 36_001, 122_492),  # no history: as if 4 STOPs had come of 4,000 messages
        (10**6, 1_000, 9_253, 13_912),  # the usual rate, long observed
        (10**6, 20_000, 9_253, 13_912),  # a fresh list brought 2 %: no reason to expect that for ever
        (10**6, 100, 92_972, 142_638),  # people who hardly ever leave
    ],
)
def test_how_long_a_silence_must_be(answered: int, stops: int, suspect_after: int, dead_after: int):
    def state(unanswered: int) -> State:
        return state_of(heard(unanswered=unanswered, answered=answered, stops=stops))

    assert [state(suspect_after - 1), state(suspect_after)] == [State.ALIVE, State.SUSPECT]
    assert [state(dead_after - 1), state(dead_after)] == [State.SUSPECT, State.DEAD]


def test_with_a_long_history_the_chance_of_silence_is_that_of_a_known_rate():
    """Poisson: exp(-rate * messages)."""
    assert silence(9_210, 10**9, 10**6) == pytest.approx(exp(-9.21), rel=1e-3)


@given(counts, counts, counts, counts)
def test_more_unanswered_messages_never_make_a_channel_look_better(
    unanswered: int, more: int, answered: int, stops: int
):
    first, second = silence(unanswered, answered, stops), silence(unanswered + more, answered, stops)
    assert 0 <= second <= first <= 1


@given(counts, counts, counts)
def test_a_code_that_brought_fewer_stops_is_given_more_time(unanswered: int, answered: int, stops: int):
    assert silence(unanswered, answered, stops) <= silence(unanswered, answered, stops // 2)


def test_a_step_is_written_when_the_state_changes_and_only_then():
    quiet = heard(unanswered=50_000)
    made = step(State.ALIVE, quiet, "agregateur", NOON)
    assert (made.at, made.was, made.became) == (NOON, State.ALIVE, State.SUSPECT)
    assert step(State.SUSPECT, quiet, "agregateur", NOON) is None


def test_the_state_says_what_was_proven_and_what_was_not():
    assert why(Evidence(), "agregateur") == "No STOP and no canary ever arrived."
    assert why(heard(), "agregateur") == "A STOP arrived through agregateur at 2026-11-23T12:00:00Z."
    tested = Evidence(canary_at=NOON, canary="TEST-7F3A")
    assert "Canary TEST-7F3A came back through agregateur at 2026-11-23T12:00:00Z" in why(tested, "agregateur")
    assert "passes the word STOP on was not proven" in why(tested, "agregateur")
    assert "as a STOP; no STOP of a person" in why(Evidence(canary_at=NOON, canary="STOP 7F3A"), "agregateur")
    later = Evidence(stop_at=NOON - timedelta(days=9), canary_at=NOON, canary="TEST-7F3A")
    assert "the last STOP of a person came at 2026-11-14" in why(later, "agregateur")
    assert "no STOP came of 50000 cleared messages" in why(heard(unanswered=50_000), "agregateur")


@pytest.mark.parametrize(
    "text",
    [
        "TEST-7F3A",
        "test 7f3a",
        "Test7F3A.",
        " « TEST – 7f3a » ",
        "STOP 7F3A",
        "stop-7f3a",
        "TEST\u00a07F3A",
        "ＴＥＳＴ 7F3A",
    ],
)
def test_a_canary_is_read_in_any_case_with_any_spaces_and_dashes(text: str):
    assert canaries.typed(text).token == "7F3A"


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "TEST",
        "STOP 36200",
        "STOP MARTIN",
        "7F3A",
        "STOP 7F3",
        "STOP 7F3A merci",
        "TEST 7F3AA",
        "",
        None,
        "7" * 99,
    ],
)
def test_anything_else_is_no_canary(text: str | None):
    assert canaries.typed(text) is None


def test_a_token_follows_from_the_root_key_the_code_and_the_row():
    root, other = Root(bytes(32)), Root(bytes(31) + b"\1")
    tokens = {canaries.token_of(root, "36200", number) for number in range(200)}
    assert len(tokens) > 190
    assert all(canaries.typed(f"TEST-{token}").token == token for token in tokens)
    assert canaries.token_of(root, "36200", 1) == canaries.token_of(root, "36200", 1)
    assert (
        len({canaries.token_of(*which) for which in ((root, "36200", 1), (root, "36111", 1), (other, "36200", 1))}) == 3
    )
