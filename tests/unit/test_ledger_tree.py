"""The tree of a ledger is that of RFC 6962; leaves may be appended in any portions."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ledger import EMPTY, EMPTY_ROOT, Frontier, append, leaf_hash, node_hash, root, root_of

# The reference vectors of the Certificate Transparency project: eight inputs, and the root of each beginning of them.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]


def merkle_tree_hash(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return node_hash(merkle_tree_hash(leaves[:middle]), merkle_tree_hash(leaves[middle:]))


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots_come_out(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


def test_the_published_roots_come_out_leaf_by_leaf() -> None:
    frontier = EMPTY
    for leaf, expected in zip(LEAVES, ROOTS[1:], strict=True):
        frontier = append(frontier, [leaf])

        assert root(frontier).hex() == expected


def test_a_leaf_and_a_node_of_the_same_bytes_differ() -> None:
    assert leaf_hash(b"").hex() == ROOTS[1]
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])
    assert node_hash(LEAVES[0], LEAVES[1]).hex() == ROOTS[2]


@given(portions=st.lists(st.integers(min_value=0, max_value=70), max_size=8))
@settings(max_examples=100)
def test_any_portions_give_the_tree_of_the_definition(portions: list[int]) -> None:
    leaves = [leaf_hash(b"%d" % i) for i in range(sum(portions))]
    frontier, position = EMPTY, 0
    for portion in portions:
        frontier = append(frontier, leaves[position : position + portion])
        position += portion

    assert frontier.size == len(leaves)
    assert root(frontier) == merkle_tree_hash(leaves)
    assert frontier == append(EMPTY, leaves)


def test_the_peaks_are_the_roots_of_the_full_subtrees_largest_first() -> None:
    frontier = append(EMPTY, LEAVES[:7])

    assert frontier.peaks == root_of(LEAVES[:4]) + root_of(LEAVES[4:6]) + LEAVES[6]


def test_a_long_ledger_needs_32_bytes_for_each_bit_of_its_size() -> None:
    frontier = append(EMPTY, LEAVES * 125)

    assert (frontier.size, len(frontier.peaks)) == (1000, 32 * 6)


def test_appending_nothing_changes_nothing() -> None:
    assert append(EMPTY, []) == EMPTY
    assert root(EMPTY) == EMPTY_ROOT
    assert append(append(EMPTY, LEAVES), []) == append(EMPTY, LEAVES)


def test_appending_leaves_the_list_of_leaves_as_it_was() -> None:
    leaves = LEAVES[:5]

    append(append(EMPTY, LEAVES[:1]), leaves)

    assert leaves == LEAVES[:5]


@pytest.mark.parametrize(("size", "peaks"), [(1, 0), (0, 32), (3, 32), (3, 63), (4, 64), (-1, 0)])
def test_a_frontier_that_describes_no_tree_is_refused(size: int, peaks: int) -> None:
    with pytest.raises(ValueError, match="bit set"):
        Frontier(size=size, peaks=bytes(peaks))


@pytest.mark.parametrize("wrong", [b"", b"an entry", bytes(31), bytes(64)])
def test_entries_are_not_taken_for_leaf_hashes(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="leaf hashes"):
        append(EMPTY, [LEAVES[0], wrong])
