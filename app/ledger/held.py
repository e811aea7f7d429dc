"""What somebody kept and holds against a ledger: older heads, receipts, clearances; found in one pass over it."""

from collections.abc import Sequence

from msgspec import Struct

from app.ledger.entry import CheckEntry, Entry, LedgerEntryError, decode
from app.ledger.tree import EMPTY, Frontier, append, root


class Held(Struct, frozen=True):
    """What to look for: roots at these sizes, entries with these leaf hashes, the checks of these ids."""

    sizes: frozenset[int] = frozenset()
    leaves: frozenset[bytes] = frozenset()
    checks: frozenset[str] = frozenset()


NOTHING = Held()


class Found(Struct):
    """What was there. roots: by size. entries: by leaf hash. checks: by id. last: the newest entry's instant."""

    roots: dict[int, bytes]
    entries: dict[bytes, Entry]
    checks: dict[str, CheckEntry]
    last: str = ""


class Search:
    """Looks into one batch after the other."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self.found = Found({0: root(EMPTY)}, {}, {})

    def look(self, before: Frontier, lines: Sequence[bytes], leaves: Sequence[bytes]) -> None:
        """Look into the entries that follow those of a frontier."""
        if self._held == NOTHING:
            return
        for size in self._held.sizes:
            if before.size <= size <= before.size + len(leaves):
                self.found.roots[size] = root(append(before, leaves[: size - before.size]))
        for line, leaf in zip(lines, leaves, strict=True):
            if leaf in self._held.leaves and (entry := _read(line)):
                self.found.entries[leaf] = entry
            elif self._held.checks and b'"kind":"check"' in line:
                self._look_at_check(line)
        if lines and (newest := _read(lines[-1])):
            self.found.last = newest.recorded

    def _look_at_check(self, line: bytes) -> None:
        entry = _read(line)
        if isinstance(entry, CheckEntry) and entry.check in self._held.checks:
            self.found.checks[entry.check] = entry


def _read(line: bytes) -> Entry | None:
    try:
        return decode(line)
    except LedgerEntryError:
        return None  # the walk names it
