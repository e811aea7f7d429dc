"""People met in an earlier part of the list are known again, whatever their number of digits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.listfile import Seen

NUMBERS = st.integers(33_639_980_000, 33_639_980_020) | st.integers(590_690_000_000, 590_690_000_020) | st.just(0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(NUMBERS, max_size=20), max_size=12))
def test_it_remembers_what_a_set_would(parts: list[list[int]]) -> None:
    seen, reference = Seen(), set()
    for part in parts:
        assert seen.add(np.array(part, dtype=np.int64)).tolist() == [number in reference for number in part]
        reference |= set(part) - {0}


@pytest.mark.parametrize("number", [33_599_999_999, 33_600_000_000, 33_799_999_999, 33_800_000_000, 1, 10**15 - 1])
def test_the_edges_of_the_dense_range_are_kept_apart(number: int) -> None:
    seen = Seen()
    around = np.array([number - 1, number + 1], dtype=np.int64)
    seen.add(around)
    assert seen.add(np.array([number])).tolist() == [False]
    assert seen.add(np.array([number])).tolist() == [True]


def test_nobody_is_never_a_repeat() -> None:
    seen = Seen()
    assert not seen.add(np.zeros(3, dtype=np.int64)).any()
    assert not seen.add(np.zeros(3, dtype=np.int64)).any()
