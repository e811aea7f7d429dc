"""What tables and figures read of a ledger line: a page of lines at once, without proving that each is canonical.

Whether a line is one that a release writes is for verification to say. An export shows what is stored, and a line that
cannot be read must not keep the others from leaving, so here it becomes a row of kind UNREADABLE.
"""

from collections.abc import Sequence

import msgspec

UNREADABLE = "unreadable"
OPPOSITIONS = frozenset({"stop", "start"})
KNOWN = OPPOSITIONS | {"check", UNREADABLE}
"""Kinds whose lines are no notes."""
EMERGENCY = "emergency"


class Counts(msgspec.Struct, frozen=True, gc=False):
    """How many positions of a batch got which answer."""

    submitted: int = 0
    allowed: int = 0
    invalid: int = 0
    repeated: int = 0
    opted_out: int = 0
    duplicate: int = 0
    quiet_hours: int = 0


NONE = Counts()


class Row(msgspec.Struct, gc=False):
    """The fields of all kinds of entry that people are shown; those of other kinds are empty."""

    index: int
    kind: str
    recorded: str
    at: str = ""
    connection: str = ""
    person: str = ""
    code: str | None = None
    basis: str = ""
    candidates: int = 0
    rule: str = ""
    classifier: str = ""
    effect: str = ""
    flags: tuple[str, ...] = ()
    check: str = ""
    caller: str = ""
    purpose: str = ""
    campaign: str | None = None
    evaluated_at: int = 0
    counts: Counts = NONE
    drill: bool = False
    subject: str = ""
    detail: dict[str, str] = {}


_DECODER = msgspec.json.Decoder(Row)
_NO_LINE = Row(-1, UNREADABLE, "")


def read(lines: Sequence[bytes]) -> list[Row]:
    """Read lines without their ends."""
    try:
        rows = _DECODER.decode_lines(b"\n".join(lines))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [_one(line) for line in lines]
    # An empty line is no row for the decoder, but it stands where an entry should.
    return rows if len(rows) == len(lines) else [_one(line) for line in lines]


def _one(line: bytes) -> Row:
    try:
        return _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _NO_LINE
