"""The labelled texts of the research: every one gets its label."""

import pytest

from app.intent import Intent, classify
from tests.unit.intent_corpus import rows


@pytest.mark.parametrize(("text", "label"), rows("intent_fr.tsv"))
def test_a_labelled_text_gets_its_label(text: str, label: Intent) -> None:
    assert classify(text).intent is label


def test_none_of_the_eighty_two_labelled_texts_is_missing() -> None:
    assert len(rows("intent_fr.tsv")) == 82


@pytest.mark.parametrize(
    "text", ["J'ai déjà envoyé STOP hier et je reçois encore vos sms", "Combien de fois dire stop ?"]
)
def test_a_complaint_is_a_repeated_stop(text: str) -> None:
    assert classify(text).repeat


@pytest.mark.parametrize("text", ["NON", "Annuler", "OUI", "CNIL", "fin"])
def test_a_word_that_may_answer_another_question_is_unclear_without_a_stop_word(text: str) -> None:
    verdict = classify(text)

    assert (verdict.intent, verdict.stop_word) == (Intent.AMBIGUOUS, False)


@pytest.mark.parametrize(
    "text",
    [
        "non stop",
        "STOP ?",
        "STOP ou encore ?",
        "START STOP",
        "Profitez d'un soin offert lors de votre prochaine visite dans notre salon STOP 36200",
        "J'ai envoyé STOP par erreur",
        "shtop",
    ],
)
def test_an_unclear_text_with_a_stop_word_suppresses_provisionally(text: str) -> None:
    verdict = classify(text)

    assert (verdict.intent, verdict.stop_word) == (Intent.AMBIGUOUS, True)


def test_a_wrong_number_suppresses_provisionally() -> None:
    verdict = classify("Vous vous trompez de numéro")

    assert (verdict.intent, verdict.stop_word) == (Intent.AMBIGUOUS, True)


@pytest.mark.parametrize("text", ["je vais porter plainte", "signalé au 33700", "c'est du spam", "RGPD"])
def test_a_threat_without_a_wish_is_unclear_and_suppresses_nothing(text: str) -> None:
    verdict = classify(text)

    assert (verdict.intent, verdict.stop_word) == (Intent.AMBIGUOUS, False)
