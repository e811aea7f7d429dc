"""Where the numbers are in a body: the strings of a JSON array or the lines of a text, window after window.

Windows keep what is computed per number in the processor's cache, and the memory bounded. Each begins where the
one before ended, outside any token, and holds whole tokens only. A list whose tokens all have one length (most
clean lists) is recognised by its pattern, which is much faster than looking for every quote.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

WINDOW_BYTES = 1 << 19  # a quarter of a usual level-2 cache, so that the arrays made from a window fit beside it
_WIDEST_GAP = 16  # bytes: wider gaps between strings are looked at one by one
_QUOTE, _BACKSLASH, _COMMA, _NEWLINE, _RETURN = b'"\\,\n\r'
_SPACES = b" \t\r\n"  # what JSON allows between elements
_ARRAY = re.compile(rb"[ \t\r\n]*\[")
_STRINGS = msgspec.json.Decoder(list[str])
STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_GAP_WEIGHT = np.full(256, 8, np.uint8)  # a good gap weighs 1: a comma, and spaces that weigh nothing
_GAP_WEIGHT[_COMMA] = 1
_GAP_WEIGHT[list(_SPACES)] = 0


class Window(NamedTuple):
    """Some tokens in a row: where each begins and ends in the source, without its quotes or line end."""

    starts: Positions
    ends: Positions
    stride: int  # bytes from each token to the next if all have one length and distance, else 0
    after: int  # where the next window begins

    @property
    def size(self) -> int:
        """How many tokens."""
        return self.ends.size


_Finder = Callable[[bytes, int, int], Window | None]


def json_windows(raw: bytes) -> Iterator[Window]:
    """The strings of one JSON array; `raw` is valid JSON.

    ValueError if it is no array, or naming the position, from 0, of the first element that is no string.
    """
    opening = _ARRAY.match(raw)
    if opening is None:
        raise ValueError("Send the numbers as a JSON array of strings.")
    done, count, stop = opening.end(), 0, raw.rindex(b"]")
    for window in _windows(strings, raw, done, stop):
        _check_gap(raw[done : int(window.starts[0]) - 1], count)
        _check_gaps(raw, window, count)
        yield window
        done, count = window.after, count + len(window.starts)
    if raw[done:stop].strip(_SPACES):
        raise _no_string(count)


def few_strings(raw: bytes) -> list[str] | None:
    """The strings of a short JSON array; None where it is no such array, or empty."""
    try:
        return _STRINGS.decode(raw) or None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def line_windows(raw: bytes, start: int, stop: int) -> Iterator[Window]:
    r"""The lines between two positions where lines begin, ended by \n or \r\n; the text's last may lack its end."""
    return _windows(lines, raw, start, stop)


def line_pieces(raw: bytes, start: int, pieces: int) -> list[tuple[int, int]]:
    """Cut the rest of a text where lines begin, into so many pieces of about one size, or fewer."""
    stop = len(raw)
    wanted = {raw.find(b"\n", start + (stop - start) * place // pieces) + 1 or stop for place in range(1, pieces)}
    edges = [start, *sorted(wanted - {start, stop}), stop]
    return list(itertools.pairwise(edges))


def _windows(find: _Finder, raw: bytes, start: int, stop: int) -> Iterator[Window]:
    """Windows of about `WINDOW_BYTES`; wider only where one token, or the space before it, is wider."""
    reach = WINDOW_BYTES
    while start < stop:
        window = find(raw, start, min(start + reach, stop))
        if window is not None:
            yield window
            start, reach = window.after, WINDOW_BYTES
        elif start + reach < stop:
            reach *= 2
        else:
            return


def strings(raw: bytes, start: int, stop: int) -> Window | None:
    """The complete JSON strings between two positions, the first of which is outside a string."""
    source = np.frombuffer(raw, np.uint8)
    escaped = raw.find(b"\\", start, stop) >= 0
    even = None if escaped else _even_strings(raw, source, start, stop)
    if even is not None:
        return even
    marks = np.flatnonzero(source[start:stop] == _QUOTE) + start
    if escaped:
        marks = _without_escaped(source, marks, start, stop)
    pairs = len(marks) // 2 * 2
    return Window(marks[:pairs:2] + 1, marks[1:pairs:2], 0, int(marks[pairs - 1]) + 1) if pairs else None


def _even_strings(raw: bytes, source: Bytes, start: int, stop: int) -> Window | None:
    """The strings if all have one length and one distance."""
    opening = raw.find(b'"', start, stop)
    closing = raw.find(b'"', opening + 1, stop)
    stride = raw.find(b'"', closing + 1, stop) - opening
    if min(opening, closing, stride) < 1 or closing + stride >= stop:
        return None
    ends = np.arange(closing, stop, stride)
    starts = ends - (closing - opening - 1)
    after = int(ends[-1]) + 1
    even = (
        (source[closing:stop:stride] == _QUOTE).all()
        and (source[opening:after:stride] == _QUOTE).all()
        and np.count_nonzero(source[opening:after] == _QUOTE) == 2 * ends.size
    )
    return Window(starts, ends, stride, after) if even else None


def _without_escaped(source: Bytes, marks: Positions, start: int, stop: int) -> Positions:
    """The quotes that open or close a string: not those after an odd run of backslashes."""
    escaped = (marks > start) & (source[marks - 1] == _BACKSLASH)
    if not escaped.any():
        return marks
    slashes = np.flatnonzero(source[start:stop] == _BACKSLASH) + start
    runs = slashes[np.diff(slashes, prepend=-1) != 1]  # where each run of backslashes begins
    doubtful = marks[escaped]
    escaped[escaped] = (doubtful - runs[np.searchsorted(runs, doubtful) - 1]) % 2 == 1
    kept: Positions = marks[~escaped]
    return kept


def lines(raw: bytes, start: int, stop: int) -> Window | None:
    """The complete lines between two positions, the first of which begins a line."""
    source = np.frombuffer(raw, np.uint8)
    even = _even_lines(raw, source, start, stop)
    if even is not None:
        return even
    marks = np.flatnonzero(source[start:stop] == _NEWLINE) + start
    if stop == len(raw) > start and not raw.endswith(b"\n"):
        marks = np.append(marks, stop)
    if not marks.size:
        return None
    starts = np.append(start, marks[:-1] + 1)
    returned = (source[marks - 1] == _RETURN) & (marks > starts)
    return Window(starts, marks - returned, 0, int(marks[-1]) + 1)


def _even_lines(raw: bytes, source: Bytes, start: int, stop: int) -> Window | None:
    """The lines if all have one length and one kind of end."""
    first = raw.find(b"\n", start, stop)
    stride = first + 1 - start
    if first < 0:
        return None
    marks = np.arange(first, stop, stride)
    returned = int(stride > 1 and source[first - 1] == _RETURN)
    after = int(marks[-1]) + 1
    even = (
        (source[first:stop:stride] == _NEWLINE).all()
        and np.count_nonzero(source[start:after] == _NEWLINE) == marks.size
        and (stride == 1 or np.all((source[first - 1 : stop - 1 : stride] == _RETURN) == returned))
    )
    return Window(marks - (stride - 1), marks - returned, stride, after) if even else None


def _check_gap(gap: bytes, position: int) -> None:
    """Between two strings stands one comma, before the first nothing; else something is there that is no string."""
    if gap.strip(_SPACES) != (b"," if position else b""):
        raise _no_string(position)


def _check_gaps(raw: bytes, window: Window, count: int) -> None:
    """The same for all gaps inside a window; `count` strings came before it."""
    source = np.frombuffer(raw, np.uint8)
    looked_at = 1 if window.stride and _same_gaps(source, window) else window.ends.size - 1
    gaps = window.ends[:looked_at] + 1
    widths = window.starts[1 : looked_at + 1] - 1 - gaps
    wrong = _gap_weights(source, gaps, widths) != 1
    for place in np.flatnonzero(widths > _WIDEST_GAP).tolist():
        gap = raw[int(gaps[place]) : int(gaps[place] + widths[place])]
        wrong[place] = gap.strip(_SPACES) != b","
    if wrong.any():
        raise _no_string(count + 1 + int(wrong.argmax()))


def _same_gaps(source: Bytes, window: Window) -> bool:
    """Whether all gaps of an even window are like its first."""
    first, second, last = int(window.ends[0]) + 1, int(window.starts[1]) - 1, int(window.ends[-1])
    columns = [source[column : last : window.stride] for column in range(first, second)]
    return all((column == column[0]).all() for column in columns)


def _gap_weights(source: Bytes, gaps: Positions, widths: Positions) -> Bytes:
    """For each gap 1 if it holds one comma and spaces, as far as it is not too wide to tell."""
    weights = _GAP_WEIGHT.take(source.take(gaps))
    for column in range(1, min(int(widths.max(initial=0)), _WIDEST_GAP)):
        inside = widths > column
        weights += _GAP_WEIGHT[source[np.where(inside, gaps + column, 0)]] * inside
    return weights


def _no_string(position: int) -> ValueError:
    return ValueError(f"The element at position {position} is not a string; send every number as a JSON string.")
