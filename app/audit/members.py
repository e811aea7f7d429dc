"""The members that are written beside the ledger: kept in temporary files until their turn in the zip."""

import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Self

from app import dossier, ledger
from app.audit.scope import Scope
from app.dossier import Row, tables

SPOOL_BYTES_IN_MEMORY = 262_144
FROM_LEDGER: dict[str, Callable[[Sequence[Row]], str]] = {
    ledger.OPPOSITIONS_TABLE: tables.oppositions,
    ledger.CHECKS_TABLE: tables.checks,
    ledger.NOTES_TABLE: tables.notes,
    ledger.EMERGENCIES_TABLE: tables.emergencies,
}
"""The tables whose rows are entries."""


class Spools:
    """What the walk over the ledger leaves behind, and whatever else is put beside it."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.counts: Counter[str] = Counter()
        self.rows = dict.fromkeys(tables.HEADS, 0)
        self.digests: dict[str, str] = {}
        self.figures = dossier.Figures()
        self._files: dict[str, IO[bytes]] = {}

    def __enter__(self) -> Self:
        """Begin every table."""
        self._leaves = self._file("leaves.bin")
        for name in tables.HEADS:
            self._file(name).write(tables.head(name).encode())
        return self

    def __exit__(self, *_: object) -> None:
        """Let the temporary files go."""
        for file in self._files.values():
            file.close()

    def add(self, page: bytes) -> None:
        """Take stored lines, each with its end."""
        lines = page.split(b"\n")[:-1]
        self._leaves.write(b"".join([ledger.leaf_hash(line) for line in lines]))
        every = dossier.read(lines)
        kinds = Counter([row.kind for row in every])
        self.counts.update(kinds)
        rows = self.scope.within(every)
        self.figures.add(rows)
        for name, written in FROM_LEDGER.items():
            if name == ledger.OPPOSITIONS_TABLE or not kinds.keys() <= dossier.OPPOSITIONS:
                self._write(name, written(rows))

    def table(self, name: str, rows: Iterable[Sequence[object]]) -> None:
        """Add rows to a table."""
        self._write(name, "".join([tables.line(row) for row in rows]))

    def put(self, name: str, content: bytes) -> None:
        """Add a member that is small."""
        self._files[name] = io.BytesIO(content)

    def members(self) -> Iterator[tuple[str, IO[bytes]]]:
        """Yield every member from its beginning."""
        for name, file in self._files.items():
            file.seek(0)
            yield name, file

    def _write(self, name: str, text: str) -> None:
        self.rows[name] += text.count(tables.LINE_END)
        self._files[name].write(text.encode())

    def _file(self, name: str) -> IO[bytes]:
        made: IO[bytes] = tempfile.SpooledTemporaryFile(SPOOL_BYTES_IN_MEMORY)  # noqa: SIM115 - closed with the spools
        self._files[name] = made
        return made
