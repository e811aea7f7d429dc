"""VERIFY.md's steps, run as they are printed, on the members of an export."""

import re
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from app import dossier, ledger
from tests.e2e.exports import line, members_of

LINES = [line(index) for index in range(23)]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", dossier.asset("VERIFY.md").decode(), re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in members_of(LINES).items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def run(folder: Path, position: int) -> subprocess.CompletedProcess[str]:
    language, text = BLOCKS[position]
    command = [sys.executable, "-c", text] if language == "python" else ["/bin/sh", "-c", text]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_steps_are_two_in_python_and_one_for_openssl():
    assert [language for language, _ in BLOCKS] == ["python", "python", "sh"]


def test_the_root_computed_by_hand_is_the_signed_one(folder):
    root = ledger.root_of([ledger.leaf_hash(entry) for entry in LINES])

    assert run(folder, 0).stdout == f"{len(LINES)} {b64encode(root).decode()}\n"
    assert (folder / "checkpoint.txt").read_text().split("\n")[2] == b64encode(root).decode()


def test_openssl_verifies_the_checkpoint_and_refuses_an_altered_one(folder):
    assert run(folder, 1).returncode == 0
    assert run(folder, 2).returncode == 0

    altered = (folder / "checkpoint.txt").read_text().replace("\n23\n", "\n24\n")
    (folder / "checkpoint.txt").write_text(altered)
    assert run(folder, 1).returncode == 0
    assert run(folder, 2).returncode == 1
