"""The set of opposed tags answers as a Python set would, whatever the tags are."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.tagset import TagSet

Tags = NDArray[np.int64]

LEAST, MOST = -(2**63), 2**63 - 1
# Where signed and unsigned order, 32-bit halves and the whole numbers of a float part ways.
CORNERS = [LEAST, LEAST + 1, MOST, MOST - 1, -1, 0, 1, 2**32 - 1, 2**32, -(2**32), 2**53, 2**53 + 1, -(2**53) - 1]

anywhere = st.integers(LEAST, MOST)
close_together = st.integers(-40, 40)
one_tag = anywhere | close_together | st.sampled_from(CORNERS)
many_tags = st.lists(one_tag, max_size=300) | st.lists(close_together, max_size=300)


def array(tags: object) -> Tags:
    return np.array(tags, dtype=np.int64)


def even_tags(count: int, seed: int) -> Tags:
    return np.random.default_rng(seed).integers(LEAST, MOST, count, dtype=np.int64, endpoint=True)


def assert_agrees(tags: TagSet, model: set[int], asked: Tags) -> None:
    expected = np.fromiter((tag in model for tag in asked.tolist()), np.bool_, len(asked))
    np.testing.assert_array_equal(tags.contains(asked), expected)


@given(opposed=many_tags, asked=many_tags)
def test_it_answers_as_a_python_set_does(opposed: list[int], asked: list[int]) -> None:
    tags, model = TagSet.of(array(opposed)), set(opposed)
    assert len(tags) == len(model)
    assert_agrees(tags, model, array(asked + opposed))


@given(opposed=many_tags, asked=one_tag)
def test_one_answers_as_contains_does(opposed: list[int], asked: int) -> None:
    tags = TagSet.of(array(opposed))
    assert tags.one(asked) is (asked in opposed)
    assert all(tags.one(tag) for tag in opposed)


@given(opposed=many_tags)
def test_its_tags_come_back_ascending_and_once_each(opposed: list[int]) -> None:
    assert TagSet.of(array(opposed)).array().tolist() == sorted(set(opposed))


@given(
    opposed=many_tags,
    deltas=st.lists(st.tuples(many_tags, many_tags), max_size=6),
    asked=st.lists(one_tag, max_size=60),
)
def test_after_any_deltas_it_answers_as_a_python_set_does(
    opposed: list[int], deltas: list[tuple[list[int], list[int]]], asked: list[int]
) -> None:
    tags, model, met = TagSet.of(array(opposed)), set(opposed), array(opposed + asked)
    for into, out_of in deltas:
        tags = tags.applied(array(into), array(out_of))
        model = (model - set(out_of)) | set(into)
        met = np.concatenate([met, array(into), array(out_of)])
        assert len(tags) == len(model)
        assert_agrees(tags, model, met)
        assert [tag for tag in set(met.tolist()) if tags.one(tag)] == [t for t in set(met.tolist()) if t in model]
    assert tags.array().tolist() == sorted(model)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), size=st.integers(0, 40_000), turns=st.integers(1, 12))
def test_deltas_that_are_merged_and_deltas_that_wait_agree(seed: int, size: int, turns: int) -> None:
    chance = np.random.default_rng(seed)
    tags, present = TagSet.of(even_tags(size, seed)), even_tags(size, seed)
    for turn in range(turns):
        into = even_tags(int(chance.integers(0, 900)), seed + 1 + turn)
        out_of = chance.choice(present, min(present.size, int(chance.integers(0, 500))))
        tags = tags.applied(into, out_of)
        present = np.union1d(np.setdiff1d(present, out_of), into)
        np.testing.assert_array_equal(tags.array(), present)
        asked = np.concatenate([into, out_of, present[:1_000]])
        np.testing.assert_array_equal(tags.contains(asked), np.isin(asked, present))


@pytest.mark.parametrize("size", [99, 100, 101, 102, 103, 65_535, 65_537, 300_000])
def test_even_tags_of_every_size_are_found_and_others_are_not(size: int) -> None:
    opposed = even_tags(size, 1)
    asked = np.concatenate([even_tags(200_000, 2), opposed, opposed + 1, opposed - 1])
    np.testing.assert_array_equal(TagSet.of(opposed).contains(asked), np.isin(asked, opposed))


UNEVEN = {
    "one tag a hundred thousand times": np.full(100_000, 7, dtype=np.int64),
    "neighbours, all in one slot": np.arange(100_000, dtype=np.int64),
    "neighbours on both sides of the sign": np.arange(-50_000, 50_000, dtype=np.int64),
    "the least and the most": array([LEAST] * 50_000 + [MOST] * 50_000),
    "already ascending": np.sort(even_tags(100_000, 3)),
    "descending": np.sort(even_tags(100_000, 3))[::-1],
    "a dense quarter of the range": even_tags(100_000, 4) >> 2,
    "a multiple of the slot each": np.arange(-50_000, 50_000, dtype=np.int64) << 32,
    "half even, half in one place": np.concatenate([even_tags(50_000, 5), np.arange(50_000) + 2**61]),
}


@pytest.mark.parametrize("opposed", UNEVEN.values(), ids=UNEVEN.keys())
def test_tags_that_lie_unevenly_are_found_all_the_same(opposed: Tags) -> None:
    asked = np.concatenate([opposed, opposed + 1, opposed - 1, opposed ^ (1 << 33), even_tags(10_000, 6)])
    np.testing.assert_array_equal(TagSet.of(opposed).contains(asked), np.isin(asked, opposed))


@pytest.mark.parametrize("size", range(9))
def test_the_first_few_tags_are_found_one_by_one(size: int) -> None:
    opposed = even_tags(size, 7)
    tags = TagSet.of(opposed)
    assert tags.contains(opposed).all()
    assert not tags.contains(opposed + 1).any()


def test_an_empty_set_contains_nothing() -> None:
    tags = TagSet.of(array([]))
    assert len(tags) == 0
    assert not tags.contains(array(CORNERS)).any()
    assert not tags.one(0)
    assert tags.array().tolist() == []


def test_no_question_has_no_answer() -> None:
    assert TagSet.of(array(CORNERS)).contains(array([])).tolist() == []


def test_a_tag_is_not_taken_for_its_neighbour_that_a_float_cannot_tell_apart() -> None:
    tags = TagSet.of(array([2**53, -(2**53), MOST - 1]))
    assert [tags.one(tag) for tag in (2**53, 2**53 + 1, -(2**53) - 1, MOST)] == [True, False, False, False]


def test_a_tag_in_both_lists_of_a_delta_is_opposed() -> None:
    tags = TagSet.of(array([1])).applied(array([1, 2]), array([1, 2]))
    assert tags.array().tolist() == [1, 2]


def test_a_lifted_tag_can_be_opposed_again() -> None:
    first = TagSet.of(array([1, 2, 3]))
    again = first.applied(array([]), array([2])).applied(array([2]), array([]))
    assert again.one(2)
    assert len(again) == 3


def test_an_added_tag_can_be_lifted_again() -> None:
    tags = TagSet.of(array([1])).applied(array([2]), array([])).applied(array([]), array([2]))
    assert tags.array().tolist() == [1]


def test_repeats_and_strangers_in_a_delta_count_once_or_not_at_all() -> None:
    tags = TagSet.of(array([1])).applied(array([1, 2, 2]), array([9, 9]))
    assert len(tags) == 2


def test_questions_may_be_a_slice_with_gaps_or_read_only() -> None:
    asked = np.arange(10, dtype=np.int64)
    asked.setflags(write=False)
    assert TagSet.of(array([0, 2, 3])).contains(asked[::2]).tolist() == [True, True, False, False, False]


@pytest.mark.parametrize("kind", [np.float64, np.uint64])
def test_numbers_that_an_int64_cannot_hold_are_refused(kind: type) -> None:
    asked: NDArray[Any] = np.zeros(3, dtype=kind)
    with pytest.raises(TypeError):
        TagSet.of(array([0])).contains(asked)
