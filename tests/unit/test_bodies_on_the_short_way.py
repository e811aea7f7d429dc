"""The body of a message is read at once where it is there, and waited for within its time where it is not."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.edge import TimedOutError, plain_body
from app.errors import MalformedRequestError, TooLargeError

pytestmark = pytest.mark.anyio
BYTES_MAX, PATIENCE_SECONDS, NO_PATIENCE_SECONDS = 10, 30, 0.01
Receive = Callable[[], Awaitable[dict]]


def chunk(body: bytes, *, more: bool = False) -> dict:
    return {"type": "http.request", "body": body, "more_body": more}


def arriving(*messages: dict, slowly: bool = False) -> Receive:
    """The messages one after the other, each after a turn of the loop where they come slowly."""
    waiting = iter(messages)

    async def receive() -> dict:
        if slowly:
            await asyncio.sleep(0)
        return next(waiting)

    return receive


async def never() -> dict:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("slowly", [False, True])
async def test_a_body_is_put_together_from_its_chunks(*, slowly: bool):
    receive = arriving(chunk(b"ST", more=True), chunk(b"", more=True), chunk(b"OP"), slowly=slowly)

    assert await plain_body({}, receive, BYTES_MAX, PATIENCE_SECONDS) == b"STOP"


@pytest.mark.parametrize("slowly", [False, True])
async def test_a_body_that_breaks_off_is_refused(*, slowly: bool):
    receive = arriving(chunk(b"ST", more=True), {"type": "http.disconnect"}, slowly=slowly)
    with pytest.raises(MalformedRequestError):
        await plain_body({}, receive, BYTES_MAX, PATIENCE_SECONDS)


@pytest.mark.parametrize("slowly", [False, True])
async def test_a_body_that_is_too_large_is_refused_before_it_is_whole(*, slowly: bool):
    receive = arriving(chunk(b"x" * BYTES_MAX, more=True), chunk(b"x", more=True), slowly=slowly)
    with pytest.raises(TooLargeError):
        await plain_body({}, receive, BYTES_MAX, PATIENCE_SECONDS)


async def test_a_body_that_does_not_come_ends_the_wait():
    with pytest.raises(TimedOutError):
        await plain_body({}, never, BYTES_MAX, NO_PATIENCE_SECONDS)


async def test_a_body_that_stops_half_way_ends_the_wait():
    begun = iter([chunk(b"ST", more=True)])

    async def receive() -> dict:
        return next(begun, None) or await never()

    with pytest.raises(TimedOutError):
        await plain_body({}, receive, BYTES_MAX, NO_PATIENCE_SECONDS)


async def test_a_server_that_gives_up_ends_the_wait():
    ended = asyncio.Event()

    async def receive() -> dict:
        try:
            return await never()
        finally:
            ended.set()

    reading = asyncio.create_task(plain_body({}, receive, BYTES_MAX, PATIENCE_SECONDS))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert ended.is_set()
