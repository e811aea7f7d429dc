"""An HTTP/1.1 client with nothing in it: bytes out, status and body back, so that it is the server that is measured.

Requests are made beforehand, connections stay open, and an answer is found by its Content-Length.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

LENGTH = b"content-length:"
HEAD_END = b"\r\n\r\n"


class Reply(NamedTuple):
    status: int
    body: bytes


class Load(NamedTuple):
    """What a load did: seconds in all, the latency of each request in seconds, and how many answers were no success."""

    seconds: float
    latencies: list[float]
    failed: int

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "host: registry", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Wire(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._missing = 0
        self._head: bytes | None = None
        self._waiting: asyncio.Future[Reply] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionError("the server hung up"))

    async def ask(self, sent: bytes) -> Reply:
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(sent)
        return await self._waiting

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """Hang up at once: a polite end would first send what is left of a request that nobody waits for any more."""
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        if self._head is None and not self._begin():
            return
        self._missing -= len(data)
        if self._missing <= 0:
            self._finish()

    def _begin(self) -> bool:
        """Find the end of the head; from then on only bytes are counted."""
        joined = b"".join(self._parts)
        head, found, body = joined.partition(HEAD_END)
        if not found:
            return False
        length = head.lower().partition(LENGTH)[2].partition(b"\r\n")[0]
        last = len(self._parts[-1])
        self._head, self._parts, self._missing = head, [body], int(length or 0) - len(body) + last
        return True

    def _finish(self) -> None:
        assert self._head is not None
        reply = Reply(int(self._head[9:12]), b"".join(self._parts))
        self._head, self._parts = None, []
        waiting, self._waiting = self._waiting, None
        if waiting and not waiting.done():
            waiting.set_result(reply)


async def connect(port: int) -> Wire:
    _, wire = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", port)
    return wire


async def closed_loop(port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Send all requests over so many connections, each as soon as the answer before it is there."""
    wires = [await connect(port) for _ in range(connections)]
    waiting, latencies, statuses = iter(requests), list[float](), list[int]()
    begun = time.perf_counter()
    await asyncio.gather(*(_send_all(wire, waiting, latencies, statuses) for wire in wires))
    seconds = time.perf_counter() - begun
    _close(wires)
    return Load(seconds, latencies, _failures(statuses))


async def _send_all(wire: Wire, waiting: Iterator[bytes], latencies: list[float], statuses: list[int]) -> None:
    for sent in waiting:
        begun = time.perf_counter()
        reply = await wire.ask(sent)
        latencies.append(time.perf_counter() - begun)
        statuses.append(reply.status)


async def open_loop(port: int, requests: Sequence[bytes], per_second: float) -> Load:
    """Send each request at its own time, whatever became of those before it; latency counts from that time."""
    free = [await connect(port) for _ in range(64)]
    opened, latencies, statuses = list(free), list[float](), list[int]()
    tasks: set[asyncio.Task[None]] = set()
    begun = time.perf_counter()

    async def send(due: float, sent: bytes) -> None:
        while free and not free[-1].is_open:  # a server hangs up on who says nothing for some seconds
            free.pop()
        wire = free.pop() if free else await connect(port)
        reply = await wire.ask(sent)
        latencies.append(time.perf_counter() - due)
        statuses.append(reply.status)
        free.append(wire)

    for number, sent in enumerate(requests):
        due = begun + number / per_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(send(due, sent))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    _close([*opened, *free])
    return Load(time.perf_counter() - begun, latencies, _failures(statuses))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _close(wires: Sequence[Wire]) -> None:
    for wire in wires:
        wire.close()


def _failures(statuses: Sequence[int]) -> int:
    return sum(not 200 <= status < 300 for status in statuses)
