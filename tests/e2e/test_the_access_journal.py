"""Who did and saw what is on record, and nobody changes the record unnoticed."""

import asyncio
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from app import audit, journal, ledger, review
from app.alarms import Kind
from app.queries import setup
from tests.e2e.served import clean_environment
from tests.world import OWN_CODE, SALON, World, after_the_first_retention_run, message

pytestmark = pytest.mark.anyio
TODAY = datetime.now(UTC).date()
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
async def world(world: World) -> World:
    return await after_the_first_retention_run(world)


@pytest.fixture
def command(world: World, database_url: str):
    environment = {
        **clean_environment(),
        "DATABASE_URL": database_url,
        "STOP_REGISTRY_DATA_DIR": str(world.registry.settings.data_dir),
        "STOP_REGISTRY_UNSAFE_NOT_DURABLE": "true",
    }

    async def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "app", *arguments]
        return await asyncio.to_thread(subprocess.run, line, env=environment, capture_output=True, text=True)

    return run


async def written(world: World, at: datetime, *actions: str) -> None:
    async with world.registry.pool.acquire() as db:
        for action in actions:
            await setup.journal_admin(db, at, "cli:anne", action, SALON, "{}", [1])


async def signed_yesterday(world: World) -> None:
    """Two days ago and yesterday have three entries each, and are signed."""
    await written(world, YESTERDAY - timedelta(days=1), "export", "subject.read", "key.issue")
    await written(world, YESTERDAY, "export", "subject.read", "key.issue")
    await journal.seal(world.registry)


async def sql(world: World, statement: str, *values: object) -> None:
    async with world.registry.pool.acquire() as db:
        await db.execute(statement, *values)


async def findings(world: World, *kept: str) -> list[str]:
    return list((await journal.verify(world.registry, kept)).findings)


async def test_setting_up_exporting_and_deciding_are_on_record_with_the_senders_concerned(world: World):
    await world.client.get("/v1/audit/export", params={"sender": SALON}, headers=world.bearer("auditor"))
    await world.mo(message("mo-1", "+33639980001", "STOP ?", OWN_CODE))
    [item] = await review.items(world.registry)
    await review.decide(world.registry, "cli:anne", item.item_id, "leave", "read")

    rows = {row.action: row for row in await journal.entries(world.registry, TODAY)}
    assert {"sender.add", "code.add", "operator.add", "key.issue", "export", "review.decide"} <= set(rows)
    assert rows["export"].sender_ids == rows["review.decide"].sender_ids == [1]


async def test_a_clean_journal_verifies_and_every_day_that_is_over_is_signed_once(world: World):
    await signed_yesterday(world)

    assert await journal.seal(world.registry) == []
    report = await journal.verify(world.registry)
    assert (report.days, report.findings) == (3, [])
    day = ledger.read_day(await journal.note(world.registry, YESTERDAY.date()), journal.verifier_key(world.registry))
    assert (day.size, day.previous[0]) == (3, YESTERDAY.date() - timedelta(days=1))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE admin_journal SET actor = 'cli:bruno' WHERE day = $1 AND position = 1", "entry 1 was altered"),
        ("UPDATE admin_journal SET sender_ids = '{2}' WHERE day = $1 AND position = 2", "entry 2 was altered"),
        ("UPDATE admin_journal SET at = at + interval '1 us' WHERE day = $1 AND position = 0", "entry 0 was altered"),
        ("UPDATE admin_journal SET leaf = sha256(leaf) WHERE day = $1 AND position = 0", "entry 0 was altered"),
        ("DELETE FROM admin_journal WHERE day = $1 AND position = 1", "entry 1 is missing"),
        ("DELETE FROM admin_journal WHERE day = $1 AND position = 2", "the last 1 entries are missing"),
        ("UPDATE journal_day SET note = NULL, size = 0, peaks = '' WHERE day = $1", "was never signed"),
        ("UPDATE journal_day SET note = replace(note, E'\\n3\\n', E'\\n2\\n') WHERE day = $1", "altered"),
        ("UPDATE journal_day SET size = 2 WHERE day = $1", "not those of the day's tree"),
    ],
)
async def test_whatever_is_changed_in_a_day_is_found_and_named(world: World, change: str, found: str):
    await written(world, YESTERDAY - timedelta(days=3), "export", "subject.read", "key.issue")
    await signed_yesterday(world)
    day = YESTERDAY.date() - timedelta(days=3)
    await sql(world, change, day)

    told = await findings(world)
    assert any(line.startswith(str(day)) and found in line for line in told), told


async def test_a_day_that_is_left_out_is_missed_by_the_next_one(world: World):
    await written(world, YESTERDAY - timedelta(days=2), "export")
    await signed_yesterday(world)
    middle = YESTERDAY.date() - timedelta(days=1)
    await sql(world, "DELETE FROM admin_journal WHERE day = $1", middle)
    await sql(world, "DELETE FROM journal_day WHERE day = $1", middle)

    assert await findings(world) == [f"{YESTERDAY.date()}: the day before it is missing or was replaced"]


async def test_the_first_days_cannot_be_left_out_before_their_time(world: World):
    await signed_yesterday(world)
    await sql(world, "DELETE FROM admin_journal WHERE day < $1", YESTERDAY.date())
    await sql(world, "DELETE FROM journal_day WHERE day < $1", YESTERDAY.date())

    assert await findings(world) == [f"{YESTERDAY.date()}: the day before it is missing or was replaced"]


async def test_an_entry_written_beside_the_days_is_found(world: World):
    await sql(world, "INSERT INTO admin_journal (at, actor, action, subject) VALUES (now(), 'x', 'export', 'x')")

    assert "added beside" in (await findings(world))[0]


async def test_a_rewritten_end_is_found_by_who_kept_a_head(world: World):
    kept = await journal.note(world.registry, TODAY)
    await written(world, datetime.now(UTC), "export")
    assert await findings(world, kept) == []  # it grew, and still begins with what was kept

    await sql(world, "DELETE FROM admin_journal")
    await sql(world, "DELETE FROM journal_day")
    await written(world, datetime.now(UTC), *["code.add"] * 20)
    assert await findings(world) == []  # alone, the new journal is in order
    assert await findings(world, kept) == [f"{TODAY}: what the kept note covers was changed"]
    assert "kept" in (await findings(world, kept.replace("access", "acces")))[0]


async def test_nothing_is_added_to_a_signed_day(world: World):
    await signed_yesterday(world)
    await written(world, YESTERDAY, "late")

    assert [row.action for row in await journal.entries(world.registry, YESTERDAY.date())][-1] == "key.issue"
    assert [row.action for row in await journal.entries(world.registry, TODAY)][-1] == "late"
    assert await findings(world) == []


async def test_an_altered_day_is_not_signed_and_somebody_is_told(world: World):
    await written(world, YESTERDAY, "export", "export")
    await sql(world, "UPDATE admin_journal SET actor = 'x' WHERE day = $1 AND position = 0", YESTERDAY.date())
    await journal.sign_what_is_over(world.registry)

    assert world.registry.alarms.is_open(Kind.JOURNAL_DAMAGED, journal.clock.node())
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT note FROM journal_day WHERE day = $1", YESTERDAY.date()) is None


async def test_entries_of_many_at_once_stand_in_one_order_without_a_gap(world: World):
    before = len(await journal.entries(world.registry, TODAY))
    await asyncio.gather(*(journal.write(world.registry, "cli:anne", "export", str(n), {}) for n in range(40)))

    rows = await journal.entries(world.registry, TODAY)
    assert [row.position for row in rows] == list(range(before + 40))
    assert await findings(world) == []


async def failing_act(world: World) -> None:
    async with world.registry.pool.acquire() as db, db.transaction():
        await setup.journal_admin(db, datetime.now(UTC), "cli:anne", "x", "x", "{}")
        await db.execute("SELECT 1 / 0")


async def test_an_entry_is_undone_with_the_act_it_tells_of(world: World):
    before = len(await journal.entries(world.registry, TODAY))
    with pytest.raises(asyncpg.PostgresError):
        await failing_act(world)

    assert len(await journal.entries(world.registry, TODAY)) == before
    assert await findings(world) == []


async def test_whole_days_are_dropped_and_never_those_of_the_last_six_months(world: World):
    old, young = (datetime.now(UTC) - timedelta(days=days) for days in (400, 170))
    await written(world, old, "export")
    await written(world, young, "export")
    await journal.seal(world.registry)
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT drop_journal_before($1)", date(9999, 1, 1)) == 1

    assert [row.action for row in await journal.entries(world.registry, young.date())] == ["export"]
    assert await findings(world) == []


async def test_the_commands_read_sign_and_verify(world: World, command, tmp_path):
    await world.mo(message("mo-1", "+33639980001", "STOP ?", OWN_CODE))
    assert (await command("review")).returncode == 0
    assert (await command("operator", "quarantine", "agregateur")).returncode == 0
    listed = (await command("journal")).stdout
    assert {"review.read", "quarantine.read", "key.issue"} <= {line.split("\t")[2] for line in listed.splitlines()}
    kept = tmp_path / "head.txt"
    kept.write_text((await command("journal", "--note")).stdout)
    verified = await command("journal", "--verify", "--against", str(kept))
    assert (verified.returncode, "✓" in verified.stdout) == (0, True), verified.stdout

    await sql(world, "UPDATE admin_journal SET actor = 'nobody' WHERE position = 3")
    altered = await command("journal", "--verify")
    assert (altered.returncode, altered.stdout.splitlines()[0]) == (1, f"✗ {TODAY}: entry 3 was altered")
    assert (await command("journal", "--day", "2001-01-01", "--note")).returncode == 2


async def test_the_head_of_the_journal_is_no_ledgers(world: World):
    """A day's note must never pass for a sender's checkpoint."""
    note = await journal.note(world.registry, TODAY)
    salon = await world.registry.directory.sender(SALON)

    with pytest.raises(ledger.NoteError):
        ledger.read_checkpoint(note, audit.verifier_key(world.registry, salon))
