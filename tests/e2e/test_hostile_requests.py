"""The hostile corpus of the threat model (T13, T16, T20): a precise refusal or quarantine, never a 5xx."""

import gzip
import json
import random

import pytest

from tests.world import KANNEL_TOKEN, OWN_CODE, World, message, signed

pytestmark = pytest.mark.anyio
ANNE = "+33639980001"
NESTED = b"[" * 100_000 + b"]" * 100_000
BODIES = {
    "empty": b"",
    "invalid UTF-8": b'{"numbers":["\xff\xfe"]}',
    "deeply nested": b'{"numbers":' + NESTED + b"}",
    "nested objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "huge integer": b'{"numbers":[' + b"9" * 1_000_000 + b"]}",
    "NUL": b'{"numbers":["\\u0000"]}',
    "raw NUL": b'{"numbers":["\x00"]}',
    "lone surrogate": b'{"numbers":["\\ud800"]}',
    "duplicate keys": b'{"numbers":[],"numbers":["x"]}',
    "trailing bytes": b'{"numbers":[]} x',
    "cut string": b'{"numbers":["+3363998',
    "not a list": b'{"numbers":{}}',
    "mixed list": b'{"numbers":["+33639980001",null,1.5,{}]}',
    "other digits": '{"numbers":["²³","٣٣٦٣٩٩٨٠٠٠١"]}'.encode(),
    "long string": b'{"numbers":["' + b"1" * 1_000_000 + b'"]}',
    "BOM": b"\xef\xbb\xbf" + b'{"numbers":[]}',
    "campaign too long": b'{"numbers":[],"campaign":"' + b"x" * 10_000 + b'"}',
    "campaign of NUL": b'{"numbers":["+33639980001"],"campaign":"\\u0000"}',
    "campaign of a surrogate": b'{"numbers":["+33639980001"],"campaign":"\\udc00"}',
    "bad instant": b'{"numbers":[],"send_at":"tomorrow"}',
    "form": b"numbers=1&numbers=2",
}
TEXTS = ["", "   ", "x" * 2_000, "STOP\u0000", "\u202eSTOP", "=cmd|' /C calc'!A0", "🛑" * 500, "\ufeffSTOP"]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_a_hostile_check_is_refused_or_answered_and_never_fails(world: World, body: bytes):
    answer = await world.client.post("/v1/checks", content=body, headers=world.bearer("salon"))

    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_a_hostile_webhook_that_is_well_signed_is_taken_or_quarantined(world: World, body: bytes):
    answer = await world.client.post("/v1/mo/agregateur", content=body, headers=signed(body))

    # 413 is for what no message of an operator can be.
    assert answer.is_success or (answer.status_code == 413 and len(body) > 65_536), answer.text


async def test_every_strange_text_is_journalled_or_quarantined(world: World):
    for position, text in enumerate(TEXTS):
        body = json.dumps({"messages": [message(f"mo-{position}", ANNE, text)]}).encode()
        answer = await world.client.post("/v1/mo/agregateur", content=body, headers=signed(body))
        assert answer.is_success, (text, answer.text)


async def test_a_lone_surrogate_and_bad_bytes_in_a_kannel_query_do_not_fail(world: World):
    for query in (
        "text=%FF%FE",
        "text=%00",
        "text=%ED%A0%80",
        "from=%FF&text=STOP",
        "text=" + "a" * 3_000,
        "%",
        "&&==",
        "",
    ):
        answer = await world.client.get(f"/v1/mo/kannel/{KANNEL_TOKEN}?to={OWN_CODE}&id=1&{query}")
        assert answer.is_success, (query, answer.text)


async def test_one_bad_message_of_a_batch_does_not_hold_up_the_good_ones(world: World):
    good, bad = message("mo-1", ANNE, "STOP", OWN_CODE), {"id": "mo-2", "from": 5, "to": None}
    body = json.dumps({"messages": [bad, good]}).encode()
    answer = await world.client.post("/v1/mo/agregateur", content=body, headers=signed(body))

    assert answer.is_success
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_body_larger_than_a_webhook_may_be_is_413(world: World):
    body = b"x" * 70_000
    answer = await world.client.post("/v1/mo/agregateur", content=body, headers=signed(body))

    assert answer.status_code == 413


async def test_a_compressed_webhook_is_415(world: World):
    body = gzip.compress(b"{}")
    headers = {**signed(body), "Content-Encoding": "gzip"}

    assert (await world.client.post("/v1/mo/agregateur", content=body, headers=headers)).status_code == 415


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer é", "Basic eDp5", "Bearer sr_a_b", "Bearer " + "x" * 9_000, "\x80"]
)
async def test_a_strange_authorization_is_401(world: World, header: str):
    headers = [(b"authorization", header.encode("latin-1"))]

    assert (await world.client.post("/v1/checks", content=b"{}", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/mo",
        "/v1/mo/a/b/c",
        "/v1/mo/%00",
        "/v1/mo/%ff%fe",
        "/v1/ledgers/%2e%2e/checkpoint",
        "/v1/mo/" + "a" * 5_000,
    ],
)
async def test_a_strange_address_is_not_found(world: World, path: str):
    answer = await world.client.get(path)

    assert answer.status_code in {401, 404, 405}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_random_mutations_of_good_requests_never_fail(world: World):
    picked = random.Random(11)
    good = json.dumps({"messages": [message("mo-1", ANNE, "STOP")]}).encode()
    for _ in range(150):
        mutated = bytearray(good)
        for _ in range(picked.randrange(1, 4)):
            mutated[picked.randrange(len(mutated))] = picked.randrange(256)
        webhook = await world.client.post("/v1/mo/agregateur", content=bytes(mutated), headers=signed(bytes(mutated)))
        check = await world.client.post("/v1/checks", content=bytes(mutated), headers=world.bearer("salon"))
        assert webhook.is_success, bytes(mutated)
        assert check.status_code < 500, bytes(mutated)
