"""The service, and now and then the database with it, is killed while STOPs come in (kill -9, then start again)."""

import random
import time

import pytest

from app.settings import Settings
from tests.conftest import with_connection
from tests.e2e.served import prepared, served
from tests.faults.rig import ACKNOWLEDGED, Client, Load, fiction, figures, kill, own_postgres

CYCLES = 3
SEED = 20261123


@pytest.mark.timeout(1_800)
def test_nothing_acknowledged_is_missing_and_nothing_is_there_twice(tmp_path, scale):
    settings, chance = Settings(data_dir=tmp_path), random.Random(SEED)
    acknowledged: list[str] = []
    numbers = iter(fiction(60_000))
    with own_postgres(tmp_path / "pg") as (postgres, address):
        keys = prepared(settings, address, storm_share=1)
        with served(settings, address, tmp_path, workers=2) as server:
            for cycle in range(int(CYCLES * scale)):
                with Load(server.url, [next(numbers) for _ in range(800)]) as load:
                    time.sleep(chance.uniform(0.3, 1.0))
                    server.kill()
                    if cycle % 2:
                        kill(postgres)
                if cycle % 2:
                    postgres.start()
                server.start()
                acknowledged += load.numbers(ACKNOWLEDGED)
                with Client(server.url, keys["salon"]) as client:
                    assert set(acknowledged) <= client.opposed(acknowledged)
        effects, people = with_connection(address, _counts)

    figures.info("%s acknowledged, %s people present, %s effects", len(acknowledged), people, effects)
    assert len(acknowledged) > 50 * scale
    assert effects == people


async def _counts(db) -> tuple[int, int]:
    return (await db.fetchval("SELECT count(*) FROM mo_effect"), await db.fetchval("SELECT count(*) FROM opt_out"))
