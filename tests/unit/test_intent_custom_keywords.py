"""Keywords of one code or sender add to the table and never outvote a STOP."""

import pytest

from app.intent import Intent, classify

EXTRA = {"bravo": Intent.START, "rdv": Intent.CONTACT, "adieu": Intent.STOP, "fin": Intent.STOP, "stop": Intent.OTHER}


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("BRAVO", Intent.START),
        ("« Bravo ! »", Intent.START),
        ("rdv mardi svp", Intent.CONTACT),
        ("Adieu", Intent.STOP),
        ("adieu les amis", Intent.STOP),
        ("FIN", Intent.STOP),
    ],
)
def test_a_custom_keyword_has_its_intent(text: str, intent: Intent) -> None:
    verdict = classify(text, EXTRA)

    assert (verdict.intent, verdict.rule) == (intent, "custom.keyword")


def test_a_custom_start_needs_the_whole_text() -> None:
    assert classify("bravo les gars", EXTRA).intent is not Intent.START


@pytest.mark.parametrize("text", ["STOP", "stop svp", "bravo désabonnez-moi", "rdv stop"])
def test_a_custom_keyword_never_outvotes_a_stop(text: str) -> None:
    assert classify(text, EXTRA).intent is Intent.STOP


def test_a_custom_start_never_lifts_beside_a_stop_word() -> None:
    assert classify("stop ?", {"stop": Intent.START}).intent is Intent.AMBIGUOUS


def test_without_custom_keywords_the_table_decides() -> None:
    assert classify("BRAVO").intent is Intent.OTHER
    assert classify("BRAVO", {}).intent is Intent.OTHER
