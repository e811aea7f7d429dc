"""What a gateway does beside its calls: it tells its uses until they are taken, and keeps the list of those denied."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from app.gateway.desk import Desk, NoAnswerError
from app.gateway.flow import Gateway
from app.gateway.problems import Problem
from app.gateway.tokens import Tokens
from app.gateway.uses import TOLD, Uses
from app.jws import BadTokenError

log = structlog.get_logger()
AGAIN_SECONDS: Final = 2.0
LIST_SECONDS: Final = 60.0


@asynccontextmanager
async def telling(gateway: Gateway) -> AsyncIterator[None]:
    """Tell and refresh while the gateway serves."""
    task = asyncio.create_task(_run(gateway), name="telling")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _run(gateway: Gateway) -> None:
    list_due = 0.0
    while True:
        try:
            if time.monotonic() >= list_due:
                await _refresh(gateway.desk, gateway.tokens)
                list_due = time.monotonic() + LIST_SECONDS
            await _tell(gateway.desk, gateway.uses)
        except NoAnswerError:
            pass
        except Exception as error:  # noqa: BLE001 - whatever one round meets, the next one begins
            log.warning("telling_failed", error=type(error).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(gateway.uses.told.wait(), AGAIN_SECONDS)
        gateway.uses.told.clear()


async def _tell(desk: Desk, uses: Uses) -> None:
    for use in list(uses.to_tell.values()):
        try:
            await desk.tell(use.standing, use.as_told())
        except Problem as problem:
            log.warning("use_not_taken", use=use.use_id, why=str(problem))
        else:
            await uses.end(use, TOLD)


async def _refresh(desk: Desk, tokens: Tokens) -> None:
    try:
        tokens.take_denied(await desk.denied())
    except BadTokenError:
        log.warning("denied_list_unreadable")
    except (Problem, OSError) as error:
        log.warning("denied_list_not_kept", error=type(error).__name__)
