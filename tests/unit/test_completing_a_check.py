"""D14: a marketing check is judgeable; its blanks come from the profile, where that holds exactly one value."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.auth import Caller, Role
from app.check.asking import Fields
from app.directory import Sender
from app.errors import IncompleteCheckError, InvalidValueError, TooEarlyError
from app.profile import Profile
from app.safeguards.completing import Known, complete, judged_purpose

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
CALLER = Caller("key", Role.SENDER, "CRM", (1,))
TEXT = "Soldes au salon STOP 36200"
WHOLE = Profile(
    campaigns=("soldes",), routes=("agregateur",), sender_ids=("MARQUE",), templates={"hiver": TEXT}, send_minutes=30
)
KNOWN = Known(("36200",), ("agregateur", "kannel"))


def completed(profile=WHOLE, known=KNOWN, now=NOW, **given):
    sender = Sender(1, "salon-martin", "Salon Martin", b"", profile, None)
    return complete(sender, CALLER, known, Fields(**given), 2, now)


def test_a_client_that_sends_nothing_but_numbers_is_completed_from_a_whole_profile():
    plan = completed()
    assert (plan.short_code, plan.route, plan.campaign, plan.sender_id) == ("36200", "agregateur", "soldes", "MARQUE")
    assert (plan.send_at, plan.send_minutes, plan.text, plan.purpose) == (NOW, 30, TEXT, "marketing")
    assert (plan.numbers, plan.drill) == (2, False)


def test_an_empty_profile_is_told_everything_that_is_missing_at_once():
    with pytest.raises(IncompleteCheckError) as refused:
        completed(Profile(), Known((), ()))
    members, told = refused.value.members, str(refused.value)
    assert members["missing"] == "short_code,route,campaign,sender_id,send_minutes,text"
    for name in members["missing"].split(","):
        assert f"`{name}`" in told
        assert f"`{name}`" in refused.value.french
    assert "stop-registry sender set salon-martin routes" in told
    assert "stop-registry code add CODE --sender salon-martin" in told
    assert {"rule", "profile", "source", "changed_by"} < set(members)


@pytest.mark.parametrize(
    ("field", "profile", "known"),
    [
        ("short_code", {}, Known(("36200", "36111"), ("agregateur",))),
        ("route", {"routes": ("agregateur", "kannel")}, KNOWN),
        ("campaign", {"campaigns": ("soldes", "noel")}, KNOWN),
        ("sender_id", {"sender_ids": ("MARQUE", "SALON")}, KNOWN),
        ("send_minutes", {"send_minutes": None}, KNOWN),
        ("text", {"templates": {"hiver": TEXT, "noel": TEXT}}, KNOWN),
    ],
)
def test_two_values_are_no_value_and_the_error_lists_them(field, profile, known):
    fields = {name: getattr(WHOLE, name) for name in ("campaigns", "routes", "sender_ids", "templates", "send_minutes")}
    with pytest.raises(IncompleteCheckError) as refused:
        completed(Profile(**fields | profile), known)
    assert refused.value.members["missing"] == field
    for values in profile.values():
        for value in values or ():
            assert f"`{value}`" in str(refused.value)


def test_what_is_given_goes_before_the_profile():
    plan = completed(
        WHOLE,
        Known(("36200", "36111"), ("agregateur",)),
        short_code="36111",
        campaign="noel",
        sender_id="SALON",
        send_minutes=5,
        text="Noel STOP 36111",
    )
    assert (plan.short_code, plan.campaign, plan.sender_id) == ("36111", "noel", "SALON")
    assert (plan.send_minutes, plan.text) == (5, "Noel STOP 36111")


def test_a_blank_is_as_good_as_nothing():
    plan = completed(campaign=" ", sender_id="", text="  ")
    assert (plan.campaign, plan.sender_id, plan.text) == ("soldes", "MARQUE", TEXT)


def test_a_text_is_named_by_its_id_and_an_unknown_id_lists_the_known():
    assert completed(template="hiver").text == TEXT
    with pytest.raises(InvalidValueError, match="`hiver`"):
        completed(template="ete")
    with pytest.raises(InvalidValueError, match="not both"):
        completed(template="hiver", text=TEXT)


def test_a_text_longer_than_any_message_is_refused():
    with pytest.raises(InvalidValueError, match="characters"):
        completed(text="x" * 4_001)


def test_a_code_must_be_the_senders_own_and_the_one_given_does_not_come_back():
    with pytest.raises(InvalidValueError) as refused:
        completed(short_code="+33639980001")
    assert "36200" in str(refused.value)
    assert "9980001" not in str(refused.value) + refused.value.french


def test_a_route_must_exist_and_be_one_of_the_profiles():
    with pytest.raises(InvalidValueError, match="`agregateur`"):
        completed(route="kannel")
    assert completed(Profile(), route="kannel", **REST).route == "kannel"
    with pytest.raises(InvalidValueError, match="operator list"):
        completed(Profile(), route="nobody", **REST)


REST = {"campaign": "soldes", "sender_id": "MARQUE", "send_minutes": 5, "text": TEXT}


@pytest.mark.parametrize("purpose", ["service", "transactional", "emergency"])
def test_other_purposes_need_none_of_it_and_what_they_give_must_still_exist(purpose):
    plan = completed(Profile(), Known((), ()), purpose=purpose)
    assert (plan.short_code, plan.route, plan.campaign, plan.sender_id, plan.text) == (None,) * 5
    assert (plan.send_at, plan.send_minutes) == (NOW, 60)
    with pytest.raises(InvalidValueError):
        completed(Profile(), Known((), ()), purpose=purpose, short_code="36200")


def test_a_service_check_never_takes_a_commercial_text_from_the_profile():
    plan = completed(purpose="service")
    assert (plan.purpose, plan.text) == ("service", None)


def test_a_service_text_that_offers_stop_is_judged_as_marketing():
    assert completed(purpose="service", text=TEXT).purpose == "marketing"
    assert completed(purpose="service", template="hiver").purpose == "marketing"
    assert judged_purpose("transactional", TEXT) == "transactional"
    assert judged_purpose("emergency", TEXT) == "emergency"
    with pytest.raises(IncompleteCheckError):
        completed(Profile(), purpose="service", text=TEXT)


def test_a_time_without_offset_is_refused():
    with pytest.raises(InvalidValueError, match="offset"):
        completed(send_at=NOW.replace(tzinfo=None))


def test_an_hour_ahead_is_the_most_unless_the_gateway_asks_for_admissions():
    assert completed(send_at=NOW + timedelta(minutes=60)).send_at == NOW + timedelta(minutes=60)
    with pytest.raises(TooEarlyError) as refused:
        completed(send_at=NOW + timedelta(minutes=60, seconds=1))
    assert {"rule", "profile", "source", "changed_by"} == set(refused.value.members)
    admitted = Profile(routes=("agregateur",), admissions=True)
    assert completed(admitted, send_at=NOW + timedelta(days=2), **REST).send_at == NOW + timedelta(days=2)


def test_a_little_late_begins_now_and_much_later_is_refused():
    assert completed(send_at=NOW - timedelta(minutes=5)).send_at == NOW
    with pytest.raises(InvalidValueError, match="past"):
        completed(send_at=NOW - timedelta(minutes=5, seconds=1))


def test_times_at_the_ends_of_the_calendar_are_refused_and_break_nothing():
    for extreme in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)):
        for hours in (-23, 0, 23):
            with pytest.raises(InvalidValueError):
                completed(send_at=extreme.replace(tzinfo=timezone(timedelta(hours=hours))))
            with pytest.raises(InvalidValueError):
                completed(
                    Profile(routes=("agregateur",), admissions=True),
                    send_at=extreme.replace(tzinfo=timezone(timedelta(hours=hours))),
                    **REST,
                )


def test_the_instant_is_told_in_utc():
    paris = (NOW + timedelta(minutes=10)).astimezone(timezone(timedelta(hours=1)))
    assert completed(send_at=paris).send_at.isoformat() == "2026-11-23T09:10:00+00:00"


@pytest.mark.parametrize("minutes", [0, -1, 61, 2**70])
def test_minutes_outside_the_profiles_bounds_are_refused(minutes):
    with pytest.raises(InvalidValueError, match="1 to 60"):
        completed(send_minutes=minutes)


def test_the_profile_bounds_the_minutes():
    longer = Profile(routes=("agregateur",), send_minutes_max=120)
    assert completed(longer, **REST | {"send_minutes": 120}).send_minutes == 120
