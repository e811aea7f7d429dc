"""A sender is erased: its people are gone, its ledger verifies, and everyone else goes on."""

import time
from pathlib import Path

import msgspec
import pytest

from app import audit, erasure, evidence, ledger, retention, rotation, senders, subjects
from app.errors import ConflictError, InvalidValueError
from app.queries.erasure import PeopleRow
from tests.world import ACTOR, OWN_CODE, SALON, SHARED_CODE, SPA, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"
REASON = "Cessation d'activité"


async def erase(world: World, slug: str = SALON) -> PeopleRow:
    return await erasure.erase(world.registry, ACTOR, slug, REASON)


async def counted(world: World, *tables: str) -> list[int]:
    async with world.registry.pool.acquire() as db:
        return [await db.fetchval(f"SELECT count(*) FROM {table} WHERE sender_id = 1") for table in tables]


async def test_nothing_about_people_is_left_and_no_key_either(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE), message("mo-2", BRUNO, "STOP ?", OWN_CODE))
    await world.check("salon", [ANNE, "+33639980003"])
    await rotation.rotate(world.registry, ACTOR, SALON, "Rotation", sweep_after_seconds=0)
    before = await erasure.preview(world.registry, SALON)
    removed = await erase(world)

    assert (before.opposed, before.openings, before.cleared_checks, before.review_items) == (2, 2, 1, 1)
    assert msgspec.structs.replace(removed, ledger_entries=0) == msgspec.structs.replace(before, ledger_entries=0)
    assert await counted(world, "opt_out", "opening", "cleared", "review_person", "sender_salt") == [0] * 5
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT salt FROM sender WHERE sender_id = 1") == b""


async def test_its_checks_are_answered_gone_and_the_others_go_on(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", SHARED_CODE))
    await erase(world)

    for path, body in (
        ("/v1/checks", {"numbers": [ANNE]}),
        ("/v1/checks?mode=screen", {"numbers": [ANNE]}),
        ("/v1/opt-outs", {"opt_outs": [{"number": ANNE, "source": "letter"}]}),
        (
            "/v1/opt-ins",
            {"number": ANNE, "consented_at": "2026-02-01T09:00:00Z", "proof": {"channel": "web", "reference": "f"}},
        ),
    ):
        answer = await world.client.post(path, json=body, headers=world.bearer("salon"))
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (410, "sender-erased"), path
    assert await world.opposed("spa", ANNE, BRUNO) == [ANNE]


async def test_a_stop_on_a_shared_code_concerns_whoever_is_left(world: World):
    await erase(world)
    answer = await world.mo(message("mo-1", ANNE, "STOP", SHARED_CODE))

    assert answer.is_success
    assert await world.opposed("spa", ANNE) == [ANNE]
    assert await counted(world, "opt_out") == [0]


async def test_a_message_planned_before_leaves_nothing_behind(world: World):
    """It is answered 503 and made again: then the other senders get it, and the erased one nothing."""
    stale = await world.registry.directory.current()
    await erase(world)
    world.registry.directory._snapshot = msgspec.structs.replace(stale, read_at=time.monotonic())  # noqa: SLF001
    first = await world.mo(message("mo-1", ANNE, "STOP", SHARED_CODE))
    assert first.status_code == 503
    assert await counted(world, "opt_out", "opening") == [0, 0]

    await world.registry.directory.current(max_age_seconds=0)
    assert (await world.mo(message("mo-1", ANNE, "STOP", SHARED_CODE))).is_success
    assert await counted(world, "opt_out", "opening") == [0, 0]
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM opt_out") == 1


async def test_a_check_planned_before_is_refused(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    stale = await world.registry.directory.current()
    await erase(world)
    world.registry.directory._snapshot = msgspec.structs.replace(stale, read_at=time.monotonic())  # noqa: SLF001
    answer = await world.client.post("/v1/checks", json={"numbers": [ANNE]}, headers=world.bearer("salon"))

    assert answer.status_code == 410


async def test_its_ledger_still_verifies_and_says_what_was_purged(world: World, tmp_path: Path):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    await erase(world)
    sender = await world.registry.directory.sender(SALON)
    out = tmp_path / "salon.zip"
    with out.open("wb") as file:
        async for piece in await audit.export(world.registry, sender, audit.Scope(), ACTOR):
            file.write(piece)
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT entry FROM ledger_entry WHERE sender_id = 1 ORDER BY entry_index")
        journal = await db.fetch("SELECT actor, subject FROM admin_journal WHERE action = 'sender.erase'")
    notes = [entry for row in rows if (entry := ledger.decode(row["entry"])).kind == "purge"]

    report = evidence.verify_export(out, None)
    assert (report.ok, report.findings) == (True, ())
    assert report.size == len(rows) - 1  # the export itself is the last entry
    assert [(note.detail["step"], note.detail["opposed"]) for note in notes] == [("decided", "1"), ("done", "1")]
    assert notes[0].detail["reason"] == REASON
    assert [tuple(row) for row in journal] == [(ACTOR, SALON)]


async def test_a_list_that_another_sender_inherits_is_not_erased(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    await senders.inherit(world.registry, ACTOR, SPA, SALON, "Fusion")

    for attempt in (erase(world), erasure.preview(world.registry, SALON)):
        with pytest.raises(ConflictError, match=SPA):
            await attempt
    assert await world.opposed("spa", ANNE) == [ANNE]


async def test_an_erasure_that_was_interrupted_is_ended_by_the_same_command(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE sender SET salt = '', erased_at = now() WHERE sender_id = 1")
        await db.execute("UPDATE ledger_head SET epoch = epoch + 1 WHERE sender_id = 1")
    await world.registry.directory.current(max_age_seconds=0)
    await erase(world)

    assert await counted(world, "opt_out", "opening") == [0, 0]


async def test_an_erasure_needs_a_reason(world: World):
    with pytest.raises(InvalidValueError):
        await erasure.erase(world.registry, ACTOR, SALON, " ")


async def test_an_incident_or_control_forbids_it(world: World):
    frozen = await retention.freeze(world.registry, ACTOR, "incident 7", SALON)
    with pytest.raises(ConflictError, match="freeze"):
        await erase(world)
    await retention.thaw(world.registry, ACTOR, frozen, "incident closed")

    await erase(world)


async def test_who_is_looked_up_has_nothing_there_any_more(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", SHARED_CODE))
    await erase(world)
    everyone = list((await world.registry.directory.current()).senders.values())
    answer = await subjects.look_up(world.registry, subjects.Reader(ACTOR), [ANNE], everyone)

    [person] = answer.subjects
    assert ([one.sender for one in person.senders], person.nothing_held_by) == ([SPA], ["Salon Martin"])
