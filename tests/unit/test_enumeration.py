"""What a batch shows of itself: a keyed sample of its people, and whether it walks through a range."""

import math

import numpy as np
import pytest

from app.safeguards.enumeration import DENSE_NUMBERS, SAMPLED_ONE_IN, allowed_tags, dense_numbers, sampled
from app.tags import tags as tags_of

FIRST = 33_600_000_000
MOBILES = 47_999_969
KEY = bytes(range(32))


def spread(count):
    """A list of customers: mobile numbers in no order."""
    return FIRST + np.arange(count, dtype=np.int64) * 48_271 % MOBILES


def test_the_sample_is_one_in_a_thousand_and_always_the_same_people():
    numbers = spread(200_000)
    tags = tags_of(KEY, numbers)
    whole, half = sampled(numbers, tags), sampled(numbers[:100_000], tags[:100_000])

    assert abs(whole.tags.size - 200_000 / SAMPLED_ONE_IN) < 4 * math.sqrt(200_000 / SAMPLED_ONE_IN)
    assert set(half.tags.tolist()) <= set(whole.tags.tolist())


def test_another_key_samples_other_people():
    numbers = spread(100_000)
    mine, others = (np.flatnonzero(tags_of(key, numbers) % SAMPLED_ONE_IN == 0) for key in (KEY, KEY[::-1]))

    assert np.intersect1d(mine, others).size < 5


def test_a_person_named_twice_and_an_invalid_number_cost_nothing_more():
    numbers, tags = np.array([FIRST, FIRST, 0]), np.array([SAMPLED_ONE_IN, SAMPLED_ONE_IN, 5 * SAMPLED_ONE_IN])

    assert (sampled(numbers, tags).tags.tolist(), sampled(numbers, tags).valid) == ([SAMPLED_ONE_IN], 2)
    assert sampled(numbers[:0], tags[:0]).tags.size == 0


@pytest.mark.parametrize("budget", [100_000, 1_000_000, 10_000_000])
def test_whoever_keeps_to_the_contract_is_not_refused_by_bad_luck(budget):
    """Three standard deviations of a binomial: one day in a thousand at most."""
    chance = np.random.default_rng(budget)
    drawn = chance.binomial(budget, 1 / SAMPLED_ONE_IN, 20_000)

    assert (drawn > allowed_tags(budget)).mean() < 0.003
    assert allowed_tags(budget) * SAMPLED_ONE_IN <= budget * (1 + 3.2 * math.sqrt(SAMPLED_ONE_IN / budget)) + 1024


@pytest.mark.parametrize("salt", [0, 7, -3])
@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("count", [40_000, 400_000])
def test_a_walk_through_a_range_is_seen_in_any_order(count, step, salt):
    walk = FIRST + step * np.arange(count, dtype=np.int64)
    np.random.default_rng(1).shuffle(walk)

    assert dense_numbers(walk, salt) > max(DENSE_NUMBERS, 0.8 * count)


@pytest.mark.parametrize("count", [40_000, 1_000_000])
def test_a_list_of_customers_is_no_walk(count):
    assert dense_numbers(spread(count), 5) == 0


def test_one_number_many_times_and_invalid_ones_are_no_walk():
    assert dense_numbers(np.full(50_000, FIRST), 0) == 0
    assert dense_numbers(np.zeros(50_000, np.int64), 0) == 0
    assert dense_numbers(np.zeros(0, np.int64), 0) == 0
