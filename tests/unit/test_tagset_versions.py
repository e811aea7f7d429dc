"""A version of a set never changes, shares what it can with the next one, and keeps within its memory."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from app.tagset import PENDING_AT_LEAST, TagSet

Tags = NDArray[np.int64]

NONE = np.empty(0, dtype=np.int64)
BYTES_PER_TAG_MAX = 8.5


def even_tags(count: int, seed: int) -> Tags:
    return np.random.default_rng(seed).integers(-(2**63), 2**63 - 1, count, dtype=np.int64)


def peak_bytes(work: Callable[[], object]) -> int:
    """The most memory that `work` held at once beyond what was held before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_delta_leaves_the_version_before_it_as_it_was() -> None:
    before = TagSet.of(np.array([1, 2, 3], dtype=np.int64))
    before.applied(np.array([9], dtype=np.int64), np.array([2], dtype=np.int64))
    assert before.array().tolist() == [1, 2, 3]
    assert before.contains(np.array([2, 9], dtype=np.int64)).tolist() == [True, False]


def test_a_delta_of_nothing_is_the_same_version() -> None:
    tags = TagSet.of(even_tags(10, 1))
    assert tags.applied(NONE, NONE) is tags


def test_a_set_does_not_follow_changes_of_the_array_it_was_made_from() -> None:
    made_from = np.array([1, 2, 3], dtype=np.int64)
    tags = TagSet.of(made_from)
    made_from[:] = 9
    assert tags.array().tolist() == [1, 2, 3]


def test_a_set_does_not_follow_changes_of_the_array_it_gave() -> None:
    tags = TagSet.of(np.array([1, 2, 3], dtype=np.int64))
    tags.array()[:] = 9
    assert tags.array().tolist() == [1, 2, 3]


def test_a_set_does_not_follow_changes_of_a_delta() -> None:
    delta = np.array([7], dtype=np.int64)
    tags = TagSet.of(NONE).applied(delta, NONE)
    delta[0] = 8
    assert tags.array().tolist() == [7]


@pytest.mark.parametrize("count", [100_000, 1_000_000])
def test_a_tag_takes_eight_and_a_half_bytes_at_most(count: int) -> None:
    assert TagSet.of(even_tags(count, 2)).nbytes <= BYTES_PER_TAG_MAX * count


def test_pending_changes_stay_within_the_bytes_of_a_tag() -> None:
    opposed = even_tags(600_000, 3)
    tags = TagSet.of(opposed)
    for first in range(0, 6_000, 500):
        tags = tags.applied(NONE, opposed[first : first + 500])
        assert tags.nbytes <= BYTES_PER_TAG_MAX * len(tags)


def test_a_small_delta_shares_the_large_array() -> None:
    tags = TagSet.of(even_tags(200_000, 4))
    assert peak_bytes(lambda: tags.applied(even_tags(10, 5), NONE)) < tags.nbytes / 10


@pytest.mark.parametrize(("changes", "merged"), [(PENDING_AT_LEAST, False), (PENDING_AT_LEAST + 1, True)])
def test_changes_are_merged_once_they_are_too_many(changes: int, merged: bool) -> None:  # noqa: FBT001 - a table's column
    tags = TagSet.of(even_tags(200_000, 6))
    kept = peak_bytes(lambda: tags.applied(even_tags(changes, 7), NONE)) > tags.nbytes
    assert kept is merged


def test_a_merge_needs_little_more_than_the_new_array() -> None:
    tags = TagSet.of(even_tags(1_000_000, 8))
    # The merge works through blocks of 65,536 tags; the directory of the new array is made in such blocks as well.
    assert peak_bytes(lambda: tags.applied(even_tags(5_000, 9), NONE)) < 1.5 * tags.nbytes
