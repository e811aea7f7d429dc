"""What went out under a standing clearance: on disk before it goes, told to the registry afterwards.

One file, only ever appended to, a JSON object a line: a use, or what became of one. A use without an end was perhaps
sent, so it is told. No number is in it.
"""

import asyncio
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec
import structlog

log = structlog.get_logger()
End: TypeAlias = Literal["told", "not-sent"]
TOLD: Final = "told"
NOT_SENT: Final = "not-sent"


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What went out at once."""

    use_id: str
    standing: str
    gateway: str
    at: datetime
    count: int
    campaign: str | None
    drill: bool

    def as_told(self) -> dict[str, object]:
        """Return what the registry is told."""
        told = msgspec.structs.asdict(self)
        del told["standing"]
        return told


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of the file."""

    use: Use | None = None
    end: End | None = None
    of: str | None = None


class Uses:
    """The file, and what of it is still to be told."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = asyncio.Lock()
        self.to_tell: dict[str, Use] = {}
        for line in _lines(path):
            if line.use is not None:
                self.to_tell[line.use.use_id] = line.use
            elif line.of is not None:
                self.to_tell.pop(line.of, None)
        self.told = asyncio.Event()
        """Set when there is something new to tell."""

    async def write(self, use: Use) -> None:
        """Put a use on disk; a disk that takes nothing holds up no alert, and the use is told all the same."""
        await self._append(Line(use=use))

    def went_out(self, use: Use) -> None:
        """Have it told."""
        self.to_tell[use.use_id] = use
        self.told.set()

    async def end(self, use: Use, how: End) -> None:
        """Note what became of a use."""
        self.to_tell.pop(use.use_id, None)
        await self._append(Line(end=how, of=use.use_id))

    async def _append(self, line: Line) -> None:
        async with self._lock:
            try:
                await asyncio.to_thread(_append, self._path, msgspec.json.encode(line) + b"\n")
            except OSError as error:
                log.warning("use_not_written", error=type(error).__name__)


def _append(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, b"\n" + line if torn else line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lines(path: Path) -> Iterator[Line]:
    if not path.exists():
        return
    for line in path.read_bytes().splitlines():
        try:
            yield msgspec.json.decode(line, type=Line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            if line:
                log.warning("use_unreadable")  # torn by a crash before its message went
