"""A person holds what a sender, a delegate or a campaign sends, and releases it."""

import asyncio
import subprocess
import sys

import httpx
import pytest

from app import holding
from app.auth import key_id
from app.errors import ConflictError, InvalidValueError, NotFoundError
from app.holding import Target
from tests.e2e.served import environment_of
from tests.world import SALON, SPA, World

pytestmark = pytest.mark.anyio
ANNE = "+33639980001"


async def asked(world: World, key: str, **fields: object) -> httpx.Response:
    return await world.client.post("/v1/checks", json={"numbers": [ANNE], **fields}, headers=world.bearer(key))


async def status(world: World, key: str, **fields: object) -> int:
    return (await asked(world, key, **fields)).status_code


@pytest.fixture
def command(world: World, database_url: str):
    environment = environment_of(world.registry.settings, database_url)

    async def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "app", "sender", *arguments]
        return await asyncio.to_thread(subprocess.run, line, env=environment, capture_output=True, text=True)

    return run


async def test_a_hold_of_another_process_refuses_at_once_and_its_release_lets_go(world: World, command):
    assert await status(world, "salon") == 200
    held = await command("hold", SALON, "--reason", "Wrong list")
    assert (held.returncode, held.stdout) == (0, f"held {SALON}: marketing, service, transactional\n"), held.stderr
    assert [await status(world, key, sender=SALON) for key in ("salon", "agency", "vendor")] == [423, 423, 423]
    assert await status(world, "spa") == 200

    listed = await command("holds", SALON)
    assert listed.stdout.startswith(f"held\t{SALON}\tmanual\tmarketing,service,transactional\t")
    assert listed.stdout.endswith("\tWrong list\n")
    released = await command("release", SALON, "--reason", "List corrected")
    assert (released.returncode, released.stdout) == (0, f"released {SALON} (manual)\n"), released.stderr
    assert await status(world, "salon") == 200
    assert ": List corrected\t" in (await command("holds", SALON)).stdout


async def test_a_refusal_says_why_since_when_and_who_may_release(world: World):
    row = await holding.hold(world.registry, "cli:anne", SALON, holding.WHOLE, "Wrong list.")
    problem = (await asked(world, "salon")).json()

    assert problem["type"].endswith("/sender-held")
    assert "Wrong list. Whoever administers the registry releases it" in problem["detail"]
    assert f"stop-registry sender release {SALON} --reason" in problem["detail"]
    assert (problem["rule"], problem["profile"]) == ("hold.manual.sender", SALON)
    assert problem["held_since"] == row.held_at.isoformat()
    assert {"source", "changed_by"} <= set(problem)


async def test_a_delegate_is_held_and_the_other_goes_on(world: World, command):
    held = await command("hold", SALON, "--delegate", world.keys["vendor"], "--reason", "Contract ended")
    assert held.returncode == 0, held.stderr

    assert await status(world, "vendor") == 423
    assert [await status(world, key, sender=SALON) for key in ("agency", "salon")] == [200, 200]
    released = await command("release", SALON, "--delegate", key_id(world.keys["vendor"]), "--reason", "New contract")
    assert released.returncode == 0, released.stderr
    assert await status(world, "vendor") == 200


async def test_a_delegate_held_for_one_sender_goes_on_for_the_other(world: World):
    agency = Target("delegate", key_id(world.keys["agency"]))
    await holding.hold(world.registry, "tests", SALON, agency, "Wrong list")

    assert await status(world, "agency", sender=SALON) == 423
    assert await status(world, "agency", sender=SPA) == 200


async def test_a_campaign_is_held_and_the_others_go_on(world: World):
    await holding.hold(world.registry, "tests", SALON, Target("campaign", "Soldes"), "Wrong list")

    assert await status(world, "salon", campaign="soldes") == 423
    assert await status(world, "agency", sender=SALON, campaign="SOLDES") == 423
    assert await status(world, "salon", campaign="rentrée") == 200
    assert await status(world, "spa", campaign="soldes") == 200
    released = await holding.release(world.registry, "tests", SALON, Target("campaign", "SOLDES"), "List corrected")
    assert [row.subject for row in released] == ["Soldes"]
    assert await status(world, "salon", campaign="soldes") == 200


async def test_a_hold_holds_for_large_and_small_batches_on_warm_and_cold_lists(world: World):
    many = [f"+3363998{n:04}" for n in range(2_000)]
    for numbers in ([ANNE], many, [ANNE]):
        assert await status(world, "salon", numbers=numbers) == 200
    await holding.hold(world.registry, "tests", SALON, holding.WHOLE, "Wrong list")
    assert [await status(world, "salon", numbers=numbers) for numbers in ([ANNE], many)] == [423, 423]
    await holding.hold(world.registry, "tests", SPA, holding.WHOLE, "Wrong list")
    assert [await status(world, "spa", numbers=numbers) for numbers in ([ANNE], many)] == [423, 423]


async def test_what_was_cleared_is_revoked_with_the_hold_and_nothing_else(world: World):
    tokens = {
        name: (await world.check(key, [ANNE], sender=sender, campaign=campaign))["clearance"]["token"]
        for name, key, sender, campaign in (
            ("held", "vendor", SALON, "Soldes"),
            ("other campaign", "vendor", SALON, "rentrée"),
            ("other sender", "spa", SPA, "soldes"),
        )
    }
    await holding.hold(world.registry, "tests", SALON, Target("campaign", "soldes"), "Wrong list")
    assert await ended(world, tokens) == ["held"]
    await holding.hold(world.registry, "tests", SALON, Target("delegate", key_id(world.keys["vendor"])), "Wrong list")
    assert await ended(world, tokens) == ["held", "other campaign"]
    await holding.hold(world.registry, "tests", SPA, holding.WHOLE, "Drill", ("service",))
    assert await ended(world, tokens) == ["held", "other campaign"]
    await holding.hold(world.registry, "tests", SPA, Target("campaign", "soldes"), "Wrong list")
    assert await ended(world, tokens) == ["held", "other campaign", "other sender"]


async def test_a_campaign_that_the_profile_fills_in_is_held_too(world: World):
    tokens = {"held": (await world.check("vendor", [ANNE]))["clearance"]["token"]}
    await holding.hold(world.registry, "tests", SALON, Target("campaign", "Soldes-Hiver"), "Wrong list")

    assert await ended(world, tokens) == ["held"]
    assert await status(world, "vendor") == 423


async def ended(world: World, tokens: dict[str, str]) -> list[str]:
    found = []
    for name, token in tokens.items():
        key = "spa" if name == "other sender" else "vendor"
        answer = await world.client.post("/v1/clearances/verify", json={"token": token}, headers=world.bearer(key))
        if [fault["what"] for fault in answer.json()["faults"]] == ["revoked"]:
            found.append(name)
    return found


async def test_a_release_revives_no_clearance(world: World):
    tokens = {"mine": (await world.check("vendor", [ANNE]))["clearance"]["token"]}
    await holding.hold(world.registry, "tests", SALON, holding.WHOLE, "Wrong list")
    await holding.release(world.registry, "tests", SALON, holding.WHOLE, "List corrected")

    assert await ended(world, tokens) == ["mine"]


async def test_only_the_purposes_named_are_held(world: World):
    await holding.hold(world.registry, "tests", SALON, holding.WHOLE, "Drill", ("service",))

    assert await status(world, "salon") == 200


async def test_a_person_holds_all_but_emergencies(world: World):
    async with world.registry.pool.acquire() as db:
        await db.execute("""UPDATE sender SET profile = profile::jsonb || '{"grants":["service","emergency"]}'""")
    await world.registry.directory.current(max_age_seconds=0)
    purposes = ("marketing", "service", "emergency")
    await holding.hold(world.registry, "tests", SALON, holding.WHOLE, "Wrong list")
    assert [await status(world, "salon", purpose=purpose) for purpose in purposes] == [423, 423, 200]
    await holding.release(world.registry, "tests", SALON, holding.WHOLE, "Not at all")
    await holding.hold(world.registry, "tests", SALON, holding.WHOLE, "Stolen key", ("emergency",))
    assert [await status(world, "salon", purpose=purpose) for purpose in purposes] == [200, 200, 423]


async def test_both_acts_stand_in_the_ledger_and_in_the_journal(world: World):
    await holding.hold(world.registry, "cli:anne", SALON, Target("campaign", "soldes"), "Wrong list")
    await holding.release(world.registry, "cli:bruno", SALON, Target("campaign", "soldes"), "List corrected")
    async with world.registry.pool.acquire() as db:
        entries = [row["entry"].decode() for row in await db.fetch("SELECT entry FROM ledger_entry")]
        acts = await db.fetch("SELECT action, actor, detail FROM admin_journal WHERE action LIKE 'sender.%' ORDER BY 1")

    [held] = [line for line in entries if '"kind":"hold"' in line]
    [released] = [line for line in entries if '"kind":"release"' in line]
    assert '"reason":"Wrong list"' in held
    assert '"by":"cli:bruno"' in released
    assert '"reason":"List corrected"' in released
    assert [(act["action"], act["actor"]) for act in acts if "soldes" in act["detail"]] == [
        ("sender.hold", "cli:anne"),
        ("sender.release", "cli:bruno"),
    ]


async def test_the_same_is_held_once(world: World):
    await holding.hold(world.registry, "tests", SALON, holding.WHOLE, "Wrong list")
    with pytest.raises(ConflictError):
        await holding.hold(world.registry, "tests", SALON, holding.WHOLE, "Again")
    await holding.release(world.registry, "tests", SALON, holding.WHOLE, "List corrected")
    with pytest.raises(NotFoundError):
        await holding.release(world.registry, "tests", SALON, holding.WHOLE, "Again")


async def test_a_key_that_does_not_act_for_the_sender_is_no_delegate(world: World):
    with pytest.raises(NotFoundError):
        await holding.hold(world.registry, "tests", SALON, Target("delegate", key_id(world.keys["spa"])), "Mistaken")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "call 06 39 98 00 01"])
async def test_neither_goes_without_a_reason_that_can_be_kept(world: World, reason: str):
    with pytest.raises(InvalidValueError):
        await holding.hold(world.registry, "tests", SALON, holding.WHOLE, reason)
    await holding.hold(world.registry, "tests", SALON, holding.WHOLE, "Wrong list")
    with pytest.raises(InvalidValueError):
        await holding.release(world.registry, "tests", SALON, holding.WHOLE, reason)


@pytest.mark.parametrize(("delegate", "campaign"), [("K", "soldes"), (None, ""), (None, "a\nb"), (None, "x" * 201)])
async def test_a_target_is_one_thing_with_a_name(delegate: str | None, campaign: str | None):
    with pytest.raises(InvalidValueError):
        holding.target(delegate, campaign)
