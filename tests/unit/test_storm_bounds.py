"""How many STOPs are a storm, and what is held for it."""

import numpy as np
import pytest

from app.breakers.bounds import Bounds, Storm, judge
from app.profile import Profile
from app.safeguards import profiles
from app.tagset import TagSet

BOUNDS = Bounds(count_min=50, share=0.03)


def people(first: int, past: int) -> np.ndarray:
    """Tags of people first … past - 1, spread as a cipher spreads them."""
    return (np.arange(first, past, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)).view(np.int64)


def cleared(**campaigns: tuple[int, int]) -> dict[str | None, TagSet]:
    return {None if name == "none" else name: TagSet.of(people(*span)) for name, span in campaigns.items()}


@pytest.mark.parametrize(
    ("stops", "cleared", "storm"),
    [(49, 100, False), (50, 100, True), (50, 1_666, True), (50, 1_667, False), (3_000, 100_000, False)],
)
def test_both_bounds_must_be_passed(stops: int, cleared: int, *, storm: bool) -> None:
    assert BOUNDS.beyond(stops, cleared) == storm


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("storm_count_min", [1, 50, 10_000], [0, -1]),
        ("storm_share", [0.001, 0.03, 1], [0, -0.1, 1.01, 3]),
        ("storm_minutes", [1, 60, 1_440], [0, 1_441]),
    ],
)
def test_a_profile_holds_no_senseless_bound(name: str, good: list, bad: list) -> None:
    assert [profiles.fault(Profile(**{name: value}), name) for value in good] == [None] * len(good)
    assert all(profiles.fault(Profile(**{name: value}), name) for value in bad)


def test_a_campaign_alone_is_held_alone() -> None:
    found = judge(people(0, 60), cleared(soldes=(0, 1_000), rentrée=(1_000, 50_000)), BOUNDS)

    assert found == (Storm("soldes", 60, 1_000),)


def test_people_cleared_for_something_else_too_hold_the_sender() -> None:
    [storm] = judge(people(0, 60), cleared(soldes=(0, 1_000), rentrée=(0, 50_000)), BOUNDS)

    assert storm.campaign is None


def test_enough_people_of_one_campaign_alone_hold_it_though_others_were_cleared_twice() -> None:
    found = judge(people(0, 100), cleared(soldes=(0, 1_000), rentrée=(60, 50_000)), BOUNDS)

    assert found == (Storm("soldes", 60, 1_000),)


def test_stops_of_people_never_cleared_hold_nobody() -> None:
    assert judge(people(5_000, 9_000), cleared(soldes=(0, 1_000)), BOUNDS) == ()


def test_a_sending_without_a_campaign_holds_the_sender() -> None:
    assert judge(people(0, 60), cleared(none=(0, 1_000)), BOUNDS) == (Storm(None, 60, 1_000),)


def test_many_small_campaigns_hold_the_sender_together() -> None:
    lists = {f"c{n}": (n * 100, n * 100 + 100) for n in range(10)}
    stops = np.concatenate([people(n * 100, n * 100 + 10) for n in range(10)])

    assert judge(stops, cleared(**lists), BOUNDS) == (Storm(None, 100, 1_000),)


def test_the_same_people_cleared_again_and_again_are_counted_once() -> None:
    again = {"a": (0, 1_000), "b": (0, 1_000), "c": (0, 1_000)}
    [storm] = judge(people(0, 60), cleared(**again), BOUNDS)

    assert storm == Storm(None, 60, 1_000)


def test_who_answers_a_campaign_that_is_held_holds_nothing_more() -> None:
    lists = cleared(soldes=(0, 1_000), rentrée=(1_000, 1_500))

    assert judge(people(0, 400), lists, BOUNDS, held=["soldes"]) == ()
    [other] = judge(people(0, 1_100), lists, BOUNDS, held=["soldes"])
    assert other == Storm("rentrée", 100, 500)
