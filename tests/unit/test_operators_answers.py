"""What providers are told, and what goes back to the person through them."""

import json

from app.operators import Answer, Outcome, provider
from tests.unit.operator_samples import connect, get, parts, post

REPLIED = (Outcome(0, receipt="r0", reply="Arrêt pris en compte <&> €"),)


def acknowledged(name: str, outcomes: tuple[Outcome, ...]) -> Answer:
    adapter, request, connection, _ = parts(name)
    return adapter.acknowledge(request, connection, outcomes)


def test_a_batch_of_our_contract_is_answered_with_a_receipt_per_message() -> None:
    outcomes = (Outcome(1, receipt="r1"), Outcome(0, receipt="r0"))
    answer = acknowledged("standard_webhooks_batch", outcomes)
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert json.loads(answer.body) == {"receipts": ["r0", "r1", None, None]}


def test_an_empty_batch_has_no_receipts() -> None:
    answer = provider("standard_webhooks").acknowledge(post("/", '{"messages":[]}'), connect("standard_webhooks"), ())
    assert json.loads(answer.body) == {"receipts": []}


def test_the_single_form_is_answered_with_nothing() -> None:
    answer = acknowledged("standard_webhooks", REPLIED)
    assert (answer.status, answer.content_type, answer.body) == (204, "", b"")


def test_a_body_that_is_no_json_can_be_answered_too() -> None:
    answer = provider("standard_webhooks").acknowledge(post("/", "{"), connect("standard_webhooks"), ())
    assert answer.status == 200


def test_kannel_sends_the_answers_body_to_the_person() -> None:
    assert provider("kannel").can_reply
    answer = acknowledged("kannel", REPLIED)
    assert (answer.content_type, answer.body.decode()) == ("text/plain; charset=utf-8", REPLIED[0].reply)
    assert acknowledged("kannel", (Outcome(0, receipt="r"),)).body == b""
    assert acknowledged("kannel", ()).content_type == "text/plain"


def test_twilio_sends_a_twiml_message_to_the_person() -> None:
    assert provider("twilio").can_reply
    answer = acknowledged("twilio", REPLIED)
    body = "<Response><Message>Arrêt pris en compte &lt;&amp;&gt; €</Message></Response>"
    assert answer.body.decode() == f'<?xml version="1.0" encoding="UTF-8"?>{body}'


def test_no_other_provider_says_anything_to_the_person() -> None:
    for name in ("jasmin", "octopush", "cm", "infobip", "sinch", "vonage", "plivo", "link"):
        answer = provider(name).acknowledge(get("/", ""), connect(name), REPLIED)
        assert "Arrêt" not in answer.body.decode(), name
        assert not provider(name).can_reply


def test_jasmin_is_told_the_one_word_it_knows() -> None:
    assert acknowledged("jasmin", REPLIED).body == b"ACK/Jasmin"


def test_octopush_is_told_nothing_at_all() -> None:
    answer = acknowledged("octopush", REPLIED)
    assert (answer.status, answer.content_type, answer.body) == (200, "", b"")
