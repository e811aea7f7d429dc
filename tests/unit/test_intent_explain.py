"""The explanation names what was read, what was set aside and which rule decided."""

import re

from app.intent import CLASSIFIER_VERSION, classify, explain


def test_the_rule_and_the_matched_words_are_named() -> None:
    text = "Merci de ne plus m'envoyer de SMS"

    lines = explain(text)

    assert any(line.startswith(f"decided by {classify(text).rule}: ") for line in lines)
    assert any(line.startswith("matched: ") and "envoyer" in line for line in lines)


def test_what_was_set_aside_is_named() -> None:
    assert "set aside by other.bus-stop: arret de bus" in explain("Rdv à l'arrêt de bus à 18h")


def test_a_corrected_spelling_is_shown_beside_the_original() -> None:
    assert "words: stpo=stop svp" in explain("STPO svp")


def test_the_last_line_has_the_verdict_its_flags_and_the_version() -> None:
    last = explain("STOP FRANCK PROVOST")[-1]

    assert last == f"verdict: STOP with stop_word, hint 'franck provost' ({CLASSIFIER_VERSION})"


def test_an_empty_text_is_explained_too() -> None:
    assert explain("")[-1] == f"verdict: OTHER ({CLASSIFIER_VERSION})"


def test_the_version_is_a_release_and_a_fingerprint_of_the_table() -> None:
    assert re.fullmatch(r"\d+\.[0-9a-f]{8}", CLASSIFIER_VERSION)
