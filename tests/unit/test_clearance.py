"""A clearance says what it permits, and everything that is wrong with using it otherwise is named."""

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import clearance, jws
from app.clearance import Presented, Terms

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {jws.key_id(KEY.public_key()): KEY.public_key()}
FROM = datetime(2026, 11, 23, 9, tzinfo=UTC)
SALT = bytes(range(16))
NUMBERS = np.array([33639980003, 33639980001, 33639980002])


def terms(**more: object) -> Terms:
    fields = {
        "iss": "registry.example",
        "aud": "agregateur-a",
        "jti": "clr_1",
        "iat": int(FROM.timestamp()),
        "nbf": int(FROM.timestamp()),
        "exp": int(FROM.timestamp()) + 1800,
        "check": "chk_1",
        "sender": "salon-martin",
        "delegate": None,
        "campaign": "soldes",
        "purpose": "marketing",
        "short_code": "36200",
        "sender_id": "SALON",
        "count": 3,
        "batch_salt": SALT.hex(),
        "batch_digest": clearance.batch_digest(SALT, NUMBERS),
        "ledger_size": 7,
        "ledger_root": "00" * 32,
        "policy": "prudent/2026-03",
        "classifier": "1",
    }
    return Terms(**(fields | more))


def wrong(**presented: object) -> list[str]:
    given = {"now": FROM + timedelta(minutes=1), "audience": "agregateur-a", "sender": "salon-martin"}
    return [fault.what for fault in clearance.faults(terms(), Presented(**(given | presented)))]


def test_the_batch_is_the_salted_digest_of_the_sorted_numbers():
    in_order = b"".join(int(number).to_bytes(8, "big") for number in sorted(NUMBERS.tolist()))

    assert clearance.batch_digest(SALT, NUMBERS) == hashlib.sha256(SALT + in_order).hexdigest()


def test_the_order_and_repeats_of_a_list_do_not_matter_but_its_salt_does():
    assert clearance.batch_digest(SALT, np.append(NUMBERS[::-1], NUMBERS)) == clearance.batch_digest(SALT, NUMBERS)
    assert clearance.batch_digest(bytes(16), NUMBERS) != clearance.batch_digest(SALT, NUMBERS)


def test_a_signed_clearance_is_read_back():
    assert clearance.read(clearance.sign(clearance.encode(terms()), KEY), KEYS) == terms()


def test_a_receipt_is_no_clearance():
    with pytest.raises(jws.BadTokenError):
        clearance.read(jws.sign(clearance.encode(terms()), "stop-registry-receipt+jws", KEY), KEYS)


def test_nothing_is_wrong_with_the_right_list_at_the_right_time():
    assert wrong(numbers=NUMBERS) == []


@pytest.mark.parametrize(
    ("presented", "fault"),
    [
        ({"now": FROM - timedelta(seconds=1)}, "not-yet"),
        ({"now": FROM + timedelta(minutes=30)}, "expired"),
        ({"audience": "agregateur-b"}, "audience"),
        ({"sender": "spa-des-lilas"}, "sender"),
        ({"numbers": NUMBERS[:2]}, "numbers"),
        ({"numbers": np.append(NUMBERS, 33639980004)}, "numbers"),
        ({"numbers": np.array([33639980001, 33639980002, 33639980004])}, "numbers"),
        ({"numbers": np.append(NUMBERS, NUMBERS[:1])}, "repeated"),
        ({"numbers": np.append(NUMBERS[:2], 0)}, "numbers"),
    ],
)
def test_what_is_wrong_is_named(presented, fault):
    assert wrong(**presented) == [fault]


def test_a_clearance_and_its_check_share_the_random_part():
    assert clearance.clearance_id("chk_ab12") == "clr_ab12"
    assert clearance.check_id("clr_ab12") == "chk_ab12"
