"""What one line of a ledger says, and its one possible spelling in bytes.

A line is compact JSON of ASCII characters on one line. It is stored, hashed and exported as these very bytes and never
written anew, so a line must be right when it is written: `encode` reads it back before handing it out. No line holds a
number, a tag or a text: a person is a salted commitment, and forgetting the salt forgets the person (D5).
"""

import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from app.errors import RegistryError

ENTRY_MAX_BYTES = 65_535  # entries of C2SP tlog-tiles carry a 16-bit length
PERSON_SALT_BYTES = 16

Natural = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Instant = Annotated[str, Meta(min_length=27, max_length=27)]
"""UTC, RFC 3339, always with six decimals and Z, so that instants sort as text; see `timestamp`."""

_OPENING = re.compile(rb'\{"v":1,"index":[0-9]+,"kind":"([a-z-]+)"')
# Most lines are oppositions, and all their fields are plain words: one expression tells such a line three times faster
# than reading it. It accepts nothing that `decode` refuses; what it does not know, such as 29 February, decode does.
_NATURAL = r"(?:0|[1-9][0-9]{0,17})"
_DAY = r"(?:(?:0[13578]|1[02])-31|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8]))"
_MOMENT = rf'"[12][0-9]{{3}}-{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{{6}}Z"'
_WORD = r'"[ !#-\[\]-~]{1,64}"'
_OPPOSITION_LINE = re.compile(
    rf'{{"v":1,"index":({_NATURAL}),"kind":"(stop|start)","recorded":{_MOMENT},"at":{_MOMENT},"connection":{_WORD},'
    r'"message":"[0-9a-f]{32}","person":"[0-9a-f]{64}","code":(?:null|"[ !#-\[\]-~]{1,16}"),'
    rf'"basis":{_WORD},"candidates":{_NATURAL},"intent":{_WORD},"rule":{_WORD},"classifier":{_WORD},'
    rf'"effect":"(?:opposed|lifted|unchanged)","flags":\[(?:{_WORD}(?:,{_WORD}){{0,15}})?\]}}'.encode()
)

_OPPOSITION_TEXT = (
    '{"v":1,"index":%d,"kind":"%s","recorded":"%s","at":"%s","connection":"%s","message":"%s","person":"%s","code":%s,'
    '"basis":"%s","candidates":%d,"intent":"%s","rule":"%s","classifier":"%s","effect":"%s","flags":%s}'
)


class LedgerEntryError(RegistryError):
    """Bytes that are no ledger line, or an entry that would not make one."""

    slug = "ledger-entry"
    title = "This is no ledger entry"
    title_fr = "Ceci n'est pas une entrée du journal"


class _Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every line begins with.

    v: version of the format. index: position in the ledger, from 0. recorded: when the line was appended; the order of
    events is that of the indexes, never that of the clock.
    """

    v: Literal[1] = 1
    index: Natural
    kind: Annotated[str, Meta(pattern=r"\A[a-z][a-z-]{1,31}\Z")]
    recorded: Instant

    def __post_init__(self) -> None:
        """Check what types cannot say; ValueError."""
        _require_instants(self.recorded)


class OppositionEntry(_Entry, frozen=True, kw_only=True, gc=False):
    """A STOP or a START, and what it changed.

    at: when it happened, the earlier of the operator's time and our receipt. connection: the operator connection.
    message: keyed digest of the dedupe key, 16 bytes. person: see `person_commitment`. code: the short code that was
    answered to, None when unknown. basis, candidates: why it concerns this sender, and how many senders it could have
    concerned. intent, rule, classifier: how the text was read. flags: circumstances such as "late" or "provisional".
    """

    kind: Literal["stop", "start"]
    at: Instant
    connection: Name
    message: Annotated[str, Meta(min_length=32, max_length=32)]
    person: Annotated[str, Meta(min_length=64, max_length=64)]
    code: Annotated[str, Meta(min_length=1, max_length=16)] | None
    basis: Name
    candidates: Natural
    intent: Name
    rule: Name
    classifier: Name
    effect: Literal["opposed", "lifted", "unchanged"]
    flags: tuple[Name, ...] = ()

    def __post_init__(self) -> None:
        """Check what types cannot say; ValueError."""
        _require_instants(self.recorded, self.at)
        _require_hexadecimal(self.message + self.person)


class Counts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """How many positions of a batch got which answer: one reason each, so that the others add up to `submitted`."""

    submitted: Natural
    allowed: Natural = 0
    invalid: Natural = 0
    repeated: Natural = 0
    opted_out: Natural = 0
    duplicate: Natural = 0
    quiet_hours: Natural = 0

    def __post_init__(self) -> None:
        """Check that nobody is missing or counted twice; ValueError."""
        withheld = self.invalid + self.repeated + self.opted_out + self.duplicate + self.quiet_hours
        if self.allowed + withheld != self.submitted:
            raise ValueError("the counts of a check add up to the numbers submitted")


class CheckEntry(_Entry, frozen=True, kw_only=True, gc=False):
    """A bulk check and its verdict.

    check: its id. caller: id of the key that asked. evaluated_at: size of this ledger that the verdict took into
    account; every STOP with a smaller index was seen. cleared: how many numbers the clearance covers. batch: keyed
    digest of the cleared list. clearance: its id, None when nothing was cleared. policy: the hours that were applied.
    terms: SHA-256 of the clearance's signed terms, so that a token at hand can be shown to be the one that was given.
    drill: it was an exercise.
    """

    kind: Literal["check"] = "check"
    check: Name
    caller: Name
    purpose: Name
    campaign: Annotated[str, Meta(max_length=256)] | None
    evaluated_at: Natural
    counts: Counts
    cleared: Natural
    batch: Annotated[str, Meta(min_length=32, max_length=128)]
    clearance: Name | None = None
    policy: Name | None = None
    terms: Annotated[str, Meta(min_length=64, max_length=64)] | None = None
    drill: bool = False

    def __post_init__(self) -> None:
        """Check what types cannot say; ValueError."""
        _require_instants(self.recorded)
        _require_hexadecimal(self.batch + (self.terms or ""))
        if self.evaluated_at > self.index or self.cleared > self.counts.allowed:
            raise ValueError("a check sees only earlier entries and clears no more than it allows")


class NoteEntry(_Entry, frozen=True, kw_only=True):
    """An administrative fact: kind is "sender", "key", "code", "import", "purge", "review" or any slug not used above.

    subject: what it is about, an id or a name. detail: what a person reads, in sorted order.
    """

    subject: Annotated[str, Meta(max_length=256)]
    detail: dict[str, str] = {}


Entry = OppositionEntry | CheckEntry | NoteEntry

_ENCODER = msgspec.json.Encoder(order="deterministic")
_OPPOSITION = msgspec.json.Decoder(OppositionEntry)
_CHECK = msgspec.json.Decoder(CheckEntry)
_NOTE = msgspec.json.Decoder(NoteEntry)
_DECODERS: dict[bytes, msgspec.json.Decoder[OppositionEntry] | msgspec.json.Decoder[CheckEntry]] = {
    b"stop": _OPPOSITION,
    b"start": _OPPOSITION,
    b"check": _CHECK,
}


def encode_opposition(
    *,
    index: int,
    recorded: str,
    kind: Literal["stop", "start"],
    at: str,
    connection: str,
    message: str,
    person: str,
    code: str | None,
    basis: str,
    candidates: int,
    intent: str,
    rule: str,
    classifier: str,
    effect: Literal["opposed", "lifted", "unchanged"],
    flags: tuple[str, ...],
) -> bytes:
    """Return what `encode` returns for the OppositionEntry of these values, in a fraction of its time.

    The line is put together from the values as they are. Where the expression accepts it, every value was a plain word
    of its field; where it does not, the long way decides, and escapes or refuses.
    """
    line = _OPPOSITION_TEXT % (
        index, kind, recorded, at, connection, message, person, "null" if code is None else f'"{code}"', basis,
        candidates, intent, rule, classifier, effect, _ENCODER.encode(flags).decode() if flags else "[]",
    )  # fmt: skip
    if line.isascii() and _OPPOSITION_LINE.fullmatch(plain := line.encode()):
        return plain
    entry = OppositionEntry(
        index=index, recorded=recorded, kind=kind, at=at, connection=connection, message=message, person=person,
        code=code, basis=basis, candidates=candidates, intent=intent, rule=rule, classifier=classifier, effect=effect,
        flags=flags,
    )  # fmt: skip
    return encode(entry)


def encode(entry: Entry) -> bytes:
    """Return the bytes to store; LedgerEntryError when they could not be read back as the same entry."""
    try:
        line = _encoded(entry)
    except (UnicodeEncodeError, OverflowError, msgspec.MsgspecError):
        raise LedgerEntryError("This entry holds a value that has no place in a ledger line.") from None
    if not _reads_back(entry, line):
        raise LedgerEntryError("This entry would be read back as another one: a value is not of its field's type.")
    return line


def _reads_back(entry: Entry, line: bytes) -> bool:
    """Tell whether a line would be read as the entry it was written from.

    In a line that the expression accepts every value is spelled as its field's type; only a tuple and a list are
    spelled alike.
    """
    if isinstance(entry, OppositionEntry) and type(entry.flags) is tuple and _OPPOSITION_LINE.fullmatch(line):
        return True
    return decode(line) == entry


def decode(line: bytes) -> Entry:
    """Return the entry of one stored line, without its line end.

    LedgerEntryError for anything that `encode` would not have written byte for byte: unknown or repeated fields,
    another order, spaces, needless escapes, instants or digests of another form.
    """
    opening = _OPENING.match(line)
    if opening is None or len(line) > ENTRY_MAX_BYTES:
        raise _unreadable()
    try:
        entry = _DECODERS.get(opening[1], _NOTE).decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # What the parser says may repeat what the line holds, so it goes no further.
        raise _unreadable() from None
    if _encoded(entry) != line:
        raise _unreadable()
    return entry


def place(line: bytes) -> tuple[int, str]:
    """Return (index, kind) of one stored line, as strict as `decode` and with its errors, but without the entry."""
    opposition = _OPPOSITION_LINE.fullmatch(line)
    if opposition is not None:
        return int(opposition[1]), opposition[2].decode()
    entry = decode(line)
    return entry.index, entry.kind


def timestamp(moment: datetime) -> str:
    """Return an aware instant as lines spell it, 2026-11-23T09:00:00.000000Z; ValueError without a time zone."""
    if moment.tzinfo is UTC:
        return moment.isoformat(timespec="microseconds")[:26] + "Z"
    if moment.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def person_commitment(salt: bytes, tag: int) -> str:
    """Return hex SHA-256(salt || tag): who holds the 16-byte salt and the tag can show that a line is about them.

    `tag`: the signed 64-bit tag, hashed as 8 big-endian bytes. Without the salt the line says nothing about anyone.
    """
    if len(salt) != PERSON_SALT_BYTES:
        raise ValueError("the salt of a person has 16 bytes")
    return sha256(salt + tag.to_bytes(8, "big", signed=True)).hexdigest()


def _encoded(entry: Entry) -> bytes:
    line = _ENCODER.encode(entry)
    if line.isascii():
        return line
    return json.dumps(json.loads(line), separators=(",", ":")).encode()


def _unreadable() -> LedgerEntryError:
    return LedgerEntryError(
        "This line is not one that this release writes: if a newer release wrote it, read it with that one; "
        "otherwise it was altered."
    )


def _require_instants(*instants: str) -> None:
    """Raise ValueError unless each is a real instant in the one spelling of `timestamp`."""
    for instant in instants:
        datetime.fromisoformat(instant)
        # The separators rule out every other spelling that fromisoformat takes, such as weeks, commas and offsets.
        if instant[4:20:3] != "--T::." or instant[26:] != "Z":
            raise ValueError("an instant is UTC with six decimals")


def _require_hexadecimal(digests: str) -> None:
    """Raise ValueError unless it is lower-case hexadecimal and nothing else."""
    if bytes.fromhex(digests).hex() != digests:
        raise ValueError("a digest is lower-case hexadecimal")
