"""Who waits for a commit, and until when."""

import asyncio
from typing import Generic, TypeVar

from app.errors import UnavailableError

LOOK_SECONDS = 0.05
"""How often is looked at who waits too long."""
T = TypeVar("T")


class Waits(Generic[T]):
    """Who waits for a commit, and until when. One timer looks after all of them.

    Only the wait is bounded, and only the wait ends with a caller that goes away: what is awaited here tells of a
    commit and is not the commit. That one goes on: cut off in the middle, PostgreSQL may report success for what no
    standby has (research/reliability.md 0.1, 0.2).
    """

    def __init__(self) -> None:
        self._waits: list[tuple[float, asyncio.Future[T]]] = []
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Live on the running loop."""
        self._loop = asyncio.get_running_loop()

    def future(self) -> asyncio.Future[T]:
        """Return something to tell an outcome by."""
        return self._loop.create_future()

    async def known_in(self, future: asyncio.Future[T], seconds: float | None) -> T:
        """Wait for an outcome, at most so long; UnavailableError when it is not known by then."""
        if seconds is not None:
            now = self._loop.time()
            self._waits.append((now + seconds, future))
            if self._timer is None or seconds < LOOK_SECONDS:
                self._look_at(now + min(seconds, LOOK_SECONDS))
        return await future

    def keep_awake(self, future: asyncio.Future[T], seconds: float) -> None:
        """Let the loop turn until an outcome is there, but no longer than this."""
        self._turn(future, self._loop.time() + seconds)

    def _turn(self, future: asyncio.Future[T], until: float) -> None:
        if not future.done() and self._loop.time() < until:
            self._loop.call_soon(self._turn, future, until)

    def _look_at(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        """Forget who was told, and tell those whose time is over that the outcome is unknown."""
        now, self._timer = self._loop.time(), None
        waits = [(until, future) for until, future in self._waits if not future.done()]
        for until, future in waits:
            if until <= now:
                future.set_exception(UnavailableError("Not committed in time; send the same request again."))
        self._waits = [(until, future) for until, future in waits if until > now]
        if self._waits:
            self._look_at(min(now + LOOK_SECONDS, *(until for until, _ in self._waits)))


def told_by(task: asyncio.Task[T]) -> asyncio.Future[T]:
    """Return what a task comes to, as something that may be given up without the task."""
    waiting: asyncio.Future[T] = task.get_loop().create_future()
    task.add_done_callback(lambda done: _pass_on(done, waiting))
    return waiting


def _pass_on(task: asyncio.Future[T], waiting: asyncio.Future[T]) -> None:
    """Hand an outcome to whoever still waits; an error that nobody waits for is taken, so that nothing complains."""
    error = None if task.cancelled() else task.exception()
    if waiting.done():
        return
    if error is not None:
        waiting.set_exception(error)
    elif task.cancelled():
        waiting.cancel()
    else:
        waiting.set_result(task.result())
