"""Whatever arrives: authentication says yes or no, decoding hands back what it cannot read, nothing else happens."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import BadSignatureError
from app.operators import PROVIDERS, Connection, Decoded, Request, provider
from tests.unit.operator_samples import NAMES, NOW, connect, parts, post, sample, with_

DEEP = 100_000
CORPUS = [
    b"",
    b"\x00",
    b"\xff" * 50,
    b"[" * DEEP,
    b'{"a":' * DEEP,
    b'{"messages":' + b"[" * DEEP + b"]" * DEEP + b"}",
    b"<a>" * DEEP,
    b"<a>" + b"<b/>" * 5_000 + b"</a>",
    b"&" * DEEP,
    b"=" * DEEP,
    b"%" * DEEP,
    b"%zz=%&%u0041=%",
    b'{"from":' + b"9" * 5_000 + b',"text":"x"}',
    b'{"from":1e400,"text":NaN,"to":-Infinity}',
    b'{"from":33639980001.0,"text":true,"to":[[[]]]}',
    b'{"from":"+33639980001","from":"+33639980002","text":"a","text":"STOP"}',
    b'{"messages":[{"from":"' + b"+" * 9_000 + b'","text":"x"}]}',
    b'{"messages":{"messages":{"messages":[]}}}',
    b'{"results":{"from":[],"text":{}}}',
    b'{"from":"\\ud800","text":"\\udfff\\u0000"}',
    '{"from":"٣٣٦٣٩٩٨٠٠٠١","text":"²"}'.encode(),
    b'{"Type":"Notification","Message":"{\\"originationNumber\\":[[[[' + b"[" * 2_000,
    b'{"Type":"Notification","Message":"null"}',
    b'{"Type":["Notification"],"TopicArn":{},"Signature":7}',
    b"<MSGLST><MSG><ID>1</ID></MSG><MSG>text<b/></MSG>&#0;&bad;</MSGLST>",
    b"<?xml version='1.0' encoding='rot13'?><a/>",
    b"<?xml version='1.0' encoding='utf-7'?><a>+ADw-</a>",
    b"<a xmlns:b='c'><b:from b:x='1'>1</b:from></a>",
    b"from=%2B33639980001&text=x&udh=%FF&coding=99999999999999999999",
    b"binary=00&coding=" + b"9" * 5_000 + b"&from=1",
    b"sig=" + b"0" * 32 + b"&timestamp=" + b"9" * 400,
]
HEADERS = [
    {},
    {"authorization": "Bearer a.b.c", "messagebird-signature-jwt": "..", "webhook-signature": "v1 v1, ,v1a v1a,é"},
    {"authorization": "Bearer " + "." * 2_000, "telnyx-signature-ed25519": "\u00e9", "telnyx-timestamp": "nan"},
    {"authorization": "Basic \udcff", "x-twilio-signature": "\udcff", "content-type": 'a; charset="\udcff'},
    {"content-type": "application/json; charset=base64", "x-kannel-from": "\udcff", "x-kannel-udh": "zz"},
    {"content-type": "text/xml; charset=punycode", "x-twilio-webhooks-signature-settings": ",,=,algorithm"},
    {"messagebird-signature-jwt": "eyJhbGciOnt9fQ.eyJhbGciOnt9fQ.x", "x-plivo-signature-v3": ",,,"},
]


def connection(name: str) -> Connection:
    settings = {"username": "u"} if name == "infobip" else {}
    config = {"public_url": "https://mo.example.org", "topic_arn": "arn", "public_key": "AAAA", **settings}
    return connect(name, secrets=["whsec_AAAA", "\udcff"], **config)


def survives(name: str, request: Request) -> Decoded:
    """Authenticate and decode; return what was decoded. Nothing but a refusal may be raised, and no fault be hidden."""
    with contextlib.suppress(BadSignatureError):
        provider(name).authenticate(request, connection(name), NOW)
    found = provider(name).decode(request, connection(name))
    assert [item.reason for item in found.unreadable if item.reason.startswith("internal")] == []
    provider(name).acknowledge(request, connection(name), ())
    for message in found.messages:
        for text in (message.text or "", message.msisdn_text, message.destination, message.message_id or ""):
            assert "\x00" not in text
            text.encode()
    return found


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_hostile_corpus_is_survived(name: str) -> None:
    for place, body in enumerate(CORPUS):
        survives(name, Request("POST", "/v1/mo/x", b"", HEADERS[place % len(HEADERS)], body))
    for headers in HEADERS:
        survives(name, Request("POST", "/v1/mo/x", b"", headers, CORPUS[-3]))
        for query in (b"", b"\xff=\xff&%ff=%00", b"sig=&sig=&from=1", CORPUS[-3]):
            survives(name, Request("GET", "/v1/mo/\xff%zz", query, headers))


@given(
    name=st.sampled_from(sorted(PROVIDERS)),
    body=st.binary(max_size=200),
    query=st.binary(max_size=60),
    method=st.sampled_from(["GET", "POST", "", "PUT"]),
)
@settings(max_examples=250)
def test_any_bytes_are_survived(name: str, body: bytes, query: bytes, method: str) -> None:
    survives(name, Request(method, "/v1/mo/x", query, {}, body))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)


@given(name=st.sampled_from(NAMES), value=JSON_VALUES, key=st.integers(min_value=0, max_value=20))
@settings(max_examples=250)
def test_any_value_in_any_field_is_survived(name: str, value: object, key: int) -> None:
    adapter, request, link, _ = parts(name)
    body = request.body.removeprefix(b"\xef\xbb\xbf")
    if body[:1] not in (b"{", b"["):
        return
    tree = json.loads(body)
    place = tree
    while isinstance(place, dict | list) and place:
        step = sorted(place)[key % len(place)] if isinstance(place, dict) else key % len(place)
        if not isinstance(place[step], dict | list) or not place[step] or key % 3 == 0:
            place[step] = value
            break
        place = place[step]
    found = adapter.decode(with_(request, body=json.dumps(tree).encode()), link)
    assert not any(item.reason.startswith("internal") for item in found.unreadable)


@given(name=st.sampled_from(NAMES), data=st.data())
@settings(max_examples=250)
def test_any_changed_byte_is_survived(name: str, data: st.DataObject) -> None:
    adapter, request, link, now = parts(name)
    field = "body" if request.body else "query"
    raw = getattr(request, field)
    place = data.draw(st.integers(min_value=0, max_value=len(raw) - 1))
    changed = with_(request, **{field: raw[:place] + bytes([data.draw(st.integers(0, 255))]) + raw[place + 1 :]})
    with contextlib.suppress(BadSignatureError):
        adapter.authenticate(changed, link, now)
    found = adapter.decode(changed, link)
    assert not any(item.reason.startswith("internal") for item in found.unreadable)


def test_of_two_equal_members_the_last_counts_as_json_readers_agree() -> None:
    body = b'{"from":"+33639980001","from":"+33639980002","text":"STOP"}'
    assert provider("generic").decode(post("/", body), connect("generic")).messages[0].msisdn == 33639980002


def test_a_fault_of_ours_puts_the_request_in_quarantine_and_does_not_lose_it() -> None:
    class Broken(type(provider("generic"))):
        def prepare(self, fields: dict[str, str]) -> dict[str, str]:
            raise KeyError(fields)

    found = Broken(provider("generic").shape).decode(post("/", "from=1&text=STOP"), connect("generic"))
    assert [(item.reason, item.raw) for item in found.unreadable] == [("internal: KeyError", b"from=1&text=STOP")]


@pytest.mark.parametrize("name", NAMES)
def test_refusals_and_reasons_hold_no_number_and_no_text(name: str) -> None:
    adapter, request, link, now = parts(name)
    words = [
        one for one in (sample(name)["expect"]["text"], sample(name)["expect"]["msisdn_e164"]) if one and len(one) > 5
    ]
    bare = with_(link, secrets=("x",), token="x", config={"public_url": "https://x.example"})
    with pytest.raises(BadSignatureError) as refusal:
        adapter.authenticate(request, bare, now)
    reasons = [item.reason for item in adapter.decode(request, link).unreadable]
    assert not any(word in text for word in words for text in [str(refusal.value), *reasons])
