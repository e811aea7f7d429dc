"""What may stand as the sender on a phone: the table of regulation §1.5 and rule 43."""

import pytest

from app.errors import RouteRefusedError
from app.profile import Profile
from app.safeguards.sender_ids import judged, objection
from tests.unit.plans import plan

REST = "123456"  # of a number whose range is the point


@pytest.mark.parametrize(
    "sender_id",
    ["MARQUE", "Salon7", "SALONMARTIN", "36200", "38999"]
    + [prefix + REST for prefix in ("0937", "0938", "0939", "+33939", "33937")],
)
def test_brands_of_letters_and_digits_and_the_ranges_for_platforms_are_allowed(sender_id):
    assert objection(sender_id) is None
    assert [w for w in judged(plan(sender_id=sender_id), ()) if "38xxx" not in w] == []


@pytest.mark.parametrize(
    ("sender_id", "rule"),
    [
        ("0639980001", "sender-id.personal-number"),
        ("+33639980001", "sender-id.personal-number"),
        ("0033639980001", "sender-id.personal-number"),
        ("33 6 39 98 00 01", "sender-id.personal-number"),
        ("06.39.98.00.01", "sender-id.personal-number"),
        ("+33 (0)6 39 98 00 01", "sender-id.personal-number"),
        ("0751234567", "sender-id.personal-number"),
        ("+262692123456", "sender-id.personal-number"),
        ("0690123456", "sender-id.personal-number"),
        ("０６３９９８０００１", "sender-id.personal-number"),
        ("SALONMARTINS", "sender-id.length"),
        ("331990000000", "sender-id.length"),
        ("35200", "sender-id.digits"),
        ("362000", "sender-id.digits"),
        ("3620", "sender-id.digits"),
        ("33700", "sender-id.digits"),
        ("81212", "sender-id.digits"),
        ("0199000001", "sender-id.digits"),
        ("0936" + REST, "sender-id.digits"),
        ("Salon Marti", "sender-id.characters"),
        ("SALON-MARTI", "sender-id.characters"),
        ("Bébé", "sender-id.characters"),
        ("SALON!", "sender-id.characters"),
        ("ＭＡＲＱＵＥ", "sender-id.characters"),
        ("", "sender-id.characters"),
    ],
)
def test_what_phones_must_not_show_is_refused_and_never_repeated(sender_id, rule):
    assert objection(sender_id).rule == rule
    with pytest.raises(RouteRefusedError) as refused:
        judged(plan(sender_id=sender_id), ())
    assert refused.value.members["rule"] == rule
    assert set(refused.value.members) == {"rule", "profile", "source", "changed_by"}
    assert not sender_id or sender_id not in str(refused.value) + refused.value.french


def test_a_code_of_the_senders_that_is_answered_overseas_only_is_allowed():
    assert objection("81212").rule == "sender-id.digits"
    assert objection("81212", {"81212"}) is None


@pytest.mark.parametrize("purpose", ["service", "transactional"])
def test_other_purposes_are_refused_too_and_an_emergency_is_only_warned(purpose):
    with pytest.raises(RouteRefusedError):
        judged(plan(sender_id="0639980001", purpose=purpose), ())
    assert len(judged(plan(sender_id="0639980001", purpose="emergency"), ())) == 1


def test_advertising_by_a_number_for_transactional_messages_warns():
    (warning,) = judged(plan(sender_id="38999"), ())
    assert "38xxx" in warning
    assert judged(plan(sender_id="38999", purpose="transactional"), ()) == []


def test_a_sender_id_that_the_profile_does_not_know_warns():
    own = Profile(sender_ids=("SALON", "MARTIN"))
    assert judged(plan(own, sender_id="MARTIN"), ()) == []
    (warning,) = judged(plan(own, sender_id="AUTRE"), ())
    assert "AUTRE" not in warning
