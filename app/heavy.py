"""Heavy work beside the event loop, on threads that step back for whoever is in a hurry.

A STOP takes a handful of short turns of this process and of PostgreSQL's, and behind the arrays of a large check each
of them would wait for a processor. Threads of lower priority lose nothing while nobody else has work.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

NICENESS_ADDED, NICENESS_MAX = 10, 19
P = ParamSpec("P")
T = TypeVar("T")


def step_back() -> None:
    """Let all others go first, as far as Linux counts niceness by thread; for the beginning of a thread."""
    niceness = min(os.getpriority(os.PRIO_PROCESS, 0) + NICENESS_ADDED, NICENESS_MAX)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)


_THREADS = ThreadPoolExecutor(min(32, (os.cpu_count() or 1) + 4), "heavy", initializer=step_back)
"""As many as asyncio would have; each begins with its first work."""


async def heavy(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run heavy work on such a thread."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, partial(function, *args, **kwargs))
