"""Which hold stands in the way of which sending."""

from datetime import UTC, datetime

import pytest

from app.queries.holds import HoldRow
from app.safeguards.holds import HELD_BY_A_PERSON, HELD_BY_A_STORM, hold_on

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def held(scope: str, subject: str = "", kind: str = "manual", purposes: tuple[str, ...] = HELD_BY_A_PERSON) -> HoldRow:
    return HoldRow(f"hold_{scope}", scope, subject, kind, list(purposes), "Wrong list.", "cli:anne", AT)


def refused(*holds: HoldRow, purpose: str = "marketing", campaign: str | None = "soldes", key_id: str = "K1") -> bool:
    return hold_on(holds, purpose=purpose, campaign=campaign, key_id=key_id) is not None


def test_nothing_held_refuses_nobody() -> None:
    assert not refused()


def test_a_sender_is_held_whoever_asks_for_whatever_campaign() -> None:
    assert refused(held("sender"))
    assert refused(held("sender"), campaign=None, key_id="K2")


def test_a_delegate_is_held_and_the_other_is_not() -> None:
    assert refused(held("delegate", "K1"))
    assert not refused(held("delegate", "K1"), key_id="K2")


def test_a_campaign_is_held_and_the_others_are_not() -> None:
    assert refused(held("campaign", "soldes"))
    assert not refused(held("campaign", "soldes"), campaign="rentrée")
    assert not refused(held("campaign", "soldes"), campaign=None)


@pytest.mark.parametrize("spelling", ["Soldes d'hiver", "SOLDES  D'HIVER", " soldes d'hiver ", "ｓoldes d'hiver"])
def test_a_campaign_is_held_however_it_is_spelt(spelling: str) -> None:
    assert refused(held("campaign", "Soldes d'hiver"), campaign=spelling)


@pytest.mark.parametrize("purpose", ["marketing", "service", "transactional"])
def test_a_person_holds_all_but_emergencies(purpose: str) -> None:
    assert refused(held("sender"), purpose=purpose)
    assert not refused(held("sender"), purpose="emergency")


@pytest.mark.parametrize("purpose", ["service", "transactional", "emergency"])
def test_a_storm_holds_marketing_only(purpose: str) -> None:
    storm = held("sender", kind="storm", purposes=HELD_BY_A_STORM)
    assert refused(storm)
    assert not refused(storm, purpose=purpose)


def test_the_widest_hold_is_the_one_that_is_told() -> None:
    holds = (held("campaign", "soldes"), held("delegate", "K1"), held("sender"))
    assert hold_on(holds, purpose="marketing", campaign="soldes", key_id="K1") == holds[2]
