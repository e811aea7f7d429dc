"""What is forgotten when, what proves it, and what keeps it from being forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from app import evidence, journal, retention, review, senders
from app.errors import ConflictError, ForbiddenError, InvalidValueError, NotFoundError
from app.registry import open_registry
from app.retention import CLASSES, purging
from app.server import create_app
from tests.world import OWN_CODE, SALON, SPA, World, after_the_first_retention_run, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"
BY = "cli:anne"
LONG_AGO = datetime.now(UTC) - timedelta(days=4 * 366)
DATE = datetime.now(UTC) - timedelta(days=3 * 366)


async def sql(world: World, statement: str, *values: object) -> object:
    async with world.registry.pool.acquire() as db:
        return await db.fetchval(statement, *values)


async def age(world: World, table: str, column: str, days: int) -> None:
    await sql(world, f"UPDATE {table} SET {column} = {column} - $1::interval", timedelta(days=days))


async def lines(world: World, act=retention.run) -> dict[str, retention.Line]:
    return {line.name: line for line in await act(world.registry)}


async def entries_of(world: World, kind: str, sender_id: int = 1) -> list[dict]:
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT entry FROM ledger_entry WHERE sender_id = $1 ORDER BY entry_index", sender_id)
    read = [msgspec.json.decode(row["entry"]) for row in rows]
    return [entry for entry in read if entry["kind"] == kind]


async def verified(world: World, path) -> bool:
    answer = await world.client.get("/v1/audit/export", params={"sender": SALON}, headers=world.bearer("auditor"))
    path.write_bytes(answer.content)
    return evidence.verify_export(path, None).ok


@pytest.fixture
async def world(world: World) -> World:
    return await after_the_first_retention_run(world)


async def test_the_contact_record_ends_after_thirteen_weeks_and_an_entry_proves_it(world: World, tmp_path):
    await world.check("salon", [ANNE, BRUNO])
    await age(world, "cleared", "stored_at", 92)
    await world.check("salon", [CHLOE])

    due = (await lines(world, retention.preview))["contacts"]
    assert (due.kept_days, due.entries, due.people) == (91, 1, 2)
    assert (await lines(world))["contacts"].entries == 1
    assert await sql(world, "SELECT count(*) FROM cleared") == 1
    assert await sql(world, "SELECT count(*) FROM check_record") == 2
    [entry] = await entries_of(world, "purge")
    assert (entry["subject"], entry["detail"]["entries"], entry["detail"]["people"]) == ("contacts", "1", "2")
    assert await verified(world, tmp_path / "export.zip")
    assert (await lines(world))["contacts"].entries == 0
    assert len(await entries_of(world, "purge")) == 1


async def test_a_record_a_day_younger_stays(world: World):
    await world.check("salon", [ANNE])
    await age(world, "cleared", "stored_at", 90)
    await retention.run(world.registry)

    assert await sql(world, "SELECT count(*) FROM cleared") == 1


async def test_more_than_one_transaction_takes_goes_too(world: World):
    for number in range(purging.ROWS_AT_ONCE + 3):
        await sql(
            world,
            "INSERT INTO cleared VALUES (1, $1, now() - interval '1 year', '\\x0102030405060708') RETURNING 1",
            f"chk_{number}",
        )
    await retention.run(world.registry)

    assert await sql(world, "SELECT count(*) FROM cleared") == 0


async def test_a_list_whose_check_was_never_answered_goes_after_a_day(world: World):
    await world.check("salon", [ANNE])
    await sql(world, "DELETE FROM check_record RETURNING 1")
    assert (await lines(world))["orphans"].entries == 0
    await age(world, "cleared", "stored_at", 2)

    assert (await lines(world))["orphans"].entries == 1
    assert await sql(world, "SELECT count(*) FROM cleared") == 0
    assert await entries_of(world, "purge") == []


async def test_answers_that_expired_go(world: World):
    headers = world.bearer("salon") | {"Idempotency-Key": "one"}
    await world.client.post("/v1/checks", json={"numbers": [ANNE]}, headers=headers)
    await age(world, "check_replay", "expires_at", 2)

    assert (await lines(world))["replays"].entries == 1
    assert await sql(world, "SELECT count(*) FROM check_replay") == 0


async def test_quarantine_texts_and_closed_cases_go_after_their_days(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))
    await world.mo(message("mo-2", ANNE, "STOP", OWN_CODE), secret="whsec_" + "A" * 44)
    await sql(world, "INSERT INTO subject_case VALUES ('r', '{a}', now(), 'x', now(), now(), 'x', 'y') RETURNING 1")
    for table, column, days in (("review_item", "opened_at", 31), ("quarantine", "received_at", 31)):
        await age(world, table, column, days)
    await age(world, "subject_case", "closed_at", 1096)

    done = await lines(world)
    assert (done["texts"].entries, done["quarantine"].entries, done["cases"].entries) == (1, 1, 1)
    assert await sql(world, "SELECT count(*) FROM review_item WHERE box IS NULL") == 1
    assert await sql(world, "SELECT count(*) FROM quarantine") == 0
    assert await sql(world, "SELECT count(*) FROM subject_case") == 0


async def test_days_of_the_journal_go_after_a_year_and_the_rest_still_verifies(world: World):
    async with world.registry.pool.acquire() as db:
        from app.queries import setup

        for days in (400, 300):
            await setup.journal_admin(db, datetime.now(UTC) - timedelta(days=days), BY, "export", SALON, "{}")
    await journal.seal(world.registry)

    assert (await lines(world))["journal"].entries == 1
    report = await journal.verify(world.registry)
    assert (report.days, report.findings) == (2, [])


async def test_every_purge_is_in_the_journal(world: World):
    await world.check("salon", [ANNE])
    await age(world, "cleared", "stored_at", 92)
    await retention.run(world.registry, BY)

    rows = await journal.entries(world.registry, datetime.now(UTC).date())
    [purge] = [row for row in rows if row.action == "retention.purge"]
    assert (purge.actor, purge.subject, purge.sender_ids) == (BY, "contacts", [1])


async def test_nothing_touches_an_opposition(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    await age(world, "opt_out", "since", 10_000)
    await retention.run(world.registry)

    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_freeze_of_one_sender_keeps_its_record_and_what_belongs_to_nobody(world: World):
    await world.check("salon", [ANNE])
    await world.check("spa", [ANNE])
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))
    await age(world, "cleared", "stored_at", 92)
    await age(world, "review_item", "opened_at", 92)
    frozen = await retention.freeze(world.registry, BY, "contrôle CNIL 26-14", SALON)

    kept = await lines(world)
    assert (kept["contacts"].entries, kept["contacts"].frozen) == (1, 1)
    assert (kept["texts"].entries, kept["texts"].frozen) == (0, 1)
    assert await sql(world, "SELECT array_agg(sender_id) FROM cleared") == [1]
    with pytest.raises(ConflictError, match="freeze"):
        await review.purge(world.registry)
    assert [one.sender for one in await retention.freezes(world.registry)] == [SALON]
    assert [entry["detail"]["act"] for entry in await entries_of(world, "retention")] == ["freeze"]

    await retention.thaw(world.registry, BY, frozen, "contrôle clos")
    done = await lines(world)
    assert (done["contacts"].entries, done["texts"].entries) == (1, 1)
    with pytest.raises(NotFoundError):
        await retention.thaw(world.registry, BY, frozen, "again")


async def test_a_freeze_of_everything_keeps_everything_but_what_is_no_evidence(world: World):
    await world.check("salon", [ANNE])
    await world.check("spa", [ANNE])
    await sql(world, "DELETE FROM check_record WHERE sender_id = 2 RETURNING 1")
    await age(world, "cleared", "stored_at", 30)
    await sql(world, "UPDATE cleared SET stored_at = stored_at - interval '90 days' WHERE sender_id = 1 RETURNING 1")
    await retention.freeze(world.registry, BY, "incident 7")

    done = await lines(world)
    assert (done["contacts"].frozen, done["contacts"].entries, done["orphans"].entries) == (1, 0, 1)


async def test_a_freeze_that_comes_while_a_purge_runs_stops_it(world: World):
    await world.check("salon", [ANNE])
    await age(world, "cleared", "stored_at", 92)
    before = datetime.now(UTC) - timedelta(days=91)
    async with world.registry.pool.acquire() as db:
        [due] = await CLASSES[0].due(db, before)
    await retention.freeze(world.registry, BY, "incident 7", SALON)
    await purging.forget(world.registry, CLASSES[0], due, before, BY)

    assert await sql(world, "SELECT count(*) FROM cleared") == 1


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "appel de 06 39 98 00 01", "0639980001"])
async def test_a_reason_is_one_line_without_a_number(world: World, reason: str):
    with pytest.raises(InvalidValueError):
        await retention.freeze(world.registry, BY, reason)


async def test_a_serving_registry_purges_by_itself(world: World, database_url: str):
    await world.check("salon", [ANNE])
    await age(world, "cleared", "stored_at", 20)
    app = create_app(replace(world.registry.settings, contact_days=14), database_url)
    async with app.lifespan(), world.registry.pool.acquire() as db, asyncio.timeout(20):
        while await db.fetchval("SELECT count(*) FROM cleared"):
            await db.execute("SELECT pg_sleep(0.02)")

    assert len(await entries_of(world, "purge")) == 1


async def test_one_process_at_a_time_and_once_a_day(world: World, database_url: str):
    # The claims of this world's own service, which began with it, are out of the way.
    await sql(world, "DELETE FROM retention_run RETURNING 1")
    async with open_registry(world.registry.settings, database_url) as other:
        ran = await asyncio.gather(
            purging.run_due(world.registry, purging.EVERY), purging.run_due(other, purging.EVERY)
        )
        assert sorted(ran) == [False, True]
        assert not await purging.run_due(other, purging.EVERY)
        await age(world, "retention_run", "started_at", 1)
        assert await purging.run_due(other, purging.EVERY)


async def silent_people(world: World) -> None:
    """Anne said STOP long ago, Bruno said it long ago and again since, Chloé said STOP and START long ago."""
    old, new = LONG_AGO.isoformat(), (DATE + timedelta(days=30)).isoformat()
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at=old))
    await world.mo(message("mo-2", BRUNO, "STOP", OWN_CODE, received_at=old))
    await world.mo(message("mo-3", BRUNO, "STOP", OWN_CODE, received_at=new))
    later = (LONG_AGO + timedelta(hours=1)).isoformat()
    await world.mo(message("mo-4", CHLOE, "STOP", OWN_CODE, received_at=old))
    await world.mo(message("mo-5", CHLOE, "START", OWN_CODE, received_at=later))


async def test_a_list_ends_by_a_decision_after_a_preview_of_exactly_those_who_were_silent(world: World, tmp_path):
    await silent_people(world)
    seen = await retention.preview_oppositions(world.registry, SALON, DATE)
    assert (seen.people, seen.opposed) == (2, 1)
    with pytest.raises(ForbiddenError):
        await retention.end_oppositions(world.registry, BY, SALON, DATE, 2, "sender closed", by_dpo=False)
    with pytest.raises(ConflictError, match="2 people now"):
        await retention.end_oppositions(world.registry, BY, SALON, DATE, 1, "sender closed", by_dpo=True)
    assert await sql(world, "SELECT count(*) FROM opt_out") == 3
    generation = await sql(world, "SELECT generation FROM ledger_head WHERE sender_id = 1")

    await retention.end_oppositions(world.registry, BY, SALON, DATE, 2, "sender closed", by_dpo=True)
    assert await sql(world, "SELECT count(*) FROM opt_out") == 1
    assert await sql(world, "SELECT count(DISTINCT tag) FROM opening") == 1
    assert await sql(world, "SELECT generation FROM ledger_head WHERE sender_id = 1") > generation
    [entry] = await entries_of(world, "purge")
    assert (entry["detail"]["people"], entry["detail"]["role"]) == ("2", "dpo")
    assert await verified(world, tmp_path / "export.zip")
    assert await world.opposed("salon", ANNE, BRUNO, CHLOE) == [BRUNO]


async def test_a_warm_index_forgets_whose_opposition_ended(world: World):
    """A check made before fills the index; the sender is made silent again afterwards, as three years would."""
    await silent_people(world)
    assert len((await world.registry.index.at_present(1)).tags) == 2
    assert await world.opposed("salon", ANNE, BRUNO, CHLOE) == [ANNE, BRUNO]
    await age(world, "check_record", "checked_at", 1200)
    await retention.end_oppositions(world.registry, BY, SALON, DATE, 2, "sender closed", by_dpo=True)

    assert await world.opposed("salon", ANNE, BRUNO) == [BRUNO]


async def test_the_list_of_an_active_sender_does_not_end_nor_one_that_an_heir_consults(world: World):
    await silent_people(world)
    await senders.inherit(world.registry, BY, SPA, SALON, "merger")
    await world.check("spa", [CHLOE])
    with pytest.raises(ConflictError, match="inherited"):
        await retention.preview_oppositions(world.registry, SALON, DATE)
    await sql(world, "UPDATE sender SET inherits = '{}' RETURNING 1")
    assert (await retention.preview_oppositions(world.registry, SALON, DATE)).people == 2

    await world.check("salon", [CHLOE])
    with pytest.raises(ConflictError, match="active"):
        await retention.end_oppositions(world.registry, BY, SALON, DATE, 2, "sender closed", by_dpo=True)


async def test_three_years_are_the_least_and_a_freeze_holds(world: World):
    await silent_people(world)
    with pytest.raises(ConflictError, match="3 years"):
        await retention.preview_oppositions(world.registry, SALON, datetime.now(UTC) - timedelta(days=3 * 365))
    await retention.freeze(world.registry, BY, "incident 7")
    with pytest.raises(ConflictError, match="freeze"):
        await retention.end_oppositions(world.registry, BY, SALON, DATE, 2, "sender closed", by_dpo=True)
    assert await sql(world, "SELECT count(*) FROM opt_out") == 3
