"""A sender's key is rotated: every verdict after it is the one before, while STOPs and checks go on (D4)."""

import time

import msgspec
import pytest

from app import administration, epochs, ledger, review, rotation, senders, tags
from app.errors import ConflictError, InvalidValueError
from tests.world import ACTOR, OWN_CODE, SALON, SHARED_CODE, SPA, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CLARA, DAVID = (f"+3363998000{n}" for n in range(1, 5))
REASON = "Rotation annuelle"


def stop(message_id: str, number: str) -> dict:
    return message(message_id, number, "STOP", OWN_CODE, received_at="2026-01-01T09:00:00Z")


def start(message_id: str, number: str) -> dict:
    return message(message_id, number, "START", OWN_CODE, received_at="2026-02-01T09:00:00Z")


async def rotate(world: World, slug: str = SALON, **more: object) -> rotation.Rotated:
    return await rotation.rotate(world.registry, ACTOR, slug, REASON, sweep_after_seconds=0, **more)


async def stored(world: World, statement: str) -> list:
    async with world.registry.pool.acquire() as db:
        return await db.fetch(statement)


async def test_whoever_was_opposed_is_and_nobody_else(world: World):
    await world.mo(stop("mo-1", ANNE), stop("mo-2", BRUNO))
    await world.mo(start("mo-3", BRUNO))
    before = await world.opposed("salon", ANNE, BRUNO, CLARA)

    assert await rotate(world) == rotation.Rotated(1, {"opt_out": 2, "opening": 3})
    assert await world.opposed("salon", ANNE, BRUNO, CLARA) == before == [ANNE]
    assert await rotate(world) == rotation.Rotated(2, {"opt_out": 2, "opening": 3})
    assert await world.opposed("salon", ANNE, BRUNO, CLARA) == [ANNE]


async def test_every_tag_is_the_former_tag_under_the_new_key_and_nothing_else_is_left(world: World):
    await world.mo(stop("mo-1", ANNE))
    former = await stored(world, "SELECT tag FROM opt_out UNION SELECT tag FROM opening")
    await rotate(world)
    sender = await world.registry.directory.sender(SALON)

    expected = tags.tag(sender.key[1], former[0]["tag"]) if former[0]["tag"] > 0 else None
    found = await stored(world, "SELECT tag, epoch FROM opt_out UNION SELECT tag, epoch FROM opening")
    assert [tuple(row) for row in found] == [(tags.tag(sender.key, 33639980001), 1)]
    assert expected in {None, found[0]["tag"]}
    assert found[0]["tag"] != former[0]["tag"]


async def test_a_large_batch_against_a_warm_index_gets_the_same_verdict(world: World):
    await world.mo(stop("mo-1", ANNE))
    batch = [f"+336399{number:05}" for number in range(80_000, 83_000)]
    before = await world.check("salon", batch)
    await rotate(world)
    after = await world.check("salon", batch)

    assert after["withheld"] == before["withheld"]
    assert after["counts"] == before["counts"]


async def test_only_this_sender_is_touched(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", SHARED_CODE))
    await rotate(world)

    assert await world.opposed("spa", ANNE) == [ANNE]
    assert {row["epoch"] for row in await stored(world, "SELECT epoch FROM opt_out")} == {0, 1}


async def test_stops_and_starts_after_a_rotation_act_on_the_same_person(world: World):
    await world.mo(stop("mo-1", ANNE))
    await rotate(world)
    await world.mo(stop("mo-2", BRUNO))
    await world.mo(start("mo-3", ANNE))

    assert await world.opposed("salon", ANNE, BRUNO, CLARA) == [BRUNO]
    assert len(await stored(world, "SELECT FROM opt_out")) == 2


async def test_what_is_said_while_the_next_key_is_prepared_holds_before_and_after(world: World):
    await world.mo(stop("mo-1", ANNE), stop("mo-2", BRUNO))
    during = []

    async def said_meanwhile() -> None:
        await world.mo(stop("mo-3", CLARA))
        await world.mo(start("mo-4", BRUNO))
        during.append(await world.opposed("salon", ANNE, BRUNO, CLARA, DAVID))

    await rotate(world, paused=said_meanwhile)

    assert during == [[ANNE, CLARA]]
    assert await world.opposed("salon", ANNE, BRUNO, CLARA, DAVID) == [ANNE, CLARA]
    rows = await stored(world, "SELECT count(*) AS n, count(DISTINCT tag) AS people FROM opening WHERE epoch = 1")
    assert tuple(rows[0]) == (4, 3)


async def test_a_message_planned_with_the_former_key_is_committed_under_the_new_one(world: World):
    """Its tags are brought up under the locked head: whoever looks with the new key finds the person."""
    stale = await world.registry.directory.current()
    await rotate(world)
    world.registry.directory._snapshot = msgspec.structs.replace(stale, read_at=time.monotonic())  # noqa: SLF001 - a slow node
    await world.mo(stop("mo-1", ANNE))
    told = {"opt_outs": [{"number": BRUNO, "source": "letter", "reference": "courrier 17"}]}
    answer = await world.client.post("/v1/opt-outs", json=told, headers=world.bearer("salon"))
    assert answer.status_code == 200, answer.text
    await world.registry.directory.current(max_age_seconds=0)

    assert await world.opposed("salon", ANNE, BRUNO, CLARA) == [ANNE, BRUNO]


async def test_a_check_with_the_former_key_is_made_again(world: World):
    await world.mo(stop("mo-1", ANNE))
    stale = await world.registry.directory.current()
    await rotate(world)
    world.registry.directory._snapshot = msgspec.structs.replace(stale, read_at=time.monotonic())  # noqa: SLF001 - a slow node

    assert await world.opposed("salon", ANNE, BRUNO) == [ANNE]


async def test_an_heir_finds_the_list_it_inherited(world: World):
    await world.mo(stop("mo-1", ANNE))
    await senders.inherit(world.registry, ACTOR, SPA, SALON, "Fusion")
    await rotate(world)

    assert await world.opposed("spa", ANNE, BRUNO) == [ANNE]


async def test_entries_of_every_epoch_open_for_whoever_has_the_number(world: World):
    await world.mo(stop("mo-1", ANNE))
    await rotate(world)
    await world.mo(stop("mo-2", ANNE))
    await rotate(world)
    sender = await world.registry.directory.sender(SALON)
    rows = await stored(world, "SELECT sender_id, tag, entry_index, salt, epoch, made_in FROM opening")
    lines = {
        row["entry_index"]: row["entry"]
        for row in await stored(world, "SELECT * FROM ledger_entry WHERE sender_id = 1")
    }

    assert sorted(row["made_in"] for row in rows) == [0, 1]
    for row in rows:
        tag, salt = epochs.opened(sender.key, tuple(row), 33639980001)
        assert ledger.person_commitment(salt, tag) == ledger.decode(lines[row["entry_index"]]).person
        if row["made_in"] == 0:
            assert ledger.person_commitment(row["salt"], tag) != ledger.decode(lines[row["entry_index"]]).person


async def test_the_same_opposition_told_again_is_known(world: World):
    told = {"opt_outs": [{"number": ANNE, "source": "letter", "reference": "courrier 17"}]}
    first = await world.client.post("/v1/opt-outs", json=told, headers=world.bearer("salon"))
    await rotate(world)
    again = await world.client.post("/v1/opt-outs", json=told, headers=world.bearer("salon"))

    assert [answer.json()["results"][0]["result"] for answer in (first, again)] == ["recorded", "known"]


async def test_a_consent_after_a_rotation_lifts(world: World):
    await world.mo(stop("mo-1", ANNE))
    await rotate(world)
    said = {"number": ANNE, "consented_at": "2026-02-01T09:00:00Z", "proof": {"channel": "web", "reference": "f"}}
    answer = await world.client.post("/v1/opt-ins", json=said, headers=world.bearer("salon"))

    assert answer.json()["outcome"] == "lifted"
    assert await world.opposed("salon", ANNE) == []


async def test_a_review_item_of_before_is_decided_for_the_same_person(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))
    (item,) = await review.items(world.registry)
    opposed = await world.opposed("salon", ANNE)
    await rotate(world)
    assert await world.opposed("salon", ANNE) == opposed
    await review.decide(world.registry, ACTOR, item.item_id, "oppose", "Une demande claire")

    assert await world.opposed("salon", ANNE, BRUNO) == [ANNE]
    assert [row["epoch"] for row in await stored(world, "SELECT epoch FROM review_person")] == [1]


async def test_a_look_back_finds_whom_a_check_cleared_before_the_rotation(world: World):
    """Enforced senders that did not clear a number are left out of its STOP; a rotation changes nothing in that."""
    for slug in (SALON, SPA):
        await senders.enforce(world.registry, ACTOR, slug, on=True)
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE sender SET enforced_since = '2020-01-01'")
    await world.check("salon", [ANNE])
    await rotate(world)
    await world.mo(message("mo-1", ANNE, "STOP", SHARED_CODE))

    assert await world.opposed("salon", ANNE) == [ANNE]
    assert await world.opposed("spa", ANNE) == []


async def test_a_screen_shows_whom_it_showed_before(world: World):
    everyone = [f"+336399{number:05}" for number in range(80_001, 81_201)]
    await world.check("salon", everyone)
    await world.check("salon", [CLARA])
    await world.mo(message("mo-1", ANNE, "STOP", SHARED_CODE), message("mo-2", CLARA, "STOP", SHARED_CODE))

    async def screened() -> dict:
        numbers = {"numbers": [ANNE, BRUNO, CLARA]}
        answer = await world.client.post("/v1/checks?mode=screen", json=numbers, headers=world.bearer("salon"))
        return {name: answer.json()[name] for name in ("withheld", "opted_out_days")}

    before = await screened()
    await rotate(world)
    assert await screened() == before
    assert before["withheld"]["opted_out"] == [ANNE, CLARA]


async def test_a_rotation_stands_in_the_ledger_and_in_the_journal(world: World):
    await rotate(world)
    lines = await stored(world, "SELECT entry FROM ledger_entry WHERE sender_id = 1 ORDER BY entry_index")
    notes = [entry for row in lines if (entry := ledger.decode(row["entry"])).kind == "key-rotation"]
    journal = await stored(world, "SELECT actor, subject FROM admin_journal WHERE action = 'key.rotate'")

    assert [note.detail["step"] for note in notes] == ["begun", "in-force", "swept"]
    assert notes[0].detail["reason"] == REASON
    assert [tuple(row) for row in journal] == [(ACTOR, SALON)] * 2


async def test_an_interrupted_rotation_goes_on_with_the_same_key(world: World):
    await world.mo(stop("mo-1", ANNE))

    async def cut() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await rotate(world, paused=cut)
    (salt,) = await stored(world, "SELECT salt FROM sender_salt")
    assert await world.opposed("salon", ANNE) == [ANNE]

    await world.mo(stop("mo-2", BRUNO))
    assert await rotate(world) == rotation.Rotated(1, {"opt_out": 2, "opening": 2})
    assert await stored(world, "SELECT salt FROM sender_salt") == [salt]
    assert await world.opposed("salon", ANNE, BRUNO, CLARA) == [ANNE, BRUNO]


async def test_two_commands_at_once_rotate_once(world: World):
    await world.mo(stop("mo-1", ANNE))
    outcomes = []

    async def another() -> None:
        outcomes.append(await rotate(world))

    with pytest.raises(ConflictError):
        await rotate(world, paused=another)
    assert [outcome.epoch for outcome in outcomes] == [1]
    assert await world.opposed("salon", ANNE, BRUNO) == [ANNE]


async def test_an_opening_forgotten_during_a_rotation_does_not_come_back(world: World):
    await world.mo(stop("mo-1", ANNE), stop("mo-2", BRUNO))

    def forget(name: str, _: int) -> None:
        if name == "opening":
            forgotten.append(name)

    forgotten: list[str] = []
    async with world.registry.pool.acquire() as db:
        index = await db.fetchval("SELECT min(entry_index) FROM opening")
    place = rotation.PLACES[1]
    copy = place.copy

    async def copied_and_forgotten(db: object, *arguments: object) -> None:
        await copy(db, *arguments)
        await db.execute("DELETE FROM opening WHERE entry_index = $1 AND epoch = 0", index)

    place.copy = copied_and_forgotten
    try:
        await rotate(world, tell=forget)
    finally:
        del place.copy
    assert forgotten
    assert index not in {row["entry_index"] for row in await stored(world, "SELECT entry_index FROM opening")}


async def test_what_is_removed_after_both_forms_were_counted_does_not_come_back(world: World):
    """As a purge does it: under the locked head, with a new generation."""
    await world.mo(stop("mo-1", ANNE), stop("mo-2", BRUNO))
    sender = await world.registry.directory.sender(SALON)
    anne = tags.tag(sender.key, 33639980001)
    times = []

    async def purged() -> None:
        times.append(1)
        async with world.registry.pool.acquire() as db, db.transaction():
            await db.execute("DELETE FROM opt_out WHERE tag = $1", anne)
            if len(times) == 1:
                await db.execute("UPDATE ledger_head SET generation = generation + 1 WHERE sender_id = 1")

    assert (await rotate(world, paused=purged)).rows == {"opt_out": 1, "opening": 2}
    assert len(times) == 2
    assert await world.opposed("salon", ANNE, BRUNO) == [BRUNO]


async def test_a_rotation_needs_a_reason_and_a_sender(world: World):
    with pytest.raises(InvalidValueError):
        await rotation.rotate(world.registry, ACTOR, SALON, "  ")
    with pytest.raises(administration.NotFoundError):
        await rotation.rotate(world.registry, ACTOR, "nobody", REASON)
