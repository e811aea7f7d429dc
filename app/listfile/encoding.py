r"""Bytes of a list to an ASCII-compatible working form and back, without loss.

Separators, quotes and line ends are the same bytes in UTF-8, Windows-1252 and Latin-1, so those files are worked on as
they are. UTF-16, which a spreadsheet writes as "Unicode text", becomes UTF-8 on the way in and UTF-16 on the way out.
"""

import codecs
from collections.abc import Iterable, Iterator

import msgspec

from app.listfile.problems import ListFileError

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# First bytes of what people take for a text file: the way out differs, so each has a slug of its own.
_FOREIGN = (
    (b"PK\x03\x04", "workbook"),  # .xlsx, .ods, and any zip
    (b"\xd0\xcf\x11\xe0", "workbook"),  # .xls
    (b"\x1f\x8b", "compressed"),
)


class Encoding(msgspec.Struct, frozen=True):
    """How the characters of a file are written: a codec's name, and the byte order mark the file begins with."""

    name: str
    mark: bytes = b""

    @property
    def wide(self) -> bool:
        """Two bytes a character: the working form is not the file's own bytes."""
        return self.name.startswith("utf-16")

    def original(self, work: bytes) -> bytes:
        """The file's own bytes for a piece of the working form."""
        if not self.wide:
            return work
        return work.decode("utf-8", "surrogatepass").encode(self.name, "surrogatepass")

    def text(self, work: bytes) -> str:
        """A piece of the working form as characters; total, because a cell may hold anything."""
        if self.wide:
            return work.decode("utf-8", "replace")
        try:
            return work.decode("utf-8")
        except UnicodeDecodeError:
            return work.decode("cp1252", "replace")


def detect_encoding(head: bytes) -> Encoding:
    """The encoding of a file from its first bytes; ``ListFileError`` when it is no text file."""
    for magic, slug in _FOREIGN:
        if head.startswith(magic):
            raise ListFileError(slug)
    for mark, name in _MARKS:
        if head.startswith(mark) and not head.startswith(codecs.BOM_UTF32_LE):
            return Encoding(name, mark)
    if b"\0" in head:
        raise ListFileError("not-text")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return Encoding("cp1252")
    return Encoding("utf-8")


def working_form(blocks: Iterable[bytes], encoding: Encoding) -> Iterator[bytes]:
    """Blocks of a file, from its first byte, as blocks of the working form, without the byte order mark."""
    skip = len(encoding.mark)
    decoder = codecs.getincrementaldecoder(encoding.name)("surrogatepass") if encoding.wide else None
    for block in blocks:
        piece, skip = block[skip:], max(0, skip - len(block))
        yield decoder.decode(piece).encode("utf-8", "surrogatepass") if decoder else piece
    if decoder:
        yield _last_piece(decoder)


def _last_piece(decoder: codecs.IncrementalDecoder) -> bytes:
    try:
        return decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise ListFileError("cut-short") from error
