"""Signs receipts: a few at once, many in a process of its own.

An Ed25519 signature takes about as long as reading a message and writing its ledger line. Under load, when one
transaction has just released many answers, all their receipts go to a helper process in one write and come back in one
read, on another core. The helper is started when it is first needed, ends with its standard input and is never waited
for without an end: should it fail, what it was given is signed here.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.signer.process import SIGNATURE_BYTES, frame, split

PROGRAM = Path(__file__).with_name("process.py")
MANY = 8
"""Receipts that are worth the way to another process and back."""
ANSWER_SECONDS_MAX = 2.0
CLOSE_SECONDS = 2.0

log = structlog.get_logger()


class _Order:
    """Texts of one request, and who waits for their signatures."""

    __slots__ = ("done", "texts")

    def __init__(self, texts: Sequence[bytes], done: "asyncio.Future[list[bytes]]") -> None:
        self.texts = texts
        self.done = done


class Signer:
    """Sign with one key; `close` ends the helper."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._orders: list[_Order] = []
        self._given: deque[list[_Order]] = deque()
        self._something_given = asyncio.Event()
        self._helper: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def helper_id(self) -> int | None:
        """The helper's process, while there is one that signs."""
        return self._helper.pid if self._helper else None

    async def sign(self, texts: Sequence[bytes]) -> list[bytes]:
        """Return the signature of each text."""
        loop = asyncio.get_running_loop()
        order = _Order(texts, loop.create_future())
        if not self._orders:
            loop.call_soon(self._hand_out)  # after everybody whom the same transaction woke
        self._orders.append(order)
        return await order.done

    async def close(self) -> None:
        """End the helper."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _hand_out(self) -> None:
        orders, self._orders = self._orders, []
        texts = [text for order in orders for text in order.texts]
        helper = self._helper
        if len(texts) < MANY or helper is None or helper.stdin is None:
            if len(texts) >= MANY and self._task is None:
                self._task = asyncio.get_running_loop().create_task(self._serve(), name="signer")
            self._sign_here(orders)
            return
        self._given.append(orders)
        self._something_given.set()
        helper.stdin.write(frame(texts))

    async def _serve(self) -> None:
        """Start the helper and hand back what it signs, until it fails or the registry closes."""
        command = (sys.executable, "-I", str(PROGRAM))
        helper = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        try:
            await self._hand_back(helper)
        except (OSError, EOFError) as error:
            log.warning("signer_gone", error=type(error).__name__)
        finally:
            self._helper = None
            while self._given:
                self._sign_here(self._given.popleft())
            await _ended(helper)

    async def _hand_back(self, helper: asyncio.subprocess.Process) -> None:
        assert helper.stdin is not None  # noqa: S101 - both were asked for
        assert helper.stdout is not None  # noqa: S101 - the same
        helper.stdin.write(self._key.private_bytes_raw())
        await helper.stdout.readexactly(1)
        self._helper = helper
        while True:
            await self._something_given.wait()
            self._something_given.clear()
            while self._given:
                count = sum(len(order.texts) for order in self._given[0])
                async with asyncio.timeout(ANSWER_SECONDS_MAX):
                    signed = await helper.stdout.readexactly(count * SIGNATURE_BYTES)
                _tell(self._given.popleft(), iter(split(signed)))

    def _sign_here(self, orders: Sequence[_Order]) -> None:
        _tell(orders, (self._key.sign(text) for order in orders for text in order.texts))


def _tell(orders: Sequence[_Order], signatures: Iterator[bytes]) -> None:
    for order in orders:
        mine = [next(signatures) for _ in order.texts]
        if not order.done.done():
            order.done.set_result(mine)


async def _ended(helper: asyncio.subprocess.Process) -> None:
    """Let the helper end by itself, or end it."""
    if helper.stdin is not None:
        helper.stdin.close()
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await helper.wait()
    except TimeoutError:
        helper.kill()
        await helper.wait()
