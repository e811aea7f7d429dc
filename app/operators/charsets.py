"""Bytes to text, the way operators mean it: declared charsets, GSM 03.38, UCS-2, and the header of long messages."""

import codecs
import re
from functools import lru_cache

# 3GPP TS 23.038 §6.2.1: the GSM 7-bit default alphabet, one septet per octet as SMPP links carry it.
GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# §6.2.1.1: the extension table, after 0x1B.
GSM_EXTENSION = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]"}
GSM_EXTENSION |= {0x40: "|", 0x65: "€"}
_ESCAPE = 0x1B
_SEPTET_MAX = 0x7F

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# What browsers do too: pages and forms that say Latin-1 or ASCII use the C1 octets as Windows-1252.
_LATIN = frozenset({"iso8859-1", "ascii", "cp1252"})
# Python's own notations: slow on long input or full of warnings, and nobody sends a text in them.
_NOT_OF_MESSAGES = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7"})
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
_WORDS = re.compile(r"[\w\s.,!?'()-]+\Z")
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")

_CONCATENATION = {0x00: 3, 0x08: 4}  # information element to length: 8-bit and 16-bit reference (TS 23.040 §9.2.3.24)


def clean(text: str) -> str:
    """Return the text without what PostgreSQL and UTF-8 cannot hold: NUL and lone surrogates become U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text  # nearly every field
    return _FORBIDDEN.sub("\ufffd", text)


def decode(raw: bytes, declared: str = "", likely: str = "") -> str:
    """Read bytes: by byte order mark, by the declared charset, else as UTF-8, else by the likely one.

    Never fails: what fits nothing is read as Windows-1252, so that a word in it can still be recognised.
    """
    if not declared and raw.isascii():
        return raw.decode("ascii")
    for mark, charset in _MARKS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(charset, "replace")
    for charset in (declared, "utf-8", likely):
        text = _strict(raw, charset)
        if text is not None:
            return text
    return _windows(raw)


def _strict(raw: bytes, charset: str) -> str | None:
    name = _codec(charset) if charset else None
    if name is None:
        return None
    if name in _LATIN:
        return _windows(raw)
    try:
        return raw.decode(name)
    except (UnicodeError, ValueError):
        return None


@lru_cache(maxsize=64)
def _codec(charset: str) -> str | None:
    """Return Python's name of a charset; None for an unknown one and for codecs that are not charsets of messages."""
    try:
        name = codecs.lookup(charset.strip("\"' ")).name
        b"    ".decode(name)
    except UnicodeError:
        return name  # a charset, to which four blanks mean nothing
    except (LookupError, ValueError, TypeError):
        return None
    return None if name in _NOT_OF_MESSAGES else name


def _windows(raw: bytes) -> str:
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def decode_ucs2(raw: bytes, *, doubtful: bool = False) -> str:
    """Read UTF-16BE; bytes that cannot be it are read as what they are.

    ``doubtful``: the link is known to send UTF-8 under coding 8 at times, so bytes that make plain words as UTF-8 are
    read so. Latin letters in UTF-16BE always bring a NUL, which no UTF-8 text has.
    """
    if raw.startswith((b"\xfe\xff", b"\xff\xfe")):
        return decode(raw)
    wide = _strict(raw, "utf-16-be")
    if wide is not None and not doubtful:
        return wide
    narrow = _strict(raw, "utf-8")
    if narrow is not None and not _UNPRINTABLE.search(narrow) and (wide is None or _WORDS.match(narrow)):
        return narrow
    return raw.decode("utf-16-be", "replace") if wide is None else wide


def decode_gsm(raw: bytes) -> str:
    """Read unpacked GSM 03.38; octets above 0x7F prove that the link sends another charset."""
    if any(octet > _SEPTET_MAX for octet in raw):
        return decode(raw)
    text, octets = [], iter(raw)
    for octet in octets:
        if octet != _ESCAPE:
            text.append(GSM_BASIC[octet])
            continue
        following = next(octets, 0x20)  # a lone escape is shown as a space (§6.2.1)
        text.append(GSM_EXTENSION.get(following, GSM_BASIC[following]))
    return "".join(text)


def concatenation(header: bytes) -> tuple[str, int, int] | None:
    """Return (reference, number from 1, total) from a user data header, its length octet included."""
    elements = header[1:]
    while len(elements) > 1:
        kind, length = elements[0], elements[1]
        body, elements = elements[2 : 2 + length], elements[2 + length :]
        if _CONCATENATION.get(kind) == length == len(body):
            return part(body[:-2].hex(), body[-1], body[-2])
    return None


def part(reference: str, number: object, total: object) -> tuple[str, int, int] | None:
    """Return the place of one part in a long message; None when it is the only one or cannot be read."""
    try:
        this, parts = int(str(number)), int(str(total))
    except ValueError:
        return None
    return (reference, this, parts) if reference and 1 <= this <= parts and parts > 1 else None
