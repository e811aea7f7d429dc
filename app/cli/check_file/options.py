"""What the person asked for, and what can be wrong with it."""

from pathlib import Path
from typing import Any

import msgspec

STDIN = "-"


class CheckFileError(Exception):
    """The command cannot do what was asked; ``slug`` says why, in no language."""

    def __init__(self, slug: str, **values: int | str) -> None:
        super().__init__(slug)
        self.slug = slug
        self.values = values


class Options(msgspec.Struct, frozen=True):
    """The command line of ``check``; what is None is left to the sender's profile."""

    file: str
    key: str = ""
    url: str = "http://127.0.0.1:8000"
    sender: str | None = None
    campaign: str | None = None
    purpose: str | None = None
    short_code: str | None = None
    route: str | None = None
    sender_id: str | None = None
    send_at: str | None = None
    send_minutes: int | None = None
    text: str | None = None
    template: str | None = None
    column: str | None = None
    out: Path | None = None
    withheld: Path | None = None
    clearances: Path | None = None
    screen: bool = False
    chunk: int = 200_000

    def fields(self) -> dict[str, Any]:
        """The body of the check but for its numbers."""
        names = ("sender", "campaign", "purpose", "short_code", "route", "sender_id")
        more = ("send_at", "send_minutes", "text", "template")
        given = {name: getattr(self, name) for name in (*names, *more)}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def withheld_path(self) -> Path | None:
        """Where the withheld rows go: beside the allowed ones unless said otherwise."""
        return self.withheld or (self._beside(".withheld.csv") if self.out else None)

    @property
    def journal_path(self) -> Path | None:
        """Where progress is noted; None where a run could not be taken up again: from or to a pipe."""
        return self._beside(".stop-registry-progress") if self.out and self.file != STDIN else None

    def _beside(self, ending: str) -> Path:
        name = "stdin" if self.file == STDIN else Path(self.file).name
        return (self.out or Path()).with_name(name + ending)

    def paths(self) -> list[Path]:
        """Every file this run writes rows to, the allowed ones first."""
        return [path for path in (self.out, self.withheld_path, self.clearances) if path]


def refuse_impossible(options: Options) -> None:
    """``CheckFileError`` where files would overwrite each other, the list above all."""
    written = [path.resolve() for path in options.paths()]
    if options.file != STDIN:
        written.append(Path(options.file).resolve())
    if len(set(written)) < len(written):
        raise CheckFileError("same-file")
