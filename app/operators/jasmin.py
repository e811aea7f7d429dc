"""Jasmin's HTTP thrower: GET or POST form, the PDU's bytes in ``binary`` (hex) and, raw, in ``content``.

``coding`` is documented as a number and sent by the code as the raw byte ("%08"): both are read. Anything but a body
of exactly ``ACK/Jasmin`` is tried again three times and then lost. Source: jookies/jasmin apis/ja-http and
routing/throwers.py.
"""

import binascii
from collections.abc import Iterator

from app.operators import bodies, charsets
from app.operators.flat import Flat, Shape
from app.operators.model import Answer, Connection, Request

SHAPE = Shape(
    name="jasmin",
    number=("from",),
    text=("text",),
    code=("to",),
    id=("id",),
    answer=Answer(200, "text/plain", b"ACK/Jasmin"),
)

# SMPP 3.4 §5.2.19. 0 is the SMSC's default alphabet, in practice GSM 03.38, one septet per octet.
_GSM, _UCS2 = 0x00, 0x08
_CHARSETS = {0x01: "ascii", 0x03: "latin-1", 0x05: "shift_jis", 0x06: "iso8859-5", 0x07: "iso8859-8"}
_CHARSETS |= {0x0A: "iso2022-jp", 0x0D: "euc-jp", 0x0E: "euc-kr"}
_CLASS_GROUPS = 0x10  # from here on TS 23.038 §4: class and compression bits around the alphabet bits
_ALPHABET, _BINARY_ALPHABET, _UCS2_ALPHABET = 0x0C, 0x04, 0x08
_LAST_GROUP = 0xF0
_DIGITS = b"0123456789"


class Jasmin(Flat):
    """The text is decoded from its bytes."""

    def elements(self, request: Request, connection: Connection) -> Iterator[tuple[dict[str, str], object]]:
        """Yield the one message of a call."""
        del connection
        found: dict[str, bytes] = {}
        for name, value in bodies.field_pairs(request):
            found.setdefault(name.decode("utf-8", "replace").lower(), value)
        fields = {name: charsets.decode(value) for name, value in found.items() if name not in {"binary", "content"}}
        raw = _octets(found)
        if raw is not None:
            fields["text"] = decode(raw, data_coding(found.get("coding", b"")))
        yield fields, request.query if bodies.is_query(request) else request.body


def data_coding(raw: bytes) -> int:
    """Return the data coding from a decimal number or from the raw byte; absent means the default alphabet."""
    if raw and all(octet in _DIGITS for octet in raw):
        return int(raw[:4]) & 0xFF
    return raw[0] if len(raw) == 1 else _GSM


def decode(raw: bytes, coding: int) -> str:
    """Return the text of a short message under its SMPP data coding."""
    alphabet = _alphabet(coding)
    if alphabet == _GSM:
        return charsets.decode_gsm(raw)
    if alphabet == _UCS2:
        return charsets.decode_ucs2(raw, doubtful=True)
    return charsets.decode(raw, _CHARSETS.get(alphabet, ""))


def _alphabet(coding: int) -> int:
    if coding < _CLASS_GROUPS:
        return coding
    if coding >= _LAST_GROUP:
        return _BINARY_ALPHABET if coding & _BINARY_ALPHABET else _GSM
    return {_BINARY_ALPHABET: _BINARY_ALPHABET, _UCS2_ALPHABET: _UCS2}.get(coding & _ALPHABET, _GSM)


def _octets(found: dict[str, bytes]) -> bytes | None:
    try:
        return binascii.unhexlify(found["binary"].strip()) if found.get("binary") else found.get("content")
    except binascii.Error:
        return found.get("content")


PROVIDER = Jasmin(SHAPE)
