"""Proof where the provider signs nothing: token, Basic, addresses. All that is set must hold."""

import base64

import pytest

from app.errors import BadSignatureError
from app.operators import Connection, Request, provider
from tests.unit.operator_samples import NOW, connect, get, post

CM = provider("cm")


def accepts(request: Request, connection: Connection) -> bool:
    try:
        CM.authenticate(request, connection, NOW)
    except BadSignatureError:
        return False
    return True


def basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize("path", ["/v1/mo/cm/tok-1", "/v1/mo/cm/tok-1/", "/proxied/v1/mo/cm/tok%2D1"])
def test_a_token_may_be_the_last_step_of_the_path(path: str) -> None:
    assert accepts(post(path, "{}"), connect("cm", token="tok-1"))


@pytest.mark.parametrize(
    "path", ["/v1/mo/cm", "/v1/mo/cm/tok-2", "/v1/mo/cm/tok-1x", "/tok-1/v1", "/v1/mo/cm/TOK-1", ""]
)
def test_another_path_is_refused(path: str) -> None:
    assert not accepts(post(path, "{}"), connect("cm", token="tok-1"))


def test_a_token_may_stand_in_the_query_or_a_header() -> None:
    connection = connect("cm", token="tok 1")
    assert accepts(get("/v1/mo/cm", "from=1&key=tok%201"), connection)
    assert accepts(post("/v1/mo/cm", "{}", authorization="Bearer tok 1"), connection)
    named = connect("cm", token="tok-1", token_header="X-Cm-Token", token_param="key")
    assert accepts(post("/v1/mo/cm", "{}", x_cm_token="tok-1"), named)
    assert accepts(get("/v1/mo/cm", "key=tok-1"), named)
    assert not accepts(get("/v1/mo/cm", "text=tok-1"), named)


def test_two_tokens_are_active_while_they_are_changed() -> None:
    connection = connect("cm", token="old", secrets=["new"])
    assert accepts(post("/v1/mo/cm/old", "{}"), connection)
    assert accepts(post("/v1/mo/cm/new", "{}"), connection)


def test_basic_takes_any_active_password_of_the_one_user() -> None:
    connection = connect("cm", secrets=["pass", "päss:word"], username="user")
    for text, good in (("user:pass", True), ("user:päss:word", True), ("user:", False), ("other:pass", False)):
        assert accepts(Request("POST", "/", b"", basic(text), b"{}"), connection) is good, text
    for header in ("", "Basic", "Basic !!", "Bearer " + basic("user:pass")["authorization"][6:]):
        assert not accepts(Request("POST", "/", b"", {"authorization": header}, b"{}"), connection), header


def test_an_empty_secret_never_matches() -> None:
    assert not accepts(post("/v1/mo/", "{}"), connect("cm", token="", secrets=[""]))
    assert not accepts(Request("POST", "/", b"", basic("user:"), b"{}"), connect("cm", secrets=[""], username="user"))


@pytest.mark.parametrize("peer", ["51.159.7.123", "::ffff:51.159.7.123", "2001:db8::7"])
def test_a_caller_among_the_addresses_is_accepted(peer: str) -> None:
    connection = connect("smsfactor", addresses=["51.159.7.123", "2001:db8::/32"])
    assert accepts(Request("POST", "/", b"", {}, b"{}", peer), connection)


@pytest.mark.parametrize("peer", ["51.159.7.124", "", "unix", "51.159.7.123, 10.0.0.1", "::1"])
def test_a_caller_from_elsewhere_is_refused(peer: str) -> None:
    connection = connect("smsfactor", addresses=["51.159.7.123", "2001:db8::/32", "not an address"])
    assert not accepts(Request("POST", "/", b"", {}, b"{}", peer), connection)


def test_everything_that_is_set_must_hold() -> None:
    connection = connect("cm", token="tok", secrets=["pass"], username="user", addresses=["192.0.2.1"])
    good = Request("POST", "/v1/mo/cm/tok", b"", basic("user:pass"), b"{}", "192.0.2.1")
    assert accepts(good, connection)
    for changed in (
        Request("POST", "/v1/mo/cm/x", b"", good.headers, b"{}", "192.0.2.1"),
        Request("POST", "/v1/mo/cm/tok", b"", {}, b"{}", "192.0.2.1"),
        Request("POST", "/v1/mo/cm/tok", b"", good.headers, b"{}", "192.0.2.2"),
    ):
        assert not accepts(changed, connection)


def test_addresses_narrow_a_signed_connection_too() -> None:
    connection = connect("sinch", secrets=["s"], addresses=["192.0.2.1"])
    with pytest.raises(BadSignatureError, match="address"):
        provider("sinch").authenticate(post("/", "{}"), connection, NOW)


@pytest.mark.parametrize("name", ["sinch", "vonage", "twilio", "aws", "telnyx", "bird", "standard_webhooks"])
def test_an_account_whose_provider_does_not_sign_proves_itself_by_the_scheme_it_names(name: str) -> None:
    connection = connect(name, token="tok", scheme="token")
    assert provider(name).authenticate(post("/v1/mo/x/tok", "{}"), connection, NOW).scheme == "token"
    with pytest.raises(BadSignatureError):
        provider(name).authenticate(post("/v1/mo/x/other", "{}"), connection, NOW)


@pytest.mark.parametrize("name", ["sinch", "vonage", "twilio", "aws", "telnyx", "bird", "standard_webhooks"])
def test_a_token_does_not_stand_in_for_a_signature_once_a_secret_is_set(name: str) -> None:
    connection = connect(name, token="tok", secrets=["s"], public_url="https://mo.example.org", topic_arn="arn")
    with pytest.raises(BadSignatureError):
        provider(name).authenticate(post("/v1/mo/x/tok", "{}"), connection, NOW)
