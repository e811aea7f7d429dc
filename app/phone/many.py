"""A million numbers at once: the same readings as `one.read`, in some tens of milliseconds.

Three passes over each window of the source, each for what the one before left over: plain digits; digits with
separators, taken out of a copy; and `one.read`, which alone refuses. Lines that form a table need no windows.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from app.phone import one, tokens
from app.phone.digits import LOADED, plain_numbers
from app.phone.rows import At, Rows, plain_rows
from app.phone.tokens import Positions, Window

_FEW = 32  # tokens of a window that are sooner read one by one than in a pass of their own
_FEW_BYTES = 1_000  # of a list whose strings are sooner found one by one
_PROBES = 9  # tokens that tell whether a first pass is worth it
_REMEMBERED = 1024  # odd tokens whose reading is kept for the next of the same kind ("", "N/A")
_JOINED_AT_ONCE = 1 << 16  # tokens
_WIDEST_JOINED = 64  # bytes: tokens wider than that are joined one by one
_RUN_WORTH_COPYING = 8  # tokens in a row, on average

_PIECES = 2
_WORTH_CUTTING = 2 * tokens.WINDOW_BYTES

_SEPARATORS = b" -/()"
_INVISIBLE = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"
_BLANKS = tuple(character.encode() for character in _INVISIBLE)
_ESCAPES = (
    (rb"\u002B", b"+"),
    (rb"\u002b", b"+"),
    (rb"\/", b""),
    *(((form % ord(blank)).encode(), b"") for blank in _INVISIBLE for form in (r"\u%04x", r"\u%04X")),
)


class Beside(Protocol):
    """`map`, or a map that works on several things at once and hands back in order."""

    def __call__(
        self, function: "Callable[[tuple[int, int]], list[_Part]]", pieces: list[tuple[int, int]], /
    ) -> "Iterable[list[_Part]]":
        """Apply the function to each."""


class Numbers:
    """Numbers as they were sent and as they were read.

    Token i is `source[starts[i]:ends[i]]`, without its quotes or line end. `numbers[i]` is its canonical number, or
    0, and then `problems[i]` says why.
    """

    __slots__ = ("_form", "_place", "numbers", "problems", "source")

    def __init__(
        self, source: bytes, form: "_Form", place: "_Place", numbers: Positions, problems: dict[int, one.Reading]
    ) -> None:
        self._form = form
        self.source = source
        self._place = place
        self.numbers = numbers
        self.problems = problems

    def __len__(self) -> int:
        """How many tokens there are, blank ones included."""
        return len(self.numbers)

    def __repr__(self) -> str:
        """Sizes only: this ends up in logs and test output."""
        return f"<Numbers: {len(self)}, {len(self.problems)} with problems>"

    @property
    def starts(self) -> Positions:
        """Where each token begins."""
        return self._place.starts

    @property
    def ends(self) -> Positions:
        """Where each token ends."""
        return self._place.ends

    def text(self, position: int) -> str:
        """The token at a position, decoded; what is not UTF-8 is shown as well as can be."""
        start, end = self._place.bounds(position)
        return self._form.decode(self.source[start:end])

    def token(self, position: int) -> bytes:
        """The token exactly as it stands in the source, for JSON with its quotes and escapes."""
        (start, end), quote = self._place.bounds(position), self._form.quote
        return self.source[start - quote : end + quote]

    def tokens(self, positions: Sequence[int] | Positions) -> bytes:
        """Many tokens in the given order, with commas (JSON) or newlines (lines) between them."""
        (starts, ends), quote = self._place.bounds(np.asarray(positions, np.int64)), self._form.quote
        return _join(self.source, starts - quote, ends + quote, self._form.separator)


def read_json(raw: bytes) -> Numbers:
    """Read a JSON array of strings; `raw` is valid JSON.

    ValueError if it is no array, or names the position, from 0, of the first element that is no string.
    """
    few = tokens.few_strings(raw) if len(raw) <= _FEW_BYTES else None
    return _read_few(few, raw) if few else _together(raw, _JSON, _parts(raw, _JSON, tokens.json_windows(raw)))


def read_lines(raw: bytes, beside: Beside = map) -> Numbers:
    r"""Read one number a line (\n or \r\n, the last may lack its end); a blank line is a position that is empty.

    A text can be cut wherever a line begins, so what is left of a long one by its first table is read in two pieces.
    `beside` applies a function to both: one after the other, or each on a processor of its own, since nearly all of it
    is numpy's, outside the GIL.
    """

    def read(bounds: tuple[int, int]) -> list[_Part]:
        return list(_line_parts(raw, *bounds))

    table = _table(raw, 0, len(raw))
    found, start = ([table], table.place.after) if table else ([], 0)
    if len(raw) - start <= _WORTH_CUTTING:
        return _together(raw, _LINES, found + read((start, len(raw))))
    pieces = tokens.line_pieces(raw, start, _PIECES)
    return _together(raw, _LINES, found + [part for parts in beside(read, pieces) for part in parts])


def _read_few(strings: list[str], raw: bytes) -> Numbers:
    """Read a handful as they are decoded already; every step of numpy would cost more than one of them."""
    readings = [one.read(text) for text in strings]
    numbers = np.array([reading.number for reading in readings], np.int64)
    problems = {position: reading for position, reading in enumerate(readings) if not reading.number}
    return Numbers(raw, _JSON, _Strings(raw), numbers, problems)


def _together(source: bytes, form: "_Form", parts: "list[_Part]") -> Numbers:
    place, numbers = _one_place([part.place for part in parts]), _joined([part.numbers for part in parts])
    return Numbers(source, form, place, numbers, _located(parts))


def _parts(source: bytes, form: "_Form", windows: Iterator[Window]) -> "list[_Part]":
    return [_read(source, window, form) for window in windows]


def _line_parts(raw: bytes, start: int, stop: int) -> "Iterator[_Part]":
    """What forms a table as one part, all else a window at a time."""
    while start < stop:
        part = _table(raw, start, stop) or _read(raw, next(tokens.line_windows(raw, start, stop)), _LINES)
        yield part
        start = part.place.after


def _table(raw: bytes, start: int, stop: int) -> "_Part | None":
    """The lines that form a table from a line's beginning on."""
    found = plain_rows(raw, start, stop)
    if found is None:
        return None
    rows, numbers = found
    return _Part(rows, numbers, _read_left(raw, rows, _LINES, numbers))


class _Scattered(NamedTuple):
    """Where each of many tokens begins and ends in the source."""

    starts: Positions
    ends: Positions

    def bounds(self, positions: At) -> tuple[At, At]:
        """Where the tokens at these positions, or this one, begin and end."""
        return self.starts[positions], self.ends[positions]


class _Strings:
    """Where the strings of a short JSON array stand: nobody asks about most, so it is looked for when somebody does."""

    __slots__ = ("_edges", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._edges: tuple[Positions, Positions] | None = None

    @property
    def starts(self) -> Positions:
        """Where each begins, behind its quote."""
        return self._found()[0]

    @property
    def ends(self) -> Positions:
        """Where each ends, before its quote."""
        return self._found()[1]

    def bounds(self, positions: At) -> tuple[At, At]:
        """Where the strings at these positions, or this one, begin and end."""
        starts, ends = self._found()
        return starts[positions], ends[positions]

    def _found(self) -> tuple[Positions, Positions]:
        if self._edges is None:
            starts, ends = zip(*(found.span(1) for found in tokens.STRING.finditer(self._raw)), strict=True)
            self._edges = np.array(starts, np.int64), np.array(ends, np.int64)
        return self._edges


_Place = Rows | _Scattered | _Strings


class _Part(NamedTuple):
    """What was read in one window, or one table."""

    place: Window | Rows
    numbers: Positions
    problems: dict[int, one.Reading]  # by position in the part


class _Form(msgspec.Struct, frozen=True):
    """How numbers are laid out in a source."""

    fragment: Callable[[bytes, int, int], Window | None]
    endings: tuple[bytes, ...]  # what may follow a token
    unescape: Callable[[bytes], bytes | None]
    decode: Callable[[bytes], str]
    quote: int  # bytes around a token that belong to it
    separator: bytes


def _read(source: bytes, window: Window, form: _Form) -> _Part:
    numbers = np.zeros(window.size, np.int64)
    if numbers.size > _FEW and _looks_plain(source, window):
        numbers = plain_numbers(source, window)
    left = np.flatnonzero(numbers == 0)
    if left.size > _FEW:
        numbers[left] = _spelled_numbers(source, window, form)[left]
    return _Part(window, numbers, _read_left(source, window, form, numbers))


def _looks_plain(source: bytes, window: Window) -> bool:
    """Whether most of a few tokens are digits with at most a plus in front; only a guess about speed."""
    probes = np.linspace(0, window.ends.size - 1, _PROBES).astype(np.int64)
    bounds = zip(window.starts[probes].tolist(), window.ends[probes].tolist(), strict=True)
    return sum(source[start:end].lstrip(b"+").isdigit() for start, end in bounds) * 2 > _PROBES


def _spelled_numbers(source: bytes, window: Window, form: _Form) -> Positions:
    """The numbers of tokens that are plain once the common separators are taken out; 0 for all others."""
    fragment = form.unescape(source[window.starts[0] - form.quote : window.after])
    compact = b" " * LOADED + _without_separators(fragment, form.endings) if fragment is not None else b""
    found, at = list[Positions](), LOADED
    # Tokens that were of one length may no longer be, so that one window need not hold them all.
    while part := form.fragment(compact, at, len(compact)):
        found.append(plain_numbers(compact, part))
        at = part.after
    numbers = _joined(found)
    if numbers.size != window.size:
        return np.zeros(window.size, np.int64)
    numbers[window.ends - window.starts > one.LONGEST_TEXT] = 0
    return numbers


def _without_separators(fragment: bytes, endings: tuple[bytes, ...]) -> bytes:
    """The fragment without what `one` takes for separators, as far as they are common.

    A final .0 is made unreadable on the way: it is no digit of the number (see `one`).
    """
    if not fragment.isascii():
        for blank in _BLANKS:
            fragment = fragment.replace(blank, b"")
    fragment = fragment.translate(None, _SEPARATORS)
    if b"." not in fragment:
        return fragment
    for ending in endings:
        fragment = fragment.replace(b".0" + ending, b"?" + ending)
    return fragment.removesuffix(b".0").translate(None, b".")


def _read_left(source: bytes, place: Window | Rows, form: _Form, numbers: Positions) -> dict[int, one.Reading]:
    """Read what is still 0 by the exact rules, into `numbers`; the problems come back."""
    left = np.flatnonzero(numbers == 0)
    if not left.size:
        return {}
    problems: dict[int, one.Reading] = {}
    known: dict[bytes, one.Reading] = {}
    bounds = zip(left.tolist(), place.starts[left].tolist(), place.ends[left].tolist(), strict=True)
    for position, start, end in bounds:
        token = source[start:end]
        reading = known.get(token)
        if reading is None:
            reading = one.read(form.decode(token))
            if len(known) < _REMEMBERED:
                known[token] = reading
        if reading.number:
            numbers[position] = reading.number
        else:
            problems[position] = reading
    return problems


def _unescape_json(fragment: bytes) -> bytes | None:
    r"""The fragment without escaped separators; None if an escape might hide where a string ends.

    Some encoders escape what is not ASCII (\u00a0), some the slash, some the plus (\u002B).
    """
    if b"\\" not in fragment:
        return fragment
    harmless = fragment.count(b"\\u") + fragment.count(b"\\/")
    if b"\\\\" in fragment or fragment.count(b"\\") != harmless:
        return None
    for escape, meaning in _ESCAPES:
        if b"\\" not in fragment:
            break
        fragment = fragment.replace(escape, meaning)
    return fragment


def _decode_json(token: bytes) -> str:
    try:
        return msgspec.json.decode(b'"' + token + b'"', type=str) if b"\\" in token else token.decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return token.decode(errors="replace")


def _decode_line(token: bytes) -> str:
    """UTF-8, or else the Latin-1 of older office programs (whose no-break space is common in numbers)."""
    try:
        return token.decode()
    except UnicodeDecodeError:
        return token.decode("latin-1")


def _one_place(places: list[Window | Rows]) -> Rows | _Scattered:
    """All places as one table, if that is what they form."""
    rows = places[0] if places and isinstance(places[0], Rows) else None
    for place in places[1:]:
        rows = rows and rows.and_then(place)
    return rows or _Scattered(_joined([place.starts for place in places]), _joined([place.ends for place in places]))


def _joined(parts: list[Positions]) -> Positions:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _located(parts: list[_Part]) -> dict[int, one.Reading]:
    problems: dict[int, one.Reading] = {}
    before = 0
    for part in parts:
        problems.update((before + position, reading) for position, reading in part.problems.items())
        before += part.numbers.size
    return problems


def _join(source: bytes, starts: Positions, ends: Positions, separator: bytes) -> bytes:
    """Pieces of the source, joined. Pieces one byte apart have their separator between them and are copied as one."""
    if not starts.size:
        return b""
    apart = np.flatnonzero(starts[1:] - ends[:-1] != len(separator))
    if apart.size * _RUN_WORTH_COPYING < starts.size or int((ends - starts).max()) > _WIDEST_JOINED:
        return _join_runs(source, starts[np.append(0, apart + 1)], ends[np.append(apart, -1)], separator)
    slices = [slice(at, at + _JOINED_AT_ONCE) for at in range(0, starts.size, _JOINED_AT_ONCE)]
    return separator.join([_join_apart(source, starts[piece], ends[piece], separator) for piece in slices])


def _join_runs(source: bytes, starts: Positions, ends: Positions, separator: bytes) -> bytes:
    bounds = zip(starts.tolist(), ends.tolist(), strict=True)
    return separator.join([source[start:end] for start, end in bounds])


def _join_apart(source: bytes, starts: Positions, ends: Positions, separator: bytes) -> bytes:
    """Pieces of similar width: rows of equal width are loaded, and what is beyond each end is left out."""
    widths = ends - starts
    width = int(widths.max()) + 1
    if int(starts.max()) + width > len(source):
        return _join_runs(source, starts, ends, separator)
    loaded: npt.NDArray[np.void] = np.ndarray((len(source) - width + 1,), f"V{width}", source, strides=(1,))
    rows = loaded[starts].view(np.uint8).reshape(-1, width)
    rows[np.arange(starts.size), widths] = separator[0]
    if int(widths.min()) + 1 < width:
        rows = rows[np.arange(width, dtype=np.uint8) <= widths.astype(np.uint8)[:, None]]
    return rows.tobytes()[: -len(separator)]


_JSON = _Form(tokens.strings, (b'"',), _unescape_json, _decode_json, 1, b",")
_LINES = _Form(tokens.lines, (b"\n", b"\r"), bytes, _decode_line, 0, b"\n")
