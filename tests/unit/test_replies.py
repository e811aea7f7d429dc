"""What people read on their phone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import replies
from app.replies import About

NAMES, TARIFFS, CODES = st.text(max_size=200), st.text(max_size=40), st.from_regex(r"[0-9]{3,8}", fullmatch=True)
LANGUAGES = st.sampled_from(replies.LANGUAGES)


def about(*names: str, tariff: str = "non surtaxé", language: str = "fr") -> About:
    return About(names, "36200", tariff, language)


@given(NAMES, TARIFFS, LANGUAGES)
def test_every_confirmation_is_one_gsm7_message(name, tariff, language):
    assert replies.fault(replies.confirmation(about(name, tariff=tariff, language=language))) is None


@given(st.lists(NAMES, max_size=6), LANGUAGES)
def test_every_contact_answer_is_one_gsm7_message(names, language):
    assert replies.fault(replies.contact(about(*names, language=language))) is None


@given(CODES, TARIFFS, LANGUAGES)
def test_every_help_answer_is_one_gsm7_message(code, tariff, language):
    assert replies.fault(replies.usage(About((), code, tariff, language))) is None


@pytest.mark.parametrize(
    ("language", "cost", "still"),
    [("fr", "SMS non surtaxé.", "messages de service"), ("en", "SMS not surcharged.", "service messages")],
)
def test_a_confirmation_names_the_sender_what_still_comes_and_what_it_costs(language, cost, still):
    text = replies.confirmation(about("Salon Martin", language=language))

    assert "Salon Martin" in text
    assert still in text
    assert text.endswith(cost)


def test_help_says_what_an_answer_costs():
    assert replies.usage(about("Salon Martin")).endswith("SMS non surtaxé.")


def test_an_unknown_code_promises_no_price():
    assert not replies.confirmation(About(("Salon Martin",))).endswith("SMS .")
    assert "SMS non" not in replies.confirmation(About(("Salon Martin",)))


def test_a_confirmation_on_a_shared_code_names_nobody():
    text = replies.confirmation(about("Salon Martin", "Spa des Lilas"))

    assert "Martin" not in text
    assert "Lilas" not in text


def test_contact_names_the_publisher_as_the_charter_asks():
    assert replies.contact(about("Forêt d’Ô")) == "Edite par Foret d'O"
    assert replies.contact(about("Forêt d’Ô", language="en")) == "Published by Foret d'O"


def test_contact_on_a_code_of_many_cuts_no_name_and_counts_the_rest():
    names = [f"Enseigne numero {number:04}" for number in range(2_000)]
    text = replies.contact(about(*names))

    assert text.startswith("Edite par Enseigne numero 0000, Enseigne numero 0001")
    assert text.endswith(" et 1994 autres")
    assert len(text) <= replies.SMS_CHARACTERS_MAX


@pytest.mark.parametrize("text", ["UNSUBSCRIBE", "Help", "cancel please", "opt-out"])
def test_who_writes_a_word_that_only_english_has_is_answered_in_english(text):
    assert replies.language_of(text, "fr") == "en"


@pytest.mark.parametrize("text", ["STOP", "Contact", "START", "désabonner", "", None, "svp HELP"])
def test_everybody_else_is_answered_in_the_senders_language(text):
    assert replies.language_of(text, "fr") == "fr"


def test_letters_outside_gsm7_are_named():
    assert replies.fault("Arrêt") == "character 4, 'ê' (U+00EA), is not in the GSM-7 alphabet"


def test_what_is_too_long_is_told_its_length_and_the_extension_counts_twice():
    assert replies.fault("a" * 160) is None
    assert "161 characters" in str(replies.fault("a" * 161))
    assert replies.fault("€" * 80) is None
    assert "162 characters" in str(replies.fault("€" * 81))
