"""Many oppositions brought in at once: what is written, and what is known already."""

from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from app import bulk, ledger, standing
from app.appends import Head, State
from app.bulk import KNOWN, Bulk, Opposition

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SENDER = 7


def opposition(tag: int, days: int | None = None, digest: int | None = None) -> Opposition:
    at = NOW - timedelta(days=days) if days is not None else None
    name = digest if digest is not None else hash((tag, days)) & 0xFFFF
    return Opposition(tag, at, name.to_bytes(16, "big"), named=days is not None)


def planned(told: list[Opposition], states: dict | None = None, known: set[bytes] = frozenset()):
    head = Head(0, b"", [])
    salts = (number.to_bytes(16, "big") for number in count())
    work = Bulk(SENDER, "crm", "channel:crm", NOW, (), told)
    rows, outcomes = bulk.plan(work, set(known), head, states or {}, salts)
    return rows, outcomes, head


def test_entries_follow_each_other_in_the_order_they_were_told():
    rows, outcomes, head = planned([opposition(5, 1), opposition(-3, 2), opposition(4, 3)])

    assert outcomes == [0, 1, 2]
    assert [index for _, index, _ in rows.entries] == [0, 1, 2]
    assert head.leaves == [ledger.leaf_hash(line) for _, _, line in rows.entries]


def test_the_index_rows_come_in_the_order_of_their_tags():
    rows, _, _ = planned([opposition(tag, 1) for tag in (5, -3, 4)])

    assert [tag for _, tag, _, _ in rows.openings] == [-3, 4, 5]
    assert [tag for _, tag in rows.states] == [-3, 4, 5]


def test_what_an_entry_says_of_the_person_opens_with_its_salt():
    rows, _, _ = planned([opposition(5, 1)])
    ((_, tag, _, salt),) = rows.openings

    assert ledger.decode(rows.entries[0][2]).person == ledger.person_commitment(salt, tag)


def test_one_who_opted_in_since_is_not_opposed_again_by_an_older_opposition():
    lifted = standing.with_start(
        standing.with_stop((), "*", 0, NOW - timedelta(days=30)), "*", 0, NOW - timedelta(days=3)
    )
    before = State(False, NOW, "crm", 0, None, standing.encode(lifted))  # noqa: FBT003 - a row of opt_out
    rows, outcomes, _ = planned([opposition(5, 10), opposition(5)], {(SENDER, 5): before})

    effects = [ledger.decode(line).effect for _, _, line in rows.entries]
    assert outcomes == [0, 1]
    assert effects == ["unchanged", "opposed"]  # the one without a date counts from now


def test_an_undated_one_is_known_while_another_like_it_stands():
    standing_one = State(True, NOW, "crm", 0, None, standing.encode(standing.with_stop((), "*", 0, NOW)))  # noqa: FBT003
    _, outcomes, _ = planned([opposition(5)], {(SENDER, 5): standing_one})

    assert outcomes == [KNOWN]


def test_a_stop_on_a_code_does_not_make_an_undated_one_known():
    on_code = State(True, NOW, "mo", 0, None, standing.encode(standing.with_stop((), "36200", 1, NOW)))  # noqa: FBT003
    rows, outcomes, _ = planned([opposition(5)], {(SENDER, 5): on_code})

    assert outcomes == [0]
    assert ledger.decode(rows.entries[0][2]).effect == "unchanged"
    assert rows.states[SENDER, 5].source == "mo"


def test_digests_are_found_in_the_lines_that_were_written():
    rows, _, _ = planned([opposition(5, 1, digest=77), opposition(6, 1, digest=78)])

    assert bulk.digests(line for _, _, line in rows.entries) == {(77).to_bytes(16, "big"), (78).to_bytes(16, "big")}


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 4)), max_size=12), st.integers(0, 12))
def test_a_list_told_in_two_parts_or_twice_gives_the_same_people(told: list, cut: int):
    every = [opposition(tag, days) for tag, days in told]
    whole, _, _ = planned(every)
    first, _, _ = planned(every[:cut])
    digests = bulk.digests(line for _, _, line in first.entries)
    second, _, _ = planned(every, dict(first.states), digests)

    merged = {**first.states, **second.states}
    assert {person: state.opposed for person, state in merged.items()} == {
        person: state.opposed for person, state in whole.states.items()
    }
    assert {person: state.history for person, state in merged.items()} == {
        person: state.history for person, state in whole.states.items()
    }
