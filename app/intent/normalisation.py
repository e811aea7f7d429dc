"""From what a telephone sent to plain lower-case letters, whatever the alphabet it was written or misread in.

`plain` keeps the few marks that carry meaning (sentence ends, question marks, quotes, stop signs) and is what the
classifier reads; `keyword` is the coarser form that providers and the journal use.
"""

import html
import re
import unicodedata
from typing import Final

from app.intent import lookalikes

# A joined MO has at most ten parts of 153 characters; what lies beyond is not read.
READ_LIMIT: Final = 2_000

# The octagon is STOP by itself; the others forbid something without saying what.
STOP_SIGN: Final = "\U0001f6d1"
FORBIDDING_SIGNS: Final = "\u26d4\u270b\U0001f6ab\u274c\U0001f590\U0001f515\U0001f4f5\u2716\u26a0\U0001f91a"
_INSULTING_SIGN: Final = "\U0001f595"
SIGNS: Final = STOP_SIGN + FORBIDDING_SIGNS + _INSULTING_SIGN

_INVISIBLE: Final = re.compile(
    "[\x00\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_SPACES: Final = re.compile(r"[^\S\n]+")
_CONTROLS: Final = re.compile("[\x01-\x08\x0e-\x1f\x7f]")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_UCS2_AS_HEX: Final = re.compile(r"(?:00[0-9A-Fa-f]{2}){3,}\Z")
_ENTITY: Final = re.compile(r"&#?[0-9A-Za-z]{2,8};")
_CYRILLIC_OR_GREEK: Final = re.compile("[\u0370-\u03ff\u0400-\u052f]")
_SIGNS: Final = re.compile(f"[{SIGNS}]")
_FLAGS: Final = re.compile("[\U0001f1e6-\U0001f1ff]+")
# Pictures separate words; other odd signs inside a word may be a letter that an alphabet lost.
_PICTURES: Final = re.compile("[\u2190-\u2bff\u3000-\u303f\ue000-\uf8ff\U0001f000-\U000e0fff]")
_ODD_SIGNS: Final = re.compile(f"[^\\w\\s!-~\u20ac\ufffd{SIGNS}]")


def _sequences(table: dict[str, int], leads: tuple[int, ...]) -> re.Pattern[str]:
    """What UTF-8 sequences with one of these lead bytes look like when read in the alphabet of `table`."""

    def group(low: int, high: int) -> str:
        return "".join(re.escape(c) for c, byte in table.items() if low <= byte <= high and byte in wanted)

    wanted = {*leads, *range(0x80, 0xC0)}
    follower = f"[{group(0x80, 0xBF)}]"
    return re.compile(
        f"[{group(0xC0, 0xDF)}]{follower}|[{group(0xE0, 0xEF)}]{follower}{{2}}"
        + (f"|[{group(0xF0, 0xF7)}]{follower}{{3}}" if group(0xF0, 0xF7) else "")
    )


_MISREAD: Final = tuple((table, _sequences(table, leads)) for table, leads in lookalikes.MISREAD_AS)
_HIGH_PAIR: Final = re.compile("[\x80-\xff\u0152-\u0192\u02c6-\u02dc\u2013-\u2122\u2202-\u25ca\u2500-\u25a0]{2}")


def plain(text: str) -> str:
    """The first 2,000 characters of `text` in lower-case letters without accents, with the marks that matter."""
    if text.isascii() and text.isprintable() and "&" not in text and len(text) <= READ_LIMIT:
        return _from_hex(text).lower()
    text = _readable(text)
    text = unicodedata.normalize("NFKC", text)[:READ_LIMIT]
    text = _without_marks(text.casefold()).translate(lookalikes.PLAIN)
    text = _SIGNS.sub(_apart, _FLAGS.sub(_flags, text))
    text = _ODD_SIGNS.sub("*", _PICTURES.sub(_picture, text))
    return _SPACES.sub(" ", text).strip()


def keyword(text: str) -> str | None:
    """The first run of letters and digits, without accents, in capitals: "«Stop»" gives STOP, "Arrêt" ARRET."""
    shown = _INVISIBLE.sub("", text[: 2 * READ_LIMIT])
    letters = _without_marks(unicodedata.normalize("NFKC", shown)[:READ_LIMIT])
    found = re.search(r"[^\W_]+", letters)
    return found.group().upper() if found else None


def foreign_script(word: str) -> bool:
    """Whether a word has Cyrillic or Greek letters, which may be look-alikes."""
    return not word.isascii() and bool(_CYRILLIC_OR_GREEK.search(word))


def _readable(text: str) -> str:
    """Undo the transport: broken pairs, UTF-16 halves, entities, misread bytes, invisible characters."""
    if _SURROGATES.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = _INVISIBLE.sub("", text)
    if len(text) > READ_LIMIT:
        text = _SPACES.sub(" ", text)[:READ_LIMIT]
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text)
    text = _CONTROLS.sub(lambda found: lookalikes.GSM_CONTROLS.get(ord(found.group()), " "), text)
    if _HIGH_PAIR.search(text):
        text = _repaired(_repaired(text))
    return _INVISIBLE.sub("", text)


def _from_hex(text: str) -> str:
    """UCS-2 that a gateway handed over as hexadecimal digits ("00530054004F0050")."""
    stripped = text.strip()
    if not stripped.startswith("00") or not _UCS2_AS_HEX.match(stripped):
        return text
    return bytes.fromhex(stripped).decode("utf-16-be", "replace")


def _repaired(text: str) -> str:
    """UTF-8 that was read in an 8-bit alphabet, read again; what does not decode stays as it is."""
    for table, runs in _MISREAD:
        text = runs.sub(lambda found, table=table: _decoded(found.group(), table), text)  # type: ignore[misc]
    return text


def _decoded(run: str, table: dict[str, int]) -> str:
    try:
        return bytes(table[character] for character in run).decode()
    except UnicodeDecodeError:
        return run


def _without_marks(text: str) -> str:
    """Letters without accents, strokes laid over them, or enclosing signs."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if c < "\u0300" or unicodedata.category(c) not in {"Mn", "Me"})


def _apart(found: re.Match[str]) -> str:
    return f" {found.group()} "


def _flags(found: re.Match[str]) -> str:
    """Flags are pictures, unless their letters were used to write the word itself."""
    letters = "".join(chr(ord(flag) - 0x1F1E6 + ord("a")) for flag in found.group())
    return f" {letters} " if letters in {"stop", "arret"} else " "


def _picture(found: re.Match[str]) -> str:
    return found.group() if _SIGNS.match(found.group()) else " "
