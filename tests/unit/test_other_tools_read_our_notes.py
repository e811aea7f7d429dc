"""Our heads, manifests and proofs, read by an implementation of C2SP and RFC 6962 that others wrote, in Rust."""

import metamorphic_log as other
import pytest

from app import ledger
from tests.e2e.exports import KEY, ORIGIN, VERIFIER, line, members_of

LINES = [line(index) for index in range(41)]
LEAVES = [ledger.leaf_hash(entry) for entry in LINES]
SIZES = (1, 2, 3, 7, 8, 9, 31, 32, 33, 41)


def head(size: int) -> str:
    return members_of(LINES[:size])["checkpoint.txt"].decode()


@pytest.mark.parametrize("size", [0, *SIZES])
def test_our_heads_are_its_checkpoints(size):
    read = other.checkpoint_verify(head(size), [VERIFIER])

    assert (read.origin, read.size, read.root) == (ORIGIN, size, ledger.root_of(LEAVES[:size]))


def test_our_manifests_are_its_signed_notes():
    assert other.verify_signed_note(members_of(LINES)["manifest.note"].decode(), [VERIFIER]) == 1


@pytest.mark.parametrize("old", ["\n41\n", "salon", "\n\n"])
def test_what_it_refuses_we_refuse(old):
    altered = head(41).replace(old, old.replace("4", "5").replace("a", "b").replace("\n\n", "\n \n"), 1)

    assert altered != head(41)
    with pytest.raises(other.VerifyError):
        other.checkpoint_verify(altered, [VERIFIER])
    with pytest.raises(ledger.NoteError):
        ledger.read_checkpoint(altered, VERIFIER)


@pytest.mark.parametrize("size", SIZES)
def test_our_proofs_of_inclusion_are_its_proofs(size):
    for index in range(size):
        proof = ledger.inclusion_proof(LEAVES, index, size)
        other.checkpoint_verify_inclusion(head(size), [VERIFIER], index, LEAVES[index], proof)
        with pytest.raises(other.VerifyError):
            other.checkpoint_verify_inclusion(head(size), [VERIFIER], index, ledger.leaf_hash(b"?"), proof)


@pytest.mark.parametrize("old", SIZES)
def test_our_proofs_of_consistency_are_its_proofs(old):
    for new in range(old, len(LEAVES) + 1):
        proof = ledger.consistency_proof(LEAVES, old, new)
        other.checkpoint_verify_consistency(head(old), head(new), [VERIFIER], proof)
    forked = ledger.sign_checkpoint(ORIGIN, 41, ledger.root_of([*LEAVES[1:], LEAVES[0]]), KEY)
    with pytest.raises(other.VerifyError):
        other.checkpoint_verify_consistency(head(old), forked, [VERIFIER], ledger.consistency_proof(LEAVES, old, 41))
