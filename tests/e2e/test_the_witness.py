"""A node clears only from the database that it has cleared from before, or one that goes on from there (T23, F26)."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app import ledger
from app.alarms import Kind
from app.ledger import Frontier
from tests.e2e.witnessed import copied, reopened
from tests.world import OWN_CODE, SALON, World, message, opened_world

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"
SALON_ID = 1


@pytest.fixture
async def keys(database_url: str, tmp_path: Path) -> dict[str, str]:
    """Of a registry that has cleared somebody, and is closed."""
    async with opened_world(database_url, tmp_path) as world:
        await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
        await world.check("salon", [BRUNO])
        return world.keys


@pytest.fixture
def backup(server_url: str, database_url: str, keys: dict[str, str]) -> Iterator[str]:
    assert keys
    with copied(server_url, database_url) as url:
        yield url


@pytest.fixture
async def restored(backup: str, database_url: str, tmp_path: Path, keys: dict[str, str]) -> AsyncIterator[World]:
    """The backup, served by a node that has seen a STOP and a check since it was made."""
    async with reopened(database_url, tmp_path, keys) as world:
        await world.mo(message("mo-2", CHLOE, "STOP", OWN_CODE))
        await world.check("salon", [BRUNO])
    async with reopened(backup, tmp_path, keys) as world:
        yield world


async def refusal_of(world: World, key: str = "salon", **fields: object) -> dict:
    answer = await world.client.post("/v1/checks", json={"numbers": [BRUNO], **fields}, headers=world.bearer(key))
    assert answer.status_code == 503, answer.text
    return answer.json()


async def alarms_of(world: World) -> set[str]:
    await world.registry.alarms.flush()
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT subject FROM alarm WHERE kind = $1 AND closed_at IS NULL", WITNESSED)
    return {row["subject"] for row in rows}


WITNESSED = Kind.LEDGER_NOT_AS_WITNESSED


async def head_of(world: World) -> tuple[int, bytes]:
    async with world.registry.pool.acquire() as db:
        row = await db.fetchrow("SELECT size, peaks FROM ledger_head WHERE sender_id = $1", SALON_ID)
    return row["size"], ledger.root(Frontier(row["size"], row["peaks"]))


async def test_the_head_of_a_clearance_is_in_the_file_when_the_answer_is_there(database_url: str, tmp_path: Path):
    async with opened_world(database_url, tmp_path) as world:
        await world.check("salon", [BRUNO])
        size, root = await head_of(world)
        lines = (tmp_path / "witness.log").read_text().splitlines()

    assert lines[0].startswith("era 1 tests.stop-registry.local ")
    assert lines[-1].startswith(f"head {SALON_ID} {size} {root.hex()} ")


async def test_an_older_backup_clears_nobody_and_says_why(restored: World):
    problem = await refusal_of(restored)
    size, root = await head_of(restored)

    assert problem["type"].endswith("registry-unavailable")
    assert problem["rule"] == "ledger-witness"
    assert (problem["database_size"], problem["database_root"]) == (str(size), root.hex())
    assert problem["witnessed_size"] == str(size + 2)
    assert "older backup" in problem["detail"]
    assert "stop-registry doctor" in problem["detail"]
    assert SALON in await alarms_of(restored)


async def test_an_older_backup_still_takes_stops(restored: World):
    assert (await restored.mo(message("mo-3", BRUNO, "STOP", OWN_CODE))).is_success


async def test_a_backup_that_has_grown_as_long_as_the_original_is_another_history(
    restored: World, backup: str, tmp_path: Path
):
    for number in range(5):
        await restored.mo(message(f"mo-1{number}", BRUNO, "STOP", OWN_CODE), webhook_id=f"wh-{number}")
    async with reopened(backup, tmp_path, restored.keys) as world:
        problem = await refusal_of(world)

    assert int(problem["database_size"]) > int(problem["witnessed_size"])
    assert "another history" in problem["detail"]


async def test_a_refused_check_leaves_no_entry_in_an_older_backup(restored: World):
    before = await head_of(restored)
    await refusal_of(restored)

    assert await head_of(restored) == before


@pytest.mark.parametrize("act", ["admissions", "recall"])
async def test_a_gateway_is_not_answered_from_an_older_backup(
    server_url: str, database_url: str, tmp_path: Path, keys: dict[str, str], act: str
):
    async with reopened(database_url, tmp_path, keys) as world:
        given = (await world.check("salon", [BRUNO]))["clearance"]["id"]
    with copied(server_url, database_url) as backup:
        async with reopened(database_url, tmp_path, keys) as world:
            await world.mo(message("mo-2", BRUNO, "STOP", OWN_CODE))
        async with reopened(backup, tmp_path, keys) as world:
            path, body = f"/v1/clearances/{given}/{act}", {"numbers": [BRUNO]}
            answer = await world.client.post(path, json=body, headers=world.bearer("salon"))
    assert answer.status_code == 503
    assert answer.json()["rule"] == "ledger-witness"


async def test_nothing_of_an_older_backup_is_signed(restored: World):
    for path in (f"/v1/ledgers/{SALON}/checkpoint", f"/v1/ledgers/{SALON}/proofs/inclusion?index=0"):
        assert (await restored.client.get(path, headers=restored.bearer("auditor"))).status_code == 503


async def test_an_emergency_is_not_refused_for_the_witness(restored: World):
    async with restored.registry.pool.acquire() as db:
        await db.execute("""UPDATE sender SET profile = profile::jsonb || '{"grants": ["emergency"]}'""")
    await restored.registry.directory.current(max_age_seconds=0)

    assert (await restored.check("salon", [BRUNO], purpose="emergency"))["counts"]["allowed"] == 1


async def test_the_right_database_put_back_clears_again_without_anybody(
    restored: World, database_url: str, tmp_path: Path, keys: dict[str, str]
):
    await refusal_of(restored)
    async with reopened(database_url, tmp_path, keys) as world:
        assert await world.opposed("salon", ANNE, BRUNO, CHLOE) == [ANNE, CHLOE]


async def test_a_node_without_its_witness_clears_nobody(database_url: str, tmp_path: Path, keys: dict[str, str]):
    (tmp_path / "witness.log").unlink()
    async with reopened(database_url, tmp_path, keys) as world:
        problem = await refusal_of(world)
        assert (await world.mo(message("mo-3", BRUNO, "STOP", OWN_CODE))).is_success

    assert "no witness file" in problem["detail"]


async def test_a_witness_that_disappears_while_the_node_runs_is_missed_at_once(
    database_url: str, tmp_path: Path, keys: dict[str, str]
):
    async with reopened(database_url, tmp_path, keys) as world:
        await world.check("salon", [BRUNO])
        (tmp_path / "witness.log").unlink()
        assert "no witness file" in (await refusal_of(world))["detail"]


async def test_a_line_that_somebody_changed_is_refused(database_url: str, tmp_path: Path, keys: dict[str, str]):
    file = tmp_path / "witness.log"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line.replace("head 1 ", "head 2 ") for line in lines))
    async with reopened(database_url, tmp_path, keys) as world:
        assert "damaged" in (await refusal_of(world))["detail"]


async def test_an_altered_head_clears_nobody(database_url: str, tmp_path: Path, keys: dict[str, str]):
    async with reopened(database_url, tmp_path, keys) as world:
        async with world.registry.pool.acquire() as db:
            await db.execute(
                "UPDATE ledger_head SET peaks = sha256(peaks) || substr(peaks, 33) WHERE sender_id = $1", SALON_ID
            )
        assert "another history" in (await refusal_of(world))["detail"]


async def test_an_altered_entry_under_a_new_head_clears_nobody(database_url: str, tmp_path: Path, keys: dict[str, str]):
    async with reopened(database_url, tmp_path, keys) as world:
        async with world.registry.pool.acquire() as db:
            await db.execute(
                "UPDATE ledger_entry SET entry = replace(convert_from(entry, 'utf8'), '\"by\"', '\"bY\"')::bytea "
                "WHERE sender_id = $1",
                SALON_ID,
            )
            entries = await db.fetch("SELECT entry FROM ledger_entry WHERE sender_id = $1 ORDER BY entry_index", 1)
            forged = ledger.append(ledger.EMPTY, [ledger.leaf_hash(row["entry"]) for row in entries])
            await db.execute("UPDATE ledger_head SET peaks = $1 WHERE sender_id = $2", forged.peaks, SALON_ID)
        assert "another history" in (await refusal_of(world))["detail"]


async def test_a_sender_that_the_backup_does_not_know_is_missed(
    server_url: str, database_url: str, tmp_path: Path, keys: dict[str, str]
):
    from app import administration

    with copied(server_url, database_url) as backup:
        async with reopened(database_url, tmp_path, keys) as world:
            await administration.add_sender(world.registry, "tests", "nouveau", "Nouveau")
        async with reopened(backup, tmp_path, keys) as world:
            assert "sender 3" in await alarms_of(world)


async def test_a_node_whose_witness_is_behind_goes_on(database_url: str, tmp_path: Path, keys: dict[str, str]):
    """Several nodes, one database: what the others wrote is read and hashed, and then witnessed here too."""
    behind = (tmp_path / "witness.log").read_bytes()
    async with reopened(database_url, tmp_path, keys) as world:
        await world.mo(message("mo-2", CHLOE, "STOP", OWN_CODE))
        await world.check("salon", [BRUNO])
    (tmp_path / "witness.log").write_bytes(behind)
    async with reopened(database_url, tmp_path, keys) as world:
        assert await world.opposed("salon", CHLOE) == [CHLOE]


async def test_two_processes_of_a_node_share_its_witness(database_url: str, tmp_path: Path, keys: dict[str, str]):
    async with (
        reopened(database_url, tmp_path, keys) as one,
        reopened(database_url, tmp_path, keys) as other,
    ):
        for _ in range(3):
            for world in (one, other):
                await world.check("salon", [BRUNO])
        size, root = await head_of(one)
    assert f"head {SALON_ID} {size} {root.hex()} " in (tmp_path / "witness.log").read_text().splitlines()[-1]


async def test_a_check_answered_again_is_held_against_the_witness_too(
    database_url: str, tmp_path: Path, keys: dict[str, str]
):
    body, headers = {"numbers": [BRUNO]}, {"Authorization": f"Bearer {keys['salon']}", "Idempotency-Key": "one"}
    async with reopened(database_url, tmp_path, keys) as world:
        assert (await world.client.post("/v1/checks", json=body, headers=headers)).is_success
        again = await world.client.post("/v1/checks", json=body, headers=headers)
        assert again.headers["Idempotency-Replayed"] == "true"
        (tmp_path / "witness.log").unlink()
        await world.mo(message("mo-2", CHLOE, "STOP", OWN_CODE))
        assert (await world.client.post("/v1/checks", json=body, headers=headers)).status_code == 503


async def test_a_stop_is_witnessed_soon_though_nobody_checks(database_url: str, tmp_path: Path, keys: dict[str, str]):
    async with reopened(database_url, tmp_path, keys) as world:
        await world.mo(message("mo-2", CHLOE, "STOP", OWN_CODE))
        size, root = await head_of(world)
    assert f"head {SALON_ID} {size} {root.hex()} " in (tmp_path / "witness.log").read_text()
