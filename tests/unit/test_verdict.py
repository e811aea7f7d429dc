"""Each position of a batch gets one reason, the first that applies, as a plain loop over the batch would give it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.verdict import Reason, Verdict, decide

# Fiction: 06 39 98 00 00 and the numbers after it. 0 stands for what could not be read.
FIRST = 33639980000
INVALID = 0

# number, opposed, duplicate, quiet
Row = tuple[int, bool, bool, bool]
few_people = st.integers(FIRST, FIRST + 6)
anybody = st.integers(1, 10**15 - 1)
rows = st.lists(
    st.tuples(few_people | anybody | st.just(INVALID), st.booleans(), st.booleans(), st.booleans()), max_size=60
)


def tags_of(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Stand-ins for tags: as different from each other as the numbers are, of both signs, in another order."""
    mixed: NDArray[np.int64] = (numbers.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)).view(np.int64)
    return mixed


def bools(values: list[bool]) -> NDArray[np.bool_]:
    return np.array(values, dtype=np.bool_)


def judged(batch: list[Row]) -> Verdict:
    numbers = np.array([number for number, *_ in batch], dtype=np.int64)
    opposed, duplicate, quiet = (bools([bool(row[column]) for row in batch]) for column in (1, 2, 3))
    return decide(numbers, tags_of(numbers), opposed, duplicate, quiet)


def expected_reasons(batch: list[Row]) -> list[Reason]:
    """The rule itself, one number after the other."""
    reasons, met = [], set()
    for number, opposed, duplicate, quiet in batch:
        if number == INVALID:
            reasons.append(Reason.INVALID)
        elif number in met:
            reasons.append(Reason.REPEATED)
        elif opposed:
            reasons.append(Reason.OPTED_OUT)
        elif duplicate:
            reasons.append(Reason.DUPLICATE)
        else:
            reasons.append(Reason.QUIET_HOURS if quiet else Reason.ALLOWED)
        met.add(number)
    return reasons


def plain(number: int) -> Row:
    return (number, False, False, False)


@given(batch=rows)
def test_every_position_gets_the_reason_a_plain_loop_gives(batch: list[Row]) -> None:
    assert judged(batch).reasons.tolist() == expected_reasons(batch)


@given(batch=rows)
def test_positions_of_all_reasons_are_ascending_and_make_up_the_batch(batch: list[Row]) -> None:
    verdict = judged(batch)
    by_reason = [verdict.positions(reason) for reason in Reason]
    assert all((np.diff(positions) > 0).all() for positions in by_reason)
    assert sorted(np.concatenate(by_reason).tolist()) == list(range(len(batch)))


@given(batch=rows)
def test_counts_agree_with_positions_and_add_up_to_submitted(batch: list[Row]) -> None:
    verdict = judged(batch)
    counts = verdict.counts
    by_name = {reason: getattr(counts, reason.name.lower()) for reason in Reason}
    assert by_name == {reason: len(verdict.positions(reason)) for reason in Reason}
    assert counts.submitted == len(batch) == sum(by_name.values())


@given(batch=rows)
def test_the_record_holds_the_tags_of_the_allowed_and_of_nobody_else(batch: list[Row]) -> None:
    verdict = judged(batch)
    allowed = [row[0] for row, reason in zip(batch, expected_reasons(batch), strict=True) if reason == Reason.ALLOWED]
    cleared = sorted(tags_of(np.array(allowed, dtype=np.int64)).tolist())
    assert verdict.cleared.tolist() == cleared
    assert bytes(verdict.record()) == b"".join(tag.to_bytes(8, "little", signed=True) for tag in cleared)


@given(batch=rows)
def test_no_person_is_cleared_twice(batch: list[Row]) -> None:
    cleared = judged(batch).cleared.tolist()
    assert len(cleared) == len(set(cleared))


def test_the_counts_come_in_the_order_in_which_reasons_apply() -> None:
    names = list(judged([]).counts.__struct_fields__)
    assert names == ["submitted", "allowed", "invalid", "repeated", "opted_out", "duplicate", "quiet_hours"]


def test_an_empty_batch_is_an_empty_verdict() -> None:
    verdict = judged([])
    assert verdict.counts.submitted == 0
    assert bytes(verdict.record()) == b""


def test_an_opposed_person_named_twice_is_opted_out_once_and_repeated_after_that() -> None:
    opposed: Row = (FIRST, True, False, False)
    verdict = judged([plain(FIRST + 1), opposed, opposed])
    assert verdict.reasons.tolist() == [Reason.ALLOWED, Reason.OPTED_OUT, Reason.REPEATED]


def test_a_repeat_is_found_even_where_only_its_first_place_was_withheld() -> None:
    verdict = judged([(FIRST, False, False, True), plain(FIRST)])
    assert verdict.reasons.tolist() == [Reason.QUIET_HOURS, Reason.REPEATED]


def test_a_repeat_is_found_even_where_only_its_second_place_is_withheld() -> None:
    verdict = judged([plain(FIRST), (FIRST, False, True, False)])
    assert verdict.reasons.tolist() == [Reason.ALLOWED, Reason.REPEATED]


def test_numbers_that_could_not_be_read_are_not_each_others_repeats() -> None:
    assert judged([plain(INVALID)] * 3).counts.invalid == 3


def test_two_people_whose_tags_collide_are_two_people() -> None:
    numbers = np.array([FIRST, FIRST + 1, FIRST], dtype=np.int64)
    verdict = decide(numbers, np.full(3, 7, dtype=np.int64), np.zeros(3, np.bool_))
    assert verdict.reasons.tolist() == [Reason.ALLOWED, Reason.ALLOWED, Reason.REPEATED]
    assert verdict.cleared.tolist() == [7, 7]


def test_what_could_not_be_read_stays_invalid_even_if_its_tag_is_somebodys() -> None:
    numbers = np.array([INVALID, FIRST, INVALID, FIRST], dtype=np.int64)
    verdict = decide(numbers, np.full(4, 7, dtype=np.int64), np.zeros(4, np.bool_))
    assert verdict.reasons.tolist() == [Reason.INVALID, Reason.ALLOWED, Reason.INVALID, Reason.REPEATED]


def test_duplicates_and_quiet_hours_may_be_left_out() -> None:
    numbers = np.array([FIRST, FIRST + 1], dtype=np.int64)
    verdict = decide(numbers, tags_of(numbers), bools([False, True]))
    assert verdict.reasons.tolist() == [Reason.ALLOWED, Reason.OPTED_OUT]


def test_the_arrays_that_are_judged_stay_as_they_were() -> None:
    numbers = np.array([FIRST + 2, FIRST, FIRST + 2], dtype=np.int64)
    tags, opposed = tags_of(numbers), bools([True, False, False])
    before = numbers.tolist(), tags.tolist(), opposed.tolist()
    decide(numbers, tags, opposed)
    assert (numbers.tolist(), tags.tolist(), opposed.tolist()) == before


@pytest.mark.parametrize(
    "lengths", [(2, 1, 2, 2, 2), (2, 2, 1, 2, 2), (2, 2, 2, 1, 2), (2, 2, 2, 2, 1), (1, 2, 2, 2, 2)]
)
def test_arrays_of_different_lengths_are_refused(lengths: tuple[int, int, int, int, int]) -> None:
    numbers, tags = (np.arange(1, length + 1, dtype=np.int64) for length in lengths[:2])
    opposed, duplicate, quiet = (np.zeros(length, np.bool_) for length in lengths[2:])
    with pytest.raises(ValueError, match="of one length"):
        decide(numbers, tags, opposed, duplicate, quiet)


def shuffled(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.random.default_rng(5).permutation(numbers)


LARGE = {
    "all different": shuffled(np.arange(200_000) + FIRST),
    "all the same": np.full(200_000, FIRST, dtype=np.int64),
    "everybody twice": shuffled(np.repeat(np.arange(100_000) + FIRST, 2)),
    "everybody twice, one list after the other": np.tile(np.arange(100_000) + FIRST, 2),
    "a few many times": shuffled(np.arange(200_000) % 17 + FIRST),
    "nothing could be read": np.zeros(200_000, dtype=np.int64),
    "the longest numbers": shuffled(10**15 - 1 - np.arange(200_000) // 3),
}


@pytest.mark.parametrize("numbers", LARGE.values(), ids=LARGE.keys())
def test_repeats_of_a_large_batch_are_all_but_the_first_of_each_number(numbers: NDArray[np.int64]) -> None:
    first = np.zeros(numbers.size, np.bool_)
    first[np.unique(numbers, return_index=True)[1]] = True
    opposed = numbers % 10 == 3
    repeated = np.flatnonzero(~first & (numbers != INVALID))
    verdict = decide(numbers, tags_of(numbers), opposed)
    np.testing.assert_array_equal(verdict.positions(Reason.REPEATED), repeated)
    np.testing.assert_array_equal(verdict.positions(Reason.OPTED_OUT), np.flatnonzero(first & opposed))
    assert verdict.counts.allowed == len(verdict.cleared) == np.unique(numbers[~opposed & (numbers != INVALID)]).size
