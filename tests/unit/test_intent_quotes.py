"""Quoted words are not the person's own."""

import pytest

from app.intent import Intent, classify


@pytest.mark.parametrize(
    "text",
    [
        "A aimé « Soldes chez nous ce samedi. STOP 36200 »",
        "N'a pas aimé « Soldes chez nous ce samedi. STOP 36200 »",
        "Liked “Sale today! Reply STOP to opt out”",
        "Laughed at “Sale today! Reply STOP to opt out”",
        "👍 à « Soldes chez nous ce samedi. STOP 36200 »",
        "❤️ to “Sale today! Reply STOP to opt out”",
        "A réagi avec 😂 à « Offre du jour. STOP 36200 »",
        "A aimé « Soldes chez nous ce samedi. STOP 36",
    ],
)
def test_a_reaction_that_quotes_the_mention_asks_for_nothing(text: str) -> None:
    verdict = classify(text)

    assert (verdict.intent, verdict.rule) == (Intent.OTHER, "other.reaction")


@pytest.mark.parametrize("text", ['"STOP"', "« STOP »", "« Stop pub »", "“je ne veux plus recevoir vos sms”"])
def test_quotes_around_ones_own_words_change_nothing(text: str) -> None:
    assert classify(text).intent is Intent.STOP


def test_a_wish_beside_a_quoted_advertisement_counts() -> None:
    assert classify("« Profitez de nos offres. STOP 36200 » arrêtez de m'écrire").intent is Intent.STOP


def test_an_advertisement_quoted_in_passing_is_for_a_person_to_judge() -> None:
    verdict = classify("j'ai eu ça ce matin « Profitez de nos offres ce samedi. STOP 36200 » devant la gare")

    assert (verdict.intent, verdict.rule, verdict.stop_word) == (Intent.AMBIGUOUS, "ambiguous.quoted-stop", True)


def test_quoted_lines_of_an_answer_are_not_read() -> None:
    assert classify("Merci, à samedi\n> Soldes chez nous. STOP 36200").intent is not Intent.STOP
