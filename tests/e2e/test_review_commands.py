"""What a reviewer types."""

import asyncio
import subprocess
import sys
from datetime import timedelta

import pytest
from msgspec.structs import replace

from app.server import create_app
from tests.e2e.served import clean_environment
from tests.world import OWN_CODE, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"


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


async def test_listing_deciding_and_forgetting(world: World, command):
    await world.mo(message("mo-1", ANNE, "Pourquoi\tSTOP lilas ?", OWN_CODE))
    listed = await command("review")
    item_id, age, sender, rule, reasons, state, text = listed.stdout.rstrip("\n").split("\t")
    assert (age, sender, rule, reasons, state, text) == (
        "0h", "salon-martin", "ambiguous.stop-word", "unclear", "suppresses", "Pourquoi STOP lilas ?",
    )  # fmt: skip

    decided = await command("review", "decide", item_id, "lift", "--reason", "asks what a STOP is")
    assert (decided.returncode, decided.stdout) == (0, "salon-martin\tlifted\tnot opposed\n"), decided.stderr
    assert await world.opposed("salon", ANNE) == []
    assert (await command("review")).stdout == ""
    assert "\tlift\t" in (await command("review", "--all")).stdout
    assert (await command("review", "purge")).stdout == "forgot 0 texts and 0 parts\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("decide", "ff" * 16, "lift", "--reason", "read"),
        ("decide", "nonsense", "lift", "--reason", "read"),
        ("decide", "ff" * 16, "perhaps", "--reason", "read"),
        ("decide", "ff" * 16, "lift"),
    ],
)
async def test_wrong_use_is_told(command, arguments: tuple[str, ...]):
    assert (await command("review", *arguments)).returncode == 2


async def test_a_lift_beyond_the_budget_is_refused_until_a_data_protection_officer_says_so(world: World, command):
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))
    async with world.registry.pool.acquire() as db:
        await db.execute("INSERT INTO lift_budget VALUES (1, (now() AT TIME ZONE 'UTC')::date, 20, 20)")
    item_id = (await command("review")).stdout.partition("\t")[0]

    refused = await command("review", "decide", item_id, "lift", "--reason", "read")
    assert (refused.returncode, "--as-dpo" in refused.stderr) == (1, True)
    assert (await command("review", "decide", item_id, "lift", "--reason", "read", "--as-dpo")).returncode == 0
    assert await world.opposed("salon", ANNE) == []


async def test_a_keyword_is_given_and_forgotten(world: World, command):
    given = await command("code", "keyword", OWN_CODE, "Tango", "stop")
    assert (given.returncode, given.stdout) == (0, "keywords of 36111: version 1\n"), given.stderr
    await world.registry.directory.current(max_age_seconds=0)
    await world.mo(message("mo-1", ANNE, "tango", OWN_CODE))
    assert await world.opposed("salon", ANNE) == [ANNE]
    assert (await command("code", "keyword", OWN_CODE, "tango", "NONE")).stdout == "keywords of 36111: version 2\n"
    assert (await command("code", "keyword", OWN_CODE, "STOP", "OTHER")).returncode == 2


async def test_a_serving_registry_forgets_texts_by_itself(world: World, database_url: str):
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE), message("mo-2", BRUNO, "STOP ?", OWN_CODE))
    async with world.registry.pool.acquire() as db:
        await db.execute(
            "UPDATE review_item SET opened_at = opened_at - $1::interval "
            "WHERE dedupe = (SELECT min(dedupe) FROM review_item)",
            timedelta(days=8),
        )
    settings = world.registry.settings
    app = create_app(replace(settings, review_days=7), database_url)
    async with app.lifespan(), world.registry.pool.acquire() as db, asyncio.timeout(10):
        while await db.fetchval("SELECT count(box) FROM review_item") > 1:
            await db.execute("SELECT pg_sleep(0.02)")

    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT count(box) FROM review_item") == 1
