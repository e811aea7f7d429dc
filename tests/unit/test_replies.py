"""What people read on their phone."""

from hypothesis import given
from hypothesis import strategies as st

from app import replies


@given(st.text(max_size=200), st.text(max_size=40))
def test_every_confirmation_is_one_gsm7_message(name, tariff):
    assert replies.fits_one_sms(replies.confirmation([name], tariff))


@given(st.lists(st.text(max_size=80), max_size=6))
def test_every_contact_answer_is_one_gsm7_message(names):
    assert replies.fits_one_sms(replies.contact(names))


def test_a_confirmation_names_the_sender_and_says_it_is_not_surcharged():
    text = replies.confirmation(["Salon Martin"], "non surtaxé")

    assert "Salon Martin" in text
    assert "non surtaxé" in text


def test_a_confirmation_on_a_shared_code_names_nobody():
    text = replies.confirmation(["Salon Martin", "Spa des Lilas"], "non surtaxé")

    assert "Martin" not in text
    assert "Lilas" not in text


def test_contact_names_the_publisher_as_the_charter_asks():
    assert replies.contact(["Forêt d’Ô"]) == "Edite par Foret d'O"


def test_letters_outside_gsm7_do_not_fit():
    assert not replies.fits_one_sms("Arrêt")
    assert not replies.fits_one_sms("a" * 161)
    assert replies.fits_one_sms("a" * 160)
