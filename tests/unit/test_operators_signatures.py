"""A signed request with anything changed in it is refused; an old one is not; secrets can be changed without a gap."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta

import pytest

from app.errors import BadSignatureError
from app.operators import Connection, Provider, Request, provider
from tests.unit.operator_samples import (
    NAMES,
    NOW,
    connect,
    get,
    parts,
    post,
    sample,
    signed_by_contract,
    with_,
    with_config,
)

UNSIGNED = {"url-token", "basic"}
SIGNED = [name for name in NAMES if sample(name)["auth"]["scheme"] not in UNSIGNED]
WITH_BODY = [name for name in SIGNED if sample(name)["body"]]
WITH_SECRET = [name for name in SIGNED if sample(name)["secret"] and sample(name)["provider"] != "telnyx"]
DATED = [name for name in SIGNED if sample(name)["provider"] not in {"twilio", "plivo"}]
URL_SIGNED = [name for name in SIGNED if sample(name)["provider"] in {"twilio", "plivo", "bird", "messagebird"}]
SIGNATURE_HEADERS = {
    "authorization",
    "messagebird-signature",
    "messagebird-signature-jwt",
    "telnyx-signature-ed25519",
    "webhook-signature",
    "x-plivo-signature-ma-v3",
    "x-plivo-signature-v3",
    "x-sinch-webhook-signature",
    "x-twilio-signature",
}

STAMPS = {
    "messagebird-request-timestamp",
    "telnyx-timestamp",
    "webhook-id",
    "webhook-timestamp",
    "x-plivo-signature-v3-nonce",
    "x-sinch-webhook-signature-nonce",
    "x-sinch-webhook-signature-timestamp",
}
# developers.sinch.com/docs/conversation/callbacks, and the tests of its packages
SINCH_BODY = (
    '{"app_id":"","accepted_time":"2021-10-18T17:49:13.813615Z","project_id":"e2df3a34-a71b-4448-9db5-a8d2baad28e4",'
    '"contact_create_notification":{"contact":{"id":"01FJA8B466Y0R2GNXD78MD9SM1","channel_identities":[{"channel":"SMS",'
    '"identity":"48123456789","app_id":""}],"display_name":"New Test Contact","email":"new.contact@email.com",'
    '"external_id":"","metadata":"","language":"EN_US"}},"message_metadata":""}'
)


def refused(adapter: Provider, request: Request, connection: Connection, now: datetime = NOW) -> bool:
    with pytest.raises(BadSignatureError):
        adapter.authenticate(request, connection, now)
    return True


def other_digit(raw: bytes) -> bytes:
    """Return the bytes with the last digit of the first fictional number changed."""
    place = raw.index(b"3998") + 7
    return raw[:place] + (b"1" if raw[place : place + 1] != b"1" else b"2") + raw[place + 1 :]


@pytest.mark.parametrize("name", WITH_BODY)
def test_a_changed_digit_in_the_body_is_refused(name: str) -> None:
    adapter, request, connection, now = parts(name)
    body = request.body if b"3998" in request.body else request.body.replace(b"26269", b"33998000")
    changed = other_digit(body) if b"3998" in body else body.replace(b"Subscribe", b"subscribe")
    assert changed != request.body
    assert refused(adapter, with_(request, body=changed), connection, now)


@pytest.mark.parametrize("name", [name for name in SIGNED if not sample(name)["body"]])
def test_a_changed_digit_in_a_signed_query_is_refused(name: str) -> None:
    adapter, request, connection, now = parts(name)
    assert refused(adapter, with_(request, query=other_digit(request.query)), connection, now)


@pytest.mark.parametrize("name", SIGNED)
def test_a_request_without_its_signature_is_refused(name: str) -> None:
    adapter, request, connection, now = parts(name)
    headers = {key: value for key, value in request.headers.items() if key not in SIGNATURE_HEADERS}
    body = json.loads(request.body) if request.body[:1] == b"{" and name != "twilio_json" else None
    bare = with_(request, headers=headers)
    if body and ("sig" in body or "Signature" in body):
        bare = with_(
            bare, body=json.dumps({key: body[key] for key in body if key not in {"sig", "Signature"}}).encode()
        )
    if b"sig=" in request.query + request.body:
        strip = b"sig="
        bare = with_(bare, query=request.query.replace(strip, b"gis="), body=request.body.replace(strip, b"gis="))
    assert refused(adapter, bare, connection, now)


@pytest.mark.parametrize("name", [name for name in SIGNED if set(parts(name)[1].headers) & SIGNATURE_HEADERS])
def test_a_changed_signature_is_refused(name: str) -> None:
    adapter, request, connection, now = parts(name)
    (header,) = set(request.headers) & SIGNATURE_HEADERS
    value = request.headers[header]
    place = len(value) - 5
    changed = value[:place] + ("A" if value[place] != "A" else "B") + value[place + 1 :]
    assert refused(adapter, with_(request, headers={**request.headers, header: changed}), connection, now)


@pytest.mark.parametrize("name", [name for name in SIGNED if set(parts(name)[1].headers) & STAMPS])
def test_a_changed_time_or_nonce_is_refused(name: str) -> None:
    adapter, request, connection, now = parts(name)
    for header in set(request.headers) & STAMPS:
        changed = {**request.headers, header: request.headers[header][:-1] + "x"}
        assert refused(adapter, with_(request, headers=changed), connection, now)


@pytest.mark.parametrize("name", ["telnyx", "telnyx_rotated"])
def test_a_signature_has_one_spelling(name: str) -> None:
    # 64 bytes in base64 leave four bits of the last character unused: another character there decodes to the same.
    adapter, request, connection, now = parts(name)
    signature = request.headers["telnyx-signature-ed25519"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = signature[:-3] + alphabet[alphabet.index(signature[-3]) + 1] + "=="
    assert base64.b64decode(twin) == base64.b64decode(signature)
    for other in (twin, signature.rstrip("="), f" {signature}"):
        headers = {**request.headers, "telnyx-signature-ed25519": other}
        assert refused(adapter, with_(request, headers=headers), connection, now)


@pytest.mark.parametrize("name", WITH_SECRET)
def test_another_secret_is_refused(name: str) -> None:
    adapter, request, connection, now = parts(name)
    assert refused(adapter, request, with_(connection, secrets=("whsec_" + "B" * 32,)), now)
    assert refused(adapter, request, with_(connection, secrets=("",)), now)


@pytest.mark.parametrize("name", WITH_SECRET)
@pytest.mark.parametrize("order", [1, -1])
def test_two_secrets_are_active_while_they_are_changed(name: str, order: int) -> None:
    adapter, request, connection, now = parts(name)
    right = connection.secrets[-1]
    both = (right, "another-" + "x" * 40)[::order]
    assert adapter.authenticate(request, with_(connection, secrets=both), now)


@pytest.mark.parametrize("name", DATED)
@pytest.mark.parametrize("days", [-900, -8, 8, 900])
def test_a_signature_of_another_day_is_stale_and_accepted(name: str, days: int) -> None:
    adapter, request, connection, now = parts(name)
    assert adapter.authenticate(request, connection, now + timedelta(days=days)).stale


@pytest.mark.parametrize("name", [name for name in DATED if len(name.split("_")) == 1])
def test_a_fresh_signature_is_not_stale(name: str) -> None:
    adapter, request, connection, now = parts(name)
    assert not adapter.authenticate(request, connection, now).stale


@pytest.mark.parametrize("name", URL_SIGNED)
def test_the_signed_url_is_the_configured_one_whatever_the_headers_say(name: str) -> None:
    adapter, request, connection, now = parts(name)
    lying = {"host": "elsewhere.example", "x-forwarded-host": "elsewhere.example", "x-forwarded-proto": "http"}
    assert adapter.authenticate(with_(request, headers={**request.headers, **lying}), connection, now)
    truthful = {"host": "mo.example.org", "x-forwarded-host": "mo.example.org"}
    elsewhere = with_config(connection, public_url="https://elsewhere.example/v1/mo/x")
    assert refused(adapter, with_(request, headers={**request.headers, **truthful}), elsewhere, now)
    assert refused(adapter, request, with_config(connection, public_url=""), now)


def test_a_public_url_may_be_an_origin_a_prefix_or_the_whole_address() -> None:
    adapter, request, connection, now = parts("twilio")
    for public in ("https://mo.example.org", "https://mo.example.org/", "https://mo.example.org/v1/mo/twilio"):
        assert adapter.authenticate(request, with_config(connection, public_url=public), now)


def test_a_proxy_may_add_a_prefix_to_the_path() -> None:
    secret, url = "token", b"https://example.org/stop/v1/mo/t"
    signature = base64.b64encode(hmac.new(secret.encode(), url + b"Bodyx", hashlib.sha1).digest()).decode()
    request = post("/v1/mo/t", "Body=x", x_twilio_signature=signature)
    for public in ("https://example.org/stop", "https://example.org/stop/v1/mo/t"):
        assert provider("twilio").authenticate(request, connect("twilio", secrets=[secret], public_url=public), NOW)


def test_a_query_that_a_proxy_spelled_anew_still_matches_the_configured_one() -> None:
    secret, url = "token", b"https://example.org/v1/mo/t?brand=caf%C3%A9%20x"
    signature = base64.b64encode(hmac.new(secret.encode(), url, hashlib.sha1).digest()).decode()
    connection = connect("twilio", secrets=[secret], public_url=url.decode())
    respelled = Request("POST", "/v1/mo/t", b"brand=caf%c3%a9+x", {"x-twilio-signature": signature})
    assert provider("twilio").authenticate(respelled, connection, NOW)
    assert refused(provider("twilio"), with_(respelled, query=b"brand=other"), connection)


def test_twilios_published_example_verifies() -> None:
    # twilio.com/docs/usage/security, and the tests of its packages
    body = b"Digits=1234&To=%2B18005551212&From=%2B12349013030&Caller=%2B12349013030&CallSid=CA1234567890ABCDE"
    headers = {"x-twilio-signature": "0/KCTR6DLpKmkAf8muzZqo1nDgQ="}
    connection = connect("twilio", secrets=["12345"], public_url="https://mycompany.com/myapp.php?foo=1&bar=2")
    request = Request("POST", "/myapp.php", b"foo=1&bar=2", headers, body)
    assert provider("twilio").authenticate(request, connection, NOW)
    assert refused(provider("twilio"), with_(request, query=b"foo=1&bar=3"), connection)


def test_twilios_json_body_is_only_as_good_as_its_hash() -> None:
    adapter, request, connection, now = parts("twilio_json")
    form = {**request.headers, "content-type": "application/x-www-form-urlencoded"}
    assert refused(adapter, with_(request, body=b""), connection, now)
    assert refused(adapter, with_(request, headers=form, body=b""), connection, now)
    assert refused(adapter, with_(parts("twilio")[1], body=request.body), parts("twilio")[2], now)


def test_twilio_refuses_an_algorithm_that_it_does_not_document() -> None:
    adapter, request, connection, now = parts("twilio")
    named = {**request.headers, "x-twilio-webhooks-signature-settings": "algorithm=NONE"}
    assert refused(adapter, with_(request, headers=named), connection, now)
    stronger = {**request.headers, "x-twilio-webhooks-signature-settings": "algorithm=HMAC_SHA256"}
    assert refused(adapter, with_(request, headers=stronger), connection, now)


def test_a_body_on_a_signed_get_is_refused() -> None:
    adapter, request, connection, now = parts("twilio_get")
    assert refused(adapter, with_(request, body=b"From=%2B33639980199"), connection, now)


def test_sinchs_published_example_verifies() -> None:
    adapter = provider("sinch")
    headers = {
        "x-sinch-webhook-signature": "6bpJoRmFoXVjfJIVglMoJzYXxnoxRujzR4k2GOXewOE=",
        "x-sinch-webhook-signature-timestamp": "1634579353",
        "x-sinch-webhook-signature-nonce": "01FJA8B4A7BM43YGWSG9GBV067",
        "x-sinch-webhook-signature-algorithm": "HmacSHA256",
    }
    body = SINCH_BODY.encode()
    assert adapter.authenticate(
        Request("POST", "/", b"", headers, body), connect("sinch", secrets=["foo_secret1234"]), NOW
    )
    none = {**headers, "x-sinch-webhook-signature-algorithm": "none"}
    assert refused(adapter, Request("POST", "/", b"", none, body), connect("sinch", secrets=["foo_secret1234"]))


@pytest.mark.parametrize(
    ("name", "header"), [("vonage_messages", "authorization"), ("messagebird", "messagebird-signature-jwt")]
)
@pytest.mark.parametrize("algorithm", ["none", "HS256 ", "RS256", ["HS256"], None])
def test_a_token_cannot_choose_how_it_is_checked(name: str, header: str, algorithm: object) -> None:
    adapter, request, connection, now = parts(name)
    scheme, _, token = request.headers[header].rpartition(" ")
    _, payload, signature = token.split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).rstrip(b"=").decode()
    for forged in (f"{head}.{payload}.", f"{head}.{payload}.{signature}"):
        assert refused(
            adapter, with_(request, headers={**request.headers, header: f"{scheme} {forged}"}), connection, now
        )


def test_a_token_that_says_nothing_of_the_body_is_refused() -> None:
    secret = "s" * 40
    pieces = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in ({"alg": "HS256"}, {"iat": 1})]
    signature = base64.urlsafe_b64encode(hmac.new(secret.encode(), b".".join(pieces), hashlib.sha256).digest()).rstrip(
        b"="
    )
    request = post("/v1/mo/v", "{}", authorization=f"Bearer {b'.'.join([*pieces, signature]).decode()}")
    assert refused(provider("vonage_messages"), request, connect("vonage_messages", secrets=[secret]))


def test_vonage_checks_by_the_method_of_the_account_alone() -> None:
    adapter, request, connection, now = parts("vonage_form_md5hash")
    assert adapter.authenticate(request, with_config(connection, method=""), now)
    assert refused(adapter, request, with_config(connection, method="md5"), now)
    assert refused(adapter, request, with_config(connection, method="sha256"), now)
    assert refused(adapter, request, with_config(connection, method="crc32"), now)


def test_a_parameter_added_to_a_vonage_request_is_refused() -> None:
    adapter, request, connection, now = parts("vonage_get")
    assert refused(adapter, with_(request, query=b"msisdn=33639980199&" + request.query), connection, now)


def test_plivos_older_signature_counts_only_where_it_is_asked_for() -> None:
    secret, url = "token", "https://example.org/v1/mo/p"
    signature = base64.b64encode(hmac.new(secret.encode(), f"{url}7".encode(), hashlib.sha256).digest()).decode()
    request = post("/v1/mo/p", "Text=STOP", x_plivo_signature_v2=signature, x_plivo_signature_v2_nonce="7")
    assert refused(provider("plivo"), request, connect("plivo", secrets=[secret], public_url=url))
    asked = connect("plivo", secrets=[secret], public_url=url, scheme="plivo-v2")
    assert provider("plivo").authenticate(request, asked, NOW).scheme == "plivo-v2"


def test_the_contracts_ed25519_signatures_verify_under_a_public_key() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
    signature = base64.b64encode(key.sign(b"msg_1.1774391006.{}")).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1774391006", "webhook-signature": f"v1a,{signature}"}
    request = Request("POST", "/", b"", headers, b"{}")
    secrets = ["whpk_" + base64.b64encode(key.public_key().public_bytes_raw()).decode()]
    assert (
        not provider("standard_webhooks")
        .authenticate(request, connect("standard_webhooks", secrets=secrets), NOW)
        .stale
    )
    assert refused(
        provider("standard_webhooks"), with_(request, body=b"[]"), connect("standard_webhooks", secrets=secrets)
    )


def test_a_public_key_is_never_used_as_a_shared_secret() -> None:
    public = base64.b64encode(b"p" * 32).decode()
    request = signed_by_contract(b"{}", secret=b"p" * 32)
    assert refused(provider("standard_webhooks"), request, connect("standard_webhooks", secrets=["whpk_" + public]))


@pytest.mark.parametrize("stamp", ["", "soon", "1e999", "nan", "-1", "9" * 400])
def test_a_timestamp_that_cannot_be_read_is_stale_and_no_more(stamp: str) -> None:
    request = signed_by_contract(b"{}", stamp=stamp)
    connection = connect("standard_webhooks", secrets=["whsec_" + base64.b64encode(b"k" * 24).decode()])
    assert provider("standard_webhooks").authenticate(request, connection, NOW).stale


@pytest.mark.parametrize("name", sorted({sample(name)["provider"] for name in NAMES}))
def test_a_connection_without_any_secret_refuses_everything(name: str) -> None:
    for request in (post("/v1/mo/x", "{}"), get("/v1/mo/x", "a=b"), get("/v1/mo//", "=")):
        assert refused(provider(name), request, Connection(name, name))


SNS = ("aws_sns", "aws_sns_v1", "aws_sns_confirm")


@pytest.mark.parametrize("name", SNS)
def test_sns_messages_of_another_topic_are_refused(name: str) -> None:
    adapter, request, connection, now = parts(name)
    assert refused(adapter, request, with_config(connection, topic_arn="arn:aws:sns:eu-west-3:111122223333:other"), now)
    assert refused(adapter, request, with_config(connection, topic_arn=None), now)


@pytest.mark.parametrize("name", SNS)
def test_sns_certificates_come_from_the_configuration_only(name: str) -> None:
    adapter, request, connection, now = parts(name)
    assert refused(adapter, request, with_config(connection, certificates={}), now)
    garbled = dict.fromkeys(
        connection.config["certificates"], "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    )
    assert refused(adapter, request, with_config(connection, certificates=garbled), now)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-3.amazonaws.com/a.pem",
        "https://sns.eu-west-3.amazonaws.com.evil.example/a.pem",
        "https://evil.example/sns.eu-west-3.amazonaws.com/a.pem",
        "https://user@sns.eu-west-3.amazonaws.com/a.pem",
        "https://sns.eu-west-3.amazonaws.com:8443/a.pem",
        "https://sns.eu-west-3.amazonaws.com@evil.example/a.pem",
        "https://sns.eu-west-3.amazonaws.com\\@evil.example/a.pem",
        "https://bucket.s3.amazonaws.com/a.pem",
        "https://sns.eu-west-3.amazonaws.com\t.evil.example/a.pem",
        "https://sns.eu-west-3.amazonaws.com/a.pem\n",
        "https://sns.é.amazonaws.com/a.pem",
    ],
)
def test_sns_certificates_of_another_host_are_refused_even_if_configured(url: str) -> None:
    adapter, request, connection, now = parts("aws_sns")
    envelope = json.loads(request.body) | {"SigningCertURL": url}
    pem = next(iter(connection.config["certificates"].values()))
    elsewhere = with_config(connection, certificates={url: pem})
    assert refused(adapter, with_(request, body=json.dumps(envelope).encode()), elsewhere, now)


@pytest.mark.parametrize("version", ["1", "3", "", 2, None])
def test_an_sns_signature_of_another_version_is_refused(version: object) -> None:
    adapter, request, connection, now = parts("aws_sns")
    envelope = json.loads(request.body) | {"SignatureVersion": version}
    assert refused(adapter, with_(request, body=json.dumps(envelope).encode()), connection, now)


def test_a_subscription_to_confirm_is_handed_over_only_if_it_leads_to_sns() -> None:
    adapter, request, connection, _ = parts("aws_sns_confirm")
    assert adapter.decode(request, connection).control == sample("aws_sns_confirm")["extra"]["subscribe_url"]
    adapter, request, connection, _ = parts("aws_sns_confirm_elsewhere")
    assert adapter.decode(request, connection).control is None
    adapter, request, connection, _ = parts("aws_sns_confirm")
    assert adapter.decode(request, with_config(connection, topic_arn="arn:other")).control is None


def test_an_end_of_subscription_asks_for_nothing() -> None:
    adapter, request, connection, _ = parts("aws_sns_confirm")
    envelope = json.loads(request.body) | {"Type": "UnsubscribeConfirmation"}
    found = adapter.decode(with_(request, body=json.dumps(envelope).encode()), connection)
    assert (found.messages, found.unreadable, found.control) == ((), (), None)
