"""Answers leave together: all that one turn of the event loop has to send, each in one piece, one after the other.

uvicorn writes the head of an answer and its body apart, and each at once. A write that finds its reader asleep wakes it
and so costs several times what the next one does (17 µs against 3 measured): a commit releases dozens of answers, and
while one of them is made the reader of the one before falls asleep again.
"""

import asyncio
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HELD_BYTES_MAX = 16_384
"""What is longer is worth a call of its own, and the transport has to know of it to slow a writer down."""


class Turn:
    """Who has something to send once the present turn of a loop is over."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: list[Held] = []

    def add(self, held: "Held") -> None:
        """Let somebody send then."""
        if not self._due:
            self._loop.call_soon(self._end)
        self._due.append(held)

    def _end(self) -> None:
        due, self._due = self._due, []
        for held in due:
            held.release()


class Held:
    """A transport that keeps what is written until the turn is over."""

    def __init__(self, transport: asyncio.Transport, turn: Turn) -> None:
        self._transport = transport
        self._turn = turn
        self._pieces: list[bytes] = []
        self._size = 0
        self.is_closing = transport.is_closing  # asked about every answer

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a transport has
        """Be the transport in all else."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send soon, and at once what is long."""
        self._size += len(data)
        if self._size > HELD_BYTES_MAX:
            self.release()
            self._transport.write(data)
            return
        if not self._pieces:
            self._turn.add(self)
        self._pieces.append(data)

    def close(self) -> None:
        """Close once everything is sent."""
        self.release()
        self._transport.close()

    def release(self) -> None:
        """Send now."""
        self._size = 0
        if self._pieces:
            pieces, self._pieces = self._pieces, []
            self._transport.write(b"".join(pieces))


class Together(HttpToolsProtocol):
    """uvicorn's own protocol, on such transports."""

    _turns: ClassVar[WeakKeyDictionary[ServerState, Turn]] = WeakKeyDictionary()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own does
        """Begin to serve a connection."""
        turn = self._turns.setdefault(self.server_state, Turn(self.loop))
        super().connection_made(Held(transport, turn))  # type: ignore[arg-type]  # one in all but its class
