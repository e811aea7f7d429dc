"""Trades that may not advertise by SMS (laws 2025-594 and 2022-1587; regulation rule 44)."""

import pytest

from app.errors import RouteRefusedError
from app.profile import Profile
from app.safeguards.sectors import judged
from tests.unit.plans import plan


@pytest.mark.parametrize(
    ("sector", "law"), [("energy-renovation", "2025-594"), ("home-adaptation", "2025-594"), ("cpf", "2022-1587")]
)
def test_a_banned_sector_may_not_advertise_whatever_the_consent(sector, law):
    with pytest.raises(RouteRefusedError) as refused:
        judged(plan(Profile(sectors=(sector,))))
    assert refused.value.members["rule"] == f"sector.{sector}"
    assert law in refused.value.members["source"]
    assert set(refused.value.members) == {"rule", "profile", "source", "changed_by"}
    assert "contrat en cours" in refused.value.french


def test_a_sector_that_a_later_release_knows_is_banned_too():
    with pytest.raises(RouteRefusedError):
        judged(plan(Profile(sectors=("of-tomorrow",))))


def test_a_sender_in_no_banned_sector_hears_nothing():
    assert judged(plan()) == ()


def test_a_campaign_to_people_under_contract_passes_and_says_so():
    profile = Profile(sectors=("energy-renovation",), contract_campaigns=("chantiers",))
    (warning,) = judged(plan(profile, campaign="chantiers"))
    assert "contract" in warning
    with pytest.raises(RouteRefusedError):
        judged(plan(profile, campaign="prospects"))


@pytest.mark.parametrize("purpose", ["service", "transactional", "emergency"])
def test_only_advertising_is_banned(purpose):
    assert judged(plan(Profile(sectors=("cpf",)), purpose=purpose)) == ()
