"""The opposed tags of one sender, 8.5 bytes each, asked a million at a time without a search in the database.

Tags are outputs of a keyed function, so they lie evenly over 64 bits. The search lives on that: a value alone tells to
within a few places where it stands among the sorted tags. Tags that lie unevenly make it slower, never wrong.

Inside, tags are read as unsigned, since their leading bits place them; callers see signed ones only.
"""

from collections.abc import Iterable
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Tags: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
_Unsigned: TypeAlias = NDArray[np.uint64]
_Places: TypeAlias = NDArray[np.int64]

# 64 slots of bitmap and 16 bits of drift for 23 tags: 8.44 bytes a tag in all, and 30 % of absent tags pass the bitmap.
TAGS_PER_WORD: Final = 23
# Tags fetched together: 32 bytes, two cache lines at most. 47 % of searches end in their first row, 93 % by the second.
ROW: Final = 4
# Rows fetched for one tag before the plain binary search takes over, which only uneven tags ever need.
ROWS_AT_MOST: Final = 6
# Tags asked in one go: the working arrays (1.5 MB) stay in a core's own cache.
BLOCK: Final = 65_536
# So few are sooner found one by one.
FEW_TAGS: Final = 4
# Changes kept beside the shared base before they are merged into it: within 8.5 bytes a tag, and soon searched.
PENDING_SHARE: Final = 256
PENDING_AT_LEAST: Final = 1_024
PENDING_AT_MOST: Final = 65_536
# Leading bits by which the few added tags are looked for among the many asked: one byte each, 1 MiB while it lasts.
SIEVE_BITS: Final = 20

COPY_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0"
COPY_TRAILER: Final = b"\xff\xff"
COPY_ROW: Final = np.dtype([("columns", ">i2"), ("length", ">i4"), ("tag", ">i8")])
# Bytes of COPY stream decoded at once.
COPY_BLOCK: Final = 1 << 20


class TagSet:
    """One version of a sender's opposed tags; it never changes, so a check in flight keeps the version it began with.

    Made by `of` or `from_copy`; the next version by `applied`, which shares the large arrays with this one.
    """

    __slots__ = ("_added", "_base", "_lifted")

    def __init__(self, base: "_Base", added: _Unsigned, lifted: _Unsigned) -> None:
        # added holds nothing of the base, lifted only what is in it: so sizes add up and no tag is in both.
        self._base = base
        self._added = _sealed(added)
        self._lifted = _sealed(lifted)

    @classmethod
    def of(cls, tags: Tags) -> Self:
        """The set of these int64 tags, in any order, repeats allowed; the array is copied."""
        return cls._of_own(_unsigned(tags).copy())

    @classmethod
    def from_copy(cls, copy: "CopyReader") -> Self:
        """The set of the tags that a COPY brought, which this finishes; they are never in memory twice."""
        return cls._of_own(copy.finish().view(np.uint64))

    @classmethod
    def _of_own(cls, tags: _Unsigned) -> Self:
        tags.sort()
        return cls(_Base(_distinct(tags)), _NONE, _NONE)

    def __len__(self) -> int:
        """How many tags are opposed."""
        return self._base.tags.size + self._added.size - self._lifted.size

    @property
    def nbytes(self) -> int:
        """Bytes held, those shared with other versions included."""
        return self._base.nbytes + self._added.nbytes + self._lifted.nbytes

    def contains(self, tags: Tags) -> Mask:
        """For each int64 tag, in the order asked, whether it is opposed."""
        asked = _unsigned(tags)
        if asked.size <= FEW_TAGS:
            return np.array([self.one(tag) for tag in asked.tolist()], np.bool_)
        found = self._base.contains(asked)
        if self._lifted.size:
            hits = found.nonzero()[0]
            found[hits] = ~_members(self._lifted, asked.take(hits))
        if self._added.size:
            _mark(found, asked, self._added)
        return found

    def one(self, tag: int) -> bool:
        """Whether this one signed 64-bit tag is opposed."""
        asked = np.uint64(tag & 0xFFFF_FFFF_FFFF_FFFF)
        if _holds(self._added, asked):
            return True
        return _holds(self._base.tags, asked) and not _holds(self._lifted, asked)

    def array(self) -> Tags:
        """Every opposed tag once, ascending, in an int64 array of the caller's own."""
        tags = _merged(self._base.tags, self._added, self._lifted).view(np.int64)
        tags.sort()
        return tags

    def applied(self, opposed: Tags, lifted: Tags) -> "TagSet":
        """The next version: with the `opposed` tags, without the `lifted` ones; a tag in both stays: doubt withholds.

        Either array may hold repeats, tags already there and tags never there. A few changes cost microseconds and
        share this version's arrays. Beyond 1/256 of the set (1,024 at least, 65,536 at most) they are merged into a new
        base, and both stand in memory until the last check lets go of the old one. A delta as large as the set costs
        some five times its own size for that moment: build such a set anew.
        """
        if not opposed.size and not lifted.size:
            return self
        into = _sorted_distinct(opposed)
        out_of = _absent(_sorted_distinct(lifted), into)
        added = _without(self._added, out_of)
        fresh = _absent(into[~self._base.contains(into)], added)
        gone = _without(self._lifted, into)
        leaving = _absent(out_of[self._base.contains(out_of)], gone)
        return self._next(_union(added, fresh), _union(gone, leaving))

    def _next(self, added: _Unsigned, lifted: _Unsigned) -> "TagSet":
        size = self._base.tags.size
        limit = min(max(size // PENDING_SHARE, PENDING_AT_LEAST), PENDING_AT_MOST)
        if added.size + lifted.size <= limit:
            return TagSet(self._base, added, lifted)
        return TagSet(_Base(_merged(self._base.tags, added, lifted)), _NONE, _NONE)


class _Base:
    """Sorted distinct tags, and two small arrays that find a place among them.

    The range of tags is cut into words of 64 equal slots, one word for every 23 tags. The bitmap has one bit for each
    slot, the first slot of a word highest: set if a tag lies in it. The drift says where the tags of a word end, as the
    distance from where even tags would end: 16 bits hold that for a hundred million of them.
    """

    __slots__ = ("_drift", "_rows", "_skipped", "_words", "tags")

    def __init__(self, tags: _Unsigned) -> None:
        self.tags = _sealed(tags)
        # Rows are counted from the end. What stands before the first (3 tags at most) is left to the binary search.
        self._skipped = tags.size % ROW
        self._rows = tags[self._skipped :].reshape(-1, ROW)
        self._words, self._drift = _placed(tags)

    @property
    def nbytes(self) -> int:
        return self.tags.nbytes + self._words.nbytes + self._drift.nbytes

    def contains(self, asked: _Unsigned) -> Mask:
        if self.tags.size < ROW:
            return _members(self.tags, asked)
        found = np.zeros(asked.size, np.bool_)
        room = np.empty((3, min(asked.size, BLOCK)), np.uint64)
        for start in range(0, asked.size, BLOCK):
            self._search(asked[start : start + BLOCK], found[start : start + BLOCK], room)
        return found

    def _search(self, asked: _Unsigned, found: Mask, room: _Unsigned) -> None:
        """Mark in `found` which of one block are here; most absent ones are gone after one look at the bitmap."""
        word, slot, bits = room[:, : asked.size]
        np.right_shift(asked, 32, out=slot)
        np.multiply(slot, self._words.size, out=slot)
        np.right_shift(slot, 32, out=word)
        np.right_shift(slot, 26, out=slot)
        np.bitwise_and(slot, 63, out=slot)
        places = word.view(np.int64)
        # The mode only says what to do out of range, which no word is; this one spares numpy a pass and a buffer.
        self._words.take(places, out=bits, mode="wrap")
        # The slot's own bit comes to the top, where it is the sign; what stays below are the later slots of the word.
        np.left_shift(bits, slot, out=bits)
        left = (bits.view(np.int64) < 0).nonzero()[0]
        last = self._last_places(places.take(left), bits.take(left))
        self._fetch(asked.take(left), left, last, found)

    def _last_places(self, word: _Places, bits: _Unsigned) -> _Places:
        """The last place where each tag can stand: before the end of its word by the occupied slots from its own on."""
        place = self._drift.take(word).astype(np.int64)
        word += 1
        word *= TAGS_PER_WORD
        place += word
        place -= np.bitwise_count(bits)
        return place

    def _fetch(self, asked: _Unsigned, left: _Places, last: _Places, found: Mask) -> None:
        """Compare each tag with the row of its last place, then with the rows before while those begin above it."""
        row = (last - self._skipped) >> ROW.bit_length() - 1
        for _ in range(ROWS_AT_MOST):
            # A row before the first becomes the first: seen again, in vain, until the rounds are over.
            tags = self._rows.take(row, axis=0, mode="clip")
            hit = tags[:, 0] == asked
            for column in range(1, ROW):
                hit |= tags[:, column] == asked
            found[left[hit]] = True
            more = (tags[:, 0] > asked).nonzero()[0]
            if not more.size:
                return
            asked, left, row = asked.take(more), left.take(more), row.take(more) - 1
        found[left] = _members(self.tags, asked)


class CopyReader:
    """Reads PostgreSQL's `COPY (SELECT tag …) TO STDOUT (FORMAT binary)` of one bigint column, in chunks cut anywhere.

    Layout as in the PostgreSQL manual, COPY, "Binary Format": an 11-byte signature, flags and the length of an
    extension; then per row a count of columns, a length and the value, all big-endian; then a count of -1. Peak memory
    is the result and a few blocks of 1 MiB. Anything else is a ValueError: to guess here would be to miss a STOP.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        # Grows in place and without touching new pages, so the result is never in memory twice.
        self._values = bytearray()
        self._begun = False

    def feed(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the stream."""
        view = memoryview(chunk)
        for start in range(0, len(view), COPY_BLOCK):
            self._pending += view[start : start + COPY_BLOCK]
            if len(self._pending) >= COPY_BLOCK:
                self._decode()

    def finish(self) -> Tags:
        """The tags as int64, in stream order; ValueError if the stream was cut or went on after its end."""
        self._decode()
        if not self._begun or self._pending != COPY_TRAILER:
            raise ValueError("The copy of the tags is incomplete; read it again.")
        return np.frombuffer(self._values, np.int64)

    def _decode(self) -> None:
        if not self._begun and not self._read_header():
            return
        count = len(self._pending) // COPY_ROW.itemsize
        if count:
            self._values += _values(self._pending[: count * COPY_ROW.itemsize])
            del self._pending[: count * COPY_ROW.itemsize]

    def _read_header(self) -> bool:
        fixed = len(COPY_SIGNATURE) + 8
        if len(self._pending) < fixed:
            return False
        flags = int.from_bytes(self._pending[fixed - 8 : fixed - 4])
        # Bit 16 announces object identifiers and the bits above what a reader must know: neither belongs to a tag.
        if not self._pending.startswith(COPY_SIGNATURE) or flags >> 16:
            raise ValueError("This is not a binary copy of tags; ask for COPY … WITH (FORMAT binary).")
        end = fixed + int.from_bytes(self._pending[fixed - 4 : fixed])
        if len(self._pending) < end:
            return False
        del self._pending[:end]
        self._begun = True
        return True


def tags_from_copy(chunks: Iterable[bytes]) -> Tags:
    """The int64 tags of a binary COPY stream of one bigint column, whatever the boundaries of its chunks."""
    reader = CopyReader()
    for chunk in chunks:
        reader.feed(chunk)
    return reader.finish()


def _values(rows: bytearray) -> memoryview:
    read = np.frombuffer(rows, COPY_ROW)
    if (read["columns"] != 1).any() or (read["length"] != read["tag"].itemsize).any():
        raise ValueError("A row of the copy is not one tag; select the tag alone, and never NULL.")
    return read["tag"].astype(np.int64).data


def _placed(tags: _Unsigned) -> tuple[_Unsigned, NDArray[np.int16] | NDArray[np.int64]]:
    """The bitmap and the drift of the words of these sorted tags, the drift 16 bits wide where that is enough."""
    words = np.zeros(-(-tags.size // TAGS_PER_WORD), np.uint64)
    counts = np.zeros(words.size, np.int64)
    for start in range(0, tags.size, BLOCK):
        slots = ((tags[start : start + BLOCK] >> 32) * words.size >> 26).view(np.int64)
        # A word may go on from one block to the next.
        first, end = int(slots[0]) >> 6, (int(slots[-1]) >> 6) + 1
        slots -= first << 6
        taken = np.zeros((end - first) << 6, np.bool_)
        taken[slots] = True
        words[first:end] |= np.packbits(taken).view(">u8")
        counts[first:end] += np.bincount(slots >> 6)
    drift = counts.cumsum() - TAGS_PER_WORD * np.arange(1, words.size + 1)
    narrow = drift.astype(np.int16)
    return words, (narrow if (narrow == drift).all() else drift)


def _merged(tags: _Unsigned, added: _Unsigned, lifted: _Unsigned) -> _Unsigned:
    """A new sorted array of `tags`, with `added`, without `lifted`; besides the result it needs one block of memory."""
    merged = np.empty(tags.size + added.size - lifted.size, np.uint64)
    end = 0
    for start in range(0, tags.size, BLOCK):
        block = tags[start : start + BLOCK]
        first, last = lifted.searchsorted(block[0]), lifted.searchsorted(block[-1], side="right")
        kept = _without(block, lifted[first:last])
        merged[end : end + kept.size] = kept
        end += kept.size
    merged[end:] = added
    # The stable sort finds the two sorted runs and merges them in place: 20 ms for ten million, against 100.
    merged.sort(kind="stable")
    return merged


def _mark(found: Mask, asked: _Unsigned, few: _Unsigned) -> None:
    """Mark what is asked and among the sorted `few`; only what shares its leading bits with one of them is searched."""
    sieve = np.zeros(1 << SIEVE_BITS, np.bool_)
    sieve[(few >> (64 - SIEVE_BITS)).view(np.int64)] = True
    for start in range(0, asked.size, BLOCK):
        block = asked[start : start + BLOCK]
        leading = (block >> (64 - SIEVE_BITS)).view(np.int64)
        maybe = sieve.take(leading, mode="wrap").nonzero()[0]
        found[start + maybe] |= _members(few, block.take(maybe))


def _members(tags: _Unsigned, asked: _Unsigned) -> Mask:
    """For each asked, whether it is among the sorted tags, by binary search."""
    if not tags.size:
        return np.zeros(asked.size, np.bool_)
    found: Mask = tags.take(tags.searchsorted(asked), mode="clip") == asked
    return found


def _holds(tags: _Unsigned, asked: np.uint64) -> bool:
    if not tags.size:
        return False
    place = int(tags.searchsorted(asked))
    return place < tags.size and bool(tags[place] == asked)


def _absent(few: _Unsigned, tags: _Unsigned) -> _Unsigned:
    """Those of the few that are not among the sorted tags."""
    return few[~_members(tags, few)]


def _without(tags: _Unsigned, few: _Unsigned) -> _Unsigned:
    """The sorted tags without the few; the same array where none of them is in it."""
    places = tags.searchsorted(few[_members(tags, few)])
    return np.delete(tags, places) if places.size else tags


def _union(tags: _Unsigned, fresh: _Unsigned) -> _Unsigned:
    """Both sorted arrays as one; they share no tag."""
    return np.insert(tags, tags.searchsorted(fresh), fresh) if fresh.size else tags


def _sorted_distinct(tags: Tags) -> _Unsigned:
    return _distinct(np.sort(_unsigned(tags)))


def _distinct(ordered: _Unsigned) -> _Unsigned:
    """Each value of a sorted array once; the same array where none repeats."""
    first = _first_of_each(ordered)
    return ordered if first.all() else ordered[first]


def _first_of_each(ordered: _Unsigned) -> Mask:
    first = np.ones(ordered.size, np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def _unsigned(tags: Tags) -> _Unsigned:
    """The same bits read as unsigned; TypeError for what an int64 cannot hold, such as floats."""
    return np.ascontiguousarray(tags.astype(np.int64, casting="safe", copy=False)).view(np.uint64)


def _sealed(tags: _Unsigned) -> _Unsigned:
    tags.setflags(write=False)
    return tags


_NONE: Final = np.empty(0, np.uint64)
