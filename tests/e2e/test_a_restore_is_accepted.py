"""A database that lost what was witnessed clears again once a person accepted the loss, under a new name."""

import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from app import audit, evidence
from app.doctor import Level, restoring, witness
from app.errors import ConflictError, InvalidValueError
from app.registry import open_registry
from tests.e2e.node_verifier import verdicts
from tests.e2e.typed import typed_in
from tests.e2e.witnessed import copied, reopened
from tests.world import ACTOR, OWN_CODE, SALON, World, message, opened_world, settings_in

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"
ORIGIN = "tests.stop-registry.local"
REASON = "disque perdu, sauvegarde de la veille"


@pytest.fixture
async def lost(server_url: str, database_url: str, tmp_path: Path) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """The address of a backup that misses Chloé's STOP and a check, and the keys."""
    async with opened_world(database_url, tmp_path) as world:
        await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
        await world.check("salon", [BRUNO])
        await world.check("spa", [BRUNO])
        keys = world.keys
    with copied(server_url, database_url) as backup:
        async with reopened(database_url, tmp_path, keys) as world:
            await world.mo(message("mo-2", CHLOE, "STOP", OWN_CODE))
            await world.check("salon", [BRUNO])
        yield backup, keys


async def accept(backup: str, folder: Path, reason: str = REASON) -> restoring.Preview:
    async with open_registry(settings_in(folder), backup) as registry:
        seen = await restoring.preview(registry)
        await restoring.accept(registry, seen, ACTOR, reason)
    return seen


async def refused(world: World) -> bool:
    answer = await world.client.post("/v1/checks", json={"numbers": [BRUNO]}, headers=world.bearer("salon"))
    return answer.status_code == 503


async def notes_of(world: World) -> list[dict]:
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT entry FROM ledger_entry ORDER BY sender_id, entry_index")
    return [entry for row in rows if (entry := msgspec.json.decode(row["entry"]))["kind"] == "restore"]


async def test_the_preview_says_what_each_ledger_lost(lost, tmp_path):
    backup, _ = lost
    async with open_registry(settings_in(tmp_path), backup) as registry:
        [loss] = (await restoring.preview(registry)).losses
        assert (loss.row.slug, loss.witnessed.size - loss.row.size) == (SALON, 2)
        assert loss.agreed == loss.row.size


async def test_it_clears_again_under_a_new_name_and_the_ledger_says_what_was_lost(lost, tmp_path):
    backup, keys = lost
    seen = await accept(backup, tmp_path)
    async with reopened(backup, tmp_path, keys) as world:
        answer = await world.check("salon", [ANNE, CHLOE])
        [note] = await notes_of(world)
        token = answer["clearance"]["token"]
        terms = await world.client.post("/v1/clearances/verify", json={"token": token}, headers=world.bearer("salon"))
        assert answer["withheld"]["opted_out"] == [ANNE]
        assert terms.json()["terms"]["iss"] == f"{ORIGIN}#2"
        checkpoint = await world.client.get(f"/v1/ledgers/{SALON}/checkpoint", headers=world.bearer("auditor"))
        assert checkpoint.text.startswith(f"{ORIGIN}#2/sender/{SALON}\n")
    [loss] = seen.losses
    assert (note["detail"]["lost_from"], note["detail"]["lost_to"]) == (str(loss.agreed), str(loss.witnessed.size - 1))
    assert (note["detail"]["origin"], note["detail"]["reason"]) == (f"{ORIGIN}#2", REASON)


async def test_a_ledger_that_lost_nothing_has_no_such_entry_and_goes_on(lost, tmp_path):
    backup, keys = lost
    await accept(backup, tmp_path)
    async with reopened(backup, tmp_path, keys) as world:
        await world.check("spa", [BRUNO])
        assert {note["subject"] for note in await notes_of(world)} == {SALON}


async def test_every_index_is_built_anew(lost, tmp_path):
    backup, keys = lost
    await accept(backup, tmp_path)
    async with reopened(backup, tmp_path, keys) as world, world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT generation FROM ledger_head WHERE sender_id = 1") == 2


async def test_it_is_journalled(lost, tmp_path):
    backup, keys = lost
    await accept(backup, tmp_path)
    async with reopened(backup, tmp_path, keys) as world, world.registry.pool.acquire() as db:
        row = await db.fetchrow("SELECT actor, subject, detail FROM admin_journal WHERE action = 'restore.accept'")
        open_alarms = await db.fetchval("SELECT count(*) FROM alarm WHERE closed_at IS NULL AND kind LIKE 'ledger-%'")
    assert (row["actor"], row["subject"]) == (ACTOR, f"{ORIGIN}#2")
    assert REASON in row["detail"]
    assert open_alarms == 0


async def test_the_lost_history_put_back_afterwards_is_refused(lost, database_url, tmp_path):
    backup, keys = lost
    await accept(backup, tmp_path)
    async with reopened(database_url, tmp_path, keys) as world:
        assert await refused(world)


async def test_a_node_that_runs_meanwhile_signs_nothing_under_the_old_name(lost, tmp_path):
    backup, keys = lost
    async with reopened(backup, tmp_path, keys) as world:
        await accept(backup, tmp_path)
        await world.mo(message("mo-9", BRUNO, "STOP", OWN_CODE))
        answer = await world.client.post("/v1/checks", json={"numbers": [BRUNO]}, headers=world.bearer("spa"))
        assert answer.status_code == 503
        assert "restart this node" in answer.json()["detail"]


async def test_another_node_accepts_for_itself_and_keeps_the_name(lost, tmp_path, tmp_path_factory):
    backup, keys = lost
    other = tmp_path_factory.mktemp("other")
    for name in ("root.key", "passphrase", "witness.log"):
        (other / name).write_bytes((tmp_path / name).read_bytes())
    await accept(backup, tmp_path)
    async with reopened(backup, other, keys) as world:
        assert await refused(world)
    assert (await accept(backup, other)).era.origin == f"{ORIGIN}#2"
    async with reopened(backup, other, keys) as world:
        assert not await refused(world)


async def test_a_node_that_saw_nothing_of_what_was_lost_just_goes_on(lost, tmp_path, tmp_path_factory):
    backup, keys = lost
    other = tmp_path_factory.mktemp("other")
    for name in ("root.key", "passphrase"):
        (other / name).write_bytes((tmp_path / name).read_bytes())
    lines = (tmp_path / "witness.log").read_text().splitlines(keepends=True)
    (other / "witness.log").write_text(lines[0])
    await accept(backup, tmp_path)
    async with reopened(backup, other, keys) as world:
        assert not await refused(world)
    assert f"era 2 {ORIGIN}#2 " in (other / "witness.log").read_text()


async def test_a_lost_witness_is_accepted_like_a_restore(lost, database_url, tmp_path):
    _, keys = lost
    (tmp_path / "witness.log").unlink()
    seen = await accept(database_url, tmp_path)
    async with reopened(database_url, tmp_path, keys) as world:
        assert await world.opposed("salon", CHLOE) == [CHLOE]
        assert {note["detail"]["lost"] for note in await notes_of(world)} == {"unknown: the witness was lost"}
    assert (seen.forgotten, seen.era.origin) == (True, f"{ORIGIN}#2")


async def test_a_damaged_witness_is_set_aside(lost, database_url, tmp_path):
    _, keys = lost
    (tmp_path / "witness.log").write_text("nothing that we wrote\n")
    await accept(database_url, tmp_path)
    async with reopened(database_url, tmp_path, keys) as world:
        assert not await refused(world)
    assert [path.read_text() for path in tmp_path.glob("witness.log.damaged-*")] == ["nothing that we wrote\n"]


async def test_a_ledger_that_is_not_its_own_head_cannot_be_gone_on_from(lost, tmp_path):
    backup, _ = lost
    async with open_registry(settings_in(tmp_path), backup) as registry:
        async with registry.pool.acquire() as db:
            await db.execute("UPDATE ledger_entry SET entry = entry || ' ' WHERE sender_id = 1 AND entry_index = 2")
        seen = await restoring.preview(registry)
        with pytest.raises(ConflictError, match="restore another backup"):
            await restoring.accept(registry, seen, ACTOR, REASON)


async def test_nothing_is_accepted_without_a_reason_or_a_cause(lost, database_url, tmp_path):
    backup, _ = lost
    async with open_registry(settings_in(tmp_path), backup) as registry:
        seen = await restoring.preview(registry)
        with pytest.raises(InvalidValueError, match="--reason"):
            await restoring.accept(registry, seen, ACTOR, " ")
    async with open_registry(settings_in(tmp_path), database_url) as registry:
        assert await restoring.preview(registry) is None


async def test_an_export_after_it_verifies_in_both_verifiers(lost, tmp_path):
    backup, keys = lost
    await accept(backup, tmp_path)
    async with reopened(backup, tmp_path, keys) as world:
        await world.check("salon", [BRUNO])
        answer = await world.client.get("/v1/audit/export", params={"sender": SALON}, headers=world.bearer("auditor"))
        key = audit.verifier_key(world.registry, await world.registry.directory.sender(SALON))
    file = tmp_path / "export.zip"
    file.write_bytes(answer.content)
    [other] = verdicts([file], key, tmp_path)

    assert evidence.verify_export(file, key).findings == ()
    assert (other["ok"], other["findings"]) == (True, [])
    with zipfile.ZipFile(file) as zipped:
        assert zipped.read("checkpoint.txt").decode().startswith(f"{ORIGIN}#2/sender/{SALON}\n")
        assert "restore" in zipped.read("ledger.jsonl").decode()


async def test_the_doctor_tells_the_way_out_and_takes_it(lost, tmp_path):
    backup, keys = lost
    async with reopened(backup, tmp_path, keys) as world:
        [finding] = await witness.check(world.registry)
        typed = typed_in(world, backup)
        seen = await typed("doctor", "--accept-restore")
        done = await typed("doctor", "--accept-restore", "--yes", "--reason", REASON)
    assert finding.level is Level.FAIL
    assert "--accept-restore --reason" in finding.told
    assert (seen.returncode, done.returncode) == (1, 0), seen.stderr + done.stderr
    assert f"{SALON}: " in seen.stdout
    assert "Nothing was changed" in seen.stdout
    assert "this node clears again" in done.stdout
    async with reopened(backup, tmp_path, keys) as world:
        assert [finding.level for finding in await witness.check(world.registry)] == [Level.OK]
