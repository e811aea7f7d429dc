"""Words that mean something on one code, or for one sender of it."""

import pytest

from app.administration import set_keyword
from app.errors import InvalidValueError, NotFoundError
from app.intent import CLASSIFIER_VERSION, Intent
from tests.world import OWN_CODE, SALON, SHARED_CODE, SPA, World, message

pytestmark = pytest.mark.anyio
ANNE = "+33639980001"


async def test_a_codes_keyword_counts_on_this_code_only(world: World):
    assert await set_keyword(world.registry, "tests", SHARED_CODE, "Tango", Intent.STOP) == 1
    await world.mo(message("mo-1", ANNE, "tango", OWN_CODE))
    assert await world.opposed("salon", ANNE) == []
    await world.mo(message("mo-2", ANNE, "tango", SHARED_CODE))
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_senders_keyword_concerns_the_sender_alone(world: World):
    await set_keyword(world.registry, "tests", SHARED_CODE, "tango", Intent.STOP, SPA)
    await world.mo(message("mo-1", ANNE, "tango", SHARED_CODE))

    assert await world.opposed("salon", ANNE) == []
    assert await world.opposed("spa", ANNE) == [ANNE]


async def test_a_forgotten_keyword_means_nothing(world: World):
    await set_keyword(world.registry, "tests", SHARED_CODE, "tango", Intent.STOP)
    assert await set_keyword(world.registry, "tests", SHARED_CODE, "tango", None) == 2
    await world.mo(message("mo-1", ANNE, "tango", SHARED_CODE))

    assert await world.opposed("salon", ANNE) == []


async def test_the_ledger_names_the_version_of_the_words(world: World):
    await set_keyword(world.registry, "tests", SHARED_CODE, "tango", Intent.STOP)
    await set_keyword(world.registry, "tests", SHARED_CODE, "valse", Intent.STOP, SALON)
    await world.mo(message("mo-1", ANNE, "STOP", SHARED_CODE), message("mo-2", ANNE, "STOP", OWN_CODE))
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT entry FROM ledger_entry WHERE entry LIKE '%stop.%'::bytea")

    versions = {row["entry"].decode().partition('"classifier":"')[2].partition('"')[0] for row in rows}
    assert versions == {f"{CLASSIFIER_VERSION}+k2", CLASSIFIER_VERSION}


async def test_every_change_is_written_into_the_ledgers_it_concerns(world: World):
    await set_keyword(world.registry, "tests", SHARED_CODE, "tango", Intent.STOP)
    await set_keyword(world.registry, "tests", SHARED_CODE, "valse", Intent.HELP, SALON)
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT sender_id, entry FROM ledger_entry WHERE entry LIKE '%\"version\"%'::bytea")

    assert sorted(row["sender_id"] for row in rows) == [1, 1, 2]


async def test_what_a_keyword_may_not_be_is_refused(world: World):
    with pytest.raises(InvalidValueError):
        await set_keyword(world.registry, "tests", SHARED_CODE, "STOP", Intent.OTHER)
    with pytest.raises(InvalidValueError):
        await set_keyword(world.registry, "tests", SHARED_CODE, " ! ", Intent.STOP)
    with pytest.raises(NotFoundError):
        await set_keyword(world.registry, "tests", "36999", "tango", Intent.STOP)
    with pytest.raises(NotFoundError):
        await set_keyword(world.registry, "tests", OWN_CODE, "tango", Intent.STOP, SPA)
