"""Places marked one bit each: a few one by one, many as arrays, and both the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import pages

EDGES = (0, 1, 7, 8, 8_191, 8_192, 8_193, 20_000)
PLACES = st.lists(st.one_of(st.sampled_from(EDGES), st.integers(0, 30_000)), max_size=8)


def many(function, places, before):
    """Call with the way that is for many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "FEW_PLACES", -1)
        return function(np.array(places, np.intp), before)


@given(PLACES, PLACES)
def test_a_few_places_are_marked_and_found_as_many_are(first: list[int], asked: list[int]):
    few = pages.marked(np.array(first, np.intp), {})

    assert few == many(pages.marked, first, {})
    assert pages.marked(np.array(asked, np.intp), few) == many(pages.marked, asked, few)
    found = pages.is_marked(np.array(asked, np.intp), few)
    assert found.tolist() == many(pages.is_marked, asked, few).tolist() == [place in first for place in asked]
    assert found.dtype == np.bool_


def test_a_page_holds_its_first_place_in_its_highest_bit():
    marked = pages.marked(np.array([0, 8_192 + 9]), {})

    assert marked == {0: b"\x80" + bytes(1_023), 1: b"\x00\x40" + bytes(1_022)}
