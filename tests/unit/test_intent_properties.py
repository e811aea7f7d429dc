"""What no dress, no alphabet and no noise may change."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.intent import Intent, classify, explain, keyword, normalise

# Keywords of the lists of Twilio, AWS, Telnyx, the FCC and French guides, and of the mandatory CONTACT and AIDE.
KEYWORDS = {
    **dict.fromkeys(("STOP", "ARRET", "ARRETER", "ARRETEZ", "DESABONNEMENT", "DESINSCRIPTION", "STOPALL"), Intent.STOP),
    **dict.fromkeys(("UNSUBSCRIBE", "QUIT", "END", "CANCEL", "REVOKE", "OPTOUT", "TD", "REMOVE"), Intent.STOP),
    **dict.fromkeys(("START", "UNSTOP", "REPRENDRE"), Intent.START),
    **dict.fromkeys(("CONTACT",), Intent.CONTACT),
    **dict.fromkeys(("AIDE", "HELP", "INFO"), Intent.HELP),
    **dict.fromkeys(("OUI", "NON", "FIN", "ANNULER"), Intent.AMBIGUOUS),
}
BY_THE_PERSONS_OWN_REPORT = {"start.stop-by-mistake", "start.undo-stop"}

PHRASES = (
    *("stop", "arrêt", "désabonner", "start", "oui", "plus", "par erreur", "remettez-moi", "réabonnez-moi"),
    *("je veux à nouveau recevoir vos sms", "j'ai envoyé", "je me suis", "dans la liste"),
)

brief = settings(max_examples=40, derandomize=True)

bare = st.sampled_from(sorted(KEYWORDS))
accents = st.sampled_from(["", "\u0300", "\u0301", "\u0302", "\u0308", "\u0327"])
edges = st.text(st.sampled_from(" \u00a0\u2009\t\n.,!;:-_*\"'«»“”…()[]\u200b\u200e\ufeff😀❤👍🙏🎉🇫🇷"), max_size=6)
anything = st.text(max_size=200) | st.text(
    st.sampled_from("stopSTOP arêtnevzmu?!.,'\"«»\u200b\ud83d\x00🛑36200@&;"), max_size=80
)


@pytest.mark.parametrize(("word", "intent"), KEYWORDS.items())
def test_a_keyword_alone_has_its_intent(word: str, intent: Intent) -> None:
    assert classify(word).intent is intent


@brief
@given(bare, st.data())
def test_case_and_accents_never_change_a_bare_keyword(word: str, data: st.DataObject) -> None:
    dressed = "".join(data.draw(st.sampled_from([letter, letter.lower()])) + data.draw(accents) for letter in word)

    assert classify(dressed).intent is KEYWORDS[word]


@brief
@given(bare, edges, edges)
def test_spaces_punctuation_and_pictures_around_never_change_a_bare_keyword(word: str, left: str, right: str) -> None:
    assert classify(f"{left}{word}{right}").intent is KEYWORDS[word]


@brief
@given(bare, st.sampled_from([" ", ".", "-", "\u00a0", "\u200b", "  ", "_", "/"]))
def test_letters_apart_never_change_a_bare_keyword(word: str, between: str) -> None:
    if len(word) > 2:
        assert classify(between.join(word)).intent is KEYWORDS[word]


@brief
@given(bare, st.sampled_from(["fullwidth", "bold", "script"]))
def test_other_alphabets_of_the_same_letters_never_change_a_bare_keyword(word: str, style: str) -> None:
    first = {"fullwidth": 0xFF21, "bold": 0x1D400, "script": 0x1D4D0}[style]

    assert classify("".join(chr(first + ord(letter) - ord("A")) for letter in word)).intent is KEYWORDS[word]


@brief
@given(bare, st.integers(30_000, 39_999))
def test_a_short_code_after_it_never_changes_a_bare_keyword(word: str, code: int) -> None:
    assert classify(f"{word} {code}").intent is KEYWORDS[word]


@settings(max_examples=150, derandomize=True)
@given(anything)
def test_every_text_has_a_verdict(text: str) -> None:
    verdict = classify(text)

    assert verdict.intent in Intent
    assert verdict.rule
    assert explain(text)[-1].startswith(f"verdict: {verdict.intent}")
    assert isinstance(normalise(text), str)
    assert keyword(text) is None or keyword(text)


@brief
@given(st.lists(st.sampled_from(PHRASES)))
def test_no_start_comes_out_of_a_text_with_a_stop_word_unless_the_person_reports_the_stop(words: list[str]) -> None:
    verdict = classify(" ".join(words))

    assert verdict.intent is not Intent.START or not verdict.stop_word or verdict.rule in BY_THE_PERSONS_OWN_REPORT


@brief
@given(anything)
def test_a_stop_alone_on_the_last_line_is_never_a_start(text: str) -> None:
    assert classify(f"{text}\nSTOP").intent is not Intent.START or "erreur" in text


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "\ud83d", "\udc00\ud800", "\u200b" * 50, "?" * 3, "\U0010ffff", "\ufdfa" * 200, "a\u0301" * 500],
)
def test_broken_and_empty_texts_are_read_without_complaint(text: str) -> None:
    assert classify(text).intent in {Intent.OTHER, Intent.HELP}
