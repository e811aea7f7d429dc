"""One row of the table: what was measured against what, and whether that is enough."""

from typing import NamedTuple

HEAD = f"{'what':<78} {'measured':>10} {'must':>8} {'aim':>8}  verdict  details\n{'-' * 150}"
AIMED, MET, MISSED, TOLD = "aim", "must", "MISSED", "told"


class Goal(NamedTuple):
    """What must be reached and what is aimed at; `up` where more is better."""

    name: str
    must: float
    aim: float
    up: bool = False
    unit: str = ""


class Figure(NamedTuple):
    """A goal and what was measured; `details` name both sides of a ratio."""

    goal: Goal
    value: float
    details: str

    @property
    def verdict(self) -> str:
        if self.goal.must == 0:
            return TOLD
        if self._reaches(self.goal.aim):
            return AIMED
        return MET if self._reaches(self.goal.must) else MISSED

    def line(self) -> str:
        """The row as it is printed."""
        goal, sign = self.goal, "≥" if self.goal.up else "≤"
        must, aim = (f"{sign} {limit:g}" if goal.must else "–" for limit in (goal.must, goal.aim))
        shown = f"{self.value:.3g} {goal.unit}".strip()
        return f"{goal.name:<78} {shown:>10} {must:>8} {aim:>8}  {self.verdict:<7}  {self.details}"

    def _reaches(self, limit: float) -> bool:
        return self.value >= limit if self.goal.up else self.value <= limit


REDIS = Goal("check of 1 M JSON numbers, recorded ÷ Redis SMISMEMBER of the same list in plain text", 0.6, 0.3)
TABLE = Goal("the same ÷ HMAC-SHA-256 + PostgreSQL = ANY", 0.15, 0.08)
SECOND = Goal("second 1 M of the same campaign ÷ the first, duplicate veto on", 1.6, 1.2)
TEXT = Goal("text/plain check of 1 M ÷ JSON check", 0.8, 0.6)
ONE = Goal("one-number check, p50, one connection ÷ empty Litestar handler", 12, 6)
ADMITTED = Goal("admissions a second, in chunks of 100", 5_000, 20_000, up=True, unit="/s")
ADMIT_ONE = Goal("one admission, p50, one connection ÷ empty Litestar handler", 12, 6)
WEBHOOKS = Goal("durable STOP webhooks a second, 128 connections ÷ empty Litestar POST", 0.35, 0.5, up=True)
BESIDE = Goal("webhook p99 at 200 a second beside checks of 1 M ÷ without", 5, 2)
BYTES = Goal("index memory per opt-out", 12, 8.5, unit="B")
COLD = Goal("cold index of all opt-outs", 8, 4, unit="s")
FLAT = Goal("time per number, largest ÷ smallest of 10⁵, 10⁶ and 10⁷ numbers", 2, 1.3)
MEMORY = Goal("peak memory of the server above idle during one JSON check of 1 M", 600, 600, unit="MB")
EXPORT = Goal("export of a ledger over HTTP, entries a second ÷ plain COPY of the table", 0.2, 0.5, up=True)
EXPORT_MEMORY = Goal("peak memory of the server above idle during such an export", 64, 32, unit="MB")
VERIFY = Goal("offline verification of 1 M entries", 10, 3, unit="s")
