"""What an operator holds in its hands after an acknowledged message."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import jws, receipts

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def decoded(token):
    header, payload, signature = (urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split("."))
    return msgspec.json.decode(header), msgspec.json.decode(payload), signature


def test_a_receipt_verifies_under_the_published_key():
    token = receipts.sign(receipts.receipt("r.example", "op", "mo-1", b"\x01" * 16, AT, [b"\x02" * 32]), KEY)
    header, payload, signature = decoded(token)

    KEY.public_key().verify(signature, token.rpartition(".")[0].encode())
    assert header == {"alg": "EdDSA", "typ": receipts.TYPE, "kid": jws.jwk(KEY.public_key())["kid"]}
    assert payload["leaves"] == ["02" * 32]
    assert payload["senders"] == 1


def test_a_changed_receipt_does_not_verify():
    token = receipts.sign(receipts.receipt("r.example", "op", "mo-1", b"\x01" * 16, AT, []), KEY)
    _, _, signature = decoded(token)

    with pytest.raises(InvalidSignature):
        KEY.public_key().verify(signature, token.rpartition(".")[0].encode() + b"x")


def test_the_same_message_always_gives_the_same_receipt():
    first, second = (receipts.sign(receipts.receipt("r", "op", None, b"k", AT, [b"l"]), KEY) for _ in range(2))

    assert first == second


def test_the_key_is_published_as_rfc_8037_shows():
    """RFC 8037, appendix A, whose key is the first of RFC 8032's test vectors."""
    private = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    jwk = jws.jwk(Ed25519PrivateKey.from_private_bytes(private).public_key())

    assert (jwk["kty"], jwk["crv"], jwk["x"]) == ("OKP", "Ed25519", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
