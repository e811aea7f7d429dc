"""Recordings replay as requests: their settings, their encodings, and how times are printed."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from app.errors import BadSignatureError, InvalidValueError
from app.operators import replay
from app.operators.replay import rfc3339
from tests.unit.operator_samples import sample


@pytest.mark.parametrize(
    ("microsecond", "printed"),
    [(0, "2026-03-24T22:23:23Z"), (900_000, "2026-03-24T22:23:23.900Z"), (1, "2026-03-24T22:23:23.000001Z")],
)
def test_a_time_is_printed_with_the_precision_it_has(microsecond: int, printed: str) -> None:
    assert rfc3339(datetime(2026, 3, 24, 22, 23, 23, microsecond, tzinfo=UTC)) == printed


def test_what_is_printed_is_json_with_six_members() -> None:
    (message,) = replay(sample("standard_webhooks"))
    assert json.loads(json.dumps(message)) == {
        "msisdn": "+33639981224",
        "short_code": "36200",
        "text": "STOP",
        "message_id": "mo_01open",
        "received_at": "2026-03-24T22:23:23.900Z",
        "keyword": "STOP",
    }


def test_a_recording_with_a_wrong_secret_is_refused() -> None:
    with pytest.raises(BadSignatureError):
        replay(sample("standard_webhooks") | {"secret": "whsec_AAAA"})
    with pytest.raises(BadSignatureError):
        replay(sample("cm") | {"auth": {"scheme": "url-token", "value": "another"}})


def test_secrets_and_tokens_may_be_several_under_any_name() -> None:
    recording = sample("standard_webhooks")
    right = recording["secret"]
    for secrets in (
        {"secret": ["whsec_AAAA", right]},
        {"secret": "whsec_AAAA", "previous_secret": right},
        {"secrets": [right]},
    ):
        assert replay({**recording, "secret": None, **secrets})
    tokens = {"scheme": "url-token", "value": "another", "values": ["cmtok-open-7f3a"]}
    assert replay(sample("cm") | {"auth": tokens})


def test_a_body_may_be_recorded_as_hex_or_base64() -> None:
    recording = sample("jasmin")
    for encoding, body in (
        ("hex", recording["body"].encode().hex()),
        ("base64", base64.b64encode(recording["body"].encode()).decode()),
        ("latin-1", recording["body"]),
    ):
        assert replay(recording | {"body": body, "body_encoding": encoding}) == replay(recording)


@pytest.mark.parametrize(
    "change", [{"body_encoding": "hex"}, {"body_encoding": "runes"}, {"provider": "smpp"}, {"provider": None}]
)
def test_a_recording_that_cannot_be_used_says_so(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        replay(sample("cm") | change)


def test_a_recording_without_clock_is_stale_and_replayed() -> None:
    recording = sample("sinch")
    del recording["clock_utc"]
    assert len(replay(recording)) == 1


def test_control_messages_are_no_messages() -> None:
    assert replay(sample("aws_sns_confirm")) == []


def test_two_public_keys_and_an_address_may_be_recorded() -> None:
    recording = sample("telnyx")
    right = recording["auth"]["public_key"]
    auth = {"scheme": "telnyx-ed25519", "public_key": "AAAA", "previous_public_keys": [right]}
    assert replay(recording | {"auth": auth})
    by_address = {"auth": {"scheme": "addresses", "addresses": ["192.0.2.1"]}}
    assert replay(sample("smsfactor") | by_address | {"peer": "192.0.2.1"})
    with pytest.raises(BadSignatureError):
        replay(sample("smsfactor") | by_address | {"peer": "192.0.2.2"})
