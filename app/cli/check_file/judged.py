"""What becomes of each row of a chunk, from the reasons of this command and those of the registry."""

from collections import Counter

import msgspec
import numpy as np
import numpy.typing as npt

from app import listfile
from app.client import Problem, Verdict
from app.phone import Numbers

# Reasons found before anything is asked, in the order of their codes; 0 is allowed.
ALLOWED, BLANK, ROUNDED, REPEATED = range(4)
_OWN_REASONS = ("", "blank", "rounded", "repeated")


class Judged(msgspec.Struct):
    """``codes[i]`` is the place of row i's reason in ``reasons``; ``details[i]`` what more is known of it."""

    codes: npt.NDArray[np.int16]
    reasons: list[str]
    details: dict[int, str]
    opens_at: str | None = None
    """When the first of those who wait for their hours may be reached; empty where nothing can be promised."""

    def merge(self, verdict: Verdict, asked: npt.NDArray[np.int64]) -> None:
        """Add the registry's verdict on the rows ``asked``."""
        own = len(self.reasons) - 1
        self.reasons.extend(verdict.reasons[1:])
        self.codes[asked] = np.where(verdict.codes > 0, verdict.codes + own, ALLOWED)
        self.details.update({int(asked[at]): detail for at, detail in verdict.details.items()})

    def wait(self, refusal: Problem, numbers: Numbers, asked: npt.NDArray[np.int64]) -> None:
        """Withhold all rows ``asked``: the registry refused them together, since nobody may be reached now."""
        self.reasons.extend(("quiet_hours", "invalid"))
        waiting, invalid = len(self.reasons) - 2, len(self.reasons) - 1
        self.codes[asked] = np.where(numbers.numbers[asked] > 0, waiting, invalid)
        said = " ".join(part for part in (refusal.opens_at, refusal.rule) if part)
        self.details.update(dict.fromkeys(asked.tolist(), said))
        for at in asked[numbers.numbers[asked] == 0].tolist():
            reading = numbers.problems[at]
            self.details[at] = " ".join(filter(None, (reading.reason, reading.suggestion)))
        self.opens_at = refusal.opens_at

    def rows_of(self, reason: str, most: int) -> list[int]:
        """The first positions with one reason."""
        codes = [at for at, name in enumerate(self.reasons) if name == reason]
        positions: list[int] = np.flatnonzero(np.isin(self.codes, codes))[:most].tolist()
        return positions

    def counts(self) -> dict[str, int]:
        """Reason -> rows, the allowed under "allowed"; reasons of nobody are left out."""
        counts: Counter[str] = Counter()
        rows = np.bincount(self.codes, minlength=len(self.reasons)).tolist()
        for reason, count in zip(self.reasons, rows, strict=True):
            counts[reason or "allowed"] += count
        return {reason: count for reason, count in counts.items() if count}


def judge_here(chunk: listfile.Chunk, numbers: Numbers, seen: listfile.Seen, delimiter: bytes) -> Judged:
    """What needs no question: empty rows, digits lost by a spreadsheet, people of an earlier chunk (now ``seen``)."""
    codes = np.zeros(len(chunk), dtype=np.int16)
    nothing = b' \t\r"' + delimiter
    for at, reading in numbers.problems.items():
        if reading.reason == "empty":
            codes[at] = ALLOWED if chunk.row(at).strip(nothing) else BLANK
        elif listfile.is_rounded(reading):
            codes[at] = ROUNDED
    codes[seen.add(numbers.numbers)] = REPEATED
    return Judged(codes, list(_OWN_REASONS), {})
