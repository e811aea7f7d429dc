"""Every key comes from the root key, each use has its own, and boxes open only where they belong."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.keys import BrokenBoxError, Root

SECRET = bytes(range(32))
SALT = bytes(range(100, 132))
NONCE = bytes(range(12))


def hkdf(info: bytes, salt: bytes = bytes(32)) -> bytes:
    """RFC 5869 for 32 bytes of output, in its own words."""
    pseudorandom_key = hmac.digest(salt, SECRET, "sha256")
    return hmac.digest(pseudorandom_key, info + b"\x01", "sha256")


@pytest.fixture
def root() -> Root:
    return Root(SECRET)


def test_keys_are_hkdf_of_the_root_key_as_written_down(root: Root) -> None:
    seed = hkdf(b"stop-registry/1/signing/ledger/1")

    assert root.sender_key(12, SALT) == hkdf(b"stop-registry/1/sender/12", SALT)
    assert root.purpose_key("spool") == hkdf(b"stop-registry/1/purpose/spool")
    assert root.check_value() == hkdf(b"stop-registry/1/check-value/")[:16]
    assert root.digest("dedupe", b"x") == hmac.digest(hkdf(b"stop-registry/1/digest/dedupe"), b"x", hashlib.sha256)[:16]
    assert root.signing_key().private_bytes_raw() == Ed25519PrivateKey.from_private_bytes(seed).private_bytes_raw()


def test_a_box_is_a_nonce_and_aes_256_gcm(root: Root) -> None:
    box = root.seal("quarantine", b"x", b"7", NONCE)

    plain = AESGCM(hkdf(b"stop-registry/1/box/quarantine")).decrypt(box[:12], box[12:], b"7")

    assert plain == b"x"


def test_no_two_uses_share_a_key(root: Root) -> None:
    same_words = [
        root.purpose_key("a"),
        root.purpose_key("b"),
        root.sender_key(1, SALT),
        root.sender_key(2, SALT),
        root.sender_key(1, SALT[::-1]),
        root.signing_key(1).private_bytes_raw(),
        root.signing_key(2).private_bytes_raw(),
        root.signing_key(1, "clearance").private_bytes_raw(),
        Root(SECRET[::-1]).purpose_key("a"),
    ]

    assert len(set(same_words)) == len(same_words)
    assert root.digest("a", b"x") != root.digest("b", b"x")
    assert root.check_value() != Root(SECRET[::-1]).check_value()


def test_a_sealed_value_comes_back_for_the_same_row_and_purpose(root: Root) -> None:
    box = root.seal("quarantine", b"STOP 36200", b"row 7", NONCE)

    assert box.startswith(NONCE)
    assert b"STOP" not in box
    assert root.open("quarantine", box, b"row 7") == b"STOP 36200"


def test_a_sealed_value_does_not_open_for_another_row_purpose_or_root(root: Root) -> None:
    box = root.seal("quarantine", b"STOP 36200", b"row 7", NONCE)

    with pytest.raises(BrokenBoxError):
        root.open("quarantine", box, b"row 8")
    with pytest.raises(BrokenBoxError):
        root.open("spool", box, b"row 7")
    with pytest.raises(BrokenBoxError):
        Root(bytes(32)).open("quarantine", box, b"row 7")


def test_a_sealed_value_with_any_bit_flipped_does_not_open(root: Root) -> None:
    box = root.seal("quarantine", b"STOP 36200", b"row 7", NONCE)

    for bit in range(8 * len(box)):
        altered = bytearray(box)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BrokenBoxError):
            root.open("quarantine", bytes(altered), b"row 7")


@pytest.mark.parametrize("size", [0, 11, 12, 27])
def test_a_sealed_value_cut_short_does_not_open(root: Root, size: int) -> None:
    with pytest.raises(BrokenBoxError):
        root.open("quarantine", root.seal("quarantine", b"", b"", NONCE)[:size], b"")


def test_a_root_key_shows_itself_nowhere(root: Root) -> None:
    shown = f"{root!r} {root!s} {root}"

    assert "hidden" in shown
    assert SECRET.hex() not in shown
    assert repr(SECRET) not in shown
    assert not hasattr(root, "__dict__")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_secrets_of_another_length_are_refused(root: Root, size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Root(bytes(size))
    with pytest.raises(ValueError, match="32 bytes"):
        root.sender_key(1, bytes(size))
    with pytest.raises(ValueError, match="12 bytes"):
        root.seal("quarantine", b"", b"", bytes(size))
