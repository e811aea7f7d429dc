"""The service's role can add to the past and never change it (T22)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from app import retention, subjects
from app.errors import ForbiddenError
from tests.world import OWN_CODE, SALON, found, message, opened_world, settings_in

pytestmark = pytest.mark.anyio
ROLES = (Path(__file__).parents[2] / "sql/roles.sql").read_text()
SECRET = [
    *("api_key", "connection", "sender", "sender_salt", "opening", "cleared", "first_seen", "quarantine"),
    *("review_item", "review_person", "mo_part"),
]
REWRITES = [
    "UPDATE ledger_entry SET entry = entry",
    "DELETE FROM ledger_entry",
    "TRUNCATE ledger_entry",
    "DELETE FROM ledger_head",
    "UPDATE mo_effect SET leaf = leaf",
    "DELETE FROM reconciliation",
    "DELETE FROM mo",
    "DELETE FROM opt_out",
    "DELETE FROM review_item",
    "UPDATE check_record SET counts = counts",
    "DELETE FROM admin_journal",
    "UPDATE admin_journal SET actor = 'x'",
    "DELETE FROM journal_day",
    "DELETE FROM retention_freeze",
    "UPDATE registry SET origin = 'x'",
    "DROP TABLE ledger_entry",
]


@pytest.fixture
async def granted(database_url: str) -> str:
    owner = await asyncpg.connect(database_url)
    await owner.execute(ROLES)
    await owner.execute(ROLES)  # twice is once
    await owner.close()
    return database_url


@pytest.mark.parametrize("statement", REWRITES)
async def test_the_service_cannot_rewrite_the_past(granted: str, statement: str):
    service = await asyncpg.connect(f"{granted}&role=stop_registry_app")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute(statement)
    finally:
        await service.close()


@pytest.mark.parametrize("table", SECRET)
async def test_an_auditor_of_the_database_reads_no_secret(granted: str, table: str):
    auditor = await asyncpg.connect(f"{granted}&role=stop_registry_auditor")
    try:
        await auditor.fetch("SELECT * FROM ledger_entry")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await auditor.fetch(f"SELECT * FROM {table}")
    finally:
        await auditor.close()


async def test_the_whole_service_works_under_its_role(granted: str, tmp_path: Path):
    await found(settings_in(tmp_path), granted)  # by the owner, as every migration is
    async with opened_world(f"{granted}&role=stop_registry_app", tmp_path) as world:
        assert (await world.mo(message("mo-1", "+33639980001", "STOP", OWN_CODE))).is_success
        assert await world.opposed("salon", "+33639980001") == ["+33639980001"]
        async with world.registry.pool.acquire() as db:
            assert await db.fetchval("SELECT current_user") == "stop_registry_app"


async def test_the_service_forgets_what_ends_by_itself_and_nothing_that_stays(granted: str, tmp_path: Path):
    await found(settings_in(tmp_path), granted)
    async with opened_world(f"{granted}&role=stop_registry_app", tmp_path) as world:
        at = datetime.now(UTC) - timedelta(days=4 * 366)
        old = message("mo-1", "+33639980001", "STOP", OWN_CODE, received_at=at.isoformat())
        lifted = message("mo-2", "+33639980002", "STOP", OWN_CODE, received_at=at.isoformat())
        later = (at + timedelta(hours=1)).isoformat()
        assert (await world.mo(old, lifted)).is_success
        assert (await world.mo(message("mo-3", "+33639980002", "START", OWN_CODE, received_at=later))).is_success
        assert [line.name for line in await retention.run(world.registry)]
        salon = await world.registry.directory.sender(SALON)
        erased = await subjects.erase(world.registry, "cli:anne", salon, "+33639980002", "asked")
        assert erased.openings == 2
        before = datetime.now(UTC) - timedelta(days=3 * 366)
        with pytest.raises(ForbiddenError, match="owner"):
            await retention.end_oppositions(world.registry, "cli:anne", SALON, before, 1, "closed", by_dpo=True)
        assert await world.opposed("salon", "+33639980001") == ["+33639980001"]
