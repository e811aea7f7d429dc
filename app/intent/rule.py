"""The shape of one rule."""

from typing import NamedTuple

from app.intent.model import Intent


class Rule(NamedTuple):
    """One row of the table: `patterns` holds one pattern a line (their language: patterns.py).

    Without an intent the rule sets aside what it matches. Each name in `needs` must occur somewhere in the text
    ("ERR/HAVE": one of the two); no word of a concept in `unless` may. `stop_word` overrules the finding whether a
    stop word is present.
    """

    id: str
    intent: Intent | None
    because: str
    patterns: str
    needs: str = ""
    unless: str = ""
    repeat: bool = False
    stop_word: bool | None = None
