"""Where each row of a list begins and ends, and its number cell: arrays where the quoting is regular, else row by row.

Both ways follow RFC 4180 (a quoted field may hold separators, line ends and doubled quotes) with what spreadsheets and
exports add to it: ``="0639980001"`` counts as quoted, a quote inside an unquoted field is a character like any other.
A field that goes on after its closing quote makes it doubtful where rows end, so no row is read from there on: a
mistaken row could carry somebody's number past the check inside somebody else's row.
"""

import re
from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]
Octets = npt.NDArray[np.uint8]

_NEWLINE, _RETURN, _SPACE, _QUOTE, _EQUALS = 10, 13, 32, 34, 61

# What surrounds a number in a cell without being part of it: quotes, ="…" and the apostrophe that keeps text text.
_LEFT_TRIM = np.isin(np.arange(256), np.frombuffer(b"\"'= \t", dtype=np.uint8))
_RIGHT_TRIM = np.isin(np.arange(256), np.frombuffer(b"\"' \t\r", dtype=np.uint8))

# Bytes of a list that has one number a line and nothing to take off.
_PLAIN = b"0123456789+ .()-/\n"


class Rows(msgspec.Struct):
    """Rows of a piece of text: content from ``starts`` to ``stops``, line end until ``ends``; and the number cells."""

    starts: Positions
    stops: Positions
    ends: Positions
    cell_starts: Positions
    cell_stops: Positions

    @property
    def used(self) -> int:
        """Bytes of the piece that these rows take up."""
        return int(self.ends[-1]) if self.ends.size else 0


def split_rows(piece: bytes, delimiter: bytes, column: int, limit: int, *, at_end: bool) -> Rows:
    """At most ``limit`` whole rows from the start of a piece; ``delimiter`` is b"" where a line is a number.

    Line ends are line feeds, each with or without a carriage return. What is left of the piece waits for more unless
    ``at_end``.
    """
    marks = np.frombuffer(piece, dtype=np.uint8)
    separator = delimiter[0] if delimiter else _NEWLINE
    quotes = np.flatnonzero(marks == _QUOTE) if b'"' in piece else np.empty(0, dtype=np.int64)
    if quotes.size and not _is_regular(marks, quotes, separator, at_end=at_end):
        return _split_exactly(piece, delimiter, column, limit, at_end=at_end)
    newlines = _outside(np.flatnonzero(marks == _NEWLINE), quotes)
    starts, stops, ends = _lines(marks, newlines, limit, at_end=at_end)
    if not delimiter:
        return Rows(starts, stops, ends, starts, stops)
    between = _outside(np.flatnonzero(marks == separator), quotes)
    return Rows(starts, stops, ends, *_cells(between, starts, stops, column))


def _is_regular(marks: Octets, quotes: Positions, separator: int, *, at_end: bool) -> bool:
    """Every quote opens a field, closes one or is doubled, so that counting quotes tells inside from outside."""
    if at_end and quotes.size % 2:
        return False
    padded = np.concatenate(([_NEWLINE, _NEWLINE], marks, [_NEWLINE, _NEWLINE])).astype(np.uint8)
    before, two_before = padded[quotes[0::2] + 1], padded[quotes[0::2]]
    after, two_after = padded[quotes[1::2] + 3], padded[quotes[1::2] + 4]
    edges = np.isin(np.arange(256), [separator, _NEWLINE])
    opens = edges[before] | (before == _QUOTE) | ((before == _EQUALS) & edges[two_before])
    closes = edges[after] | (after == _QUOTE) | ((after == _RETURN) & (two_after == _NEWLINE))
    return bool(opens.all() and closes.all())


def _outside(places: Positions, quotes: Positions) -> Positions:
    if not quotes.size:
        return places
    outside: Positions = places[np.searchsorted(quotes, places) % 2 == 0]
    return outside


def _lines(marks: Octets, newlines: Positions, limit: int, *, at_end: bool) -> tuple[Positions, Positions, Positions]:
    """Starts, content stops and ends of the first ``limit`` lines; a last line may lack its line end."""
    stops, ends = newlines, newlines + 1
    rest = int(ends[-1]) if ends.size else 0
    if at_end and rest < marks.size:
        stops, ends = np.append(stops, marks.size), np.append(ends, marks.size)
    if not ends.size:
        return ends, ends, ends
    stops, ends = stops[:limit], ends[:limit]
    starts = np.concatenate(([0], ends[:-1]))
    with_return = (stops > starts) & (marks[stops - 1] == _RETURN)
    return starts, stops - with_return, ends


def _cells(between: Positions, starts: Positions, stops: Positions, column: int) -> tuple[Positions, Positions]:
    """The cell of each row in one column, empty at the row's stop where the row is too short."""
    if not between.size:
        return (starts, stops) if column == 0 else (stops, stops)
    first = np.searchsorted(between, starts)
    count = np.searchsorted(between, stops) - first
    last = between.size - 1
    opening = between[(first + column - 1).clip(0, last)] + 1 if column else starts
    closing = between[(first + column).clip(0, last)]
    cell_starts = np.where(count >= column, opening, stops)
    return cell_starts, np.where(count > column, closing, stops)


@cache
def _row_pattern(delimiter: bytes, column: int) -> re.Pattern[bytes]:
    edge = re.escape(delimiter)
    field = rb'(?:=?"(?:[^"]++|"")*+"\x20*+|(?!=?")[^%b\n]*+)' % edge
    if not delimiter:
        return re.compile(rb"(?P<cell>%b)\r?(?P<end>\n|\Z)" % field)
    fields = rb"(?:%b%b)*+" % (edge, field)
    if column == 0:
        return re.compile(rb"(?P<cell>%b)%b\r?(?P<end>\n|\Z)" % (field, fields))
    reach = rb"%b(?:%b%b){%d}%b(?P<cell>%b)%b" % (field, edge, field, column - 1, edge, field, fields)
    return re.compile(rb"(?:%b|%b%b)\r?(?P<end>\n|\Z)" % (reach, field, fields))


def _split_exactly(piece: bytes, delimiter: bytes, column: int, limit: int, *, at_end: bool) -> Rows:
    """Row by row, as far as rows are whole and their quotes balance."""
    pattern = _row_pattern(delimiter, column)
    found: list[tuple[int, int, int, int, int]] = []
    place = 0
    while place < len(piece) and len(found) < limit:
        row = pattern.match(piece, place)
        if row is None or (not at_end and not row.group("end")):
            break
        stop = row.start("end")
        stop -= piece[place:stop].endswith(b"\r")
        cell = row.span("cell") if row.start("cell") >= 0 else (stop, stop)
        found.append((place, stop, row.end(), min(cell[0], stop), min(cell[1], stop)))
        place = row.end()
    table = np.array(found, dtype=np.int64).reshape(-1, 5)
    return Rows(*(table[:, at] for at in range(5)))


def cell_lines(piece: bytes, rows: Rows) -> bytes:
    """The number cells, bare, one a line: as many lines as rows, whatever a cell holds."""
    view = piece[: rows.used]
    if rows.cell_starts is rows.starts and rows.cell_stops is rows.stops:
        lines = view.replace(b"\r\n", b"\n")
        if not lines.translate(None, _PLAIN):
            return lines if lines.endswith(b"\n") or not lines else lines + b"\n"
    marks = np.frombuffer(view + b"\n", dtype=np.uint8)
    return gather(marks, *_trimmed(marks, rows.cell_starts, rows.cell_stops))


def _trimmed(marks: Octets, starts: Positions, stops: Positions) -> tuple[Positions, Positions]:
    """Cells without what surrounds the number; only the cells that begin or end with such a sign are walked."""
    starts, stops = starts.copy(), stops.copy()
    walking = np.flatnonzero((starts < stops) & _LEFT_TRIM[marks[starts]])
    while walking.size:
        starts[walking] += 1
        walking = walking[(starts[walking] < stops[walking]) & _LEFT_TRIM[marks[starts[walking]]]]
    walking = np.flatnonzero((starts < stops) & _RIGHT_TRIM[marks[stops - 1]])
    while walking.size:
        stops[walking] -= 1
        walking = walking[(starts[walking] < stops[walking]) & _RIGHT_TRIM[marks[stops[walking] - 1]]]
    return starts, stops


def gather(marks: Octets, starts: Positions, stops: Positions) -> bytes:
    """The stretches from ``starts`` to ``stops``, one a line; a line end inside one becomes a space."""
    if not starts.size:
        return b""
    lengths = stops - starts + 1
    ends = np.cumsum(lengths)
    places = np.arange(int(ends[-1])) + np.repeat(starts - ends + lengths, lengths)
    out: Octets = marks.take(places, mode="clip")
    out[(out == _NEWLINE) | (out == _RETURN)] = _SPACE
    out[ends - 1] = _NEWLINE
    return out.tobytes()
