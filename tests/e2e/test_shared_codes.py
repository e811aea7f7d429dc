"""Whom a STOP on a shared code concerns, and what the senders' ledgers say about it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from app import senders
from tests.world import ACTOR, SALON, SPA, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"
NAMES = ("salon", "Salon", "Martin", "spa", "Spa", "Lilas")


async def enforced(world: World, *slugs: str, days: int = 30) -> None:
    """Enforced for so long already."""
    for slug in slugs:
        await senders.enforce(world.registry, ACTOR, slug, on=True)
    since = datetime.now(UTC) - timedelta(days=days)
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE sender SET enforced_since = $1 WHERE slug = ANY ($2::text[])", since, list(slugs))
    await world.registry.directory.current(max_age_seconds=0)


async def opposed(world: World, number: str = ANNE) -> list[str]:
    return [key for key in ("salon", "spa") if await world.opposed(key, number)]


async def evidence(world: World) -> list[dict]:
    """The STOPs in all ledgers."""
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT entry FROM ledger_entry ORDER BY sender_id, entry_index")
    entries = [msgspec.json.decode(row["entry"]) for row in rows]
    return [entry for entry in entries if entry["kind"] == "stop"]


async def test_only_the_sender_that_cleared_the_number_is_concerned_when_all_are_enforced(world: World):
    await enforced(world, SALON, SPA)
    await world.check("salon", [ANNE, BRUNO])
    await world.check("spa", [BRUNO])
    await world.mo(message("mo-1", ANNE, "STOP"))

    assert await opposed(world) == ["salon"]
    [entry] = await evidence(world)
    assert (entry["basis"], entry["candidates"], entry["flags"]) == ("cleared", 2, ["lookback-72h"])


async def test_the_evidence_names_no_other_brand(world: World):
    await enforced(world, SALON)
    await world.mo(message("mo-1", ANNE, "STOP"))

    entries = await evidence(world)
    assert [(entry["basis"], entry["candidates"]) for entry in entries] == [("widened", 2)]
    assert not [name for name in NAMES for entry in entries if name in str(entry)]


async def test_a_sender_that_is_not_enforced_is_always_suppressed_too(world: World):
    await enforced(world, SALON)
    await world.check("salon", [ANNE])
    await world.mo(message("mo-1", ANNE, "STOP"), message("mo-2", BRUNO, "STOP"))

    assert await opposed(world, ANNE) == ["salon", "spa"]
    assert await opposed(world, BRUNO) == ["spa"]


async def test_a_sender_enforced_for_less_than_the_look_back_is_not_left_out(world: World):
    await enforced(world, SALON, SPA, days=2)
    await world.check("salon", [ANNE])
    await world.mo(message("mo-1", ANNE, "STOP"))

    assert await opposed(world) == ["salon", "spa"]


async def test_enforcement_ends_when_it_is_taken_back(world: World):
    await enforced(world, SALON, SPA)
    await senders.enforce(world.registry, ACTOR, SPA, on=False)
    await world.check("salon", [ANNE])
    await world.mo(message("mo-1", ANNE, "STOP"))

    assert await opposed(world) == ["salon", "spa"]
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT actor, subject, detail FROM admin_journal WHERE action = 'sender.enforce'")
    assert [(row["actor"], row["subject"]) for row in rows] == [(ACTOR, SALON), (ACTOR, SPA), (ACTOR, SPA)]


async def test_a_check_older_than_the_look_back_does_not_name_its_sender(world: World):
    await enforced(world, SALON, SPA)
    await world.check("salon", [ANNE])
    await world.check("spa", [ANNE])
    async with world.registry.pool.acquire() as db:
        await db.execute(
            "UPDATE cleared SET stored_at = stored_at - interval '73 hours'"
            " WHERE sender_id = (SELECT sender_id FROM sender WHERE slug = $1)",
            SPA,
        )
    await world.mo(message("mo-1", ANNE, "STOP"))

    assert await opposed(world) == ["salon"]


async def test_the_look_back_begins_when_the_message_was_sent_and_not_when_it_arrived(world: World):
    await enforced(world, SALON, SPA)
    for key in ("salon", "spa"):
        await world.check(key, [ANNE])
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE cleared SET stored_at = stored_at - interval '100 hours'")
    await world.check("salon", [ANNE])
    late = (datetime.now(UTC) - timedelta(hours=48)).isoformat()
    await world.mo(message("mo-1", ANNE, "STOP", received_at=late))

    assert await opposed(world) == ["salon", "spa"]


async def test_a_message_of_long_ago_concerns_everybody(world: World):
    await enforced(world, SALON, SPA)
    await world.check("salon", [ANNE])
    await world.mo(message("mo-1", ANNE, "STOP", received_at=(datetime.now(UTC) - timedelta(days=8)).isoformat()))

    assert await opposed(world) == ["salon", "spa"]


async def test_a_number_that_nobody_cleared_concerns_everybody(world: World):
    await enforced(world, SALON, SPA)
    await world.mo(message("mo-1", ANNE, "STOP"))

    assert await opposed(world) == ["salon", "spa"]
    assert {(entry["basis"], entry["candidates"]) for entry in await evidence(world)} == {("shared", 2)}


async def test_a_look_back_that_fails_leaves_everybody_concerned(world: World):
    await enforced(world, SALON, SPA)
    await world.check("salon", [ANNE])
    async with world.registry.pool.acquire() as db:
        await db.execute("ALTER TABLE cleared RENAME TO elsewhere")
    answer = await world.mo(message("mo-1", ANNE, "STOP"))
    async with world.registry.pool.acquire() as db:
        await db.execute("ALTER TABLE elsewhere RENAME TO cleared")

    assert answer.status_code == 200
    assert await opposed(world) == ["salon", "spa"]


async def test_a_look_back_is_not_certain_enough_to_lift(world: World):
    await enforced(world, SALON, SPA)
    await world.check("salon", [ANNE])
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    await world.mo(message("mo-1", ANNE, "STOP TOUT", received_at=hour_ago))
    await world.mo(message("mo-2", ANNE, "START"))

    assert await opposed(world) == ["salon", "spa"]


async def test_the_check_that_the_operator_says_is_answered_names_its_sender(world: World):
    check = await world.check("spa", [ANNE])
    await world.mo(message("mo-1", ANNE, "STOP", in_reply_to=check["check_id"]))

    assert await opposed(world) == ["spa"]
    [entry] = await evidence(world)
    assert (entry["basis"], entry["candidates"], entry["flags"]) == ("reply", 2, [])


async def test_a_start_that_answers_a_check_lifts_for_its_sender(world: World):
    check = await world.check("spa", [ANNE])
    await world.mo(message("mo-1", ANNE, "STOP", received_at="2026-11-20T09:00:00Z"))
    later = message("mo-2", ANNE, "START", in_reply_to=check["check_id"], received_at="2026-11-20T09:01:00Z")
    await world.mo(later)

    assert await opposed(world) == ["salon"]


@pytest.mark.parametrize("reference", ["campagne-42", "chk_" + "0" * 32, "chk_'; DROP TABLE cleared"])
async def test_a_reference_that_is_no_check_of_ours_names_nobody(world: World, reference: str):
    await world.mo(message("mo-1", ANNE, "STOP", in_reply_to=reference))

    assert await opposed(world) == ["salon", "spa"]


async def test_a_check_that_did_not_clear_this_number_names_nobody(world: World):
    check = await world.check("spa", [BRUNO])
    await world.mo(message("mo-1", ANNE, "STOP", in_reply_to=check["check_id"]))

    assert await opposed(world) == ["salon", "spa"]
