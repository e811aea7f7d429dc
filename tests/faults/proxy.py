"""A cable to PostgreSQL that can be cut, left half open, or cut at the very moment a COMMIT has passed."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, urlsplit

CHUNK_BYTES = 65_536
WRITERS = b"stop-registry writers"
COMMIT = b"COMMIT;"


class Cable:
    """A TCP proxy in a thread of its own; its methods may be called from anywhere."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        query = parse_qs(parts.query)
        self._socket = f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
        self._credentials = parts.netloc.rpartition("@")[0]
        self._database = parts.path
        self._loop = asyncio.new_event_loop()
        self._lines: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._whole = True
        self._flows = asyncio.Event()
        self._commits_to_swallow = 0
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._join, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self.restore()

    @property
    def url(self) -> str:
        return f"postgresql://{self._credentials}@127.0.0.1:{self.port}{self._database}?sslmode=disable"

    def cut(self) -> None:
        """Reset every connection, and refuse new ones."""
        self._call(self._cut())

    def freeze(self) -> None:
        """Leave connections open and let nothing through."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def restore(self) -> None:
        """Let everything through again."""
        self._whole = True
        self._loop.call_soon_threadsafe(self._flows.set)

    def swallow_answer_to_next_commit(self) -> None:
        """Let the sequencer's next COMMIT reach the server, and cut before its answer comes back."""
        self._commits_to_swallow += 1

    def close(self) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work) -> object:
        done: Future = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(30)

    async def _cut(self) -> None:
        self._whole = False
        for writer in list(self._writers):
            writer.transport.abort()

    async def _close(self) -> None:
        await self._cut()
        self._server.close()
        for line in list(self._lines):
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        self._lines.add(line)
        ends = [writer]
        try:
            if not self._whole:
                return
            up_reader, up_writer = await asyncio.open_unix_connection(self._socket)
            ends.append(up_writer)
            self._writers.update(ends)
            deaf = asyncio.Event()  # from here on nothing comes back on this line
            await asyncio.wait(
                [
                    asyncio.create_task(self._pass(reader, up_writer, deaf, watch=True)),
                    asyncio.create_task(self._pass(up_reader, writer, deaf)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            self._lines.discard(line)
            for end in ends:
                self._writers.discard(end)
                end.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deaf: asyncio.Event, *, watch: bool = False
    ) -> None:
        with suppress(OSError):
            sequencer = None  # a connection says at its beginning what it is for; others commit of their own accord
            while chunk := await reader.read(CHUNK_BYTES):
                sequencer = WRITERS in chunk if sequencer is None else sequencer
                await self._flows.wait()
                swallow = watch and sequencer and COMMIT in chunk and self._commits_to_swallow > 0
                if swallow:
                    self._commits_to_swallow -= 1
                    deaf.set()  # before it is sent: the answer may be there at once
                elif not watch and deaf.is_set():
                    return
                writer.write(chunk)
                await writer.drain()
                if swallow:
                    await asyncio.sleep(0)  # the bytes are with the kernel; the answer is not read any more
                    return


@contextmanager
def cable(upstream: str) -> Iterator[Cable]:
    """A cable to this PostgreSQL until the context ends."""
    made = Cable(upstream)
    try:
        yield made
    finally:
        made.close()
