"""Kannel's smsbox: a GET whose parameter names we choose (get-url), or a POST of the text with X-Kannel headers.

The text is whatever bytes the link carried, percent-encoded: UTF-8, or UTF-16BE under coding 2, so it is decoded by
the charset that %C declares. A body in the answer becomes an SMS to the person. Source: kannel gw/urltrans.c,
gw/smsbox.c and its user guide (1.4; older manuals number %c differently).
"""

import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from app.operators import bodies, charsets
from app.operators.flat import UTC_ZONE, Flat, Shape, first_reply
from app.operators.model import Answer, Connection, Outcome, Request

SHAPE = Shape(
    name="kannel",
    number=("from",),
    text=("text",),
    code=("to",),
    id=("id",),
    time=("ts",),
    zone=UTC_ZONE,
    account=("account",),
    part=("part_ref", "part_number", "part_total"),
)
NO_REPLY = Answer(200, "text/plain")

# Our names, and the escapes that fill them where an smsbox was set up with others.
_ESCAPES = {
    **dict.fromkeys("pq", "from"),
    **dict.fromkeys("PQ", "to"),
    **dict.fromkeys("abAr", "text"),
    **dict.fromkeys("tT", "ts"),
    "e": "hex",
    "I": "id",
    "c": "coding",
    "C": "charset",
    "u": "udh",
    "i": "smsc",
    "o": "account",
}
_PARAMETER = re.compile(r"([^?&=]+)=%([A-Za-z])(?=&|\Z)")
_HEADERS = {"from": "from", "to": "to", "ts": "time", "coding": "coding", "smsc": "smsc", "udh": "udh", "id": "id"}
_UCS2_CODING, _BINARY_CODING = "2", "1"
_WIDE = frozenset({"utf-16be", "utf-16", "utf16be", "ucs-2", "ucs2", "iso-10646-ucs-2"})
_BINARY = frozenset({"8-bit", "binary"})


class Kannel(Flat):
    """The text comes as bytes and the answer's body goes back to the person."""

    can_reply = True

    def elements(self, request: Request, connection: Connection) -> Iterator[tuple[dict[str, str], object]]:
        """Yield the one message of a call."""
        posted = request.method.upper() == "POST" and "x-kannel-from" in request.headers
        found = _posted(request) if posted else _queried(request, connection)
        fields = {name: charsets.decode(value) for name, value in found.items() if name not in {"text", "udh", "hex"}}
        raw = _from_hex(found["hex"]) if "hex" in found else found.get("text")
        if raw is not None:
            fields["text"] = _text(raw, fields.get("coding", ""), fields.get("charset", ""))
        place = charsets.concatenation(_user_data_header(found.get("udh", b"")))
        if place:
            fields |= zip(SHAPE.part, map(str, place), strict=True)
        yield fields, request.body if posted else request.query

    def acknowledge(self, request: Request, connection: Connection, outcomes: tuple[Outcome, ...]) -> Answer:
        """Return the confirmation as the whole body, or an empty one, which sends nothing (omit-empty)."""
        del request, connection
        reply = first_reply(outcomes)
        return Answer(200, "text/plain; charset=utf-8", reply.encode("utf-8", "replace")) if reply else NO_REPLY


def _queried(request: Request, connection: Connection) -> dict[str, bytes]:
    set_up = str(connection.config.get("get_url") or connection.config.get("post_url") or "")
    ours = {
        unquote_to_bytes(name): _ESCAPES[escape] for name, escape in _PARAMETER.findall(set_up) if escape in _ESCAPES
    }
    found: dict[str, bytes] = {}
    for name, value in bodies.field_pairs(request):
        key = ours.get(name) or name.decode("utf-8", "replace").lower()
        found[key] = found.get(key) or value
    return found


def _posted(request: Request) -> dict[str, bytes]:
    found = {ours: request.headers.get(f"x-kannel-{theirs}", "") for ours, theirs in _HEADERS.items()}
    named = {name: value.encode("utf-8", "replace") for name, value in found.items() if value}
    return named | {"text": request.body, "charset": bodies.declared_charset(request).encode()}


def _text(raw: bytes, coding: str, charset: str) -> str:
    declared = charset.strip().lower()
    if declared in _WIDE or (not declared and coding.strip() == _UCS2_CODING):
        return charsets.decode_ucs2(raw)
    return charsets.decode(raw, "" if declared in _BINARY else declared)


def _user_data_header(raw: bytes) -> bytes:
    """Return the UDH as bytes: %u carries them as they are, X-Kannel-UDH and some set-ups in hexadecimal."""
    return raw if raw and raw[0] == len(raw) - 1 else _from_hex(raw)


def _from_hex(raw: bytes) -> bytes:
    try:
        return binascii.unhexlify(raw.strip())
    except binascii.Error:
        return b""


PROVIDER = Kannel(SHAPE)
