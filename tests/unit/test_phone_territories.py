"""Where a number lives decides when it sleeps: never Paris by mistake."""

import numpy as np
import pytest

from app.phone import TERRITORIES, read, territories, territory
from tests.unit.phone_rows import filled

LIVES = {
    "+33612345678": "FR", "+33751234567": "FR", "0695123456": "FR", "0712345678": "FR", "0639980001": "FR",
    "0199001234": "FR", "0690123456": "GP", "0691123456": "GP", "07090#####": "GP", "0590######": "GP",
    "0696123456": "MQ", "0697123456": "MQ", "07091#####": "MQ", "0694123456": "GF", "070933####": "GF",
    "0692123456": "RE", "0693123456": "RE", "07092#####": "RE", "0262######": "RE", "0639123456": "YT",
    "070935####": "YT", "070937####": "YT", "0269######": "YT", "+262639001234": "YT", "+262639980001": "YT",
    "0508######": "PM", "0708######": "PM", "+687751234": "NC", "+68987123456": "PF", "+681821234": "WF",
    "+41791234567": "CH", "+32475123456": "BE", "+12125550123": "US", "+390612345678": "IT", "+37761234567": "MC",
    "0976######": "", "+881612345678": "",
}  # fmt: skip


@pytest.mark.parametrize(("spelling", "expected"), LIVES.items())
def test_a_number_lives_where_the_plan_says(spelling: str, expected: str) -> None:
    assert territory(read(filled(spelling)).number) == expected


@pytest.mark.parametrize(
    "number", [262500123456, 590800123456, 594123, int(filled("337094#####")), 999123456789, 118218, 0]
)
def test_what_the_plan_does_not_know_is_unknown_and_not_paris(number: int) -> None:
    assert territory(number) == ""


def test_a_whole_batch_is_placed_like_each_number() -> None:
    known = [read(filled(spelling)).number for spelling in LIVES]
    odd = [
        0,
        118218,
        262500123456,
        262639980001,
        262612345678,
        337001234567890,
        int(filled("337094#####")),
        999123456789,
        33123,
    ]
    numbers = np.array(known + odd, np.int64)

    names = [TERRITORIES[place] for place in territories(numbers)]

    assert names == [territory(int(number)) for number in numbers]


def test_any_number_is_placed_the_same_way_alone_and_in_a_batch() -> None:
    rng = np.random.default_rng(20191028)
    numbers = np.concatenate(
        [rng.integers(10 ** (digits - 1), 10**digits, 300) for digits in range(6, 16)]
        + [code * 10**9 + rng.integers(0, 10**9, 500) for code in (33, 262, 508, 590, 594, 596)],
    )

    names = [TERRITORIES[place] for place in territories(numbers)]

    assert names == [territory(number) for number in numbers.tolist()]


def test_an_empty_batch_has_no_places() -> None:
    assert territories(np.zeros(0, np.int64)).size == 0


def test_unknown_is_the_first_name_so_that_a_zeroed_array_means_it() -> None:
    assert TERRITORIES[0] == ""
    assert len(TERRITORIES) <= 256
