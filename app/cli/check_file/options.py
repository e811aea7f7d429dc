"""What the person asked for, and what can be wrong with it."""

import codecs
from pathlib import Path
from typing import Any

import msgspec

from app.listfile import Encoding

STDIN = "-"

# Of a message's file; far more than the registry takes, so that it can say so.
_TEXT_BYTES_MAX = 64 << 10


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
    """Comes from `text_file`, never from the command line, which others on the machine can see."""
    text_file: Path | None = None
    template: str | None = None
    column: str | None = None
    out: Path | None = None
    withheld: Path | None = None
    clearances: Path | None = None
    screen: bool = False
    drill: bool = False
    chunk: int = 200_000

    def fields(self) -> dict[str, Any]:
        """The body of the check but for its numbers."""
        names = ("sender", "campaign", "purpose", "short_code", "route", "sender_id")
        more = ("send_at", "send_minutes", "text", "template")
        given = {name: getattr(self, name) for name in (*names, *more)}
        drill = {"drill": True} if self.drill else {}
        return {name: value for name, value in given.items() if value is not None} | drill

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


def with_text(options: Options) -> Options:
    """Read the message from its file, in any encoding an editor writes; `OSError` where there is none."""
    if options.text_file is None:
        return options
    with options.text_file.open("rb") as stream:
        raw = stream.read(_TEXT_BYTES_MAX)
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = raw.decode("utf-16", "replace") if wide else Encoding("utf-8").text(raw.removeprefix(codecs.BOM_UTF8))
    if not text.strip():
        raise CheckFileError("text-empty", path=str(options.text_file))  # else the profile's own text would be judged
    return msgspec.structs.replace(options, text=text.rstrip("\r\n"))


def refuse_impossible(options: Options) -> None:
    """``CheckFileError`` where files would overwrite each other, the list above all."""
    written = [path.resolve() for path in (*options.paths(), options.text_file) if path]
    if options.file != STDIN:
        written.append(Path(options.file).resolve())
    if len(set(written)) < len(written):
        raise CheckFileError("same-file")
