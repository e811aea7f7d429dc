"""What operators that are asked want to be asked, and what their answers say."""

from datetime import UTC, datetime

import pytest

from app.operators import Connection, provider
from app.operators.pull import SOURCES, PullError, base
from app.operators.pull.ovh import signature

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OVH = Connection("ovh", "ovh", ("as", "ck"), None, {"application_key": "ak", "service_name": "sms-ab12345-1"})
PARTNER = Connection("partner", "sms_partner", ("une cle",), None, {})


def test_the_signature_is_that_of_ovhclouds_own_client():
    # The vector in the tests of OVHcloud's Python client (call with signature, no body).
    made = signature(
        "fake application secret",
        "fake consumer key",
        "METHOD",
        "https://eu.api.ovh.com/1.0/unit/test",
        "",
        "1404395931",
    )

    assert made == "$1$16ae5ba8c63841b1951575be905867991d5f49dc"


def test_ovh_is_asked_for_the_black_list_and_for_answers():
    blacklists, incoming = SOURCES["ovh"].lists(OVH, NOW)

    assert blacklists == "/sms/sms-ab12345-1/blacklists"
    assert incoming == "/sms/sms-ab12345-1/incoming?creationDatetime.from=2026-10-23T09%3A00%3A00%2B00%3A00"


def test_a_number_in_a_path_is_escaped():
    (item,) = SOURCES["ovh"].items(OVH, "/sms/sms-ab12345-1/blacklists", b'["+33639980001"]')

    assert item.detail == "/sms/sms-ab12345-1/blacklists/%2B33639980001"
    assert item.message.msisdn == 33639980001
    assert item.message.text is None


def test_the_date_of_a_black_list_comes_from_its_detail():
    source = SOURCES["ovh"]
    (item,) = source.items(OVH, "/sms/sms-ab12345-1/blacklists", b'["+33639980001"]')
    message = source.message(OVH, item, b'{"number":"+33639980001","dateCreation":"2024-03-12T14:05:00+01:00"}')

    assert message.received_at == datetime(2024, 3, 12, 13, 5, tzinfo=UTC)


def test_sms_partner_gets_its_key_in_the_query():
    assert SOURCES["sms_partner"].lists(PARTNER, NOW) == ("/stop-sms/list?apiKey=une+cle",)


def test_the_documented_answer_of_sms_partner_is_read():
    line = b'{"id":19,"phoneNumber":"+33639980001","createdAt":"2015-07-20 10:19:45"}'
    body = b'{"success":true,"code":200,"nbData":1,"data":[%b]}' % line
    (item,) = SOURCES["sms_partner"].items(PARTNER, "", body)

    assert item.message.msisdn == 33639980001
    assert item.message.received_at == datetime(2015, 7, 20, 8, 19, 45, tzinfo=UTC)


@pytest.mark.parametrize("name", ["ovh", "sms_partner"])
@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b'{"data":5}', b"\xff", b'[{"a":1}]'])
def test_an_answer_of_another_shape_is_refused_without_repeating_it(name: str, body: bytes):
    connection = OVH if name == "ovh" else PARTNER

    with pytest.raises(PullError):
        SOURCES[name].items(connection, "/sms/x/blacklists", body)


@pytest.mark.parametrize(
    "connection",
    [
        Connection("ovh", "ovh", ("as",), None, OVH.config),
        Connection("ovh", "ovh", ("as", "ck"), None, {"service_name": "sms-ab12345-1"}),
        Connection("ovh", "ovh", ("as", "ck"), None, {"application_key": "ak"}),
        Connection("ovh", "ovh", ("as", "ck"), None, {"application_key": "ak", "service_name": "a/../b"}),
        Connection("partner", "sms_partner", (), None, {}),
    ],
)
def test_what_a_connection_lacks_is_said(connection: Connection):
    with pytest.raises(PullError):
        SOURCES[connection.provider].lists(connection, NOW)


def test_each_operator_is_asked_at_its_own_host():
    assert base(SOURCES["ovh"], OVH) == "https://eu.api.ovh.com/1.0"
    assert base(SOURCES["sms_partner"], PARTNER) == "https://api.smspartner.fr/v1"


def test_every_operator_that_is_asked_is_a_provider_of_connections():
    assert [provider(name).name for name in SOURCES] == list(SOURCES)
