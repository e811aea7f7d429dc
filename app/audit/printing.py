"""A report on paper: typeset in a process of its own, so that neither its memory nor its faults are the server's."""

import asyncio
import contextlib
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec
import structlog

from app.dossier import Job

SECONDS_MAX = 60
PROGRAM = Path(__file__).with_name("typesetter.py")
NOT_INSTALLED = "not made: typst is not installed (extra `report`)"
FAILED = "not made: the typesetter failed"
TOO_LONG = "not made: the typesetter took too long"

log = structlog.get_logger()


async def printed(job: Job) -> bytes | str:
    """Return the PDF, or why there is none; an export goes on without it."""
    if find_spec("typst") is None:
        return NOT_INSTALLED
    pipe = asyncio.subprocess.PIPE
    # -I: whatever lies in the working directory or in PYTHON* is not this program's business.
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(PROGRAM), stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(SECONDS_MAX):
            pdf, _ = await child.communicate(msgspec.json.encode(job))
    except TimeoutError:
        return TOO_LONG
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode:
        log.error("report_not_printed", status=child.returncode)
        return FAILED
    return pdf
