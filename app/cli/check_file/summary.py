"""What a finished run tells the person on the standard error."""

from collections import Counter

from app.cli.check_file.journal import Finished
from app.cli.check_file.words import Words

EXAMPLES_MAX = 5


def summary(finished: list[Finished], until: str | None, words: Words) -> list[str]:
    """Plain lines: how many rows, what was withheld and why, which clearance; ``until`` is when the last one ends."""
    counts: Counter[str] = Counter()
    for step in finished:
        counts.update(step.counts)
    allowed, blank = counts.pop("allowed", 0), counts.pop("blank", 0)
    withheld = sum(counts.values())
    lines = [words("summary", rows=allowed + withheld, allowed=allowed, withheld=withheld)]
    for reason, count in counts.most_common():
        lines.append(f"{words.count(count):>12}  {words.reason(reason)}{_more(finished, reason, words)}")
    if blank:
        lines.append(f"{words.count(blank):>12}  {words('blank')}")
    return [*lines, *_clearances(finished, until, words), *_damage(finished, words)]


def is_damaged(finished: list[Finished]) -> bool:
    """Some numbers were lost before the list came here: the person has something to mend."""
    return any(step.examples.get("rounded") for step in finished)


def is_nobody(finished: list[Finished]) -> bool:
    """Nobody on the whole list is allowed, and somebody only waits for the hours: it is to be checked again then."""
    return any(step.opens_at is not None for step in finished) and not any(
        step.counts.get("allowed") for step in finished
    )


def first_opening(finished: list[Finished]) -> str:
    """When the first of those who wait may be reached; empty where nothing can be promised."""
    return min((step.opens_at for step in finished if step.opens_at), default="")


def _more(finished: list[Finished], reason: str, words: Words) -> str:
    if reason == "quiet_hours" and (opening := first_opening(finished)):
        return f" ({words('opens', at=opening)})"
    return _examples(finished, reason, words)


def _examples(finished: list[Finished], reason: str, words: Words) -> str:
    rows = _rows(finished, reason, words)
    return f" ({rows})" if rows else ""


def _rows(finished: list[Finished], reason: str, words: Words) -> str:
    """The first rows with a reason, as the spreadsheet numbers them."""
    every = [row for step in finished for row in step.examples.get(reason, [])]
    count = sum(step.counts.get(reason, 0) for step in finished)
    shown = ", ".join(map(str, every[:EXAMPLES_MAX])) + (" …" if count > EXAMPLES_MAX else "")
    return words("rows" if count > 1 else "row", rows=shown) if every else ""


def _clearances(finished: list[Finished], until: str | None, words: Words) -> list[str]:
    ids = [step.clearance for step in finished if step.clearance]
    if len(ids) > 1:
        return [words("clearances", count=len(ids))]
    return [words("clearance", id=identifier, until=until or "?") for identifier in ids]


def _damage(finished: list[Finished], words: Words) -> list[str]:
    rows = _rows(finished, "rounded", words)
    return [words("damaged-rows", rows=rows[:1].upper() + rows[1:], remedy=words("remedy"))] if rows else []
