"""What attribution needs besides the intent: the brand, the scope, the repetition."""

import pytest

from app.intent import classify


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("STOP FRANCK PROVOST", "franck provost"),
        ("Franck Provost STOP", "franck provost"),
        ("stop Sephora svp merci", "sephora"),
        ("STOP LECLERC 36200", "leclerc"),
        ("Stop La Redoute", "la redoute"),
        ("STOP LE BON COIN", "le bon coin"),
        ("stop pub kiabi", "kiabi"),
        ("stop sms de Carrefour", "carrefour"),
        ("Je souhaite me désinscrire de Sephora", "sephora"),
        ("STOP H&M", "h&m"),
        ("STOP CARREFOUR", "carrefour"),
        ("STOP BUT", "but"),
        ("stop free mobile", "free mobile"),
        ("STOP LA POSTE", "la poste"),
        ("stop Pharmacie Dupont", "pharmacie dupont"),
        ("stpo darty", "darty"),
    ],
)
def test_the_words_beside_the_keyword_are_the_hint(text: str, hint: str) -> None:
    assert classify(text).hint == hint


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "STOP 36200",
        "STOP au 36200",
        "stop svp merci",
        "stop pub",
        "STOP TOUT",
        "Bonjour, stop svp. Merci, Mme Martin",
        "Merci de ne plus m'envoyer de SMS",
        "CONTACT",
    ],
)
def test_short_codes_courtesy_and_signatures_are_no_hint(text: str) -> None:
    assert classify(text).hint == ""


@pytest.mark.parametrize(
    "text", ["STOP TOUT", "STOPALL", "Stop all", "stop tout svp", "STOP A TOUT", "STOPTOUT", "arrêtez tout"]
)
def test_a_stop_to_everything_concerns_every_sender_of_the_code(text: str) -> None:
    assert classify(text).scope_all


@pytest.mark.parametrize(
    "text", ["STOP", "stop tout de suite", "arrêtez tous vos sms", "STOP SEPHORA", "stop merci à tous"]
)
def test_other_stops_concern_one_sender(text: str) -> None:
    assert not classify(text).scope_all


@pytest.mark.parametrize(
    "text",
    [
        "je vous ai déjà dit stop",
        "ça fait 10 fois que j'envoie STOP",
        "malgré mon STOP je reçois encore vos sms",
        "mon STOP n'a pas été pris en compte",
        "J'ai répondu STOP mais ça continue",
        "I texted STOP yesterday and still get your messages",
    ],
)
def test_a_stop_that_was_not_honoured_is_a_repeat(text: str) -> None:
    assert classify(text).repeat


@pytest.mark.parametrize(
    "text", ["STOP", "stop svp", "désabonnez-moi", "Merci de ne plus m'envoyer de SMS", "STOP SEPHORA"]
)
def test_a_first_stop_is_no_repeat(text: str) -> None:
    assert not classify(text).repeat
