"""RFC 3161 time-stamps: the request, and what must be true of an answer before it is kept.

Just enough DER for that, read tolerantly: the most common authorities order the certificates of their answers as DER
does not allow, and strict readers refuse them. Whether the signature is good, and of an authority to trust, is for
`openssl ts -verify` with the authority's certificate.
"""

from collections.abc import Sequence
from hashlib import sha256

_INTEGER, _BOOLEAN, _OCTETS, _SEQUENCE, _CONTEXT_0 = 0x02, 0x01, 0x04, 0x30, 0xA0
_SHA256 = bytes.fromhex("300d06096086480165030402010500")  # AlgorithmIdentifier 2.16.840.1.101.3.4.2.1, NULL
_GRANTED = (0, 1)
_LONG_LENGTH = 0x80
_NONCE_AFTER = 5  # version, policy, imprint, serial number, time

Part = tuple[int, bytes]


class TimestampFaultError(ValueError):
    """The answer is no stamp of what was asked."""


def request(data: bytes, nonce: int) -> bytes:
    """Return the question for a stamp of the SHA-256 of `data`, with the authority's certificate in the answer."""
    imprint = _put(_SEQUENCE, _SHA256 + _put(_OCTETS, sha256(data).digest()))
    asked = _put(_INTEGER, b"\x01") + imprint + _put(_INTEGER, _integer(nonce)) + _put(_BOOLEAN, b"\xff")
    return _put(_SEQUENCE, asked)


def require_stamp_of(data: bytes, nonce: int, answer: bytes) -> None:
    """Refuse an answer that is refused, malformed, or of something else than was asked; TimestampFaultError."""
    try:
        status, *token = _inside(answer, _SEQUENCE)
        if int.from_bytes(_parts(status[1])[0][1], "big") not in _GRANTED:
            raise TimestampFaultError("The authority refused to stamp.")
        stamped = _stamped(token[0][1])
        imprint = _parts(stamped[2][1])
    except (ValueError, IndexError) as error:
        if isinstance(error, TimestampFaultError):
            raise
        raise TimestampFaultError("The authority's answer is no time-stamp: is the address right?") from None
    nonces = [content for tag, content in stamped[_NONCE_AFTER:] if tag == _INTEGER]
    if imprint[-1:] != [(_OCTETS, sha256(data).digest())] or nonces != [_integer(nonce)]:
        raise TimestampFaultError("The authority's stamp is of something else than what was asked.")


def _stamped(content_info: bytes) -> Sequence[Part]:
    """Return the parts of the TSTInfo in a token."""
    signed_data = _inside(_named(_parts(content_info), _CONTEXT_0), _SEQUENCE)
    encapsulated = _parts(_named(signed_data, _SEQUENCE))
    info = _inside(_named(encapsulated, _CONTEXT_0), _OCTETS, whole=True)
    return _inside(info[0][1], _SEQUENCE)


def _named(parts: Sequence[Part], tag: int) -> bytes:
    """Return the content of the first part with this tag."""
    return next((content for found, content in parts if found == tag), b"")


def _inside(data: bytes, tag: int, *, whole: bool = False) -> Sequence[Part]:
    """Return the parts within the one that `data` must be; with `whole`, that one itself."""
    [(found, content)] = _parts(data)
    if found != tag:
        raise ValueError
    return [(found, content)] if whole else _parts(content)


def _parts(data: bytes) -> Sequence[Part]:
    """Split a content into (tag, content); ValueError where a length does not fit."""
    parts, at = list[Part](), 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length >= _LONG_LENGTH:
            more = length - _LONG_LENGTH
            length, at = int.from_bytes(data[at : at + more], "big"), at + more
        if at + length > len(data):
            raise ValueError
        parts.append((tag, data[at : at + length]))
        at += length
    return parts


def _integer(value: int) -> bytes:
    """Encode a number that is not negative."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big")


def _put(tag: int, content: bytes) -> bytes:
    """Write a part of less than 128 bytes."""
    return bytes([tag, len(content)]) + content
