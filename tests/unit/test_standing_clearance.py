"""The token that alerts go out under while nobody answers: what it is bound to, and what ends it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import clearance, jws, standing_clearance
from app.jws import BadTokenError
from app.standing_clearance import Denied, Shown, StandingTerms

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {jws.key_id(KEY.public_key()): KEY.public_key()}
NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
STANDING = "std_" + "0" * 32


def terms(**more: object) -> StandingTerms:
    start = int(NOW.timestamp())
    given = {
        "iss": "registre.example.fr",
        "jti": STANDING,
        "iat": start,
        "nbf": start,
        "exp": start + 90 * 86_400,
        "sender": "lycee-hugo",
        "sender_ids": ("LYCEE", "38100"),
        "gateways": ("kannel-a", "kannel-b"),
        "daily_cap": 5_000,
    }
    return StandingTerms(**{**given, **more})


def denied(*revoked: str, age: timedelta = timedelta(0)) -> Denied:
    issued = int((NOW - age).timestamp())
    return Denied(iss="registre.example.fr", iat=issued, exp=issued + 7 * 86_400, revoked=revoked)


def found(now: datetime = NOW, **shown: object) -> list[str]:
    return [fault.what for fault in standing_clearance.faults(terms(), Shown(now=now, **shown))]


def test_what_was_signed_is_read_back():
    token = standing_clearance.sign(msgspec.json.encode(terms()), KEY)
    assert standing_clearance.read(token, KEYS) == terms()
    assert jws.kind_of(token) == standing_clearance.TYPE


def test_a_clearance_is_no_standing_clearance_and_a_list_is_neither():
    payload = msgspec.json.encode(terms())
    for token in (clearance.sign(payload, KEY), standing_clearance.sign_denied(denied(), KEY)):
        with pytest.raises(BadTokenError):
            standing_clearance.read(token, KEYS)
    with pytest.raises(BadTokenError):
        clearance.read(standing_clearance.sign(payload, KEY), KEYS)


def test_it_holds_for_its_sender_ids_and_gateways():
    assert found(gateway="kannel-b", sender="lycee-hugo", sender_id="38100") == []
    assert found() == []


@pytest.mark.parametrize(
    ("shown", "fault"),
    [
        ({"gateway": "kannel-c"}, "gateway"),
        ({"sender": "salon-martin"}, "sender"),
        ({"sender_id": "SALON"}, "sender-id"),
        ({"denied": denied(STANDING)}, "revoked"),
        ({"denied": denied(STANDING, age=timedelta(days=30))}, "revoked"),
    ],
)
def test_it_holds_for_nothing_else(shown: dict, fault: str):
    assert found(**shown) == [fault]


def test_a_list_out_of_date_that_does_not_name_it_holds_up_no_alert():
    assert found(denied=denied("std_" + "1" * 32, age=timedelta(days=30))) == []


def test_it_holds_for_ninety_days():
    assert found(NOW - timedelta(seconds=1)) == ["not-yet"]
    assert found(NOW + timedelta(days=90, seconds=-1)) == []
    assert found(NOW + timedelta(days=90)) == ["expired"]


@pytest.mark.parametrize("text", ["", "std_", "std_" + "g" * 32, "clr_" + "0" * 32, STANDING + "\n"])
def test_other_texts_are_no_ids(text: str):
    assert not standing_clearance.is_id(text)
    assert standing_clearance.is_id(STANDING)


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "é.b.c", "e30.e30.e30"])
def test_what_is_no_token_has_no_kind(token: str):
    with pytest.raises(BadTokenError):
        jws.kind_of(token)
