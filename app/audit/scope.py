"""The period that an export's tables and figures cover. The ledger itself always goes out whole."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from app import ledger
from app.dossier import Row


class Scope(msgspec.Struct, frozen=True):
    """What an export covers; start inclusive, end exclusive, None open."""

    start: datetime | None = None
    end: datetime | None = None

    def within(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the rows recorded in the period; a ledger's instants sort as their spellings do."""
        if self.start is None and self.end is None:
            return rows
        period = self.spelled()
        return [row for row in rows if row.recorded >= period["from"] and (not self.end or row.recorded < period["to"])]

    def spelled(self) -> dict[str, str]:
        """Return the period as manifests and the ledger write it; an open end is empty."""
        return {
            "from": ledger.timestamp(self.start) if self.start else "",
            "to": ledger.timestamp(self.end) if self.end else "",
        }
