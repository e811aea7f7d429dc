"""How far a run has come, so that a cut costs one chunk: JSON lines beside the output, without a single number.

A chunk is noted three times: before it is sent, when its answer has come, and when its rows are on disk. What follows
the last finished chunk in the output is cut off before going on.
"""

import hashlib
import os
from pathlib import Path
from typing import IO

import msgspec

from app.cli.check_file.options import CheckFileError, Options

# Another key may finish a list; and who goes on after the planned time has to plan another.
_MAY_CHANGE = frozenset({"key", "send_at"})


class Begun(msgspec.Struct, frozen=True, tag_field="step", tag="begun"):
    """The first line: which run, over which state of which file."""

    run: str
    size: int
    modified: int
    """Nanoseconds."""
    options: str
    """Digest of everything that decides what is sent and written."""


class Sent(msgspec.Struct, frozen=True, tag_field="step", tag="sent"):
    """A chunk is about to be sent under the key of this attempt."""

    chunk: int
    attempt: int


class Answered(msgspec.Struct, frozen=True, tag_field="step", tag="answered"):
    """The answer to it has come."""

    chunk: int
    check: str
    clearance: str | None


class Finished(msgspec.Struct, frozen=True, tag_field="step", tag="finished"):
    """Its rows are on disk."""

    chunk: int
    end: int
    """Bytes of the list up to the end of the chunk."""
    sizes: list[int]
    """Bytes of each output file."""
    counts: dict[str, int]
    """Reason -> rows."""
    examples: dict[str, list[int]]
    """Reason -> the first rows concerned, as the spreadsheet numbers them."""
    check: str | None = None
    clearance: str | None = None
    opens_at: str | None = None
    """When the first of those who wait for their hours may be reached; empty where nothing can be promised."""


_Step = Begun | Sent | Answered | Finished


class Journal:
    """The steps of one run; kept in memory only where ``path`` is None."""

    def __init__(self, path: Path | None, begun: Begun) -> None:
        self.path = path
        self.begun = begun
        self.finished: list[Finished] = []
        self.sent: Sent | None = None
        self.answered: Answered | None = None
        self._stream: IO[bytes] | None = None
        if path:
            self._begin(path)

    def rows(self) -> int:
        """Rows of the finished chunks."""
        return sum(sum(step.counts.values()) for step in self.finished)

    def note(self, step: _Step) -> None:
        """Safe from the end of the process when this returns; an answer and a finish, from a power cut too."""
        self._apply(step)
        if not self._stream:
            return
        self._stream.write(msgspec.json.encode(step) + b"\n")
        self._stream.flush()
        if isinstance(step, Answered | Finished):
            os.fsync(self._stream.fileno())

    def close(self, *, remove: bool) -> None:
        """End of the run; a journal with nothing left to take up again is removed."""
        if self._stream and self.path:
            self._stream.close()
            if remove:
                self.path.unlink()

    def _begin(self, path: Path) -> None:
        earlier = path.read_bytes() if path.exists() else b""
        whole = earlier[: earlier.rfind(b"\n") + 1]  # a last line that a cut left unfinished is no step
        try:
            steps = [msgspec.json.decode(line, type=_Step) for line in whole.splitlines()]
        except msgspec.DecodeError:
            raise CheckFileError("journal-unreadable", journal=str(path)) from None
        kept = len(whole) if self._take_up(steps) else 0
        self._stream = _open_private(path)
        self._stream.truncate(kept)
        self._stream.seek(kept)
        if not kept:
            self._begin_anew(steps)

    def _begin_anew(self, steps: list[_Step]) -> None:
        """Begin under the keys of a run that another command left without any answer: one may have been given."""
        earlier = steps[0] if steps else None
        if isinstance(earlier, Begun):
            self.begun = msgspec.structs.replace(self.begun, run=earlier.run)
        self.note(self.begun)
        for sent in [step for step in steps if isinstance(step, Sent)][-1:]:
            self.note(sent)

    def _take_up(self, steps: list[_Step]) -> bool:
        """Go on where an earlier run was cut; False where it left nothing worth going on with."""
        earlier = steps[0] if steps else None
        if not isinstance(earlier, Begun):
            return False
        changed = self._change(earlier)
        if changed and not any(isinstance(step, Answered) for step in steps):
            return False
        if changed:
            raise CheckFileError(changed, journal=str(self.path))
        self.begun = earlier
        for step in steps:
            self._apply(step)
        return True

    def _change(self, earlier: Begun) -> str | None:
        if (earlier.size, earlier.modified) != (self.begun.size, self.begun.modified):
            return "input-changed"
        return "options-changed" if earlier.options != self.begun.options else None

    def _apply(self, step: _Step) -> None:
        match step:
            case Sent():
                self.sent, self.answered = step, None
            case Answered():
                self.answered = step
            case Finished():
                self.finished.append(step)
                self.sent = self.answered = None


def _open_private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600), "r+b")


def digest(options: Options) -> str:
    """The same for the same command, but for what may change between two runs of one list."""
    told = {name: str(value) for name, value in msgspec.structs.asdict(options).items() if name not in _MAY_CHANGE}
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]
