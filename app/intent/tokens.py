"""From plain text to known words: joins what was spaced out, splits what was run together, repairs spelling."""

import itertools
import re
from typing import Final

from app.intent import lexicon, lookalikes, normalise, spelling

_URL: Final = re.compile(r"(?:https?:|www\.)\S+|\b[a-z0-9-]{2,}\.(?:fr|com|net|org|eu|ly|io|be|ch)(?:/\S*|\b)")
_MAIL: Final = re.compile(r"\b[\w.+-]+@[\w-]+\.\w+")
_NOT_CONTRACTED: Final = re.compile(r"(?<=[a-z])n[' ]t\b")
# Single letters apart: "S T O P", "s.t.o.p", "s-t-o-p"; three at least, so that initials stay initials.
_SPACED: Final = re.compile(r"(?<![^\W_])[a-z](?:[ .\-_/*,:|~+]{1,3}[a-z](?![^\W_])){2,}")
_NON_STOP: Final = re.compile(r"\bnon ?-+ ?stop\b")
_NO_COMMA: Final = re.compile(r"\b(no|non|nan|oui|ok|yes) ?,")
_BREAK_AT_DASH: Final = re.compile(r" -+ |[;\n\u2026!:]|\.{2,}")
_CHUNK: Final = re.compile(r"[^\s\"(){}\[\],<>\\]+")
_PIECES: Final = re.compile(r"[^\W_]+(?:&[^\W_]+)*|[?.%$\u20ac+]|[" + normalise.STOP_SIGN + normalise.FORBIDDING_SIGNS + "]")
_DIGITS_AND_LETTERS: Final = re.compile(r"[0-9]+|[^0-9]+")
_WITH_GAP: Final = re.compile(r"[a-z][a-z?*#^~_=|\ufffd\u20ac$%]*[?*#^~_=|\ufffd\u20ac$%][a-z?*#^~_=|\ufffd]*")
_CODE_AT_EDGE: Final = re.compile(r"([0-9]{3,})?(.*?)([0-9]{3,})?", re.DOTALL)
_REPEATED: Final = re.compile(r"(.)\1+")
_SHORT_CODE_DIGITS: Final = 5
_ELIDED: Final = ("j", "m", "n", "t", "d", "l", "s", "c", "qu")
_GAP_LETTERS: Final = "eacoiu"
_MOST_GAPS: Final = 3
_MOST_WORDS: Final = 300
