"""A million numbers at once: the same readings as `one.read`, in some tens of milliseconds.

Three passes, each for what the one before left over: plain digits, digits with separators, and `one.read`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from app.phone import one, tokens
from app.phone.digits import plain_numbers
from app.phone.tokens import Positions, Window

_FEW = 64  # tokens of a window that are read one by one rather than in a second pass
_PROBES = 9  # tokens that tell whether a window is worth a first pass
_SEPARATORS = b" -/()"
_BYTES_TO_KEEP = bytes(range(256))
_LONGEST_REGULAR = one.LONGEST_TEXT  # bytes, so at most as many characters
_INVISIBLE = ("\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{ZERO WIDTH SPACE}", "\N{ZERO WIDTH NO-BREAK SPACE}")


class Numbers:
    """Numbers as they were sent, and as they were read.

    `source` holds them; token i is `source[starts[i]:ends[i]]`, without quotes. `numbers[i]` is its canonical
    number, or 0, and then `problems[i]` says why.
    """

    __slots__ = ("_quote", "_separator", "ends", "numbers", "problems", "source", "starts")

    def __init__(
        self,
        source: bytes,
        starts: Positions,
        ends: Positions,
        numbers: Positions,
        problems: dict[int, one.Reading],
        *,
        json: bool,
    ) -> None:
        self.source = source
        self.starts = starts
        self.ends = ends
        self.numbers = numbers
        self.problems = problems
        self._quote = 1 if json else 0
        self._separator = b"," if json else b"\n"

    def __len__(self) -> int:
        return len(self.numbers)

    def __repr__(self) -> str:
        """Sizes only: this ends up in logs and test output."""
        return f"<Numbers: {len(self)}, {len(self.problems)} with problems>"
