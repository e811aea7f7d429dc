"""What people type that is kept for good: one short line, in which no number can hide."""

import re

from app.errors import InvalidValueError

REASON_CHARACTERS_MAX = 200
REFERENCE_CHARACTERS_MAX = 80
DIGITS_MAX = 8
"""Nine digits are the shortest phone number with its country; a case's reference needs no more in one run."""
_RUN = re.compile(r"\d(?:[\s.\-/()+_]*\d){8,}")


def plain_reason(text: str) -> str:
    """Return a reason as it is kept; InvalidValueError when it is empty, long, or may hold a number."""
    said = " ".join(text.split())
    if not said or len(said) > REASON_CHARACTERS_MAX:
        raise InvalidValueError(f"Say why in one line of at most {REASON_CHARACTERS_MAX} characters.")
    return _without_number(said, "reason")


def plain_reference(text: str) -> str:
    """Return a case's reference as it is kept; InvalidValueError when it is empty, long, or may hold a number."""
    said = " ".join(text.split())
    if not said or len(said) > REFERENCE_CHARACTERS_MAX or not said.isprintable():
        raise InvalidValueError(f"A reference is one line of at most {REFERENCE_CHARACTERS_MAX} characters.")
    return _without_number(said, "reference")


def _without_number(said: str, what: str) -> str:
    if _RUN.search(said):
        raise InvalidValueError(
            f"The {what} is kept for good and goes into journals, so it holds at most {DIGITS_MAX} digits in a row: "
            "no phone number may stand in it."
        )
    return said
