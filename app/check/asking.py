"""What a call of POST /v1/checks says: the same question as JSON, or as lines with its parameters in the query."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from typing import Annotated
from urllib.parse import parse_qsl

import msgspec
import numpy as np
from numpy.typing import NDArray

from app import phone, tags
from app.check.parting import FIELDS_BYTES, parted
from app.errors import InvalidValueError, TooLargeError, UnsupportedTypeError
from app.heavy import step_back

MARKETING = "marketing"
SCREEN = "screen"
EMERGENCY = "emergency"
NO_CONTROL_CHARACTERS = r"\A[^\x00-\x1f\x7f]*\Z"  # PostgreSQL cannot store NUL, people cannot read the others
IDEMPOTENCY_KEY = re.compile(r"[ -~]{1,255}")
ASCII_SUPERSETS = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252"})
QUERY_FIELDS_MAX = 32
PARTED_BYTES = 400_000
_COUNTED_AT_ONCE = 1 << 20
LINE_READERS = ThreadPoolExecutor(2, "lines", initializer=step_back)
"""Long texts that are no table are read in two pieces, beside each other; its threads begin with the first."""
_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


class Fields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked about the numbers."""

    sender: str | None = None
    campaign: Annotated[str, msgspec.Meta(max_length=200, pattern=NO_CONTROL_CHARACTERS)] | None = None
    purpose: str = MARKETING
    short_code: str | None = None
    route: str | None = None
    sender_id: str | None = None
    send_at: datetime | None = None
    send_minutes: int | None = None
    text: str | None = None
    template: str | None = None
    drill: bool = False


class CheckRequest(Fields, frozen=True, kw_only=True):
    """The JSON body; `numbers` stays undecoded until it is read as one array."""

    numbers: msgspec.Raw


class Asked(msgspec.Struct, frozen=True):
    """One call as it came, before anything in it is believed."""

    body: bytes
    parameters: Mapping[str, str]
    """Of the query, but for `as` and `mode`."""
    lines: bool
    """The body is one number a line, not JSON."""
    answer_lines: bool
    list_allowed: bool
    screen: bool
    idempotency_key: str | None


class Question(msgspec.Struct, frozen=True):
    """A call understood: its fields, and its numbers still as bytes."""

    fields: Fields
    raw: bytes
    lines: bool


class Batch(msgspec.Struct, frozen=True):
    """A batch read: its numbers and the sender's tags of them."""

    numbers: phone.Numbers
    tags: NDArray[np.int64]


class _Purpose(msgspec.Struct, frozen=True):
    """What a JSON body says it is for; all else in it is passed over."""

    purpose: str = MARKETING


_REQUEST = msgspec.json.Decoder(CheckRequest)
_PURPOSE = msgspec.json.Decoder(_Purpose)


def asked(headers: Mapping[str, str], query: bytes, body: bytes) -> Asked:
    """Put a call together from its headers (looked up in lower case), raw query and body (decompressed)."""
    parameters = _parameters(query)
    return Asked(
        body=body,
        list_allowed=_choice(parameters, "as", "allowed"),
        screen=_choice(parameters, "mode", SCREEN),
        parameters=parameters,
        lines=_is_text(headers.get("content-type", "")),
        answer_lines=prefers_text(headers.get("accept", "")),
        idempotency_key=_idempotency_key(headers.get("idempotency-key")),
    )


def is_alert(call: Asked) -> bool:
    """Tell whether a call says it is an emergency, before it is read; what cannot be read is none."""
    if call.lines:
        return call.parameters.get("purpose") == EMERGENCY
    # Not all of a long list is searched: what is no number stands before it or after it.
    ends = call.body[:FIELDS_BYTES], call.body[-FIELDS_BYTES:]
    if not any(EMERGENCY.encode() in end for end in ends):
        return False
    try:
        return _PURPOSE.decode(call.body).purpose == EMERGENCY
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def question(call: Asked) -> Question:
    """Read everything but the numbers. Names nobody knows are refused: a misspelt one would be asked for nothing."""
    if call.lines:
        if "text" in call.parameters:
            # An address is logged on its way, a body is not.
            raise InvalidValueError("A text has no place in an address; register it and name it as `template`.")
        fields = msgspec.convert(dict(call.parameters), Fields, strict=False)
        return Question(fields, call.body, lines=True)
    if call.parameters:
        raise InvalidValueError("With a JSON body the query takes `as` and `mode` only; the rest belongs in the body.")
    if len(call.body) > PARTED_BYTES and (long := _long_question(call.body)) is not None:
        return long
    request = _REQUEST.decode(call.body)
    return Question(request, bytes(request.numbers), lines=False)


def _long_question(body: bytes) -> Question | None:
    """Read a long body in pieces; None where it must be read as a whole, if only to say what is wrong with it."""
    parts = parted(body)
    try:
        request = _REQUEST.decode(parts.rest) if parts else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if parts is None or request is None or bytes(request.numbers) != parts.mark:
        return None
    return Question(request, parts.numbers, lines=False)


def read_batch(numbers_max: int, asked_about: Question, key: tags.Chain, tagger: tags.Tagger | None = None) -> Batch:
    """Read the numbers and tag them under the sender's key; `tagger`: as `tags.tags` takes it."""
    raw = asked_about.raw
    # Counted first: millions of empty strings fit into a body and would cost a hundred times their size once read.
    if _surely_more(raw, numbers_max, lines=asked_about.lines):
        raise _too_many(numbers_max)
    try:
        numbers = phone.read_lines(raw, LINE_READERS.map) if asked_about.lines else phone.read_json(raw)
    except ValueError as fault:
        raise InvalidValueError(f"`numbers` must be a list of strings: {fault}.") from None
    if len(numbers) > numbers_max:
        raise _too_many(numbers_max)
    return Batch(numbers, tags.tags(key, numbers.numbers, tagger))


def dialable(batch: Batch, key: tags.Chain) -> Batch:
    """Read what was refused once more, as leniently as a STOP is read: an alert goes wherever it can be dialled."""
    numbers = batch.numbers
    for position in np.flatnonzero(numbers.numbers == 0).tolist():
        number = phone.read_lenient(numbers.text(position))
        if number is not None:
            numbers.numbers[position] = number
            batch.tags[position] = tags.tag(key, number)
            del numbers.problems[position]
    return batch


@lru_cache(maxsize=64)
def prefers_text(accept: str) -> bool:
    """Tell whether an Accept header (RFC 9110 12.5.1) likes text/plain better than JSON, which is the default."""
    qualities = {"text/plain": 0.0, "application/json": 0.0}
    exact = False
    for part in accept.lower().split(","):
        media_type, *parameters = (item.strip() for item in part.split(";"))
        if media_type in qualities:
            qualities[media_type] = _quality(parameters)
            exact = exact or media_type == "text/plain"
    return exact and qualities["text/plain"] > qualities["application/json"]


def _quality(parameters: list[str]) -> float:
    found = [match[1] for parameter in parameters if (match := _QUALITY.fullmatch(parameter))]
    return float(found[0]) if found else 1.0


def _parameters(query: bytes) -> dict[str, str]:
    if not query:
        return {}
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=QUERY_FIELDS_MAX
        )
    except ValueError:
        raise InvalidValueError("The query of the address cannot be read; encode its values as UTF-8.") from None
    if len(dict(pairs)) < len(pairs):
        raise InvalidValueError("A parameter stands twice in the query; say it once.")
    return dict(pairs)


def _choice(parameters: dict[str, str], name: str, known: str) -> bool:
    """Take a parameter that has one value besides being absent."""
    value = parameters.pop(name, None)
    if value not in {None, known}:
        raise InvalidValueError(f"`{name}` can only be `{known}`.")
    return value == known


@lru_cache(maxsize=64)
def _is_text(content_type: str) -> bool:
    media_type, *parameters = (item.strip() for item in content_type.lower().split(";"))
    if media_type != "text/plain":
        return False
    charset = next((p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")), "")
    if charset not in ASCII_SUPERSETS:
        raise UnsupportedTypeError("Send the lines as UTF-8.")
    return True


def _idempotency_key(key: str | None) -> str | None:
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidValueError("An Idempotency-Key has 1 to 255 ASCII characters.")
    return key


def _surely_more(raw: bytes, numbers_max: int, *, lines: bool) -> bool:
    """Tell, in milliseconds, whether there are more line ends or pairs of quotes than numbers may come."""
    if len(raw) <= numbers_max:
        return False
    if lines:
        return _count(raw, b"\n") > numbers_max
    quotes = _count(raw, b'"')
    # A quote behind a backslash parts no strings; such quotes are looked for only where it matters.
    return quotes > 2 * numbers_max and quotes - raw.count(b'\\"') > 2 * numbers_max


def _count(raw: bytes, byte: bytes) -> int:
    source = np.frombuffer(raw, np.uint8)
    parts = (source[at : at + _COUNTED_AT_ONCE] for at in range(0, source.size, _COUNTED_AT_ONCE))
    return sum(int(np.count_nonzero(part == byte[0])) for part in parts)


def _too_many(numbers_max: int) -> TooLargeError:
    return TooLargeError(f"One check takes at most {numbers_max:,} numbers; send the rest in a second check.")
