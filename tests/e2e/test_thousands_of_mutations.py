"""No falsified export verifies, and every clean one does, with both verifiers.

A sample by default; STOP_REGISTRY_MUTATIONS=10000 draws that many, and a tenth as many clean exports.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from app import evidence
from tests.e2e.exports import VERIFIER
from tests.e2e.mutations import FILE, KINDS, OF_MEMBERS, Mutation, clean, mutated
from tests.e2e.node_verifier import verdicts_of

SAMPLE = 45 * len(KINDS)
COUNT = int(os.environ.get("STOP_REGISTRY_MUTATIONS", SAMPLE))
BATCH, SEED = 1_000, 2026

pytestmark = pytest.mark.timeout(120 + COUNT / 10)


def judged(
    files: Iterable[tuple[Mutation | None, bytes]], folder: Path
) -> Iterator[tuple[Mutation | None, evidence.Report, dict]]:
    """What both verifiers say of every file."""
    every, path = iter(files), folder / "export.zip"
    while batch := list(islice(every, BATCH)):
        others = verdicts_of([file for _, file in batch], VERIFIER, folder)
        for (kind, file), other in zip(batch, others, strict=True):
            path.write_bytes(file)
            yield kind, evidence.verify_export(path, VERIFIER), other


def test_no_mutation_passes_and_both_name_the_same_entry(tmp_path):
    seen = 0
    for kind, own, other in judged(mutated(COUNT, SEED), tmp_path):
        told = (kind.__name__, seen, own.findings, other["findings"])
        assert (own.ok, other["ok"]) == (False, False), told
        if kind in OF_MEMBERS:
            assert other["firstWrongEntry"] == own.first_wrong_entry, told
        seen += 1

    assert seen == COUNT


def test_every_clean_export_passes(tmp_path):
    files = [(None, FILE), *((None, file) for file in clean(COUNT // 10, SEED))]
    for _, own, other in judged(files, tmp_path):
        assert (own.findings, other["findings"]) == ((), [])
        assert (own.root, own.size) == (other["root"], other["size"])
