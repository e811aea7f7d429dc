"""Inclusion and consistency proofs (RFC 9162 §2.1), with a signed checkpoint of the very tree they prove about.

A proof is made from the entries as they are stored, hashed page by page in short reads; nothing is kept between calls.
The same pass computes the whole tree and compares it with the head, so a ledger that was tampered with gives no proof
and no signature, whatever the size asked for.
"""

from collections.abc import AsyncIterator, Sequence

import msgspec

from app import audit, ledger
from app.directory import Sender
from app.errors import InvalidValueError, NotFoundError, RegistryError
from app.heavy import heavy
from app.ledger.tree import HASH_BYTES
from app.queries import ledgers, proofs
from app.registry import Registry

PAGE_LEAVES = 16_384


class LedgerDamagedError(RegistryError):
    """The stored entries are not those of the head."""

    slug = "ledger-damaged"


class Inclusion(msgspec.Struct, frozen=True):
    """That entry `index` is in the tree of the first `size` entries; hashes in hexadecimal, the leaf's side first."""

    index: int
    size: int
    leaf: str
    proof: list[str]
    root: str
    checkpoint: str


class Consistency(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """That the tree of the first `to` entries extends that of the first `from`; hashes in hexadecimal."""

    start: int
    end: int
    proof: list[str]
    root: str
    checkpoint: str


class _Ranges:
    """The roots of some ranges of leaves and of the whole tree, at one size and at the end, from one pass."""

    def __init__(self, ranges: Sequence[tuple[int, int]], size: int) -> None:
        self._ranges = ranges
        self._found = [ledger.EMPTY] * len(ranges)
        self._size = size
        self.at_size = self.whole = ledger.EMPTY

    def add(self, hashes: bytes) -> None:
        """Take the next leaf hashes."""
        first = self.whole.size
        leaves = [hashes[start : start + HASH_BYTES] for start in range(0, len(hashes), HASH_BYTES)]
        for position, (start, stop) in enumerate(self._ranges):
            part = leaves[max(start - first, 0) : max(stop - first, 0)]
            self._found[position] = ledger.append(self._found[position], part)
        if first < self._size:
            self.at_size = ledger.append(self.whole, leaves[: self._size - first])
        self.whole = ledger.append(self.whole, leaves)

    def proof(self) -> list[str]:
        """Return the roots of the ranges in hexadecimal."""
        return [ledger.root(frontier).hex() for frontier in self._found]


async def inclusion(registry: Registry, sender: Sender, index: int, size: int | None) -> Inclusion:
    """Prove that an entry is in the ledger's first `size` entries (all, when None)."""
    head = await _head(registry, sender)
    size = _within(head, "size", size)
    if not 0 <= index < size:
        raise InvalidValueError(f"`index` counts from 0 and must be smaller than `size`, which is {size}.")
    # The leaf is a range of one: its root is its hash.
    computed = await _computed(
        registry, sender, head, size, [(index, index + 1), *ledger.inclusion_ranges(index, size)]
    )
    leaf, *proof = computed.proof()
    root = ledger.root(computed.at_size)
    return Inclusion(index, size, leaf, proof, root.hex(), audit.signed(registry, sender, size, root))


async def inclusions(registry: Registry, sender: Sender, indexes: Sequence[int]) -> dict[int, Inclusion]:
    """Prove that entries are in the ledger as it is now, all with one checkpoint and one reading of the ledger."""
    head = await _head(registry, sender)
    wanted = {index: ledger.inclusion_ranges(index, head.size) for index in indexes}
    # A range of one is a leaf; neighbours share most of their ranges, and each is hashed once.
    ranges = sorted({(index, index + 1) for index in wanted} | {part for parts in wanted.values() for part in parts})
    computed = await _computed(registry, sender, head, head.size, ranges)
    hashes = dict(zip(ranges, computed.proof(), strict=True))
    root = ledger.root(computed.at_size)
    checkpoint = audit.signed(registry, sender, head.size, root)
    return {
        index: Inclusion(
            index, head.size, hashes[index, index + 1], [hashes[part] for part in parts], root.hex(), checkpoint
        )
        for index, parts in wanted.items()
    }


async def consistency(registry: Registry, sender: Sender, start: int, end: int | None) -> Consistency:
    """Prove that the ledger's first `end` entries (all, when None) begin with its first `start`, unchanged."""
    head = await _head(registry, sender)
    end = _within(head, "to", end)
    if not 0 <= start <= end:
        raise InvalidValueError(f"`from` is the size of the older tree: 0 or more, and at most `to`, which is {end}.")
    computed = await _computed(registry, sender, head, end, ledger.consistency_ranges(start, end))
    root = ledger.root(computed.at_size)
    return Consistency(start, end, computed.proof(), root.hex(), audit.signed(registry, sender, end, root))


async def _head(registry: Registry, sender: Sender) -> ledgers.HeadRow:
    async with registry.pool.acquire() as db:
        head = await ledgers.read_head(db, sender.sender_id)
    if head is None:
        raise NotFoundError("There is no such sender.")
    return head


def _within(head: ledgers.HeadRow, name: str, size: int | None) -> int:
    if size is None:
        return head.size
    if not 0 <= size <= head.size:
        raise InvalidValueError(f"`{name}` is 0 to {head.size}: the ledger has no more entries now.")
    return size


async def _computed(
    registry: Registry, sender: Sender, head: ledgers.HeadRow, size: int, ranges: Sequence[tuple[int, int]]
) -> _Ranges:
    computed = _Ranges(ranges, size)
    async for hashes in _pages(registry, sender, head.size):
        await heavy(computed.add, hashes)
    if computed.whole != ledger.Frontier(head.size, head.peaks):
        raise LedgerDamagedError("The stored entries are not those of the ledger's head.")
    return computed


async def _pages(registry: Registry, sender: Sender, size: int) -> AsyncIterator[bytes]:
    for first in range(0, size, PAGE_LEAVES):
        async with registry.pool.acquire() as db:
            yield await proofs.leaf_hashes(db, sender.sender_id, first, min(first + PAGE_LEAVES, size))
