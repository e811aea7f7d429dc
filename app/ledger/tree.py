"""The Merkle tree of a ledger: RFC 6962 hashes, an appendable frontier, and the two proofs of RFC 9162 §2.1.

Everything here works on leaf hashes, 32 bytes each; `leaf_hash` makes one from a stored entry.
"""

import hmac
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256

import msgspec

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 || entry): the prefix keeps an entry from passing for a node (RFC 6962 §2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier(msgspec.Struct, frozen=True):
    """All that must be kept of a tree to go on appending to it and to know its root: a compact range from 0.

    size: leaves so far. peaks: the roots of its full subtrees, largest first, 32 bytes for each bit set in `size`.
    """

    size: int
    peaks: bytes

    def __post_init__(self) -> None:
        """Refuse a pair that describes no tree, as after a partial write."""
        if self.size < 0 or len(self.peaks) != HASH_BYTES * self.size.bit_count():
            raise ValueError("a frontier has 32 bytes of peaks for each bit set in its size")


EMPTY = Frontier(size=0, peaks=b"")


def append(frontier: Frontier, leaves: Sequence[bytes]) -> Frontier:
    """Return the frontier after appending leaf hashes, in order; about half a second per million.

    Level by level, lowest first: a peak of that level becomes the left neighbour of what is new, pairs are joined, and
    one left over at the end is the new peak of the level. Peaks above the last level reached stay as they are.
    """
    if any(len(leaf) != HASH_BYTES for leaf in leaves):
        raise ValueError("append takes leaf hashes of 32 bytes, not entries")
    if len(leaves) == 1:
        return _with_one_more(frontier, leaves[0])
    peaks = _split(frontier.peaks)
    nodes, found, level = list(leaves), list[bytes](), frontier.size
    while nodes:
        if level & 1:
            nodes.insert(0, peaks.pop())
        if len(nodes) & 1:
            found.append(nodes.pop())
        nodes = _parents(nodes)
        level >>= 1
    return Frontier(size=frontier.size + len(leaves), peaks=b"".join(peaks + found[::-1]))


def _with_one_more(frontier: Frontier, node: bytes) -> Frontier:
    """Join a leaf with the smallest peaks while they are as large as what it has become; as a counter carries."""
    size, peaks = frontier.size, frontier.peaks
    while size & 1:
        peaks, node = peaks[:-HASH_BYTES], node_hash(peaks[-HASH_BYTES:], node)
        size >>= 1
    return Frontier(size=frontier.size + 1, peaks=peaks + node)


@lru_cache(maxsize=256)  # a check names the root of one head in its terms, its answer and its witness
def root(frontier: Frontier) -> bytes:
    """Return the Merkle tree hash of everything appended."""
    peaks = _split(frontier.peaks)
    if not peaks:
        return EMPTY_ROOT
    result = peaks.pop()
    while peaks:
        result = node_hash(peaks.pop(), result)
    return result


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash of the given leaf hashes."""
    return root(append(EMPTY, leaves))


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Return the leaf ranges [start, stop) whose roots are the inclusion proof of leaf `index` among the first `size`.

    RFC 9162 §2.1.3.1. At most 63 ranges, each a full subtree but for the last of the tree; ValueError outside the tree.
    """
    if not 0 <= index < size:
        raise ValueError("the index lies outside the tree")
    ranges, start, stop = list[tuple[int, int]](), 0, size
    while stop - start > 1:
        middle = _middle(start, stop)
        if index < middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """Return the leaf ranges whose roots prove that the tree of size `new` extends that of size `old`.

    RFC 9162 §2.1.4.1; nothing needs proving when `old` is 0 or `new`. ValueError when `old` is larger than `new`.
    """
    if not 0 <= old <= new:
        raise ValueError("the old tree is not a beginning of the new one")
    ranges, start, stop = list[tuple[int, int]](), 0, new
    while old not in (0, stop):
        middle = _middle(start, stop)
        if old <= middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    if (
        start
    ):  # the verifier knows the old root, so the subtree that ends at `old` is only sent when it is not the whole
        ranges.append((start, stop))
    return ranges[::-1]


def inclusion_proof(leaves: Sequence[bytes], index: int, size: int) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of the first `size` leaf hashes; hashes all of them once."""
    return _roots(leaves, inclusion_ranges(index, size))


def consistency_proof(leaves: Sequence[bytes], old: int, new: int) -> list[bytes]:
    """Return the proof that the tree of the first `new` leaf hashes extends that of the first `old`."""
    return _roots(leaves, consistency_ranges(old, new))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes) -> bool:
    """Tell whether `proof` shows the leaf hash at `index` of the tree with this size and root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes([leaf, expected_root, *proof]):
        return False
    position, last, result = index, size - 1, leaf
    for neighbour in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            result = node_hash(neighbour, result)
            position, last = _skip_right_edge(position, last)
        else:
            result = node_hash(result, neighbour)
        position, last = position >> 1, last >> 1
    return last == 0 and hmac.compare_digest(result, expected_root)


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether `proof` shows that the tree (new, new_root) extends the tree (old, old_root) (RFC 9162 §2.1.4.2)."""
    if not 0 <= old <= new or not _are_hashes([old_root, new_root, *proof]):
        return False
    if old in (0, new):
        return not proof and old_root == (new_root if old else EMPTY_ROOT)
    path = [old_root, *proof] if old.bit_count() == 1 else list(proof)
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    return bool(path) and _extends(position, last, path, old_root, new_root)


def _extends(position: int, last: int, path: list[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Fold the path into both roots, steps 5 to 7 of RFC 9162 §2.1.4.2."""
    old_result = new_result = path[0]
    for neighbour in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_result = node_hash(neighbour, old_result)
            new_result = node_hash(neighbour, new_result)
            position, last = _skip_right_edge(position, last)
        else:
            new_result = node_hash(new_result, neighbour)
        position, last = position >> 1, last >> 1
    return last == 0 and hmac.compare_digest(old_result + new_result, old_root + new_root)


def _skip_right_edge(position: int, last: int) -> tuple[int, int]:
    """Climb from a left child without neighbour, at the right edge, to the first ancestor that is a right child."""
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _parents(nodes: Iterable[bytes]) -> list[bytes]:
    """Join neighbours; spelled out rather than through node_hash, because this is where the time goes."""
    pairs = iter(nodes)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]


def _roots(leaves: Sequence[bytes], ranges: Iterable[tuple[int, int]]) -> list[bytes]:
    return [root_of(leaves[start:stop]) for start, stop in ranges]


def _middle(start: int, stop: int) -> int:
    """Return where a tree splits: its left half is the largest power of two smaller than it."""
    return start + (1 << ((stop - start - 1).bit_length() - 1))


def _split(peaks: bytes) -> list[bytes]:
    return [peaks[i : i + HASH_BYTES] for i in range(0, len(peaks), HASH_BYTES)]


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
