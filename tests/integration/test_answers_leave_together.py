"""Answers leave together: uvicorn on our transports answers as it does on its own, and each answer is one piece."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
import uvloop

from app.answers import HELD_BYTES_MAX, Held, Turn

LONG = 40 * HELD_BYTES_MAX
ENOUGH = 10.0


async def application(scope: dict, receive: object, send: object) -> None:
    """Answer with what the path asks for."""
    path = scope["path"]
    if path == "/asks":
        body = (await receive())["body"]
    elif path == "/fails":
        raise ValueError
    else:
        body = b"x" * LONG if path == "/long" else path.encode()
    pieces = [body]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    if path == "/slow":
        await asyncio.sleep(0.05)
    if path == "/pieces":
        for letter in path.encode():
            await send({"type": "http.response.body", "body": bytes([letter]), "more_body": True})
            await asyncio.sleep(0)
        pieces = [b""]
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": piece is not pieces[-1]})


@asynccontextmanager
async def served(protocol: object) -> AsyncIterator[int]:
    config = uvicorn.Config(application, http=protocol, lifespan="off", log_config=None, server_header=False)
    server = uvicorn.Server(config)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    running = asyncio.create_task(server.serve([listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await running
        listening.close()


async def exchange(port: int, sent: bytes) -> bytes:
    reading, writing = await asyncio.open_connection("127.0.0.1", port)
    writing.write(sent)
    found = await asyncio.wait_for(reading.read(), ENOUGH)
    writing.close()
    return found


def get(path: str, *more: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "host: x", *more, "", ""]).encode()


def without_date(answer: bytes) -> bytes:
    return b"\r\n".join(line for line in answer.split(b"\r\n") if not line.startswith(b"date:"))


REQUESTS = {
    "one": get("/one", "connection: close"),
    "pipelined": get("/one") + get("/two") + get("/slow") + get("/three", "connection: close"),
    "long": get("/long", "connection: close"),
    "in pieces": get("/pieces", "connection: close"),
    "a head that waits for its body": get("/slow", "connection: close"),
    "of HTTP/1.0": b"GET /one HTTP/1.0\r\n\r\n",
    "HEAD": b"HEAD /one HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    "expecting": get("/asks", "expect: 100-continue", "content-length: 3", "connection: close") + b"abc",
    "no HTTP": b"hello\r\n\r\n",
    "one that fails": get("/fails", "connection: close"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_kind_of_answer_is_as_uvicorn_alone_gives_it(name: str) -> None:
    async def work() -> list[bytes]:
        found = []
        for protocol in ("httptools", "app.answers:Together"):
            async with served(protocol) as port:
                found.append(without_date(await exchange(port, REQUESTS[name])))
        return found

    plain, together = run(work())
    assert together == plain
    assert plain


def test_a_reader_that_does_not_read_slows_the_writer_down() -> None:
    async def work() -> int:
        async with served("app.answers:Together") as port:
            reading, writing = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writing.write(get("/long", "connection: close"))
            await asyncio.sleep(0.2)
            found = await asyncio.wait_for(reading.read(), ENOUGH)
            writing.close()
            return len(found)

    assert run(work()) > LONG


def test_head_and_body_are_one_write_and_those_of_a_turn_come_after_it() -> None:
    async def work() -> list[object]:
        seen: list[object] = []
        turn = Turn(asyncio.get_running_loop())
        first, second = (Held(_Noting(name, seen), turn) for name in ("first", "second"))
        for held in (first, second):
            held.write(b"head ")
            held.write(b"body")
        seen.append("the turn goes on")
        await asyncio.sleep(0)
        return seen

    assert run(work()) == ["the turn goes on", ("first", b"head body"), ("second", b"head body")]


def test_what_is_held_leaves_before_what_is_long_and_before_the_end() -> None:
    async def work() -> list[object]:
        seen: list[object] = []
        held = Held(_Noting("one", seen), Turn(asyncio.get_running_loop()))
        held.write(b"head")
        held.write(b"x" * (HELD_BYTES_MAX + 1))
        held.write(b"tail")
        held.close()
        await asyncio.sleep(0)
        return [(name, data[:4]) for name, data in seen]

    assert run(work()) == [("one", b"head"), ("one", b"xxxx"), ("one", b"tail"), ("one", b"end")]


def test_many_short_pieces_are_not_held_without_bound() -> None:
    async def work() -> list[object]:
        seen: list[object] = []
        held = Held(_Noting("one", seen), Turn(asyncio.get_running_loop()))
        for _ in range(100):
            held.write(b"x" * 1000)
        return seen

    assert sum(len(data) for _, data in run(work())) > 100_000 - HELD_BYTES_MAX - 1000


class _Noting:
    """A transport that notes what it is given."""

    def __init__(self, name: str, seen: list[object]) -> None:
        self._name, self._seen = name, seen

    def write(self, data: bytes) -> None:
        self._seen.append((self._name, data))

    def close(self) -> None:
        self._seen.append((self._name, b"end"))

    def is_closing(self) -> bool:
        return False


def run(work: object) -> object:
    """Run on the loop that serves."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
