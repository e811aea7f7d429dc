"""What is held about a person is found and proven whatever key was in force, also during a rotation."""

from hashlib import sha256

import msgspec
import pytest

from app import administration, rotation
from app.auth import Role
from app.errors import KeyRotatedError
from app.subjects import erasure
from tests.world import ACTOR, OWN_CODE, SALON, World, message

pytestmark = pytest.mark.anyio
ANNE = "+33639980001"


async def held(world: World) -> dict:
    answer = await world.client.post("/v1/audit/subjects", json={"numbers": [ANNE]}, headers=world.bearer("dpo"))
    assert answer.status_code == 200, answer.text
    [subject] = answer.json()["subjects"]
    [found] = [one for one in subject["senders"] if one["sender"] == SALON]
    return found


def proven(event: dict) -> bool:
    opening = event["opening"]
    person = sha256(bytes.fromhex(opening["salt"]) + bytes.fromhex(opening["tag"])).hexdigest()
    return msgspec.json.decode(event["entry"])["person"] == person


@pytest.fixture
async def world(world: World) -> World:
    world.keys["dpo"] = await administration.issue_key(world.registry, ACTOR, Role.DPO, "dpo", [SALON])
    return world


async def test_events_of_every_key_are_found_once_and_proven(world: World):
    await world.check("salon", [ANNE], campaign="soldes")
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    seen = []

    async def looked() -> None:
        seen.append(await held(world))

    async def rotate() -> None:
        await rotation.rotate(world.registry, ACTOR, SALON, "Rotation", sweep_after_seconds=0, paused=looked)

    await rotate()
    await world.mo(message("mo-2", ANNE, "STOP", OWN_CODE))
    await rotate()
    await looked()

    assert [len(found["events"]) for found in seen] == [1, 2, 2]
    assert [len(found["contacts"]) for found in seen] == [1, 1, 1]
    assert all(proven(event) for found in seen for event in found["events"])
    assert all(found["opposed"] for found in seen)


async def test_before_the_former_form_is_removed_everything_is_told_once(world: World, monkeypatch: pytest.MonkeyPatch):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    seen = []
    swept = rotation.sweep

    async def looked_and_swept(*arguments: object) -> None:
        seen.append(await held(world))
        await swept(*arguments)

    monkeypatch.setattr(rotation, "sweep", looked_and_swept)
    await rotation.rotate(world.registry, ACTOR, SALON, "Rotation", sweep_after_seconds=0)

    [found] = seen
    [event] = found["events"]
    assert proven(event)


async def test_an_erasure_planned_with_a_former_key_is_refused(world: World):
    """It would forget the former form and leave the one in force."""
    await world.check("salon", [ANNE])
    sender = await world.registry.directory.sender(SALON)
    plan = await erasure.planned(world.registry, sender, [sender.tagger.tag(33639980001)])
    await rotation.rotate(world.registry, ACTOR, SALON, "Rotation", sweep_after_seconds=0)

    with pytest.raises(KeyRotatedError):
        await erasure.erase_person(world.registry, sender, plan)
