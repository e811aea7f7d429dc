"""A provider is data: what a Shape can say, and what a newcomer writes."""

import json

from app.intent import Intent
from app.operators.flat import Flat, Shape
from tests.unit.operator_samples import connect, get, one, parts, post, read, with_config


def test_a_newcomer_is_five_lines_of_data() -> None:
    newcomer = Flat(
        Shape(
            name="allotexto",
            number=("mobile",),
            text=("contenu",),
            code=("numero_court",),
            time=("recu_le",),
        )
    )
    request = get("/v1/mo/a/tok", "mobile=0639980001&contenu=Arr%EAt&numero_court=36200&recu_le=21/03/2026+19:20:21")
    connection = connect("allotexto", token="tok")
    assert newcomer.authenticate(request, connection, None).scheme == "token"
    (message,) = newcomer.decode(request, connection).messages
    assert (message.msisdn, message.short_code, message.text) == (33639980001, "36200", "Arrêt")
    assert message.received_at.isoformat() == "2026-03-21T18:20:21+00:00"


def test_the_same_fields_are_read_from_query_form_json_and_xml() -> None:
    json_body = json.dumps({"from": "+33639980001", "text": "STOP", "to": 36200, "id": "7"})
    xml = "<sms><From>+33639980001</From><text>STOP</text><to>36200</to><id>7</id></sms>"
    flat = "from=%2B33639980001&text=STOP&to=36200&id=7"
    for request in (get("/", flat), post("/", flat), post("/", json_body), post("/", xml), post("/", f"[{json_body}]")):
        message = one("generic", request)
        assert (message.msisdn, message.text, message.short_code, message.message_id) == (
            33639980001,
            "STOP",
            "36200",
            "7",
        )


def test_a_query_is_not_mixed_into_a_body() -> None:
    request = post("/", "from=%2B33639980001&text=STOP")
    found = read("generic", type(request)("POST", "/", b"to=36999&id=x", {}, request.body))
    assert (found.messages[0].short_code, found.messages[0].message_id) == (None, None)


def test_an_event_without_text_is_a_stop_where_the_provider_digests_them() -> None:
    message = one("spot_hit", get("/", "numero=0639980001&id=12&date=1774030760"), default_code="36200")
    assert (message.text, message.flag, message.short_code) == (None, Intent.STOP, "36200")


def test_an_answer_that_is_empty_is_no_stop_event() -> None:
    message = one("spot_hit", get("/", "numero=0639980001&message=&id=12&date=1774030760"))
    assert (message.text, message.flag) == ("", None)


def test_a_delivery_report_on_the_same_address_is_no_message() -> None:
    found = read("spot_hit", get("/", "id_message=12&statut=1&numero=0639980001"))
    assert (found.messages, found.unreadable) == ((), ())


def test_a_missing_text_is_unreadable_where_the_provider_sends_texts() -> None:
    found = read("smsfactor", post("/", '{"from":"33639980001"}'))
    assert [item.reason for item in found.unreadable] == ["no text"]


def test_a_connection_can_be_of_kind_stop_event() -> None:
    message = one("smsfactor", post("/", '{"from":"33639980001","message":"x"}'), kind="stop")
    assert (message.text, message.flag) == (None, Intent.STOP)


def test_an_address_for_opt_outs_only_flags_its_messages_and_keeps_their_text() -> None:
    adapter, request, connection, _ = parts("smsfactor")
    message = adapter.decode(request, with_config(connection, flag="STOP")).messages[0]
    assert (message.text, message.flag) == ("STOP", Intent.STOP)
    assert (
        one("octopush", post("/", '{"number":"+33639980001","text":"x","stop_date":"2026-03-01 10:00:00"}')).flag
        == "STOP"
    )
    assert one("octopush", post("/", '{"number":"+33639980001","text":"x"}')).flag is None


def test_flags_of_providers_are_read_as_intents() -> None:
    for word, intent in (("optout", "STOP"), ("OptIn", "START"), ("help", "HELP"), ("", None), ("receipt", None)):
        body = f"From=33639980001&Text=x&MessageIntent={word}"
        assert one("plivo", post("/", body)).flag == intent, word


def test_the_account_and_the_message_answered_are_passed_on() -> None:
    body = '{"messages":[{"id":"a","from":"+33639980001","to":"36200","text":"x","account":"b","in_reply_to":"c"}]}'
    message = one("standard_webhooks", post("/", body))
    assert (message.account, message.in_reply_to, message.destination, message.position) == ("b", "c", "36200", 0)


def test_the_events_own_time_stands_in_for_a_missing_one() -> None:
    body = '{"type":"sms.mo.received","timestamp":"2026-03-24T22:23:24Z","data":{"from":"+33639980001","text":"x"}}'
    assert one("standard_webhooks", post("/", body)).received_at.isoformat() == "2026-03-24T22:23:24+00:00"


def test_an_event_of_another_type_is_kept_for_a_person_to_see() -> None:
    body = '{"type":"sms.mt.sent","timestamp":"2026-03-24T22:23:24Z","data":{"from":"+33639980001","text":"STOP"}}'
    found = read("standard_webhooks", post("/", body))
    assert (found.messages, len(found.unreadable)) == ((), 1)


def test_a_good_message_passes_whatever_stands_beside_it() -> None:
    beside = [
        "null",
        "7",
        '"x"',
        "[]",
        "{}",
        '{"from":"","text":"x"}',
        '{"from":"+33639980002"}',
        '{"from":null,"text":1}',
    ]
    good = '{"id":"g","from":"+33639980001","to":"36200","text":"STOP"}'
    found = read("standard_webhooks", post("/", '{"messages":[' + ",".join([*beside, good, *beside]) + "]}"))
    assert [(message.msisdn, message.position) for message in found.messages] == [(33639980001, len(beside))]
    assert len(found.unreadable) == 2 * len(beside)
    assert json.loads(found.unreadable[5].raw) == {"from": "", "text": "x"}


def test_a_number_that_nobody_can_have_is_a_message_without_a_number() -> None:
    message = one("generic", post("/", '{"from":"MARQUE","text":"STOP"}'))
    assert (message.msisdn, message.msisdn_text) == (None, "MARQUE")


def test_smsmode_is_read_in_either_direction() -> None:
    for person, code in (("33639980001", "36200"), ("36200", "33639980001"), ("MARQUE", "33639980001")):
        body = json.dumps({"direction": "MO", "from": person, "recipient": {"to": code}, "body": {"text": "STOP"}})
        assert one("smsmode", post("/", body)).msisdn == 33639980001
    assert one("smsmode", post("/", body), default_code="36111").short_code == "36111"


def test_pswin_answers_every_element_that_has_an_id() -> None:
    adapter, _, connection, _ = parts("link_pswin")
    broken = adapter.acknowledge(post("/", "<MSGLST><MSG><ID>1"), connection, ())
    assert broken.body == b'<?xml version="1.0"?><MSGLST></MSGLST>'
    odd = adapter.acknowledge(post("/", "<MSGLST><MSG><ID>&lt;1</ID></MSG><MSG/></MSGLST>"), connection, ())
    assert odd.body == b'<?xml version="1.0"?><MSGLST><MSG><ID>&lt;1</ID><STATUS>OK</STATUS></MSG></MSGLST>'


def test_reports_are_left_out_and_inbound_events_of_an_unknown_kind_are_kept() -> None:
    for kind, kept in (("recipient_delivery_report_sms", 0), ("mo_hologram", 1), ("inbound_mms", 1)):
        found = read("sinch", post("/", json.dumps({"type": kind, "from": "33639980001", "body": "STOP"})))
        assert (len(found.messages), len(found.unreadable)) == (0, kept), kind


def test_a_text_in_a_list_of_one_is_the_text() -> None:
    message = one("generic", post("/", '{"from":["+33639980001"],"to":["36200","36201"],"text":["STOP"]}'))
    assert (message.msisdn, message.short_code, message.text) == (33639980001, "36200", "STOP")
