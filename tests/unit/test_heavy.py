"""Heavy work runs beside the event loop, on threads that let all others go first."""

import os
import threading

import pytest

from app.heavy import NICENESS_ADDED, heavy

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def niceness() -> tuple[int, int]:
    """Of the thread that asks, and the thread."""
    thread = threading.get_native_id()
    return os.getpriority(os.PRIO_PROCESS, thread), thread


async def test_heavy_work_steps_back_and_the_loop_does_not():
    ours, loop = niceness()
    theirs, thread = await heavy(niceness)

    assert thread != loop
    assert theirs == min(ours + NICENESS_ADDED, 19)
    assert niceness() == (ours, loop)


async def test_what_heavy_work_returns_and_raises_comes_through():
    assert await heavy(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await heavy(divmod, 7, 0)
