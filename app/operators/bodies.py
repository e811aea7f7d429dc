"""Raw requests to named fields, whatever the wire form: query, form, JSON or XML, told apart by their first byte.

Every form ends as flat text fields named by their path in lower case ("payload.body.text"; elements of a list by
their number), so that a provider is described by names alone. Nothing here trusts the sender.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.parsers import expat  # entity declarations are refused below, external ones never fetched

import msgspec

from app.operators.charsets import decode
from app.operators.model import Request

DEPTH_MAX = 16
FIELDS_MAX = 2_000

_UTF8_MARK = b"\xef\xbb\xbf"
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE | re.ASCII)
_OPENING = re.compile(rb"\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\x00\s]*([\[{<])")
_ILLEGAL_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BARE_AMPERSAND = re.compile(r"&(?!#?\w{1,10};)")
_XML_DECLARATION = re.compile(rb"""\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w.:-]{1,40})["'][^>]{0,100}\?>""")
_DECLARATION_TEXT = re.compile(r"\s*<\?xml[^>]{0,200}\?>")

_TEXTS = frozenset({str})


class UnreadableBodyError(ValueError):
    """The body has no readable form; the text says which."""


def pairs(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Return the names and values of a query or form in order, percent-decoded, as bytes."""
    pieces = [piece.partition(b"=") for piece in raw.split(b"&") if piece]
    return [(_unquoted(name), _unquoted(value)) for name, _, value in pieces]


def _unquoted(raw: bytes) -> bytes:
    spaced = raw.replace(b"+", b" ")
    return unquote_to_bytes(spaced) if b"%" in spaced else spaced


def declared_charset(request: Request) -> str:
    """Return the charset parameter of Content-Type, "" when there is none."""
    found = _CHARSET.search(request.headers.get("content-type", ""))
    return found[1] if found else ""


def is_query(request: Request) -> bool:
    """Tell whether the fields stand in the query: a GET, or a call without body."""
    return request.method.upper() in {"GET", "HEAD"} or not request.body.strip()


def field_pairs(request: Request) -> list[tuple[bytes, bytes]]:
    """Return the fields of a flat request as bytes, from its query or its form body, never from both."""
    return pairs(request.query if is_query(request) else form_body(request))


def form_body(request: Request) -> bytes:
    """Return a form's bytes without a byte order mark before it or line ends after it."""
    return request.body.removeprefix(_UTF8_MARK).strip()


def text_fields(found: list[tuple[bytes, bytes]], declared: str, likely: str) -> dict[str, str]:
    """Return form fields as text, names in lower case; of several values the first that is not empty."""
    fields: dict[str, str] = {}
    for name, value in found[:FIELDS_MAX]:
        key = name.decode("utf-8", "replace").strip().lower()
        fields[key] = fields.get(key) or decode(value, declared, likely)
    return fields


def tree(request: Request, declared: str) -> object:
    """Return the body as nested dicts, lists and scalars: JSON or XML; None when it is neither (a form)."""
    opening = tree_opening(request.body)
    if not opening:
        return None
    return xml_tree(request.body, declared) if opening == b"<" else json_tree(request.body, declared)


def tree_opening(raw: bytes) -> bytes:
    """Return the first sign of a JSON or XML body; empty for a form."""
    found = _OPENING.match(raw)
    return found[1] if found else b""


def json_tree(raw: bytes, declared: str = "") -> object:
    """Read JSON leniently: a byte order mark, a foreign charset, lone surrogates, raw control characters."""
    try:
        return msgspec.json.decode(raw)
    except RecursionError as error:
        raise UnreadableBodyError("JSON nested too deeply") from error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass  # the second reader below forgives what this one rightly does not
    try:
        return json.loads(decode(raw, "" if declared.lower() in {"utf-8", "utf8"} else declared), strict=False)
    except (ValueError, RecursionError) as error:
        raise UnreadableBodyError("not JSON") from error


def xml_tree(raw: bytes, declared: str = "") -> object:
    """Read XML into nested dicts by element name; entity declarations are refused.

    A bare ampersand is forgiven: it is what people write in a text and what simple senders forget to escape.
    """
    named = _XML_DECLARATION.match(raw.removeprefix(_UTF8_MARK))
    text = decode(raw, declared or (named[1].decode("ascii") if named else ""))
    text = _ILLEGAL_XML.sub("\ufffd", _DECLARATION_TEXT.sub("", text, count=1))
    try:
        return _Tree().read(text)
    except expat.ExpatError:
        pass
    try:
        return _Tree().read(_BARE_AMPERSAND.sub("&amp;", text))
    except expat.ExpatError as error:
        raise UnreadableBodyError("not XML") from error


class _Tree:
    """Collects one document: an element with children becomes a dict (a repeated name a list), a leaf its text.

    Attributes are left out: no provider puts anything of a message there.
    """

    def __init__(self) -> None:
        self._open: list[tuple[str, dict[str, Any], list[str]]] = [("", {}, [])]

    def read(self, text: str) -> object:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = _refuse_entities
        parser.Parse(text.encode("utf-8"), True)  # noqa: FBT003  expat takes no keyword here
        return next(iter(self._open[0][1].values()), None)

    def _start(self, name: str, _: dict[str, str]) -> None:
        if len(self._open) > DEPTH_MAX:
            raise UnreadableBodyError("XML nested too deeply")
        self._open.append((name.rpartition(":")[2].lower(), {}, []))

    def _end(self, _: str) -> None:
        name, children, characters = self._open.pop()
        siblings = self._open[-1][1]
        value: object = children or "".join(characters)
        if name not in siblings:
            siblings[name] = value
        elif isinstance(siblings[name], list):
            siblings[name].append(value)
        else:
            siblings[name] = [siblings[name], value]

    def _characters(self, data: str) -> None:
        self._open[-1][2].append(data)


def _refuse_entities(*_: object) -> None:
    raise UnreadableBodyError("XML that declares entities")


def child(value: object, path: str) -> object:
    """Return what stands at a dotted path of a tree, None when it is not there.

    Names count in any case; of several, the one in lower case, else the first.
    """
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = (
            value[name]
            if name in value
            else next((found for key, found in value.items() if str(key).lower() == name), None)
        )
    return value


def flatten(value: object, prefix: str = "") -> dict[str, str]:
    """Return the scalars of a tree as text by lower-case path; null is absent, the first of two equal paths wins."""
    fields: dict[str, str] = {}
    if (
        isinstance(value, dict)
        and not prefix
        and len(value) <= FIELDS_MAX
        and _TEXTS.issuperset(map(type, value.values()))
    ):
        for name, text in value.items():  # nearly every message: nothing but texts, on one level
            fields.setdefault(str(name).lower(), text)
        return fields
    for path, text in _leaves(value, prefix, 0):
        fields.setdefault(path, text)
        if len(fields) >= FIELDS_MAX:
            break
    return fields


def _leaves(value: object, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | list):
        named = value.items() if isinstance(value, dict) else enumerate(value)
        for name, below in named if depth < DEPTH_MAX else ():
            step = str(name).lower()
            yield from _leaves(below, f"{path}.{step}" if path else step, depth + 1)
        value = value[0] if isinstance(value, list) and value else None  # of a list of texts, the first is the text
    text = scalar(value)
    if text is not None:
        yield path, text


def scalar(value: object) -> str | None:
    """Return a scalar as its sender would write it: 33639980001.0 is a number that lost its type on the way."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if math.isfinite(value) and value.is_integer() else repr(value)
    return str(value) if isinstance(value, int) else None
