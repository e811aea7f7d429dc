"""A long JSON body parted into its numbers and the rest, and looked through piece by piece.

The JSON parser holds the interpreter until it is done, 12 ms for a million numbers, and meanwhile no webhook is
answered. In pieces of some hundred kilobytes others have their turn in between.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

PIECE_BYTES = 200_000
FIELDS_BYTES = (
    65_536  # at either end of a body; where the fields beside the numbers are longer, it is parsed as a whole
)
_NUMBERS = re.compile(rb'"numbers"[ \t\r\n]*:[ \t\r\n]*\[')
_BORDER = re.compile(rb'(?<!\\)",[ \t\r\n]*"')
_VALUE = msgspec.json.Decoder(msgspec.Raw)


class Parted(NamedTuple):
    """A body with a mark in the place of its numbers, the mark, and the numbers."""

    rest: bytes
    mark: bytes
    numbers: bytes


def parted(body: bytes) -> Parted | None:
    """Part a body `{…"numbers":[…]…}`; None where that is not so plain, and the whole must be parsed to tell.

    What is returned as numbers is a JSON array as valid as if it had been parsed in one piece. That they are the
    outermost object's is for the caller to see: parsed, `rest` then has the mark there, which is nowhere else.
    """
    found = _NUMBERS.search(body, 0, FIELDS_BYTES)
    end = body.find(b"]", found.end()) if found else -1  # one in a string, and the last piece is no JSON
    if found is None or end < 0 or len(body) - end > FIELDS_BYTES:
        return None
    try:
        for piece in _pieces(body, found.end(), end):
            _VALUE.decode(piece)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    before, after = body[: found.end() - 1], body[end + 1 :]
    mark = b"[0]"
    while mark in before or mark in after:
        mark = b"[0," + mark[1:]
    return Parted(before + mark + after, mark, body[len(before) : end + 1])


def _pieces(body: bytes, start: int, end: int) -> Iterator[bytes]:
    """Cut between two strings, as far as one can tell: a cut within one leaves an odd quote, which is no JSON."""
    while end - start > PIECE_BYTES:
        border = _BORDER.search(body, start + PIECE_BYTES, end)
        if border is None:
            break
        comma = border.start() + 1
        yield b"[" + body[start:comma] + b"]"
        start = comma + 1
    yield b"[" + body[start:end] + b"]"
