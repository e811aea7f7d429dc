"""HMAC-SHA-256 as RFC 4231 has it, however long the key."""

import hmac

import pytest

from app.mac import Mac

VECTORS = (  # RFC 4231, cases 1, 2, 3, 6 and 7
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        (
            b"This is a test using a larger than block-size key and a larger than block-size data. "
            b"The key needs to be hashed before being used by the HMAC algorithm."
        ),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
)


@pytest.mark.parametrize(("key", "data", "expected"), VECTORS)
def test_the_published_vectors(key: bytes, data: bytes, expected: str) -> None:
    mac = Mac(key)
    assert mac.digest(data).hex() == expected
    assert mac.digest(data).hex() == expected, "the second time too"


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 200])
def test_every_length_of_key_agrees_with_the_standard_library(length: int) -> None:
    key = bytes(range(256))[:length]
    assert Mac(key).digest(b"data") == hmac.digest(key, b"data", "sha256")


def test_it_does_not_print_its_key() -> None:
    assert repr(Mac(b"secret")) == "Mac(hidden)"
