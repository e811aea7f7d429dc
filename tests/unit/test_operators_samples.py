"""Every recorded request of every provider gives what its page promises."""

from datetime import datetime
from typing import Any

import pytest

from app.operators import PROVIDERS, Answer, Outcome, provider, replay
from app.operators.pull import SOURCES
from tests.unit.operator_samples import NAMES, decoded, parts, sample

FIELDS = {
    "msisdn": "msisdn_e164",
    "short_code": "short_code",
    "text": "text",
    "message_id": "message_id",
    "received_at": "received_at_utc",
    "keyword": "keyword",
}


def expected(recording: dict[str, Any]) -> list[dict[str, Any]]:
    if recording.get("expect_action"):
        return []
    listed = recording.get("expect_all") or [recording["expect"]]
    return [{ours: one[theirs] for ours, theirs in FIELDS.items()} for one in listed]


def comparable(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Times compare as times: their precision is the recording's."""
    return [
        {**one, "received_at": one["received_at"] and datetime.fromisoformat(one["received_at"])} for one in messages
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_request_replays_to_what_it_says(name: str) -> None:
    recording = sample(name)
    assert comparable(replay(recording)) == comparable(expected(recording))


@pytest.mark.parametrize("name", NAMES)
def test_elements_that_are_no_messages_are_handed_back_and_nothing_else_is(name: str) -> None:
    found = decoded(name)
    assert [item.position for item in found.unreadable] == sample(name).get("extra", {}).get("unreadable", [])
    assert not any(item.reason.startswith("internal") for item in found.unreadable)


@pytest.mark.parametrize("name", NAMES)
def test_an_acknowledgement_is_the_one_that_the_provider_documents(name: str) -> None:
    wanted = sample(name).get("ack")
    if wanted is None:
        return
    adapter, request, connection, _ = parts(name)
    outcomes = tuple(Outcome(message.position) for message in adapter.decode(request, connection).messages)
    answer = adapter.acknowledge(request, connection, outcomes)
    assert answer == Answer(wanted["status"], wanted["content_type"], wanted["body"].encode())


@pytest.mark.parametrize("name", [name for name in NAMES if "part" in sample(name).get("extra", {})])
def test_a_part_of_a_long_message_says_which_part_it_is(name: str) -> None:
    (message,) = decoded(name).messages
    assert list(message.part) == sample(name)["extra"]["part"]


@pytest.mark.parametrize("name", [name for name in NAMES if sample(name).get("extra", {}).get("provider_opt_out")])
def test_a_providers_own_reading_is_passed_on(name: str) -> None:
    if name == "smsfactor":
        return  # its STOP address is known by its configuration: test_operators_table
    assert decoded(name).messages[0].flag == "STOP"


def test_every_provider_has_a_recording() -> None:
    assert {sample(name)["provider"] for name in NAMES} | {"generic"} | set(SOURCES) == set(PROVIDERS)


def test_ids_of_the_message_sent_before_are_never_taken_for_the_answers_own() -> None:
    for name in ("cm", "octopush", "spot_hit_response", "smsfactor", "link_pswin"):
        assert decoded(name).messages[0].message_id is None, name
    assert decoded("cm").messages[0].in_reply_to == "3c1d0f3e-36f2-4a2d-8d39-0d53b12f0c01"
    assert decoded("octopush").messages[0].in_reply_to == "sms_67aa0f11c0001"
    assert decoded("spot_hit_stop").messages[0].in_reply_to == "1337"
    assert decoded("smsfactor").messages[0].in_reply_to == "camp-2026-03-01"


def test_an_unknown_provider_is_named_with_those_there_are() -> None:
    with pytest.raises(LookupError, match=r"no provider 'sirius'.*kannel.*twilio"):
        provider("sirius")
