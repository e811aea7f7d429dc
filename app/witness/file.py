"""The witness file: the heads that this node has vouched for, outside the database, only ever added to.

All processes of a node share it. A head is added by compare-and-swap under a lock: the writer says which head its own
extends, and is told when another was added since. What one process writes is there for all others at once, and
survives the end of any of them; the disk has it a moment later, or before the writer goes on.
"""

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from app.errors import UnavailableError
from app.keys import Root
from app.ledger import EMPTY, Frontier
from app.witness.line import BadLineError, Era, Head, decode, encode

COMPACT_BYTES_MIN = 16_000_000
COMPACT_AT_TIMES = 4
"""A file is written anew when it is this many times as large as when that was last done."""


class MissingError(UnavailableError):
    """There is no witness file."""


class DamagedError(UnavailableError):
    """A line of the witness file is not as it was written, or the file is another registry's."""


class Step(msgspec.Struct, frozen=True):
    """A head to add, and the one that it was seen to extend."""

    before: Frontier
    after: Frontier


class WitnessFile:
    """One node's witness; every process has its own WitnessFile on the same path. Calls may come from any thread."""

    def __init__(self, path: Path, key: Root) -> None:
        self.path = path
        self._key = key
        self._own = threading.Lock()  # the file's lock knows processes, not threads
        self._lock = -1
        self._descriptor = -1
        self._link = self._linked = ""
        """Where the system names the file that is open, and how it did when it was opened."""
        self._read_to = 0
        self._compacted_bytes = 0
        self._to_sync = False
        self._expected = Head(-1, EMPTY, ""), b""
        self._doubtful = False
        """The disk has refused something: only a file written anew is trusted again."""
        self.heads: dict[int, Head] = {}
        """The latest head of each sender, as of the last call."""
        self.era = Era(0, "", "")

    def exists(self) -> bool:
        """Tell whether the file is there."""
        return self.path.exists()

    def read(self) -> None:
        """Take in what others have added; MissingError, DamagedError, OSError."""
        with self._locked(wait=True):
            self._catch_up()

    def create(self, era: Era, heads: Iterable[Head] = ()) -> None:
        """Begin a witness; where there is one already, it stays."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked(wait=True):
            if not self.exists():
                self._replace([era, *heads])
            self._catch_up()

    def begin_again(self, era: Era, heads: Iterable[Head]) -> None:
        """Let an era begin from these heads; everything witnessed before stays in the file, as history."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked(wait=True):
            history = list(self._history()) if self.exists() else []
            self._replace([*history, era, *heads])
            self._catch_up()

    def set_aside(self) -> None:
        """Let a file that cannot be read make room, under another name."""
        with self._locked(wait=True):
            self.path.rename(self.path.with_name(f"{self.path.name}.damaged-{self.path.stat().st_ino}"))

    def add(self, sender_id: int, step: Step, at: str, *, wait: bool = True) -> bool:
        """Add a head; False when another was added since, which it is to be compared with first.

        BlockingIOError when another process is at it and the caller must not wait.
        """
        self._take_lock(wait=wait)  # at every check: a `with` would cost as much again
        try:
            self._catch_up()
            known = self.tree(sender_id)
            if known == step.before != step.after:
                self._append(*self._written(sender_id, step.after, at))
                return True
            return known == step.after
        finally:
            self._give_lock_back()

    def expect(self, head: Head) -> None:
        """Make the line of a head ready, which will perhaps be added."""
        self._expected = head, encode(self._key, head)

    def add_era(self, era: Era) -> None:
        """Note that an era has begun elsewhere whose ledgers extend what is witnessed here."""
        with self._locked(wait=True):
            self._catch_up()
            if era.number > self.era.number:
                self._replace([*self._history(), era, *self.heads.values()])
                self._catch_up()

    def tree(self, sender_id: int) -> Frontier:
        """Return the last head witnessed of a sender."""
        head = self.heads.get(sender_id)
        return head.tree if head else EMPTY

    def sync(self) -> None:
        """Return when the disk has everything that was added or read so far."""
        with self._own:
            descriptor, due = (os.dup(self._descriptor), self._to_sync) if self._descriptor >= 0 else (-1, False)
            self._to_sync = False
        if descriptor < 0:
            return
        try:
            if due:
                os.fdatasync(descriptor)
        except OSError:
            self._doubtful = True  # what the kernel failed to write once, it may forget: never trust it again
            raise
        finally:
            os.close(descriptor)

    def compact(self) -> None:
        """Write the file anew where it has grown large: the last head of each sender and day stays."""
        if not self._doubtful and self._read_to < max(COMPACT_BYTES_MIN, COMPACT_AT_TIMES * self._compacted_bytes):
            return
        with self._locked(wait=True):
            self._catch_up()
            self._replace(_kept(self._history()))
            self._catch_up()

    def history(self) -> list[Head | Era]:
        """Read every line that is still there, oldest first."""
        with self._locked(wait=True):
            return list(self._history())

    def close(self) -> None:
        """Give the file back."""
        with self._own:
            for descriptor in (self._descriptor, self._lock):
                if descriptor >= 0:
                    os.close(descriptor)
            self._descriptor = self._lock = -1

    @contextlib.contextmanager
    def _locked(self, *, wait: bool) -> Iterator[None]:
        self._take_lock(wait=wait)
        try:
            yield
        finally:
            self._give_lock_back()

    def _take_lock(self, *, wait: bool) -> None:
        if not self._own.acquire(blocking=wait):
            raise BlockingIOError
        try:
            if self._lock < 0:
                name = self.path.with_name(self.path.name + ".lock")
                self._lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            self._own.release()
            raise

    def _give_lock_back(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_UN)
        finally:
            self._own.release()

    def _catch_up(self) -> None:
        """Read what is new; a file that was written anew is read from its beginning.

        Not by stat(): where a file's times were asked for, Linux (6.13 and later) gives the next write a finer one,
        which its journal must have; PostgreSQL's commits on the same disk then took 220 µs instead of 165.
        """
        if self._descriptor < 0 or os.readlink(self._link) != self._linked:  # noqa: PTH115 - at every check
            self._reopen()
        size = os.lseek(self._descriptor, 0, os.SEEK_END)
        if size < self._read_to:
            self._reopen()
        if size > self._read_to:
            self._take(os.pread(self._descriptor, size - self._read_to, self._read_to))

    def _reopen(self) -> None:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError:
            raise MissingError(f"There is no witness file at {self.path}.") from None
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._read_to = descriptor, 0
        self._link = f"/proc/self/fd/{descriptor}"
        self._linked = os.readlink(self._link)  # noqa: PTH115 - says "(deleted)" once another is in its place
        self._compacted_bytes = os.fstat(descriptor).st_size
        self.heads, self.era = {}, Era(0, "", "")

    def _take(self, content: bytes) -> None:
        whole = content.rfind(b"\n") + 1
        for line in content[:whole].splitlines():
            self._know(self._decoded(line))
        self._read_to += whole
        self._to_sync = True
        if whole < len(content):  # torn by a crash: whoever wrote it has told nobody
            os.ftruncate(self._descriptor, self._read_to)

    def _decoded(self, line: bytes) -> Head | Era:
        try:
            return decode(self._key, line)
        except (BadLineError, ValueError, IndexError):
            raise DamagedError(
                f"The witness file {self.path} is damaged, or another registry's: a line is not as it was written."
            ) from None

    def _know(self, line: Head | Era) -> None:
        if isinstance(line, Head):
            self.heads[line.sender_id] = line
        else:
            self.era, self.heads = line, {}  # whatever heads an era begins from are written after it

    def _written(self, sender_id: int, tree: Frontier, at: str) -> tuple[Head, bytes]:
        expected = self._expected[0]
        if expected.tree == tree and expected.sender_id == sender_id:
            return self._expected
        head = Head(sender_id, tree, at)
        return head, encode(self._key, head)

    def _append(self, head: Head, content: bytes) -> None:
        if self._doubtful:
            raise OSError("the witness file must be written anew first")
        written = os.write(self._descriptor, content)
        if written < len(content):
            os.ftruncate(self._descriptor, self._read_to)
            raise OSError("the disk takes no more")
        self._read_to += written
        self._to_sync = True
        self.heads[head.sender_id] = head

    def _history(self) -> Iterator[Head | Era]:
        content = self.path.read_bytes()
        return (self._decoded(line) for line in content[: content.rfind(b"\n") + 1].splitlines())

    def _replace(self, lines: Iterable[Head | Era]) -> None:
        """Put a new file in the place of the old one, durably, all at once."""
        draft = self.path.with_name(self.path.name + ".draft")
        with draft.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.writelines(encode(self._key, line) for line in lines)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._doubtful = False


def _kept(lines: Iterable[Head | Era]) -> list[Head | Era]:
    """Keep the last head of each sender and day, and every era, in order."""
    kept: dict[tuple[object, ...], Head | Era] = {}
    era = 0
    for line in lines:
        if isinstance(line, Era):
            era = line.number
        key = (era, line.sender_id, line.day) if isinstance(line, Head) else (era,)
        kept.pop(key, None)  # its place is that of the latest
        kept[key] = line
    return list(kept.values())
