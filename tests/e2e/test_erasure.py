"""Erasure: what may go goes for good, the opposition stays and says why, and every proof still holds."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec
import numpy as np
import pytest

from app import evidence, retention, review, subjects, tags
from app.errors import ConflictError, InvalidValueError
from app.subjects import erasure
from app.subjects.erasure import between, kept_for
from tests.e2e.served import clean_environment
from tests.world import OWN_CODE, SALON, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"
BY = "cli:anne"


async def sql(world: World, statement: str, *values: object) -> object:
    async with world.registry.pool.acquire() as db:
        return await db.fetchval(statement, *values)


async def erase(world: World, number: str = ANNE, **more: str) -> subjects.Erased:
    sender = await world.registry.directory.sender(SALON)
    return await subjects.erase(world.registry, BY, sender, number, "asked by letter", **more)


async def held(world: World, number: str = ANNE) -> dict | None:
    sender = await world.registry.directory.sender(SALON)
    answer = await subjects.look_up(world.registry, subjects.Reader(BY), [number], [sender])
    [subject] = msgspec.to_builtins(answer)["subjects"]
    return subject["senders"][0] if subject["senders"] else None


async def verified(world: World, path) -> bool:
    answer = await world.client.get("/v1/audit/export", params={"sender": SALON}, headers=world.bearer("auditor"))
    path.write_bytes(answer.content)
    return evidence.verify_export(path, None).ok


async def tag_of(world: World, number: str) -> int:
    sender = await world.registry.directory.sender(SALON)
    return tags.tag(sender.key, int(number[1:]))


async def age(world: World, days: int) -> None:
    await sql(world, "UPDATE cleared SET stored_at = stored_at - $1::interval", timedelta(days=days))


async def said(world: World, *texts: str, number: str = ANNE) -> None:
    """One text after the other, ten minutes apart, an hour ago; a START without a time would lift nothing."""
    for position, text in enumerate(texts):
        at = datetime.now(UTC) - timedelta(hours=1) + timedelta(minutes=10 * position)
        await world.mo(message(f"mo-{number}-{position}", number, text, OWN_CODE, received_at=at.isoformat()))


async def test_who_is_not_opposed_is_forgotten_and_nobody_can_link_the_entries_any_more(world: World, tmp_path):
    await said(world, "STOP", "START")
    before = await held(world)
    done = await erase(world)

    assert (done.openings, done.opposed) == (2, False)
    assert await held(world) is None
    tag = await tag_of(world, ANNE)
    for table in ("opening", "opt_out", "review_person"):
        assert await sql(world, f"SELECT count(*) FROM {table} WHERE tag = $1", tag) == 0
    # The entries are there, proven as ever; without the salt even who has the key and the number cannot open them.
    assert await verified(world, tmp_path / "export.zip")
    async with world.registry.pool.acquire() as db:
        lines = [row["entry"] for row in await db.fetch("SELECT entry FROM ledger_entry WHERE sender_id = 1")]
    assert {event["entry"].encode() for event in before["events"]} <= set(lines)
    unsalted = sha256(tag.to_bytes(8, "big", signed=True)).hexdigest()
    assert not any(unsalted.encode() in line for line in lines)


async def test_an_opposition_stays_with_its_evidence_and_the_answer_says_why(world: World, tmp_path):
    await said(world, "STOP")
    done = await erase(world)

    assert (done.openings, done.opposed) == (0, True)
    assert any("17(3)" in text and "21(3)" in text for text in done.explanations)
    assert await world.opposed("salon", ANNE) == [ANNE]
    assert (await held(world))["events"][0]["opening"]["salt"]
    assert await verified(world, tmp_path / "export.zip")


async def test_a_stop_that_comes_while_an_erasure_runs_is_kept(world: World):
    """The plan is made before the lock; what counts is the state under it."""
    await said(world, "STOP", "START")
    sender = await world.registry.directory.sender(SALON)
    plan = await erasure.planned(world.registry, sender, [await tag_of(world, ANNE)])
    assert plan.opposed is False
    await world.mo(message("mo-late", ANNE, "STOP", OWN_CODE))
    assert (await erasure.erase_person(world.registry, sender, plan)).opposed is True

    assert await world.opposed("salon", ANNE) == [ANNE]
    assert len((await held(world))["events"]) == 3


async def test_an_index_that_still_knows_the_opposition_is_built_anew(world: World):
    """A check fills the index with the opposition; the START and the erasure come before the next check."""
    await said(world, "STOP")
    assert len((await world.registry.index.at_present(1)).tags) == 1
    assert await world.opposed("salon", ANNE) == [ANNE]
    await world.mo(message("mo-back", ANNE, "START", OWN_CODE, received_at=datetime.now(UTC).isoformat()))
    assert (await erase(world)).openings == 2

    assert await world.opposed("salon", ANNE) == []


async def test_a_place_in_a_list_stays_and_becomes_nobodys(world: World):
    numbers = [f"+3363998{last:04}" for last in range(300)]
    made = await world.check("salon", numbers)
    admitted = {"numbers": numbers[:150], "request_id": "one"}
    path = f"/v1/clearances/{made['clearance']['id']}/admissions"
    assert (await world.client.post(path, json=admitted, headers=world.bearer("salon"))).is_success
    before = np.frombuffer(await sql(world, "SELECT tags FROM cleared"), "<i8")
    await age(world, 11)
    done = await erase(world, numbers[7])

    after = np.frombuffer(await sql(world, "SELECT tags FROM cleared"), "<i8")
    tag = await tag_of(world, numbers[7])
    assert (done.contacts, done.contacts_kept) == (1, 0)
    assert tag in before
    assert tag not in after
    assert (before != after).sum() == 1
    assert (np.diff(after) > 0).all()
    assert await held(world, numbers[7]) is None
    # Everybody else stands where they stood: what was admitted is still told for them.
    sent = [(await held(world, numbers[position]))["contacts"][0]["sent"] for position in (3, 149, 150, 299)]
    assert sent == ["admitted", "admitted", "unknown", "unknown"]


async def test_a_list_of_one_keeps_its_one_place(world: World):
    await world.check("salon", [ANNE])
    await age(world, 11)

    assert (await erase(world)).contacts == 1
    assert len(await sql(world, "SELECT tags FROM cleared")) == 8
    assert await held(world) is None


async def test_what_a_stop_may_still_have_to_find_is_kept_and_explained(world: World):
    await world.check("salon", [ANNE])
    done = await erase(world)

    assert (done.contacts, done.contacts_kept) == (0, 1)
    assert kept_for(world.registry) == timedelta(days=10)
    assert any("91 jours" in text for text in done.explanations)
    assert (await held(world))["contacts"]


async def test_a_message_that_waits_for_a_decision_keeps_what_is_needed_to_decide_it(world: World):
    await said(world, "Annuler")
    assert (await erase(world)).pending is True
    [item] = await review.items(world.registry)
    await review.decide(world.registry, BY, item.item_id, "leave", "read")
    done = await erase(world)

    assert done.pending is False
    assert await sql(world, "SELECT count(*) FROM review_person") == 0
    assert await sql(world, "SELECT count(*) FROM review_item WHERE box IS NOT NULL") == 0


async def test_a_freeze_forbids_to_erase(world: World):
    await said(world, "STOP", "START")
    await retention.freeze(world.registry, BY, "incident 7", SALON)
    with pytest.raises(ConflictError, match="freeze"):
        await erase(world)

    assert len((await held(world))["events"]) == 2


async def test_an_erasure_is_an_entry_of_the_ledger_and_of_the_journal_without_a_number(world: World):
    await said(world, "STOP", "START")
    await erase(world, reference="courrier 26-14")
    line = await sql(world, "SELECT entry FROM ledger_entry WHERE sender_id = 1 ORDER BY entry_index DESC LIMIT 1")
    entry = msgspec.json.decode(line)

    assert (entry["kind"], entry["subject"], entry["detail"]["openings"]) == ("erasure", "courrier 26-14", "2")
    detail = await sql(world, "SELECT detail FROM admin_journal WHERE action = 'subject.erase'")
    assert "9980001" not in detail + line.decode()


@pytest.mark.parametrize("number", ["nonsense", ""])
async def test_what_is_no_number_is_refused(world: World, number: str):
    with pytest.raises(InvalidValueError):
        await erase(world, number)


def test_a_replacement_keeps_the_order_and_is_never_the_person():
    for random in range(200):
        chosen = between(10, 12, 16, random.to_bytes(2, "big"))
        assert 10 < chosen < 16
        assert chosen != 12
    assert {between(10, 12, 16, bytes([one])) for one in range(4)} == {11, 13, 14, 15}
    assert between(10, 11, 12, b"\x05") == 11  # no room between two neighbours
    assert between(-(2**63), 0, 2**63 - 1, bytes(16)) == -(2**63) + 1


async def test_the_command_erases_for_one_sender_and_explains(world: World, database_url: str):
    environment = {
        **clean_environment(),
        "DATABASE_URL": database_url,
        "STOP_REGISTRY_DATA_DIR": str(world.registry.settings.data_dir),
        "STOP_REGISTRY_UNSAFE_NOT_DURABLE": "true",
    }

    async def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "app", "subject", *arguments]
        return await asyncio.to_thread(
            subprocess.run, line, env=environment, capture_output=True, text=True, input=ANNE
        )

    await said(world, "STOP")
    done = await run("-", "--erase", "--sender", SALON, "--reason", "courrier")
    assert (done.returncode, "Opposition : conservée" in done.stdout) == (0, True), done.stderr
    assert "<h1>" in (await run("-", "--erase", "--sender", SALON, "--reason", "courrier", "--format", "html")).stdout
    assert (await run("-", "--erase", "--reason", "courrier")).returncode == 2
    assert (await run("-", "--erase", "--sender", SALON)).returncode == 2
    await retention.freeze(world.registry, BY, "incident 7")
    assert (await run("-", "--erase", "--sender", SALON, "--reason", "courrier")).returncode == 1
