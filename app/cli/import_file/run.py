"""One list into a sender's ledger: part by part, each committed, reported and noted before the next is read."""

import asyncio
import os
import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from itertools import chain
from pathlib import Path
from typing import IO

import msgspec

from app import administration, bulk, channels, clock, listfile
from app.cli.check_file.progress import progress_bar
from app.cli.check_file.words import Words
from app.cli.common import DONE, REFUSED, actor
from app.cli.import_file import rows, shapes
from app.directory import Sender
from app.errors import ConflictError, InvalidValueError
from app.queries import setup
from app.registry import Registry

ROWS_IN_PART = 20_000
OPPOSITIONS_AT_ONCE = 2_500
"""In one transaction: it holds the sender's head for some 150 ms, and messages for that sender wait that long."""
COMMIT_SECONDS = 120.0
_HEAD_BYTES = 256 << 10
_BLOCK_BYTES = 1 << 20

_SEPARATORS = re.compile(r"[;,\t|]")

HASHED = (
    "This is a list of hashes, and it cannot be imported. A hash cannot be turned back into the number, and this "
    "registry's own pseudonyms are made from the number with the sender's key. Ask whoever hashed the list for the "
    "numbers themselves; they are forgotten here as soon as they are read."
)
RECORDED, KNOWN, WOULD_BE_RECORDED = "recorded", "already-known", "would-be-recorded"
HEADER = b"row;result;note\r\n"


class Options(msgspec.Struct, frozen=True):
    """The command line of ``import``."""

    file: Path
    sender: str
    column: str | None = None
    date_column: str | None = None
    source: str = "import"
    zone: str = "Europe/Paris"
    report: Path | None = None
    dry_run: bool = False

    @property
    def report_path(self) -> Path:
        """Where it says what became of each row."""
        return self.report or self.file.with_name(self.file.name + ".report.csv")

    @property
    def progress_path(self) -> Path:
        """Where a run notes how far it has come."""
        return self.report_path.with_name(self.report_path.name + ".progress")


class Progress(msgspec.Struct, frozen=True):
    """How far a run has come over which state of which list; holds no number."""

    run: str
    """The file's state and the options, as a digest."""
    parts: int = 0
    report_bytes: int = 0
    counts: dict[str, int] = {}


async def run(registry: Registry, options: Options, tell: Callable[[str], object]) -> int:
    """Import a list; return the exit status."""
    if not channels.SOURCE.fullmatch(options.source):
        raise InvalidValueError("A source holds small letters, digits and dashes, such as `web-form`.")
    sender = await administration.sender_named(registry, options.sender)
    try:
        counts = await _imported(registry, sender, options, tell)
    except listfile.ListFileError as error:
        raise InvalidValueError(Words(french=False)(error.slug, **error.values)) from None
    for name, count in sorted(counts.items()):
        tell(f"{count:>12,}  {name}")
    tell(f"report: {options.report_path}")
    return REFUSED if rows.REFUSALS & counts.keys() else DONE


async def _imported(
    registry: Registry, sender: Sender, options: Options, tell: Callable[[str], object]
) -> dict[str, int]:
    with options.file.open("rb") as source:
        head = source.read(_HEAD_BYTES)
        layout = _layout(head, options)
        names = shapes.header_of(layout)
        columns = shapes.columns(names, options.date_column)
        if columns.shape:
            tell(f"this is an export of {columns.shape}")
        begun = _begun(registry, options, source)
        if begun.parts:
            tell(f"going on after {sum(begun.counts.values()):,} rows")
        blocks = chain([head], iter(lambda: source.read(_BLOCK_BYTES), b""))
        parts = listfile.chunks(blocks, layout, ROWS_IN_PART)
        work = _Run(registry, sender, options, layout, columns)
        with progress_bar("import", os.fstat(source.fileno()).st_size) as progress:
            done = await work.go(parts, begun, progress)
    options.progress_path.unlink(missing_ok=True)
    if done.counts.get(RECORDED):
        await _noted(registry, sender, options, done.counts)
    return done.counts


class _Run:
    """One passage through a list."""

    def __init__(
        self,
        registry: Registry,
        sender: Sender,
        options: Options,
        layout: listfile.Layout,
        columns: shapes.Columns,
    ) -> None:
        self._registry = registry
        self._sender = sender
        self._options = options
        self._layout = layout
        self._columns = columns
        self._memory = channels.Memory()

    async def go(self, parts: Iterator[listfile.Chunk], begun: Progress, progress: Callable[[int], None]) -> Progress:
        done = begun
        with _opened(self._options.report_path, begun.report_bytes) as report:
            async with aclosing(self._read_ahead(parts, begun.parts)) as ahead:
                async for chunk, part in ahead:
                    if part is not None:
                        done = await self._take(chunk, part, report, done)
                    progress(chunk.end)
        return done

    async def _read_ahead(
        self, parts: Iterator[listfile.Chunk], done: int
    ) -> AsyncGenerator[tuple[listfile.Chunk, rows.Part | None], None]:
        """Yield part by part, None for what an earlier run did; the next is read while one is being committed."""
        ahead = asyncio.create_task(asyncio.to_thread(self._next, parts, done))
        try:
            while (found := await ahead) is not None:
                ahead = asyncio.create_task(asyncio.to_thread(self._next, parts, done))
                yield found
        finally:
            await asyncio.wait([ahead])

    def _next(self, parts: Iterator[listfile.Chunk], done: int) -> tuple[listfile.Chunk, rows.Part | None] | None:
        chunk = next(parts, None)
        if chunk is None:
            return None
        if chunk.number == 1 and rows.hashes(chunk):
            raise ConflictError(HASHED)
        return chunk, rows.read(chunk, self._layout, self._columns, self._options.zone) if chunk.number > done else None

    async def _take(self, chunk: listfile.Chunk, part: rows.Part, report: IO[bytes], before: Progress) -> Progress:
        for at, result in zip(part.positions, await self._results(part), strict=True):
            part.results[at] = result
        lines = zip(range(chunk.first_row, chunk.first_row + len(chunk)), part.results, part.notes, strict=True)
        report.write("".join(f"{row};{result};{note}\r\n" for row, result, note in lines).encode())
        report.flush()
        os.fsync(report.fileno())
        counts = Counter(before.counts) + Counter(part.results) + Counter(note for note in part.notes if note)
        done = Progress(before.run, chunk.number, report.tell(), dict(counts))
        if not self._options.dry_run:
            _note(self._options.progress_path, done)
        return done

    async def _results(self, part: rows.Part) -> list[str]:
        if self._options.dry_run:
            known = await channels.known(self._registry, self._sender, self._options.source, part.told, self._memory)
            return [KNOWN if one else WOULD_BE_RECORDED for one in known]
        outcomes = await channels.bring_in(
            self._registry, self._sender, self._options.source, part.told, COMMIT_SECONDS, OPPOSITIONS_AT_ONCE
        )
        return [KNOWN if outcome == bulk.KNOWN else RECORDED for outcome in outcomes]


def _layout(head: bytes, options: Options) -> listfile.Layout:
    """Find the layout; a known export says itself which column holds the numbers."""
    whole = len(head) < _HEAD_BYTES
    try:
        first = listfile.detect(head, options.column, whole=whole)
    except listfile.ListFileError:
        column = options.column or _known_column(head)
        if column is None and _mostly_hashes(head):
            raise ConflictError(HASHED) from None
        if column is None:
            raise
        first = listfile.detect(head, column, whole=whole)
    column = options.column or shapes.number_column(shapes.header_of(first))
    layout = listfile.detect(head, column, whole=whole) if column else first
    if layout.damaged:
        words = Words(french=False)
        raise ConflictError(words("damaged", remedy=words("remedy")))
    return layout


def _known_column(head: bytes) -> str | None:
    """The number's column of a known export whose columns cannot be told by what they hold."""
    first = head.split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip()
    cuts = ([cell.strip(' "') for cell in first.split(sign)] for sign in ",;\t|")
    return next((name for names in cuts if (name := shapes.number_column(names))), None)


def _mostly_hashes(head: bytes) -> bool:
    lines = [line for line in head.decode("utf-8", "replace").splitlines()[1:300] if line.strip()]
    cells = [[cell.strip(" \"'") for cell in _SEPARATORS.split(line)] for line in lines]
    hashed = sum(any(channels.HASH.fullmatch(cell) for cell in row) for row in cells)
    return bool(lines) and hashed * 2 > len(lines)


def _begun(registry: Registry, options: Options, source: IO[bytes]) -> Progress:
    """What an earlier run over the same list with the same options left, or a new beginning."""
    state = os.fstat(source.fileno())
    told = msgspec.json.encode([state.st_size, state.st_mtime_ns, str(options)])
    fresh = Progress(registry.root.digest("import-run", told).hex())
    if options.dry_run or not options.progress_path.exists() or not options.report_path.exists():
        return fresh
    try:
        earlier = msgspec.json.decode(options.progress_path.read_bytes(), type=Progress)
    except msgspec.DecodeError:
        return fresh
    whole = options.report_path.stat().st_size >= earlier.report_bytes
    return earlier if earlier.run == fresh.run and whole else fresh


def _opened(path: Path, size: int) -> IO[bytes]:
    """Open the report at a known size; what a cut left behind it goes."""
    stream = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    stream.truncate(size)
    stream.seek(size)
    if not size:
        stream.write(HEADER)
    return stream


def _note(path: Path, progress: Progress) -> None:
    """Replace the note of how far it has come, in one step."""
    draft = path.with_name(path.name + ".new")
    with draft.open("wb") as stream:
        stream.write(msgspec.json.encode(progress))
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


async def _noted(registry: Registry, sender: Sender, options: Options, counts: dict[str, int]) -> None:
    """Write into ledger and journal that there was an import: whose, from where, how many."""
    detail = {"by": actor(), "source": options.source, **{name: str(count) for name, count in counts.items()}}
    await administration.note(registry, sender.sender_id, "import", clock.new_id("imp"), detail)
    async with registry.pool.acquire() as db:
        text = msgspec.json.encode(detail).decode()
        await setup.journal_admin(db, clock.now(), actor(), "import", sender.slug, text, [sender.sender_id])
