"""Slips of the thumb are the word that was meant; other words within reach are not."""

import pytest

from app.intent import Intent, classify
from app.intent.spelling import NOT_STOP, distance


@pytest.mark.parametrize(
    "word", ["stpo", "sotp", "tsop", "stip", "stol", "dtop", "srop", "stopp", "sttop", "stiop", "stopm"]
)
def test_a_slip_is_a_stop(word: str) -> None:
    assert classify(word).intent is Intent.STOP


@pytest.mark.parametrize(
    "word", ["TOP", "SHOP", "STEP", "SPOT", "STOCK", "POST", "SOP", "SHOPS", "POSTE", "atop", "sport"]
)
def test_a_word_of_its_own_is_no_stop(word: str) -> None:
    assert classify(word).intent is Intent.OTHER


@pytest.mark.parametrize("word", sorted(NOT_STOP - {"stp", "sto", "strop", "stap", "estop", "stops"}))
def test_no_word_of_the_guard_list_is_a_stop(word: str) -> None:
    assert classify(word).intent is Intent.OTHER


@pytest.mark.parametrize("word", ["sto", "stup", "stap", "shtop", "strop", "estop"])
def test_one_letter_away_is_doubt(word: str) -> None:
    verdict = classify(word)

    assert (verdict.intent, verdict.stop_word) == (Intent.AMBIGUOUS, True)


@pytest.mark.parametrize("text", ["sto 36200", "stp 36200", "sto pub", "36200 sto"])
def test_one_letter_away_beside_the_short_code_is_a_stop(text: str) -> None:
    assert classify(text).intent is Intent.STOP


@pytest.mark.parametrize(
    "word",
    ["stoppez", "desabonemment", "desinscritpion", "unsuscirbe", "arettez", "dezabonner", "résillier", "désabonnmnt"],
)
def test_longer_words_may_be_misspelled_further(word: str) -> None:
    assert classify(word).intent is Intent.STOP


@pytest.mark.parametrize(
    "word", ["réinscription", "abonnement", "inscription", "massage", "stepper", "autostoppeur", "casser"]
)
def test_longer_words_of_their_own_are_no_stop(word: str) -> None:
    assert classify(word).intent is not Intent.STOP


@pytest.mark.parametrize("word", ["strat", "satrt", "unstpo", "reabonnre"])
def test_a_misspelled_start_is_never_a_start(word: str) -> None:
    assert classify(word).intent is not Intent.START


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [
        ("stop", "stop", 0),
        ("stop", "stpo", 1),
        ("stop", "sop", 1),
        ("kitten", "sitting", 3),
        ("", "abc", 3),
        ("ca", "abc", 3),
    ],
)
def test_distance_counts_swaps_as_one_edit(one: str, other: str, edits: int) -> None:
    assert distance(one, other) == edits


@pytest.mark.parametrize(
    "text", ["ST0P", "5top", "$top", "s7op", "5T0P 36200", "st*p", "s.t.o.p", "S T O P", "sto p", "st-op"]
)
def test_digits_signs_and_gaps_do_not_hide_a_stop(text: str) -> None:
    assert classify(text).intent is Intent.STOP


@pytest.mark.parametrize("text", ["$700", "5 t", "2nd step", "il a fait 50 tops", "c's top", "des abonnements ?"])
def test_digits_signs_and_gaps_do_not_make_a_stop(text: str) -> None:
    assert classify(text).intent is Intent.OTHER
