"""The contract's plain bodies are read on a way of their own, and mean what the reader of all forms makes of them."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.operators import Connection, Outcome, Request, provider
from app.operators.flat import Flat

OURS = provider("standard_webhooks")
NAMES = ("id", "from", "to", "text", "received_at", "account", "in_reply_to")
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ("", " ", "+33639980001", "0639980001", "36200", "STOP", "\0", "2026-11-22T10:00:00", "1763805600", "Salon")
    ),
)
VALUES = st.one_of(TEXTS, st.none(), st.integers(0, 99), st.booleans())
MESSAGES = st.dictionaries(st.sampled_from((*NAMES, "From", "other")), TEXTS | VALUES, max_size=8)
PLAIN = st.fixed_dictionaries(
    {"from": TEXTS, "to": TEXTS, "text": TEXTS}, optional=dict.fromkeys(("id", *NAMES[4:]), TEXTS)
)
CONFIGS = st.sampled_from(
    ({}, {"default_code": "36111"}, {"codes": {"Salon": "36222"}}, {"zone": "Europe/Paris"}, {"kind": "stop"},
     {"flag": "STOP"}, {"charset": "latin-1"})
)  # fmt: skip


def read_both_ways(body: bytes, config: dict) -> tuple[object, object]:
    request, connection = Request("POST", "/v1/mo/x", body=body), Connection("x", "standard_webhooks", config=config)
    ours = OURS.decode(request, connection)
    assert isinstance(OURS, Flat)
    return ours, Flat.decode(_Slow(OURS.shape), request, connection)


class _Slow(type(OURS)):
    """The same provider without the short way."""

    def read(self, request: Request, connection: Connection) -> object:
        return Flat.read(self, request, connection)


@settings(max_examples=300)
@given(st.lists(PLAIN | MESSAGES, max_size=3), CONFIGS)
def test_every_body_is_read_as_by_the_reader_of_all_forms(messages: list, config: dict) -> None:
    ours, theirs = read_both_ways(msgspec.json.encode({"messages": messages}), config)
    assert ours == theirs


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"messages":{}}',
        b'{"messages":[]}',
        b'{"messages":[null]}',
        b' {"messages" : [ {"from":"+33639980001","to":"36200","text":"STOP","text":"Bonjour"} ] } ',
        b'\xef\xbb\xbf{"messages":[{"from":"+33639980001","to":"36200","text":"STOP"}]}',
        b'{"messages":[{"from":"+33639980001","to":"36200","text":"STOP \xe9t\xe9"}]}',
        b'{"messages":[{"from":"+33639980001","to":"36200","text":"\\ud800"}]}',
        b'{"Messages":[{"from":"+33639980001","to":"36200","text":"STOP"}]}',
        b'{"messages":[{"from":"+33639980001","to":"36200","text":"STOP"}],"timestamp":"2026-11-22T10:00:00Z"}',
        b'{"messages":[{"from":"+33639980001","to":"36200","text":"STOP"}],"type":"sms.delivered"}',
    ],
)
def test_odd_bodies_are_read_alike(body: bytes) -> None:
    ours, theirs = read_both_ways(body, {})
    assert ours == theirs


@pytest.mark.parametrize(
    ("body", "receipts"),
    [
        (b'{"messages":[{"from":"+33639980001"},{"x":1}]}', 2),
        (b'{"messages":[]}', 0),
        (b'{"messages":[1,2', 0),
        (b'{"messages":{"from":"+33639980001"}}', 1),
        (b'{"Messages":[1,2,3]}', 3),
        (b'\xef\xbb\xbf{"messages":[1,2]}', 2),
    ],
)
def test_the_answer_has_a_place_for_each_listed_message(body: bytes, receipts: int) -> None:
    connection = Connection("x", "standard_webhooks")
    answer = OURS.acknowledge(Request("POST", "/v1/mo/x", body=body), connection, (Outcome(0, receipt="r"),))
    assert answer.status == 200
    expected = [*(["r"] if receipts else []), *[None] * (receipts - 1)]
    assert msgspec.json.decode(answer.body) == {"receipts": expected}


def test_the_single_form_is_answered_without_content() -> None:
    request = Request("POST", "/v1/mo/x", body=b'{"type":"sms.mo.received","data":{"from":"+33639980001"}}')
    assert OURS.acknowledge(request, Connection("x", "standard_webhooks"), ()).status == 204
