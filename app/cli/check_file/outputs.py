"""Where the rows go: files that can be cut back to a known length, or the standard output."""

import os
import sys
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from app.cli.check_file.judged import ALLOWED, BLANK, Judged
from app.cli.check_file.options import CheckFileError, Options
from app.client import Answer
from app.listfile import Chunk, Layout


class Output:
    """Rows of one kind, behind a header."""

    def __init__(self, path: Path | None, header: bytes, size: int) -> None:
        self.path = path
        self.size = size
        """Bytes written so far, earlier runs included."""
        self._header = header
        self._stream: IO[bytes] = _opened(path, size) if path else sys.stdout.buffer

    def write(self, rows: bytes) -> None:
        """Append; the header goes first."""
        rows = rows if self.size else self._header + rows
        self._stream.write(rows)
        self.size += len(rows)

    def sync(self) -> None:
        """What was written is on disk, or on its way down the pipe."""
        self._stream.flush()
        if self.path:
            os.fsync(self._stream.fileno())

    def close(self, *, discard: bool) -> None:
        """Close a file, and remove it when it is to be as if nothing had been asked; the standard output stays."""
        if not self.path:
            return
        self._stream.close()
        if discard:
            self.path.unlink(missing_ok=True)


def _opened(path: Path, size: int) -> IO[bytes]:
    """A file to go on with after its first ``size`` bytes; what follows them is cut off."""
    if not size:
        return path.open("wb")
    if not path.exists() or path.stat().st_size < size:
        raise CheckFileError("output-changed", path=str(path))
    stream = path.open("r+b")
    stream.truncate(size)
    stream.seek(size)
    return stream


class Outputs:
    """The allowed rows, and, where wanted, the withheld ones with their reasons and the clearances."""

    def __init__(self, options: Options, layout: Layout, sizes: list[int]) -> None:
        self._layout = layout
        lengths = dict(zip(options.paths(), sizes, strict=False))
        mark, original = layout.encoding.mark, layout.encoding.original
        with_reason = layout.preamble.rstrip(b"\r\n") + self._ending("reason")
        named = with_reason if layout.has_header else layout.preamble
        out, withheld, clearances = options.out, options.withheld_path, options.clearances
        self._allowed = Output(out, mark + original(layout.preamble), lengths.get(out, 0) if out else 0)
        self._withheld = Output(withheld, mark + original(named), lengths.get(withheld, 0)) if withheld else None
        self._clearances = Output(clearances, b"", lengths.get(clearances, 0)) if clearances else None
        self._every = [output for output in (self._allowed, self._withheld, self._clearances) if output]

    def write(self, chunk: Chunk, judged: Judged, answer: Answer | None) -> None:
        """The rows of one chunk, each as it stands in the list; durable when this returns."""
        self._allowed.write(chunk.rows(judged.codes == ALLOWED))
        if self._withheld:
            self._withheld.write(chunk.encoding.original(self._withheld_rows(chunk, judged)))
        if self._clearances and answer and answer.clearance:
            self._clearances.write(_clearance_line(chunk, judged, answer))
        for output in self._every:
            output.sync()

    def sizes(self) -> list[int]:
        """Bytes of each file so far, in the order of ``Options.paths``."""
        return [output.size for output in self._every if output.path]

    def finish(self) -> None:
        """A list of nobody still has its header."""
        self._allowed.write(b"")
        if self._withheld:
            self._withheld.write(b"")
        for output in self._every:
            output.sync()

    def close(self, *, discard: bool) -> None:
        """Close the files; ``discard`` removes them."""
        for output in self._every:
            output.close(discard=discard)

    def _withheld_rows(self, chunk: Chunk, judged: Judged) -> bytes:
        endings = [self._ending(reason) for reason in judged.reasons]
        positions = np.flatnonzero(judged.codes > BLANK)
        rows = []
        for at, code in zip(positions.tolist(), judged.codes[positions].tolist(), strict=True):
            detail = judged.details.get(at)
            rows.append(chunk.row(at))
            rows.append(self._ending(f"{judged.reasons[code]}: {detail}") if detail else endings[code])
        return b"".join(rows)

    def _ending(self, reason: str) -> bytes:
        return (self._layout.delimiter or b";") + reason.encode() + self._layout.newline


def _clearance_line(chunk: Chunk, judged: Judged, answer: Answer) -> bytes:
    told = {
        "chunk": chunk.number,
        "first_row": chunk.first_row,
        "rows": len(chunk),
        "allowed": int((judged.codes == ALLOWED).sum()),
        "check_id": answer.check_id,
        "clearance": answer.clearance,
    }
    return msgspec.json.encode(told) + b"\n"
