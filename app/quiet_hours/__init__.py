"""When a commercial message may reach a person: policy, territory and instant -> open, or closed until when (D9).

The hours are in no statute that could be found: they come from operators' charters, which contradict each other and
change (research/regulation.md §1.2). So a policy is dated data that names its source, and nothing here calls it law.
`judge` answers for one territory, `judge_batch` for a million numbers at once, by territory; `policy_of` reads which
policy a sender chose, its own hours included.
Pure but for two data packages, read once: time zones (tzdata) and public holidays (holidays).
"""

from app.quiet_hours.batch import Group, Hours, judge_batch
from app.quiet_hours.calendar import load
from app.quiet_hours.judge import Ruling, judge
from app.quiet_hours.policies import CUSTOM, POLICIES, Policy, policy, policy_of

__all__ = [
    "CUSTOM",
    "POLICIES",
    "Group",
    "Hours",
    "Policy",
    "Ruling",
    "judge",
    "judge_batch",
    "load",
    "policy",
    "policy_of",
]
