"""Look-alike letters, lost accents and misread bytes do not hide a wish."""

import pytest

from app.intent import Intent, classify, keyword, normalise


@pytest.mark.parametrize(
    "text",
    [
        "\u0405\u0422\u041e\u0420",  # Cyrillic look-alikes
        "\u0421\u0422\u041e\u041f",  # Russian
        "\u03a3\u03a4\u039f\u03a0",  # Greek
        "S\u03a4\u039fP",  # Latin and Greek
        "\uff33\uff34\uff2f\uff30",
        "\U0001d412\U0001d413\U0001d40e\U0001d40f",
        "\U0001f182\U0001f183\U0001f17e\U0001f17f",
        "\ua731\u1d1b\u1d0f\u1d18",
        "\ua4e2\ua4d4\ua4f3\ua4d1",
        "s\u0336t\u0336o\u0336p\u0336",
        "\u202eSTOP\u202c",
        "S\u200bT\u200cO\u200dP\ufeff",
        "S\x00T\x00O\x00P\x00",
        "00530054004F0050",
        "\ud83d\uded1",
        "STOP@",
        "STOP&nbsp;36200",
    ],
)
def test_a_stop_in_any_alphabet_is_a_stop(text: str) -> None:
    assert classify(text).intent is Intent.STOP


@pytest.mark.parametrize("codec", ["latin-1", "cp1252", "mac_roman", "cp850"])
@pytest.mark.parametrize("text", ["arrêt", "désabonnez-moi", "désinscription", "arrêtez s’il vous plaît"])
def test_utf_8_read_in_another_alphabet_is_read_again(text: str, codec: str) -> None:
    misread = text.encode().decode(codec, "ignore")

    assert classify(misread).intent is Intent.STOP


def test_utf_8_misread_twice_is_read_again() -> None:
    assert normalise("désabonner".encode().decode("cp1252").encode().decode("cp1252")) == "desabonner"


@pytest.mark.parametrize("lost", ["?", "\ufffd", "??", "\x05"])
@pytest.mark.parametrize("text", ["d{}sabonnez-moi", "d{}sinscription", "je me d{}sabonne"])
def test_an_accent_that_an_alphabet_lost_is_guessed(text: str, lost: str) -> None:
    assert classify(text.format(lost)).intent is Intent.STOP


def test_a_question_mark_between_two_words_stays_one() -> None:
    assert normalise("qui êtes-vous?merci") == "qui etes vous merci"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Stop   SVP !! ", "stop svp"),
        ("stpo", "stop"),
        ("ARRÊT", "arret"),
        ("STOP36200", "stop 36200"),
        ("J'arrête", "j arrete"),
        ("« Bravo »", "bravo"),
        ("", ""),
    ],
)
def test_normalised_text_is_plain_words(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("«Stop»", "STOP"),
        ("Arrêt svp", "ARRET"),
        ("  stop.", "STOP"),
        ("36200 STOP", "36200"),
        ("\uff33\uff34\uff2f\uff30", "STOP"),
        ("\u200bSTOP", "STOP"),
        ("🛑", None),
        ("", None),
        ("...", None),
    ],
)
def test_the_keyword_is_the_first_run_of_letters_and_digits(text: str, expected: str | None) -> None:
    assert keyword(text) == expected
