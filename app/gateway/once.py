"""The same call again is the same question, until its message went out.

A platform repeats a call for two reasons that look alike: it got no answer, or it loops. Until Kannel took the message,
a repeat asks the registry under the same `request_id` and is told the same again. From then on it is a new question,
and the registry says who was reached already. So that this holds after a restart and between gateways, without a file,
every run has a name of its own in its ids: whoever asks under another name asks anew, and nobody is reached twice.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from app import clock
from app.gateway.calls import Call

REMEMBERED_MAX: Final = 200_000
"""Calls that went out; beyond it a new run begins, which forgets them and still sends nobody anything twice."""
RUN_BYTES: Final = 16
DIGEST_BYTES: Final = 16


class Once:
    """What this run has sent."""

    def __init__(self, remembered_max: int = REMEMBERED_MAX) -> None:
        self._remembered_max = remembered_max
        self._run = clock.random_bytes(RUN_BYTES)
        self._sent: dict[bytes, int] = {}
        self._at_work: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def alone(self, call: Call) -> AsyncIterator[bytes]:
        """Let one of several equal calls go on at a time; gives what names it. The clearance's salt keeps it secret."""
        named = "\0".join([call.token or "", call.campaign or "", call.query(call.to)])
        name = hashlib.blake2b(named.encode(), digest_size=DIGEST_BYTES).digest()
        async with self._at_work.setdefault(name, asyncio.Lock()):
            yield name

    def request_id(self, name: bytes) -> str:
        """Return the id to ask under now."""
        times = self._sent.get(name, 0)
        return hashlib.blake2b(name + times.to_bytes(8, "big"), key=self._run, digest_size=DIGEST_BYTES).hexdigest()

    def went_out(self, name: bytes) -> None:
        """Remember that Kannel took it, or may have."""
        if len(self._sent) >= self._remembered_max:
            self._sent.clear()
            self._run = clock.random_bytes(RUN_BYTES)
        self._sent[name] = self._sent.get(name, 0) + 1
