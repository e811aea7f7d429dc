"""Tokens signed with Ed25519, against the vector of RFC 8037 and against what forgers try."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import jws
from app.errors import InvalidValueError

KIND = "test+jws"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {jws.key_id(KEY.public_key()): KEY.public_key()}


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header: dict, payload: bytes = b"{}", key: Ed25519PrivateKey = KEY) -> str:
    signed = base64url(json.dumps(header).encode()) + "." + base64url(payload)
    return signed + "." + base64url(key.sign(signed.encode()))


def test_the_signature_is_that_of_rfc_8037_appendix_a4():
    private = urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    signature = base64url(Ed25519PrivateKey.from_private_bytes(private).sign(signed))

    assert signature == "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"


def test_what_was_signed_is_read_back():
    assert jws.verify(jws.sign(b'{"a":1}', KIND, KEY), KIND, KEYS) == b'{"a":1}'


def test_every_changed_character_is_found():
    token = jws.sign(b'{"count":12}', KIND, KEY)
    for at, character in enumerate(token):
        other = "A" if character != "A" else "B"
        with pytest.raises(jws.BadTokenError):
            jws.verify(token[:at] + other + token[at + 1 :], KIND, KEYS)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "EdDSA2", "ES256", "eddsa"])
def test_no_other_algorithm_is_taken(algorithm):
    with pytest.raises(jws.BadTokenError):
        jws.verify(forged({"alg": algorithm, "typ": KIND, "kid": next(iter(KEYS))}), KIND, KEYS)


def test_a_token_of_another_kind_is_no_token_of_this_kind():
    with pytest.raises(jws.BadTokenError, match="another kind"):
        jws.verify(jws.sign(b"{}", "other+jws", KEY), KIND, KEYS)


def test_a_header_with_more_in_it_is_refused():
    header = {"alg": "EdDSA", "typ": KIND, "kid": next(iter(KEYS)), "crit": ["exp"], "exp": 1}
    with pytest.raises(jws.BadTokenError):
        jws.verify(forged(header), KIND, KEYS)


def test_an_unknown_key_asks_for_the_key_set_anew():
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(jws.BadTokenError, match=r"jwks\.json"):
        jws.verify(jws.sign(b"{}", KIND, stranger), KIND, KEYS)


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c.d", "..", "é.b.c", "a b.c.d", "\x00.\x00.\x00", "=.=.="])
def test_what_is_no_token_is_refused_politely(text):
    with pytest.raises(jws.BadTokenError):
        jws.verify(text, KIND, KEYS)


def test_a_key_set_is_read_and_keys_of_other_kinds_passed_over():
    rsa = {"kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB"}
    raw = json.dumps({"keys": [rsa, jws.jwk(KEY.public_key())]}).encode()

    assert list(jws.read_keys(raw)) == list(KEYS)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AA"}]}', b"\xff"]
)
def test_what_is_no_key_set_is_refused(raw):
    with pytest.raises(InvalidValueError):
        jws.read_keys(raw)
