"""How a list is laid out, found from its first rows: separator, header, and the column that holds the numbers.

People have what their tools gave them: one number a line, or an export with any separator, with or without a header,
the number first or last, called "tél." or "mobile". What cannot be told without guessing is asked back (``--column``).
"""

import csv
import io
import re
import unicodedata
from collections import Counter

import msgspec

from app.listfile.encoding import Encoding, detect_encoding, working_form
from app.listfile.problems import ListFileError
from app.listfile.rows import split_rows
from app.phone import Reading, read

# Tried in this order; the first of equals wins, so that 6,12E+08 is one cell of a list without separators.
_DELIMITERS = ("", ";", "\t", "|", ",")

_SAMPLE_ROWS_MAX = 300
# A column is one of numbers when at least this share of its filled cells are; real lists have their "n/a".
_SHARE_MIN = 0.5
# Two columns this close in their share of numbers are both plausible: the person says which.
_SHARE_MARGIN = 0.2

# Words of header names, from the surest to the vaguest.
_HEADER_WORDS = (
    frozenset(
        {"mobile", "mobiles", "portable", "portables", "gsm", "msisdn", "cellulaire", "cell", "mobilephone", "sms"}
    ),
    frozenset({"telephone", "telephones", "tel", "phone", "phones", "telefon", "phonenumber", "numtel"}),
    frozenset({"numero", "numeros", "number", "numbers", "num", "no", "n", "destinataire", "recipient"}),
)
_HEADER_FILLERS = frozenset({"de", "du", "des", "le", "la", "les", "the", "of", "1"})

_SURROUNDING = "\"'= \t\r"


class Layout(msgspec.Struct, frozen=True):
    """The shape of one list."""

    encoding: Encoding
    newline: bytes
    """Line end: CR LF, LF, or CR as old Macs wrote it."""
    delimiter: bytes
    """One byte, or nothing where a line is a number."""
    column: int
    """The number's column, from 0."""
    preamble: bytes
    """What stands before the first person, in the working form: a ``sep=`` line, a header row."""
    preamble_rows: int
    has_header: bool
    damaged: bool
    """Most numbers of the first rows are spreadsheet exponents: the digits are gone from the file."""


class _Reading(msgspec.Struct, frozen=True):
    """One way to cut the sample into cells, and what it gives."""

    delimiter: str
    rows: list[list[str]]
    blank_before: int
    """Empty rows before the first of ``rows``."""

    @property
    def width(self) -> int:
        return Counter(map(len, self.rows)).most_common(1)[0][0] if self.rows else 0

    @property
    def evenness(self) -> float:
        width = self.width
        return sum(len(row) == width for row in self.rows) / len(self.rows) if self.rows else 0.0

    def shares(self) -> list[float]:
        """For each column, the share of its filled cells that are numbers, a possible header left out."""
        columns = ([row[at] for row in self.rows if at < len(row)] for at in range(self.width))
        return [_share(cells) for cells in columns]


def detect(head: bytes, column: str | None, *, whole: bool) -> Layout:
    """The layout of the list that begins with ``head``; ``whole`` when that is all of it.

    ``column`` is what the person said: a header name, or a position from 1. ``ListFileError`` says what is unclear.
    """
    encoding = detect_encoding(head)
    work = _working_form(head, encoding, whole=whole)
    newline = _newline(work)
    lines = work.replace(b"\r", b"\n") if newline == b"\r" else work
    hint = re.match(rb'"?sep=(.)"?\r?\n', lines)
    body = lines[hint.end() :] if hint else lines
    reading = _choose(encoding.text(body), hint.group(1).decode("latin-1") if hint else None, column, whole=whole)
    at = _position(reading, column)
    has_header = _has_header(reading, at, column)
    rows = reading.blank_before + 1 if has_header else 0
    length = _rows_length(body, reading.delimiter.encode(), rows, whole=whole)
    return Layout(
        encoding=encoding,
        newline=newline,
        delimiter=reading.delimiter.encode(),
        column=at,
        preamble=work[: length + (hint.end() if hint else 0)],
        preamble_rows=rows + (hint is not None),
        has_header=has_header,
        damaged=_is_damaged(reading, at, has_header=has_header),
    )


def _working_form(head: bytes, encoding: Encoding, *, whole: bool) -> bytes:
    """Of the beginning of a longer file: a character cut in two at its end is left out."""
    pieces = working_form([head], encoding)
    return b"".join(pieces) if whole else next(pieces)


def _newline(work: bytes) -> bytes:
    if b"\n" not in work:
        return b"\r" if b"\r" in work else b"\n"
    return b"\r\n" if work[: work.index(b"\n")].endswith(b"\r") else b"\n"


def _rows_length(body: bytes, delimiter: bytes, rows: int, *, whole: bool) -> int:
    if not rows:
        return 0
    found = split_rows(body, delimiter, 0, rows, at_end=whole)
    if found.starts.size < rows:
        raise ListFileError("broken-quotes", row=int(found.starts.size) + 1)
    return found.used


def _choose(text: str, hint: str | None, column: str | None, *, whole: bool) -> _Reading:
    """The most convincing way to cut the sample into cells."""
    readings = [_cut(text, delimiter, whole=whole) for delimiter in ([hint] if hint else _DELIMITERS)]
    fitting = [reading for reading in readings if not reading.delimiter or reading.width > 1]
    return max(fitting or readings, key=lambda reading: _conviction(reading, column))


def _conviction(reading: _Reading, column: str | None) -> tuple[bool, float, float, int]:
    """Numbers found first, then rows of even length; where neither tells, more columns."""
    share = max(reading.shares(), default=0.0) if column is None else 0.0
    named = bool(_named(reading)) if column is None else _is_reachable(reading, column)
    width = reading.width if share < _SHARE_MIN else 0
    return named or share >= _SHARE_MIN, round(share, 2), round(reading.evenness, 2), width


def _cut(text: str, delimiter: str, *, whole: bool) -> _Reading:
    if delimiter:
        rows = _csv_rows(text, delimiter)
    else:
        rows = [[line] for line in text.split("\n", _SAMPLE_ROWS_MAX + 1)[: _SAMPLE_ROWS_MAX + 1]]
    if not whole and len(rows) <= _SAMPLE_ROWS_MAX:
        rows = rows[:-1]
    bare = [[cell.strip(_SURROUNDING) for cell in row] for row in rows[:_SAMPLE_ROWS_MAX]]
    blank_before = next((at for at, row in enumerate(bare) if any(row)), 0)
    return _Reading(delimiter, [row for row in bare if any(row)], blank_before)


def _csv_rows(text: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) > _SAMPLE_ROWS_MAX:
                break
    except csv.Error:  # a field beyond the parser's limit: not cut this way
        return []
    return rows


def is_number(cell: str) -> bool:
    """The cell is a number, or was one before a spreadsheet took it for a quantity."""
    if not any(map(str.isdigit, cell)):
        return False
    reading = read(cell)
    return reading.number != 0 or (reading.reason or "").startswith("spreadsheet-")


def _holds_number(cell: str) -> bool:
    """Somewhere in the cell there is a number."""
    return is_number(cell) or read(cell).suggestion is not None


def is_rounded(reading: Reading) -> bool:
    """A spreadsheet has replaced the number by an exponent (6,12E+08): its digits are gone from the file."""
    return reading.reason == "spreadsheet-exponent"


def _share(cells: list[str]) -> float:
    verdicts = [is_number(cell) for cell in cells if cell]
    if verdicts and cells[0] and not verdicts[0]:
        del verdicts[0]
    return sum(verdicts) / len(verdicts) if verdicts else 0.0


def _plain(name: str) -> str:
    """A header name for comparison: no case, no accents, single spaces."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(sign for sign in letters if not unicodedata.combining(sign)).split())


def _tier(name: str) -> int | None:
    """How surely a header announces numbers, 0 the surest; None when it does not."""
    words = set(re.findall(r"[a-z]+|\d+", _plain(name)))
    for tier, known in enumerate(_HEADER_WORDS[:2]):
        if words & known:
            return tier
    vague = words - _HEADER_FILLERS
    return len(_HEADER_WORDS) - 1 if vague and vague <= _HEADER_WORDS[-1] else None


def _named(reading: _Reading) -> dict[int, int]:
    """Columns whose header announces numbers, and how surely."""
    if not reading.rows or (not reading.delimiter and re.search(r"[;,\t|]", reading.rows[0][0])):
        return {}
    tiers = {at: _tier(name) for at, name in enumerate(reading.rows[0]) if not _has_digits(name)}
    return {at: tier for at, tier in tiers.items() if tier is not None}


def _has_digits(cell: str) -> bool:
    """More digits than a header has: this may be a number, and is never shown or taken for a name."""
    return sum(sign.isdigit() for sign in cell) > 3  # noqa: PLR2004 - "tel2" and "phone 2024" apart from a number


def _is_reachable(reading: _Reading, column: str) -> bool:
    if column.isdecimal():
        return int(column) <= reading.width
    return bool(reading.rows) and _plain(column) in map(_plain, reading.rows[0])


def _position(reading: _Reading, column: str | None) -> int:
    if column is not None:
        return _said_position(reading, column)
    if not reading.rows:
        return 0
    shares = reading.shares()
    named = {at: tier for at, tier in _named(reading).items() if at < len(shares)}
    sure = {at: tier for at, tier in named.items() if shares[at] >= _SHARE_MIN}
    if sure:
        return _only([at for at, tier in sure.items() if tier == min(sure.values())])
    best = max(shares)
    if best >= _SHARE_MIN:
        return _only([at for at, share in enumerate(shares) if share >= max(_SHARE_MIN, best - _SHARE_MARGIN)])
    if named:
        return _only([at for at, tier in named.items() if tier == min(named.values())])
    raise ListFileError("no-number-column")


def _only(columns: list[int]) -> int:
    if len(columns) > 1:
        raise ListFileError("several-number-columns", columns=", ".join(str(at + 1) for at in columns))
    return columns[0]


def _said_position(reading: _Reading, column: str) -> int:
    if column.isdecimal():
        if not 1 <= int(column) <= max(reading.width, 1):
            raise ListFileError("no-such-position", column=column, width=reading.width)
        return int(column) - 1
    names = reading.rows[0] if reading.rows else []
    matching = [at for at, name in enumerate(names) if _plain(name) == _plain(column)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise ListFileError("several-number-columns", columns=", ".join(str(at + 1) for at in matching))
    shown = ", ".join(name for name in names if name and not _has_digits(name))
    raise ListFileError("no-such-name", names=shown or "-")


def _has_header(reading: _Reading, at: int, column: str | None) -> bool:
    """The first row names the columns. A row with a number in any cell is somebody's, never a header."""
    if not reading.rows or at >= len(reading.rows[0]):
        return False
    first = reading.rows[0]
    if any(_holds_number(cell) for cell in first) or _has_digits(first[at]):
        return False
    if column is not None and not column.isdecimal():
        return True
    return any(sign.isalpha() for sign in first[at])


def _is_damaged(reading: _Reading, at: int, *, has_header: bool) -> bool:
    cells = [row[at] for row in reading.rows[int(has_header) :] if at < len(row) and row[at]]
    rounded = sum(is_rounded(read(cell)) for cell in cells)
    return bool(cells) and rounded > len(cells) * _SHARE_MIN
