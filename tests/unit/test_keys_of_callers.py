"""Keys of the form sr_<id>_<secret><checksum>."""

import hashlib
import re

import pytest

from app import auth
from app.auth import Caller, Role
from app.errors import ForbiddenError, InvalidValueError, NotFoundError, UnauthenticatedError

RANDOM = bytes(range(40))


def test_a_key_has_its_documented_form():
    assert re.fullmatch(
        r"sr_[0-9A-Za-z]{10}_[0-9A-Za-z]{43}[0-9A-Za-z]{6}", auth.new_key(Role.SENDER, "", [1], RANDOM).text
    )


def test_only_the_digest_of_the_secret_is_kept():
    key = auth.new_key(Role.SENDER, "CRM", [1], RANDOM)
    key_id, secret = auth.split(key.text)

    assert key.row.key_id == key_id
    assert key.row.secret_sha256 == hashlib.sha256(secret.encode()).digest()


@pytest.mark.parametrize("position", [4, 14, 30, 56, 61])
def test_a_changed_character_is_found_without_asking_the_database(position):
    text = auth.new_key(Role.SENDER, "", [1], RANDOM).text
    changed = text[:position] + ("x" if text[position] != "x" else "y") + text[position + 1 :]

    with pytest.raises(UnauthenticatedError, match="checksum"):
        auth.split(changed)


@pytest.mark.parametrize("text", ["", "sr_", "sr__", "whsec_abc", "sr_a_b_c", "sr_é_ê", "Bearer x"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(UnauthenticatedError):
        auth.split(text)


def test_a_callers_own_sender_is_chosen_when_none_is_named():
    assert Caller("k", Role.SENDER, "", (7,)).chosen(None) == 7


def test_somebody_elses_sender_looks_as_if_it_did_not_exist():
    with pytest.raises(NotFoundError):
        Caller("k", Role.DELEGATE, "", (7, 8)).chosen(9)


def test_a_delegate_of_several_senders_must_say_which():
    with pytest.raises(InvalidValueError):
        Caller("k", Role.DELEGATE, "", (7, 8)).chosen(None)


def test_a_role_that_is_not_meant_is_refused():
    with pytest.raises(ForbiddenError):
        Caller("k", Role.AUDITOR, "", (7,)).require(Role.SENDER)
