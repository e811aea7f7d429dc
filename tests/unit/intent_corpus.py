"""Labelled texts for the intent tests: tab-separated, with escapes for what cannot be seen."""

import re
from pathlib import Path

from app.intent import Intent

VECTORS = Path(__file__).parents[1] / "vectors"
CORPORA = ("intent_fr.tsv", "intent_more.tsv", "intent_heldout.tsv")

_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([nrt]))")
_NAMED = {"n": "\n", "r": "\r", "t": "\t"}


def rows(*names: str) -> list[tuple[str, Intent]]:
    """The texts and labels of the named files, in order."""
    lines = [line for name in names for line in (VECTORS / name).read_text(encoding="utf-8").splitlines()]
    return [_row(line) for line in lines if line and not line.startswith("# ")]


def _row(line: str) -> tuple[str, Intent]:
    text, label = line.split("\t")
    return _ESCAPE.sub(_character, text), Intent(label)


def _character(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    return chr(int(digits, 16)) if digits else _NAMED[found[4]]
