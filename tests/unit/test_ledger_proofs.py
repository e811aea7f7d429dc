"""Inclusion and consistency proofs of RFC 9162 §2.1: the published ones, all small ones, and no altered one."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ledger import (
    EMPTY_ROOT,
    consistency_proof,
    consistency_ranges,
    inclusion_proof,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# Certificate Transparency's reference tree of eight inputs.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
REFERENCE = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]
LEFT_HALF = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
RIGHT_HALF = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
FIRST_PAIR = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
SECOND_PAIR = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
THIRD_PAIR = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
FOURTH_PAIR = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
LEAF_0 = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
LEAF_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
LEAF_4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"

MANY = [leaf_hash(b"%d" % i) for i in range(130)]
ROOTS = [root_of(MANY[:size]) for size in range(len(MANY) + 1)]


@pytest.mark.parametrize(
    ("index", "size", "expected"),
    [
        (0, 1, []),
        (0, 8, [LEAF_1, SECOND_PAIR, RIGHT_HALF]),
        (5, 8, [LEAF_4, FOURTH_PAIR, LEFT_HALF]),
        (2, 3, [FIRST_PAIR]),
        (1, 5, [LEAF_0, SECOND_PAIR, LEAF_4]),
    ],
)
def test_the_published_inclusion_proofs_come_out(index: int, size: int, expected: list[str]) -> None:
    proof = inclusion_proof(REFERENCE, index, size)

    assert [node.hex() for node in proof] == expected
    assert verify_inclusion(REFERENCE[index], index, size, proof, root_of(REFERENCE[:size]))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (1, 1, []),
        (1, 8, [LEAF_1, SECOND_PAIR, RIGHT_HALF]),
        (2, 5, [SECOND_PAIR, LEAF_4]),
        (2, 8, [SECOND_PAIR, RIGHT_HALF]),
        (6, 8, [THIRD_PAIR, FOURTH_PAIR, LEFT_HALF]),
    ],
)
def test_the_published_consistency_proofs_come_out(old: int, new: int, expected: list[str]) -> None:
    proof = consistency_proof(REFERENCE, old, new)

    assert [node.hex() for node in proof] == expected
    assert verify_consistency(old, new, root_of(REFERENCE[:old]), root_of(REFERENCE[:new]), proof)


def test_every_inclusion_proof_of_a_small_tree_verifies() -> None:
    for size in range(1, 35):
        for index in range(size):
            assert verify_inclusion(MANY[index], index, size, inclusion_proof(MANY, index, size), ROOTS[size])


def test_every_consistency_proof_of_a_small_tree_verifies() -> None:
    for new in range(35):
        for old in range(new + 1):
            assert verify_consistency(old, new, ROOTS[old], ROOTS[new], consistency_proof(MANY, old, new))


def flipped(values: list[bytes], bit: int) -> list[bytes]:
    """Flip one bit of a list of hashes, counted through the whole list."""
    altered = bytearray(b"".join(values))
    altered[bit // 8] ^= 1 << bit % 8
    return [bytes(altered[i : i + 32]) for i in range(0, len(altered), 32)]


@given(data=st.data(), size=st.integers(min_value=1, max_value=len(MANY)))
@settings(max_examples=150)
def test_an_inclusion_proof_with_any_bit_flipped_fails(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    parts = [MANY[index], ROOTS[size], *inclusion_proof(MANY, index, size)]

    leaf, root, *proof = flipped(parts, data.draw(st.integers(min_value=0, max_value=256 * len(parts) - 1)))

    assert verify_inclusion(parts[0], index, size, parts[2:], parts[1])
    assert not verify_inclusion(leaf, index, size, proof, root)


@given(data=st.data(), new=st.integers(min_value=1, max_value=len(MANY)))
@settings(max_examples=150)
def test_a_consistency_proof_with_any_bit_flipped_fails(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(min_value=1, max_value=new))
    parts = [ROOTS[old], ROOTS[new], *consistency_proof(MANY, old, new)]

    old_root, new_root, *proof = flipped(parts, data.draw(st.integers(min_value=0, max_value=256 * len(parts) - 1)))

    assert verify_consistency(old, new, parts[0], parts[1], parts[2:])
    assert not verify_consistency(old, new, old_root, new_root, proof)


@given(data=st.data(), size=st.integers(min_value=2, max_value=len(MANY)))
@settings(max_examples=100)
def test_a_proof_cut_lengthened_or_rearranged_fails(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    old = data.draw(st.integers(min_value=1, max_value=size - 1))
    inclusion, consistency = inclusion_proof(MANY, index, size), consistency_proof(MANY, old, size)

    for mutate in (_cut, _lengthened, _reversed, _short_hash):
        if (altered := mutate(inclusion)) != inclusion:
            assert not verify_inclusion(MANY[index], index, size, altered, ROOTS[size])
        if (altered := mutate(consistency)) != consistency:
            assert not verify_consistency(old, size, ROOTS[old], ROOTS[size], altered)


def _cut(proof: list[bytes]) -> list[bytes]:
    return proof[:-1]


def _lengthened(proof: list[bytes]) -> list[bytes]:
    return [*proof, bytes(32)]


def _reversed(proof: list[bytes]) -> list[bytes]:
    return proof[::-1]


def _short_hash(proof: list[bytes]) -> list[bytes]:
    return [*proof[:-1], proof[-1][:31]]


def test_a_leaf_is_not_included_where_another_one_stands() -> None:
    proof = inclusion_proof(MANY, 3, 10)

    assert [i for i in range(12) if verify_inclusion(MANY[3], i, 10, proof, ROOTS[10])] == [3]


def test_a_rewritten_past_is_not_consistent() -> None:
    rewritten = [*MANY[:4], leaf_hash(b"rewritten"), *MANY[5:20]]

    proof = consistency_proof(rewritten, 10, 20)

    assert not verify_consistency(10, 20, ROOTS[10], root_of(rewritten), proof)


def test_only_an_empty_proof_joins_a_tree_to_itself_or_to_the_empty_one() -> None:
    assert verify_consistency(0, 7, EMPTY_ROOT, ROOTS[7], [])
    assert not verify_consistency(0, 7, ROOTS[1], ROOTS[7], [])
    assert not verify_consistency(0, 7, EMPTY_ROOT, ROOTS[7], [ROOTS[7]])
    assert not verify_consistency(7, 7, ROOTS[7], ROOTS[7], [ROOTS[7]])
    assert not verify_consistency(7, 7, ROOTS[7], ROOTS[6], [])
    assert not verify_consistency(3, 7, ROOTS[3], ROOTS[7], [])


def test_an_inner_node_does_not_pass_for_a_leaf() -> None:
    pair = node_hash(REFERENCE[0], REFERENCE[1])
    proof = inclusion_proof(REFERENCE, 0, 8)

    assert not verify_inclusion(pair, 0, 8, proof[1:], root_of(REFERENCE))
    assert verify_inclusion(pair, 0, 4, proof[1:], root_of(REFERENCE))  # the same bytes, honestly called a leaf of four


def test_the_root_of_another_size_does_not_pass_for_that_of_the_old_one() -> None:
    proof = consistency_proof(REFERENCE, 4, 8)

    assert verify_consistency(4, 8, root_of(REFERENCE[:4]), root_of(REFERENCE), proof)
    assert not verify_consistency(2, 8, root_of(REFERENCE[:4]), root_of(REFERENCE), proof)


def test_hashes_of_another_length_do_not_pass_even_when_their_bytes_add_up() -> None:
    (other,) = inclusion_proof(REFERENCE, 0, 2)
    shifted = [REFERENCE[0] + other[:1], other[1:]]

    assert not verify_inclusion(shifted[0], 0, 2, shifted[1:], root_of(REFERENCE[:2]))
    assert not verify_consistency(1, 2, shifted[0], root_of(REFERENCE[:2]), shifted[1:])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (5, 5), (-1, 5)])
def test_an_index_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        inclusion_proof(MANY, index, size)

    assert not verify_inclusion(MANY[0], index, size, [], ROOTS[1])


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5)])
def test_a_larger_tree_is_no_beginning_of_a_smaller_one(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="beginning"):
        consistency_proof(MANY, old, new)

    assert not verify_consistency(old, new, ROOTS[6], ROOTS[5], [])
    assert not verify_consistency(8, 7, ROOTS[7], ROOTS[7], [])


def test_the_ranges_of_a_proof_cover_each_leaf_at_most_once() -> None:
    for size in range(1, 40):
        for index in range(size):
            covered = sorted([*inclusion_ranges(index, size), (index, index + 1)])
            assert [start for start, _ in covered] == [0, *(stop for _, stop in covered[:-1])]
        for old in range(1, size):
            spans = sorted(consistency_ranges(old, size))
            assert all(before[1] <= after[0] for before, after in pairwise(spans))
