"""What a check is about to send, completed from the profile and judged by every safeguard."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from weakref import WeakKeyDictionary

import msgspec

from app import phone, quiet_hours
from app.appends import Permit
from app.check import duplicates
from app.check.asking import Batch, Fields
from app.check.gate import in_thread
from app.check.recording import Case
from app.directory import Directory, Snapshot
from app.errors import QuietHoursError
from app.phone import Numbers
from app.profile import Profile
from app.quiet_hours import Group, Hours
from app.safeguards import channels, completing, mention, purposes, routes, sectors, sender_ids
from app.safeguards.plan import Plan
from app.safeguards.purposes import Rules, rules_of
from app.verdict import Reason, Verdict

SAFEGUARDS = (sectors.judge, routes.judge, sender_ids.judge, mention.judge, channels.judge)
"""In the order in which they refuse: what costs nothing first."""

NO_HOURS = Hours(None, (), None, ())
FEW_NUMBERS = 32
_ASKED = attrgetter(*Fields.__struct_fields__)


class Planned(msgspec.Struct, frozen=True, eq=False):
    """A sending that its safeguards let through."""

    plan: Plan
    rules: Rules
    hours: Hours
    warnings: list[str]
    text_digest: bytes | None
    """Keyed, of the text as it is compared."""


class _Plans(msgspec.Struct):
    """What was planned under one reading of the directory, within one second."""

    snapshot: Snapshot
    second: int
    found: dict[tuple[object, ...], Planned]


_plans: WeakKeyDictionary[Directory, _Plans] = WeakKeyDictionary()


async def planned(case: Case, batch: Batch, now: datetime) -> Planned:
    """Return the plan, its hours and the warnings about it; the RegistryError of the first safeguard that refuses.

    A caller that asks about one person after the other asks the same of every safeguard each time. What a small batch
    was told is remembered for the rest of the second: hours begin and end on whole ones, and the directory is not read
    more often. Refusals are not remembered, nor is who must wait.
    """
    numbers = batch.numbers.numbers
    if numbers.size > FEW_NUMBERS:
        return await _planned(case, batch, now)
    plans = await _plans_of(case, now)
    key = (
        case.sender.sender_id,
        case.caller.key_id,
        *_ASKED(case.fields),
        *map(_place, numbers.tolist()),
    )
    known = plans.found.get(key)
    if known is None:
        known = await _planned(case, batch, now)
        if known.hours.quiet is None:
            plans.found[key] = known
    return known


def _place(number: int) -> str | None:
    return phone.territory(number) if number else None


async def _plans_of(case: Case, now: datetime) -> _Plans:
    directory, second = case.registry.directory, int(now.timestamp())
    snapshot, plans = await directory.current(), _plans.get(directory)
    if plans is None or plans.snapshot is not snapshot or plans.second != second:
        plans = _plans[directory] = _Plans(snapshot, second, {})
    return plans


async def _planned(case: Case, batch: Batch, now: datetime) -> Planned:
    purposes.require_grant(case.sender.slug, case.sender.profile, case.fields.purpose)
    plan = await completing.completed(case.registry, case.sender, case.caller, case.fields, len(batch.numbers), now)
    rules = rules_of(plan.purpose, plan.sender.profile)
    # Judged here, once: it tells where the numbers live, which the mention of STOP is held against.
    hours = await in_thread(len(case.asked.body), hours_of, plan, rules, batch.numbers)
    plan = msgspec.structs.replace(plan, territories=hours.territories)
    warnings = [warning for judge in SAFEGUARDS for warning in await judge(case.registry, plan, now)]
    digest = duplicates.text_digest(case.registry.root, plan.text)
    return Planned(plan, rules, hours, [*warnings, *hours.advisories], digest)


def hours_of(plan: Plan, rules: Rules, numbers: Numbers) -> Hours:
    """Judge the hours of the whole planned sending, for every number of it."""
    if not rules.hours:
        return NO_HOURS
    return _hours(plan.sender.profile, numbers, plan.send_at, plan.send_minutes)


def waiting_again(case: Case, permit: Permit | None, judged: Verdict, numbers: Numbers) -> Sequence[Group]:
    """Return who had to wait when a check was made; ValueError where other hours hold by now."""
    if permit is None or not (judged.reasons == Reason.QUIET_HOURS.value).any():
        return ()
    minutes = round((permit.expires_at - permit.not_before).total_seconds() / 60)
    hours = _hours(case.sender.profile, numbers, permit.not_before, minutes)
    return hours.among(judged.reasons == Reason.QUIET_HOURS.value)


def _hours(profile: Profile, numbers: Numbers, at: datetime, minutes: int) -> Hours:
    policy = quiet_hours.policy_of(profile)
    return quiet_hours.judge_batch(policy, numbers.numbers, at, minutes, alsace_moselle=profile.alsace_moselle)


def refuse_nobody(plan: Plan, hours: Hours, judged: Verdict) -> None:
    """Refuse a batch of which nobody is allowed and somebody only waits: it is to be sent later, as a whole."""
    if judged.counts.allowed or not judged.counts.quiet_hours:
        return
    policy, group = quiet_hours.policy_of(plan.sender.profile), hours.groups[0]
    raise QuietHoursError(
        f"Nobody in this batch may be reached then under the policy {policy.label} ({_rules(hours)}). "
        f"{_openings(hours, 'Next opening', 'at')}. The hours come from: {policy.source}.",
        french=f"Personne dans ce lot ne peut être sollicité à ce moment selon la politique {policy.label}. "
        f"{_openings(hours, 'Prochaine ouverture', 'à')}. Ces horaires viennent de : {policy.source}.",
        rule=group.rule,
        profile=policy.label,
        source=policy.source,
        changed_by=f"an administrator, with `stop-registry sender set {plan.sender.slug} policy …`",
        opens_at=min((f"{one.opens_at:%Y-%m-%dT%H:%M:%SZ}" for one in hours.groups if one.opens_at), default=""),
    )


def _rules(hours: Hours) -> str:
    return ", ".join(sorted({f"{group.territory or '?'}: {group.rule}" for group in hours.groups}))


def _openings(hours: Hours, word: str, at: str) -> str:
    said = [
        f"{group.territory or '?'} {at} {group.opens_at:%Y-%m-%dT%H:%M:%SZ}" for group in hours.groups if group.opens_at
    ]
    return f"{word}: {', '.join(said)}" if said else f"{word}: ?"
