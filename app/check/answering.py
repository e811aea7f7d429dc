"""The answer to a check: JSON, or the allowed lines with the rest in headers."""

from collections.abc import Iterator, Sequence
from datetime import date

import msgspec
import numpy as np

from app import ledger, phone, quiet_hours, verdict
from app.auth import Role
from app.check import clearing
from app.check.recording import Case, Made
from app.check.screening import Days
from app.check.spelling import allowed_lines, json_strings
from app.verdict import Reason

JSON, TEXT = "application/json", "text/plain"


class Outcome(msgspec.Struct, frozen=True):
    """What there is to say: a recorded check with its numbers."""

    made: Made
    numbers: phone.Numbers
    days: Days | None = None
    warnings: Sequence[str] = ()
    waiting: Sequence[quiet_hours.Group] = ()
    """Who must wait for the hours, by territory."""
    replayed: bool = False

    @property
    def judged(self) -> verdict.Verdict:
        """The decision on each position."""
        return self.made.judged

    def root(self) -> str:
        """The root of the ledger the verdict was computed at, hexadecimal."""
        return ledger.root(ledger.Frontier(self.made.size, self.made.peaks)).hex()


class Answer(msgspec.Struct, frozen=True):
    """What goes back; the pieces are to be sent in order."""

    media_type: str
    headers: dict[str, str]
    pieces: list[bytes]


def render(case: Case, outcome: Outcome) -> Answer:
    """Write the answer in the form asked for."""
    headers = {"Idempotency-Replayed": "true"} if outcome.replayed else {}
    if case.asked.answer_lines:
        allowed = outcome.judged.reasons == Reason.ALLOWED.value
        pieces = list(allowed_lines(outcome.numbers, allowed, lines=case.asked.lines))
        return Answer(TEXT, headers | _as_headers(case, outcome), pieces)
    return Answer(JSON, headers, [b"".join(_json(case, outcome))])


def _as_headers(case: Case, outcome: Outcome) -> dict[str, str]:
    counts = msgspec.structs.asdict(outcome.judged.counts)
    granted = clearing.granted(case.registry, outcome.made.permit)
    return {
        **({"X-Clearance": granted.token, "X-Clearance-Id": granted.id} if granted else {}),
        "X-Check-Id": outcome.made.check_id,
        "X-Checked-At": outcome.made.now.isoformat().replace("+00:00", "Z"),
        "X-Ledger-Size": str(outcome.made.size),
        "X-Ledger-Root": outcome.root(),
        **{f"X-Counts-{name.replace('_', '-').title()}": str(count) for name, count in counts.items()},
    }


def _json(case: Case, outcome: Outcome) -> Iterator[bytes]:
    """Put the answer together from bytes: the numbers go back exactly as they came, never decoded."""
    judged, numbers, lines = outcome.judged, outcome.numbers, case.asked.lines
    head = {
        "check_id": outcome.made.check_id,
        "sender": case.sender.slug,
        "delegate": case.caller.key_id if case.caller.role is Role.DELEGATE else None,
        "purpose": outcome.made.purpose,
        "checked_at": outcome.made.now,
        "policy": outcome.made.policy,
        "counts": judged.counts,
    }
    tail: dict[str, object] = {
        "warnings": outcome.warnings,
        "ledger": {"size": outcome.made.size, "root": outcome.root()},
        "clearance": clearing.granted(case.registry, outcome.made.permit),
    }
    yield msgspec.json.encode(head)[:-1]
    yield b',"withheld":{"opted_out":['
    yield _named(outcome, Reason.OPTED_OUT, judged.counts.opted_out, lines=lines)
    yield b'],"quiet_hours":['
    yield b",".join(_waiting(outcome, lines=lines))
    yield b'],"duplicate":['
    yield _named(outcome, Reason.DUPLICATE, judged.counts.duplicate, lines=lines)
    yield b'],"repeated":'
    yield msgspec.json.encode(judged.positions(Reason.REPEATED).tolist() if judged.counts.repeated else [])
    yield b',"invalid":'
    yield msgspec.json.encode(_invalid(numbers, judged.positions(Reason.INVALID)) if judged.counts.invalid else [])
    yield b"},"
    yield msgspec.json.encode(tail)[1:-1]
    if outcome.days is not None:
        yield b',"opted_out_days":['
        yield b",".join(_days(outcome, outcome.days, lines=lines))
        yield b"]"
    if case.asked.list_allowed:
        yield b',"allowed":['
        yield json_strings(numbers, judged.positions(Reason.ALLOWED), lines=lines)
        yield b"]"
    yield b"}"


def _named(outcome: Outcome, reason: Reason, count: int, *, lines: bool) -> bytes:
    return json_strings(outcome.numbers, outcome.judged.positions(reason), lines=lines) if count else b""


def _waiting(outcome: Outcome, *, lines: bool) -> Iterator[bytes]:
    """Group those who wait by where they are, each group with its opening in UTC."""
    for group in outcome.waiting:
        about = msgspec.json.encode({"territory": group.territory, "opens_at": group.opens_at, "rule": group.rule})
        yield about[:-1] + b',"numbers":[' + json_strings(outcome.numbers, group.positions, lines=lines) + b"]}"


def _days(outcome: Outcome, days: Days, *, lines: bool) -> Iterator[bytes]:
    """Group the opposed by the day since which they are, the earliest first."""
    positions = outcome.judged.positions(Reason.OPTED_OUT)
    positions = positions[days[positions] > 0]
    positions = positions[days[positions].argsort(kind="stable")]
    borders = np.flatnonzero(np.diff(days[positions])) + 1
    for group in np.split(positions, borders) if positions.size else ():
        day = date.fromordinal(int(days[group[0]])).isoformat()
        yield b'{"day":"%s","numbers":[%s]}' % (day.encode(), json_strings(outcome.numbers, group, lines=lines))


def _invalid(numbers: phone.Numbers, positions: verdict.Positions) -> list[dict[str, object]]:
    return [
        {
            "index": position,
            "value": numbers.text(position),
            "reason": numbers.problems[position].reason,
            "suggestion": numbers.problems[position].suggestion,
        }
        for position in positions.tolist()
    ]
