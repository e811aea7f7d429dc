"""When a commercial message may reach a person: policy, territory and instant -> open, or closed until when (D9).

The hours are in no statute that could be found: they come from operators' charters, which contradict each other and
change (research/regulation.md §1.2). So a policy is dated data that names its source, and nothing here calls it law.
Pure but for two data packages, read once: time zones (tzdata) and public holidays (holidays).
"""

from app.quiet_hours.judge import Ruling, judge
from app.quiet_hours.policies import POLICIES, Policy, policy

__all__ = ["POLICIES", "Policy", "Ruling", "judge", "policy"]
