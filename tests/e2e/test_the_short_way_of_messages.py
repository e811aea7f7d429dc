"""Messages are served without the framework; whoever sends them must not be able to tell."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from app.short_way import short_way
from tests.world import KANNEL_TOKEN, OWN_CODE, World, message, signed

pytestmark = pytest.mark.anyio
STOP = msgspec.json.encode({"messages": [message("mo-1", "+33639980001", "STOP", OWN_CODE)]})
KANNEL = f"/v1/mo/kannel/{KANNEL_TOKEN}?from=%2B33639980001&to={OWN_CODE}&text=STOP&id=1"
CASES = {
    "a signed message": ("POST", "/v1/mo/agregateur", STOP, {}),
    "a message of Kannel's": ("GET", KANNEL, b"", {}),
    "a wrong signature": ("POST", "/v1/mo/agregateur", STOP, {"webhook-signature": "v1,AAAA"}),
    "an unknown connection": ("POST", "/v1/mo/nobody", STOP, {}),
    "a wrong token": ("GET", "/v1/mo/kannel/wrong", b"", {}),
    "too long a body": ("POST", "/v1/mo/agregateur", b" " * 70_000, {}),
    "an encoded body": ("POST", "/v1/mo/agregateur", STOP, {"content-encoding": "gzip"}),
    "another method": ("PUT", "/v1/mo/agregateur", STOP, {}),
    "too long a path": ("POST", "/v1/mo/agregateur/a/b", STOP, {}),
    "no connection": ("POST", "/v1/mo/", STOP, {}),
    "a problem in French": ("POST", "/v1/mo/nobody", STOP, {"accept-language": "fr"}),
}


@pytest.fixture
async def short(world: World) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(short_way(lambda: world.app.state, refuse_messages(world.app)))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
        yield client


@pytest.fixture
async def long(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.app), base_url="http://registry") as client:
        yield client


def refuse_messages(app):
    """The long way must not be taken for what the short one is there for."""

    async def application(scope, receive, send):
        assert scope["method"] == "PUT" or scope["path"].count("/") != 3 or scope["path"].endswith("/")
        await app(scope, receive, send)

    return application


@pytest.mark.parametrize("case", CASES)
async def test_both_ways_answer_the_same(long: httpx.AsyncClient, short: httpx.AsyncClient, case: str):
    method, path, body, more = CASES[case]
    headers = {**signed(body), **more}
    one = await long.request(method, path, content=body, headers=headers)
    other = await short.request(method, path, content=body, headers=headers)

    assert other.status_code == one.status_code
    assert other.headers.get("content-type") == one.headers.get("content-type")
    assert other.headers.get("retry-after") == one.headers.get("retry-after")
    assert without_id(other) == without_id(one)


def without_id(answer: httpx.Response) -> object:
    if answer.headers.get("content-type") != "application/problem+json":
        return answer.content
    return {name: value for name, value in answer.json().items() if name != "request_id"}


async def test_a_body_in_pieces_is_read_whole(short: httpx.AsyncClient):
    async def pieces() -> AsyncIterator[bytes]:
        yield STOP[:10]
        yield STOP[10:]

    answer = await short.post("/v1/mo/agregateur", content=pieces(), headers=signed(STOP))

    assert answer.status_code == 200
    assert answer.json()["receipts"][0]
