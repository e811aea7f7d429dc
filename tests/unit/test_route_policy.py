"""A route is what an administrator declared, and the sender's profile says what may carry its messages."""

import pytest

from app.directory import UNDECLARED, Declaration
from app.errors import RouteRefusedError
from app.profile import Profile
from app.safeguards.routes import ADEQUATE, EEA, judged
from tests.unit.plans import plan

GOOD = Declaration("direct", ("FR",), "C-17", stop_returns=True)
HELD_UP = ("marketing", "service", "transactional")


def refusal(declared, profile=None, purpose="marketing"):
    with pytest.raises(RouteRefusedError) as refused:
        judged(plan(profile, purpose=purpose), declared)
    assert set(refused.value.members) == {"rule", "profile", "source", "changed_by"}
    assert refused.value.french != str(refused.value)
    return refused.value.members["rule"]


@pytest.mark.parametrize("purpose", [*HELD_UP, "emergency"])
def test_a_declared_direct_route_in_the_eea_that_brings_stops_back_says_nothing(purpose):
    assert judged(plan(purpose=purpose), GOOD) == []


@pytest.mark.parametrize("purpose", HELD_UP)
def test_a_route_nobody_declared_is_refused(purpose):
    assert refusal(UNDECLARED, purpose=purpose) == "route.class"


@pytest.mark.parametrize("purpose", HELD_UP)
def test_the_profile_says_which_classes_may_carry(purpose):
    partner = Declaration("partner", ("FR",), "C-17", stop_returns=True)
    assert judged(plan(purpose=purpose), partner) == []
    assert refusal(partner, Profile(allowed_classes=("direct",)), purpose) == "route.class"
    unknown = Declaration("unknown", ("FR",), "C-17", stop_returns=True)
    assert judged(plan(Profile(allowed_classes=("direct", "unknown")), purpose=purpose), unknown) == []


@pytest.mark.parametrize("countries", [(), ("US",), ("FR", "US"), ("IN",), ("CA",)])
@pytest.mark.parametrize("purpose", HELD_UP)
def test_data_outside_the_eea_and_adequate_countries_or_nobody_knows_where_is_refused(countries, purpose):
    assert refusal(Declaration("direct", countries, "C-17", stop_returns=True), purpose=purpose) == "route.countries"


@pytest.mark.parametrize("country", ["FR", "DE", "NO", "RE", "CH", "GB", "BR"])
def test_the_eea_its_overseas_regions_and_adequate_countries_are_allowed(country):
    assert judged(plan(), Declaration("direct", (country,), "C-17", stop_returns=True)) == []


def test_the_profile_may_narrow_and_widen_the_countries():
    french, american = (Declaration("direct", (country,), "C-17", stop_returns=True) for country in ("FR", "US"))
    assert judged(plan(Profile(allowed_countries=("FR", "US"))), american) == []
    assert refusal(french, Profile(allowed_countries=("DE",))) == "route.countries"


def test_the_lists_are_of_states_that_exist_and_do_not_overlap():
    assert len(EEA) == 27 + 3 + 6
    assert not EEA & ADEQUATE
    assert all(len(code) == 2 and code.isupper() for code in EEA | ADEQUATE)


def test_advertising_needs_a_route_through_which_a_stop_comes_back():
    silent = Declaration("direct", ("FR",), "C-17", stop_returns=False)
    assert refusal(silent) == "route.stop-return"
    assert judged(plan(Profile(stop_must_return=False)), silent) == []
    assert judged(plan(purpose="service"), silent) == []
    assert judged(plan(purpose="transactional"), silent) == []


def test_a_route_without_a_contract_warns():
    (warning,) = judged(plan(), Declaration("direct", ("FR",), "", stop_returns=True))
    assert "contract" in warning


def test_an_emergency_is_warned_and_never_refused():
    warnings = judged(plan(purpose="emergency"), UNDECLARED)
    assert len(warnings) == 3
    assert "unknown" in warnings[0]
