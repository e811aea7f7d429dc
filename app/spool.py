"""What was received and could not be committed: sealed and on disk until the database takes it (D2).

A segment is a file that is only ever appended to. The process that writes it holds its flock, so a free lock means
that the writer is dead and its segment anybody's to drain. A segment has its name only when a record in it is on disk,
and loses it when all of them are in the database: where there is no segment, nothing waits. Many records that come at
once share one fsync.
"""

import asyncio
import fcntl
import os
import struct
import time
import zlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from app import clock
from app.errors import UnavailableError
from app.keys import BrokenBoxError, Root
from app.operators import Request

PURPOSE = "spool"
FORMAT = b"stop-registry spool 1\n"
SEGMENT, DRAFT, DAMAGED = ".segment", ".draft", ".damaged"
SEGMENT_BYTES_MAX = 8_000_000  # read whole when it is drained
NONCE_BYTES = 12
_FRAME = struct.Struct(">II")  # bytes of the sealed record; CRC-32 of its place and that length

log = structlog.get_logger()


class SpoolFullError(UnavailableError):
    """Neither the database nor the spool can keep it: the operator must send it again."""


class Spooled(msgspec.Struct, frozen=True):
    """An authentic request as it came."""

    connection_id: int
    slug: str
    received_at: datetime
    stale: bool
    request: Request


class Segment:
    """An open file whose lock we hold: still written by us, or waiting to be drained by us."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.size = 0
        self.records = 0
        self.fingerprints: list[bytes] = []
        self.drained = 0
        """How many records the database has; after a crash they are simply drained again."""

    @property
    def name(self) -> str:
        """What the records are bound to, whatever the suffix is."""
        return self.path.stem

    def append(self, frames: Sequence[bytes]) -> None:
        """Write and fsync; OSError leaves the file as it was before."""
        try:
            _write_all(self.descriptor, b"".join(frames))
            os.fsync(self.descriptor)
        except OSError:
            os.ftruncate(self.descriptor, self.size)
            raise
        self.size += sum(len(frame) for frame in frames)

    def rename(self, suffix: str) -> None:
        """Give the file another suffix, durably."""
        target = self.path.with_suffix(suffix)
        self.path.rename(target)
        self.path = target
        _sync_folder(self.path.parent)

    def forget(self) -> None:
        """Remove the file, and only then give back its lock."""
        self.path.unlink()
        _sync_folder(self.path.parent)
        self.close()

    def close(self) -> None:
        """Give back the lock."""
        os.close(self.descriptor)


Waiting = tuple[bytes, bytes, "asyncio.Future[None]"]
"""Fingerprint, encoded record, and who waits for it to be on disk."""


class Spool:
    """The segments of one node; each of its processes has its own Spool on the same folder."""

    def __init__(self, folder: Path, root: Root, bytes_max: int) -> None:
        self._folder = folder
        self._root = root
        self._bytes_max = bytes_max
        self._waiting: list[Waiting] = []
        self._kept: dict[bytes, asyncio.Future[None]] = {}
        self._writer: asyncio.Task[None] | None = None
        self._file_lock = asyncio.Lock()
        self._open: Segment | None = None
        self._to_drain: list[Segment] = []
        self.filled = asyncio.Event()
        """Set when something was put, for whoever drains."""

    async def put(self, record: Spooled) -> None:
        """Keep a record on disk; SpoolFullError when there is no room. The same request again is kept once."""
        encoded = msgspec.msgpack.encode(record)
        same = msgspec.structs.replace(record, received_at=datetime.fromtimestamp(0, record.received_at.tzinfo))
        fingerprint = self._root.digest(PURPOSE, msgspec.msgpack.encode(same))
        future = self._kept.get(fingerprint)
        if future is None:
            future = self._kept[fingerprint] = asyncio.get_running_loop().create_future()
            self._waiting.append((fingerprint, encoded, future))
            if self._writer is None or self._writer.done():
                self._writer = asyncio.create_task(self._write_waiting(), name="spool")
        await asyncio.shield(future)

    def is_empty(self) -> bool:
        """Tell whether nothing waits on this node, in whichever process."""
        try:
            return not any(name.endswith(SEGMENT) for name in os.listdir(self._folder))  # noqa: PTH208 - at every check
        except FileNotFoundError:
            return True

    def require_empty(self) -> None:
        """Refuse to conclude anything while messages wait that the database does not know."""
        if not self.is_empty():
            raise UnavailableError(
                "Messages that came while the database was away are still being applied; ask again in a few seconds."
            )

    async def take_over(self) -> list[Segment]:
        """Return what is ours to drain: our own segments, closed for writing, and those of dead processes."""
        async with self._file_lock:
            if self._open is not None:
                self._to_drain.append(self._open)
                self._open = None
            held = {segment.path for segment in self._to_drain}
            self._to_drain += await asyncio.to_thread(_orphans, self._folder, held)
        return list(self._to_drain)

    def read(self, segment: Segment) -> tuple[list[Spooled], bool]:
        """Return the records of a segment, and whether all of it could be read. Not on the event loop."""
        content = os.pread(segment.descriptor, os.fstat(segment.descriptor).st_size, 0)
        records: list[Spooled] = []
        if not content.startswith(FORMAT):
            return records, FORMAT.startswith(content)  # torn in its first bytes: nobody was told of any record
        place = len(FORMAT)
        while place + _FRAME.size <= len(content):
            length, check = _FRAME.unpack_from(content, place)
            if check != _check(len(records), length):
                return records, False
            place += _FRAME.size + length
            if place > len(content):  # torn by a crash: this record was never on disk as a whole
                return records, True
            try:
                records.append(self._opened(segment, len(records), content[place - length : place]))
            except (BrokenBoxError, msgspec.MsgspecError):
                return records, False
        return records, True

    def finish(self, segment: Segment, *, intact: bool) -> None:
        """End a segment whose records are all in the database; what cannot be read is set aside, not deleted."""
        if intact:
            segment.forget()
        else:
            segment.rename(DAMAGED)
            segment.close()
        self._to_drain.remove(segment)
        for fingerprint in segment.fingerprints:
            self._kept.pop(fingerprint, None)

    async def close(self) -> None:
        """Finish writing and give back the locks; the files stay for the next start."""
        if self._writer is not None:
            await self._writer
        for segment in [*self._to_drain, *([self._open] if self._open else [])]:
            segment.close()
        self._to_drain, self._open = [], None

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            async with self._file_lock:
                results = await asyncio.to_thread(self._append, batch)
            for (fingerprint, _, future), error in zip(batch, results, strict=True):
                if error is None:
                    future.set_result(None)
                else:
                    self._kept.pop(fingerprint, None)
                    future.set_exception(error)
                    future.exception()  # whoever waited may be gone
            self.filled.set()

    def _append(self, batch: Sequence[Waiting]) -> list[Exception | None]:
        """Write a batch with one fsync; return an error for each record that is not on disk."""
        try:
            segment = self._segment()
            frames, results = self._frames(segment, batch, self._bytes_max - _bytes_in(self._folder))
            segment.append(frames)
            segment.records += len(frames)
            segment.fingerprints += [waiting[0] for waiting, error in zip(batch, results, strict=True) if error is None]
            if segment.path.suffix == DRAFT and frames:
                segment.rename(SEGMENT)
        except OSError as error:
            log.error("spool_cannot_be_written", error=type(error).__name__)  # noqa: TRY400 - its place is known
            self._retire()
            return [SpoolFullError("Not committed, and the disk takes no more; send the same request again.")] * len(
                batch
            )
        return results

    def _frames(
        self, segment: Segment, batch: Sequence[Waiting], room: int
    ) -> tuple[list[bytes], list[Exception | None]]:
        frames: list[bytes] = []
        results: list[Exception | None] = []
        for _, encoded, _ in batch:
            place = segment.records + len(frames)
            box = self._root.seal(PURPOSE, encoded, _bound_to(segment, place), clock.random_bytes(NONCE_BYTES))
            frame = _FRAME.pack(len(box), _check(place, len(box))) + box
            fits = len(frame) <= room
            if fits:
                frames.append(frame)
                room -= len(frame)
            results.append(None if fits else SpoolFullError("Not committed, and the spool is full; send it again."))
        return frames, results

    def _segment(self) -> Segment:
        if self._open is not None and self._open.size > SEGMENT_BYTES_MAX:
            self._retire()
        if self._open is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._open = _new_segment(self._folder)
        return self._open

    def _retire(self) -> None:
        """Write no more into the open segment."""
        segment, self._open = self._open, None
        if segment is not None and segment.records:
            self._to_drain.append(segment)
        elif segment is not None:
            segment.forget()

    def _opened(self, segment: Segment, place: int, box: bytes) -> Spooled:
        return msgspec.msgpack.decode(self._root.open(PURPOSE, box, _bound_to(segment, place)), type=Spooled)


def _new_segment(folder: Path) -> Segment:
    """Make a locked draft. Until it is locked, somebody may take it for a dead process's; then make another."""
    while True:
        path = folder / f"{time.time_ns():020d}-{os.getpid()}-{clock.random_bytes(4).hex()}{DRAFT}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        segment = Segment(path, descriptor)
        if _locked(descriptor) and _is_linked(path, descriptor):
            segment.append([FORMAT])
            return segment
        segment.close()


def _orphans(folder: Path, held: set[Path]) -> list[Segment]:
    """Lock and return the segments that no living process holds, oldest first."""
    if not folder.is_dir():
        return []
    names = sorted(path for path in folder.iterdir() if path.suffix in {SEGMENT, DRAFT} and path not in held)
    return [segment for path in names if (segment := _orphan(path)) is not None]


def _orphan(path: Path) -> Segment | None:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    if _locked(descriptor) and _is_linked(path, descriptor):
        return Segment(path, descriptor)
    os.close(descriptor)
    return None


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_linked(path: Path, descriptor: int) -> bool:
    """Tell whether the file is still there under this name: its last holder may have drained and removed it."""
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def _bound_to(segment: Segment, place: int) -> bytes:
    return f"{segment.name}:{place}".encode()


def _check(place: int, length: int) -> int:
    return zlib.crc32(_FRAME.pack(place, length))


def _bytes_in(folder: Path) -> int:
    with os.scandir(folder) as entries:
        return sum(_size_of(entry) for entry in entries)


def _size_of(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat().st_size
    except FileNotFoundError:  # drained by another process at this moment
        return 0


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
