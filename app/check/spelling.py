"""Numbers given back exactly as they came, without a step of Python for each: as JSON strings or as lines."""

import re
from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.phone import Numbers
from app.verdict import Positions

AT_ONCE = 1 << 16  # numbers spelt together, so that what is made on the way stays small
_NEEDS_ESCAPE = re.compile(rb'[\x00-\x09\x0b-\x1f"\\]')  # all that JSON escapes but the newline that parts the lines
_LINE_ENDS = str.maketrans("", "", "\r\n")


def json_strings(numbers: Numbers, positions: Positions, *, lines: bool) -> bytes:
    """Return the numbers at these positions as JSON strings with commas between them; `lines`: they came as lines."""
    if not lines:
        return numbers.tokens(positions)
    return b",".join([_quoted(numbers, part) for part in _parts(positions)])


def allowed_lines(numbers: Numbers, allowed: NDArray[np.bool_], *, lines: bool) -> Iterator[bytes]:
    """Yield the numbers that are allowed, one a line, in order; where they came as lines, with their own line ends."""
    if lines:
        yield from _kept(numbers, allowed)
        return
    for part in _parts(np.flatnonzero(allowed)):
        yield _unquoted(numbers, part) + b"\n"


def _parts(positions: Positions) -> Iterator[Positions]:
    for at in range(0, positions.size, AT_ONCE):
        yield positions[at : at + AT_ONCE]


def _quoted(numbers: Numbers, positions: Positions) -> bytes:
    joined = numbers.tokens(positions)
    try:
        text = joined.decode()
    except UnicodeDecodeError:  # some line is Latin-1, so each is decoded as it was read
        return msgspec.json.encode([numbers.text(position) for position in positions.tolist()])[1:-1]
    if _NEEDS_ESCAPE.search(joined):
        return msgspec.json.encode(text.split("\n"))[1:-1]
    return b'"' + joined.replace(b"\n", b'","') + b'"'


def _unquoted(numbers: Numbers, positions: Positions) -> bytes:
    joined = numbers.tokens(positions)
    lines = joined[1:-1].replace(b'","', b"\n")
    if b"\\" not in joined and b"\r" not in joined and lines.count(b"\n") == positions.size - 1:
        return lines
    # An escape may stand for a line end around a number, which would make two lines of one.
    return "\n".join(numbers.text(at).translate(_LINE_ENDS) for at in positions.tolist()).encode()


def _kept(numbers: Numbers, allowed: NDArray[np.bool_]) -> Iterator[bytes]:
    """Lines follow each other without a gap, so each reaches to where the next begins."""
    source = np.frombuffer(numbers.source, np.uint8)
    edges = np.append(numbers.starts, source.size)
    for at in range(0, allowed.size, AT_ONCE):
        borders = edges[at : at + AT_ONCE + 1]
        keep = np.repeat(allowed[at : at + AT_ONCE], np.diff(borders))
        yield source[borders[0] : borders[-1]][keep].tobytes()
