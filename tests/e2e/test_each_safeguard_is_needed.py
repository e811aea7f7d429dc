"""Take one safeguard away, and the very call that it refused passes: so each is wired, and a test fails without it.

Each test makes one call twice, as the registry is and with a single safeguard taken out.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import ModuleType

import numpy as np
import pytest

from app import administration, admissions, clock, holding, inheritance
from app.check import duplicates, flow, planning
from app.safeguards import channels, completing, enumeration, mention, purposes, routes, sectors, sender_ids
from tests.world import ACTOR, OWN_CODE, SALON, World, let_send, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"
ABROAD = "+41791234567"  # as in tests/unit/test_quiet_hours_batch.py
EVERYBODY = [f"+3363998{n:04}" for n in range(10_000)]
UNPROVEN_CODE = "36555"
PLAIN, OFFERS_STOP = "Votre rendez-vous est demain.", f"Votre rendez-vous est demain. STOP {OWN_CODE}"
PASSES = "passes"

Removal = Callable[[pytest.MonkeyPatch], None]
Preparation = Callable[[World], Awaitable[None]]


async def nothing(world: World) -> None:
    """Need no preparation."""


@dataclass(frozen=True)
class Guarded:
    """A call that one safeguard stops: how it says so, and how it is taken out."""

    stopped: str
    removal: Removal
    rule: str | None = None
    fields: dict[str, object] = field(default_factory=dict)
    profile: dict[str, object] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=lambda: [ANNE])
    before: Preparation = nothing


def without(safeguard: ModuleType) -> Removal:
    kept = tuple(judge for judge in planning.SAFEGUARDS if judge is not safeguard.judge)
    return lambda patch: patch.setattr(planning, "SAFEGUARDS", kept)


def saying_nothing(module: ModuleType, name: str, answer: object = None) -> Removal:
    return lambda patch: patch.setattr(module, name, lambda *_, **__: answer)


def finding_nothing(module: ModuleType, name: str, answer: object = None) -> Removal:
    async def found(*_: object, **__: object) -> object:
        return answer

    return lambda patch: patch.setattr(module, name, found)


def knowing_no_opposition(patch: pytest.MonkeyPatch) -> None:
    known = inheritance.opposed

    async def opposed(*given: object) -> tuple[object, np.ndarray]:
        version, mask = await known(*given)
        return version, np.zeros_like(mask)

    patch.setattr(inheritance, "opposed", opposed)


async def said_stop(world: World) -> None:
    assert (await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))).is_success


async def checked_before(world: World) -> None:
    await world.check("salon", [ANNE], campaign="soldes-hiver")


async def reached_by_another_campaign(world: World) -> None:
    await world.check("salon", [ANNE], campaign="autre", text=f"Portes ouvertes. STOP {OWN_CODE}")


async def held(world: World) -> None:
    await holding.hold(world.registry, ACTOR, SALON, holding.WHOLE, "audit")


async def with_a_code_that_nothing_proved(world: World) -> None:
    await administration.add_code(world.registry, ACTOR, UNPROVEN_CODE, [SALON], [], "non surtaxé")


CHECKS = {
    "completing": Guarded(
        "incomplete-check", saying_nothing(completing, "_require"), "completeness", profile={"campaigns": []}
    ),
    "too-early": Guarded(
        "too-early",
        lambda patch: patch.setattr(completing, "AHEAD_MAX", timedelta(days=2)),
        "ahead",
        fields={"send_at": (clock.now() + timedelta(hours=30)).isoformat()},
    ),
    "sectors": Guarded("route-refused", without(sectors), "sector.cpf", profile={"sectors": ["cpf"]}),
    "routes": Guarded(
        "route-refused",
        without(routes),
        "route.class",
        fields={"route": "kannel"},
        profile={"routes": ["agregateur", "kannel"]},
    ),
    "sender_ids": Guarded(
        "route-refused", without(sender_ids), "sender-id.personal-number", fields={"sender_id": "0639980000"}
    ),
    "mention": Guarded("no-stop-mention", without(mention), "stop-mention", fields={"text": "Soldes chez nous."}),
    "channels": Guarded(
        "stop-channel-down",
        without(channels),
        "stop-channel.never-proven",
        fields={"short_code": UNPROVEN_CODE, "text": f"Soldes. STOP {UNPROVEN_CODE}"},
        before=with_a_code_that_nothing_proved,
    ),
    "holds": Guarded("sender-held", saying_nothing(flow, "refuse_held"), "hold.manual.sender", before=held),
    "hours": Guarded(
        "quiet-hours",
        saying_nothing(planning, "hours_of", planning.NO_HOURS),
        "foreign numbers",
        numbers=[ABROAD],
        profile={"foreign_numbers": "closed"},
    ),
    "hours of some": Guarded(
        "quiet_hours",
        saying_nothing(planning, "hours_of", planning.NO_HOURS),
        numbers=[ANNE, ABROAD],
        profile={"foreign_numbers": "closed"},
    ),
    "duplicates": Guarded(
        "duplicate", finding_nothing(duplicates, "found"), profile={"duplicate_hours": 24}, before=checked_before
    ),
    "frequency": Guarded(
        "duplicate",
        finding_nothing(duplicates, "found"),
        profile={"frequency_max": 1},
        before=reached_by_another_campaign,
    ),
    "enumeration": Guarded(
        "enumeration-budget",
        finding_nothing(enumeration, "judge", ()),
        "first-seen-numbers",
        numbers=EVERYBODY,
        profile={"first_seen_per_day": 0},
    ),
    "grants": Guarded(
        "forbidden",
        saying_nothing(purposes, "require_grant"),
        "purpose.service",
        fields={"purpose": "service", "text": PLAIN},
    ),
    "purpose by its text": Guarded(
        "opted_out",
        lambda patch: patch.setattr(completing, "judged_purpose", lambda purpose, _: purpose),
        fields={"purpose": "service", "text": OFFERS_STOP},
        profile={"grants": ["service"], "stop_covers_service": False},
        before=said_stop,
    ),
    "opt-outs": Guarded("opted_out", knowing_no_opposition, before=said_stop),
}


async def told(world: World, case: Guarded) -> tuple[str, str | None]:
    """Return what a check is told: the problem and its rule, or the reason of whoever is withheld."""
    body = {"numbers": case.numbers, **case.fields}
    answer = await world.client.post("/v1/checks", json=body, headers=world.bearer("salon"))
    said = answer.json()
    if not answer.is_success:
        return said["type"].rpartition("/")[2], said.get("rule")
    reasons = [reason for reason, found in said["withheld"].items() if found]
    assert said["counts"]["allowed"] == said["counts"]["submitted"] - len(reasons), said
    return (reasons[0] if reasons else PASSES), None


@pytest.mark.parametrize("name", CHECKS)
async def test_without_one_safeguard_the_check_that_it_stopped_passes(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
):
    case = CHECKS[name]
    monkeypatch.setattr(planning, "FEW_NUMBERS", 0)  # what was judged with the safeguard is not to be remembered
    await let_send(world.registry, SALON, OWN_CODE, **case.profile)
    await case.before(world)
    assert await told(world, case) == (case.stopped, case.rule)
    case.removal(monkeypatch)

    assert await told(world, case) == (PASSES, None)


def test_every_safeguard_of_a_plan_has_its_case():
    names = {judge.__module__.rpartition(".")[2] for judge in planning.SAFEGUARDS}

    assert names <= set(CHECKS)


async def test_without_its_refusal_a_batch_that_only_waits_would_be_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """A careless client must not take a batch of which nobody is allowed for one that may go."""
    case = CHECKS["hours"]
    await let_send(world.registry, SALON, OWN_CODE, **case.profile)
    assert (await told(world, case))[0] == "quiet-hours"
    monkeypatch.setattr(planning, "refuse_nobody", lambda *_: None)

    assert await told(world, case) == ("quiet_hours", None)


def reasons_but(*gone: str) -> Removal:
    """Let the reasons of a whole clearance be found, but for these."""
    known = admissions._of_all  # noqa: SLF001 - what is taken out stands there

    def found(*given: object) -> str | None:
        reason = known(*given)
        return None if reason in gone else reason

    return lambda patch: patch.setattr(admissions, "_of_all", found)


def writing_whatever_was_revoked(patch: pytest.MonkeyPatch) -> None:
    """Take out both: the judgement, and the statement that writes nothing for what was revoked meanwhile."""
    reasons_but("revoked")(patch)
    finding_nothing(admissions.admissions, "admit", answer=True)(patch)


def remembering_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(admissions, "is_marked", lambda places, _: np.zeros(places.size, np.bool_))


async def admitted_before(world: World, given: str) -> None:
    assert (await admitted(world, given))["send"] == [ANNE]


async def said_stop_since(world: World, given: str) -> None:  # noqa: ARG001 - as the others
    await said_stop(world)


async def ended(world: World, given: str) -> None:  # noqa: ARG001 - as the others
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE clearance SET expires_at = now() - interval '1 second'")
    world.registry.rosters._known.clear()  # noqa: SLF001 - what is kept of a clearance never changes, but for this test


async def not_begun(world: World, given: str) -> None:  # noqa: ARG001 - as the others
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE clearance SET not_before = now() + interval '1 hour'")
    world.registry.rosters._known.clear()  # noqa: SLF001 - as above


async def revoked(world: World, given: str) -> None:
    answer = await world.client.post(f"/v1/clearances/{given}/revoke", json={}, headers=world.bearer("salon"))
    assert answer.is_success


async def held_and_not_yet_revoked(world: World, given: str) -> None:  # noqa: ARG001 - as the others
    await held(world)
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE clearance SET revoked_at = NULL, revoked_reason = NULL")


ADMISSIONS: dict[str, tuple[Callable[[World, str], Awaitable[None]], Removal]] = {
    "recalled": (said_stop_since, knowing_no_opposition),
    "already-admitted": (admitted_before, remembering_nobody),
    "expired": (ended, reasons_but("expired")),
    "not-yet": (not_begun, reasons_but("not-yet")),
    "revoked": (revoked, writing_whatever_was_revoked),
    "held": (held_and_not_yet_revoked, saying_nothing(admissions, "is_held", answer=False)),
}


async def admitted(world: World, given: str) -> dict:
    path, body = f"/v1/clearances/{given}/admissions", {"numbers": [ANNE]}
    answer = await world.client.post(path, json=body, headers=world.bearer("salon"))
    assert answer.is_success, answer.text
    return answer.json()


@pytest.mark.parametrize("reason", ADMISSIONS)
async def test_without_one_safeguard_the_admission_that_it_refused_is_given(
    world: World, monkeypatch: pytest.MonkeyPatch, reason: str
):
    before, removal = ADMISSIONS[reason]
    given = (await world.check("salon", [ANNE, BRUNO]))["clearance"]["id"]
    await before(world, given)
    assert (await admitted(world, given))["refused"] == [{"number": ANNE, "reason": reason}]
    removal(monkeypatch)

    assert (await admitted(world, given))["send"] == [ANNE]
