"""A list cut into parts for one call each: the bytes of the rows as they were, and their numbers apart."""

from collections.abc import Iterable, Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from app.listfile.encoding import Encoding, working_form
from app.listfile.layout import Layout
from app.listfile.problems import ListFileError
from app.listfile.rows import Positions, Rows, cell_lines, split_rows

# Enough for a million rows of numbers, and a bound on memory where rows are long.
CHUNK_BYTES_MAX = 16 << 20
# A row longer than this is a quote that was never closed, or no list of people.
ROW_BYTES_MAX = 1 << 20


class Chunk(msgspec.Struct):
    """Consecutive rows of a list."""

    number: int
    """From 1."""
    first_row: int
    """The spreadsheet's number of the first row, from 1, header included."""
    offset: int
    """Bytes of the file before the first row."""
    end: int
    """Bytes of the file up to the end of the last row."""
    source: bytes
    """All rows in the working form of their encoding."""
    starts: Positions
    stops: Positions
    cells: bytes
    """The numbers, one a line in UTF-8, as many as rows."""
    encoding: Encoding

    def __len__(self) -> int:
        """How many rows."""
        return int(self.starts.size)

    def row(self, at: int) -> bytes:
        """One row without its line end, in the working form."""
        return self.source[self.starts[at] : self.stops[at]]

    def rows(self, kept: npt.NDArray[np.bool_]) -> bytes:
        """The rows where ``kept`` is true, exactly as they stand in the file."""
        edges = np.flatnonzero(np.diff(kept, prepend=False, append=False))
        bounds = np.append(self.starts, len(self.source))[edges].tolist()
        stretches = zip(bounds[0::2], bounds[1::2], strict=True)
        return self.encoding.original(b"".join([self.source[start:end] for start, end in stretches]))


def chunks(blocks: Iterable[bytes], layout: Layout, rows_max: int) -> Iterator[Chunk]:
    """The people of a list in parts of at most ``rows_max`` rows; ``blocks`` are the file's bytes from its first.

    The same file and ``rows_max`` always give the same parts. ``ListFileError`` where it is in doubt what a row is.
    """
    reader = _Reader(blocks, layout)
    number = 0
    while True:
        chunk = reader.chunk(number + 1, rows_max)
        if not chunk:
            return
        number += 1
        yield chunk


def column(chunk: Chunk, layout: Layout, at: int) -> list[str]:
    """The cells of another column of a part, bare; empty where a row is too short."""
    view = chunk.source.replace(b"\r", b"\n") if layout.newline == b"\r" else chunk.source
    rows = split_rows(view, layout.delimiter, at, len(chunk), at_end=True)
    return _utf8(cell_lines(view, rows), chunk.encoding).decode("utf-8", "replace").split("\n")[: len(chunk)]


class _Reader:
    """Takes whole rows from the front of a stream of blocks."""

    def __init__(self, blocks: Iterable[bytes], layout: Layout) -> None:
        self._blocks = working_form(blocks, layout.encoding)
        self._layout = layout
        self._buffer = b""
        self._at_end = False
        self._skip(len(layout.preamble))
        self._offset = len(layout.encoding.mark) + len(layout.encoding.original(layout.preamble))
        self._row = layout.preamble_rows + 1

    def chunk(self, number: int, rows_max: int) -> Chunk | None:
        """The next rows, or None at the end of the list."""
        pieces: list[tuple[bytes, Rows, bytes]] = []
        rows = size = 0
        while rows < rows_max and size < CHUNK_BYTES_MAX:
            piece = self._piece(rows_max - rows)
            if piece is None:
                break
            pieces.append(piece)
            rows += piece[1].starts.size
            size += len(piece[0])
        return self._assemble(number, pieces) if pieces else None

    def _piece(self, limit: int) -> tuple[bytes, Rows, bytes] | None:
        """The whole rows of what has been read so far, at most ``limit``; reads on until there is one."""
        if not self._buffer:
            self._fill()
        while self._buffer:
            view = self._buffer.replace(b"\r", b"\n") if self._layout.newline == b"\r" else self._buffer
            rows = split_rows(view, self._layout.delimiter, self._layout.column, limit, at_end=self._at_end)
            if rows.used:
                return self._take(view, rows)
            if self._at_end or len(self._buffer) > ROW_BYTES_MAX:
                raise ListFileError("broken-quotes" if b'"' in view else "row-too-long", row=self._row)
            self._fill()
        return None

    def _take(self, view: bytes, rows: Rows) -> tuple[bytes, Rows, bytes]:
        source, self._buffer = self._buffer[: rows.used], self._buffer[rows.used :]
        self._row += int(rows.starts.size)
        return source, rows, cell_lines(view, rows)

    def _fill(self) -> None:
        """Read on, until something comes or the end."""
        size = len(self._buffer)
        while len(self._buffer) == size and not self._at_end:
            block = next(self._blocks, None)
            self._at_end = block is None
            self._buffer += block or b""

    def _skip(self, length: int) -> None:
        while len(self._buffer) < length and not self._at_end:
            self._fill()
        self._buffer = self._buffer[length:]

    def _assemble(self, number: int, pieces: list[tuple[bytes, Rows, bytes]]) -> Chunk:
        encoding = self._layout.encoding
        source = b"".join([piece for piece, _, _ in pieces])
        bases = np.cumsum([0, *(len(piece) for piece, _, _ in pieces)])
        starts = np.concatenate([rows.starts + base for base, (_, rows, _) in zip(bases, pieces, strict=False)])
        stops = np.concatenate([rows.stops + base for base, (_, rows, _) in zip(bases, pieces, strict=False)])
        offset, self._offset = self._offset, self._offset + len(encoding.original(source))
        return Chunk(
            number=number,
            first_row=self._row - starts.size,
            offset=offset,
            end=self._offset,
            source=source,
            starts=starts,
            stops=stops,
            cells=_utf8(b"".join([cells for _, _, cells in pieces]), encoding),
            encoding=encoding,
        )


def _utf8(cells: bytes, encoding: Encoding) -> bytes:
    return cells if cells.isascii() else encoding.text(cells).encode()
