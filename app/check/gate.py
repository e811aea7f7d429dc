"""How many heavy checks at once, and which work leaves the event loop."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from app.check.asking import Asked, is_alert
from app.errors import BusyError
from app.heavy import heavy

SMALL_BYTES = 20_000  # about a thousand numbers: a thread costs more than working on them
ALERTS_WAITING_MAX = 1_000  # far more than ever come; none is turned away because there is much to do
P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(size_bytes: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run heavy work beside the event loop, light work on it."""
    if size_bytes <= SMALL_BYTES:
        return function(*args, **kwargs)
    return await heavy(function, *args, **kwargs)


class Lanes:
    """Alerts have a gate of their own: no campaign stands in their way, and no queue is too long for them."""

    def __init__(self, at_once: int) -> None:
        self.campaigns = Gate(at_once)
        self.alerts = Gate(at_once, ALERTS_WAITING_MAX)

    async def of(self, call: Asked) -> "Gate":
        """Return the gate that a call waits at."""
        return self.alerts if await in_thread(len(call.body), is_alert, call) else self.campaigns


class Gate:
    """At most so many heavy checks at once, and a short queue; beyond it the caller is asked to come back."""

    def __init__(self, at_once: int, waiting_max: int = 8) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self.waiting = 0
        self._waiting_max = waiting_max

    async def __aenter__(self) -> None:
        """Wait for a slot; BusyError when too many wait already."""
        if self.waiting >= self._waiting_max:
            raise BusyError("Too many large checks at once; send this one again in a few seconds.")
        self.waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self.waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        """Free the slot."""
        self._slots.release()
