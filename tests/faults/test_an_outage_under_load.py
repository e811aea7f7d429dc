"""The database is stopped while operators go on: whatever was answered 503 is in force seconds after it is back."""

import subprocess
import sys
import time

import pytest

from app.settings import Settings
from tests.e2e.kannel import free_port
from tests.e2e.served import clean_environment, prepared, served
from tests.faults.rig import (
    ACKNOWLEDGED,
    NO_ANSWER,
    UNAVAILABLE,
    Client,
    Load,
    fiction,
    figures,
    kill,
    own_postgres,
    until,
)

OUTAGE_SECONDS = 8
BACK_SECONDS = 20
PACE_SECONDS = 0.05


@pytest.mark.timeout(600)
def test_what_was_answered_503_during_an_outage_is_in_force_when_the_database_is_back(tmp_path, scale):
    settings = Settings(data_dir=tmp_path)
    with own_postgres(tmp_path / "pg") as (postgres, address):
        keys = prepared(settings, address, storm_share=1)
        with (
            served(settings, address, tmp_path, workers=2) as server,
            Client(server.url, keys["salon"]) as client,
        ):
            with Load(server.url, fiction(60_000), pause_seconds=PACE_SECONDS) as load:
                time.sleep(2)
                kill(postgres)
                time.sleep(OUTAGE_SECONDS * scale)
                assert client.check(fiction(1)).status == UNAVAILABLE
                assert list((tmp_path / "spool").glob("*.segment"))
                postgres.start()
                waiting = load.numbers(UNAVAILABLE)
                in_force = until(lambda: set(waiting) <= client.check(waiting).withheld, BACK_SECONDS, "503s in force")
                time.sleep(1)
            refused, acknowledged = load.numbers(UNAVAILABLE), load.numbers(ACKNOWLEDGED)
            everybody = client.opposed(refused + acknowledged)

    figures.info("%s acknowledged, %s answered 503; in force after %.1f s", len(acknowledged), len(refused), in_force)
    assert len(refused) > 50 * scale
    assert load.numbers(NO_ANSWER) == []
    assert set(refused) <= everybody
    assert set(acknowledged) <= everybody
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.timeout(120)
def test_what_a_killed_service_left_in_its_spool_is_in_force_after_its_restart(tmp_path):
    settings = Settings(data_dir=tmp_path)
    people = fiction(20)
    with own_postgres(tmp_path / "pg") as (postgres, address):
        keys = prepared(settings, address, storm_share=1)
        with (
            served(settings, address, tmp_path, workers=2) as server,
            Client(server.url, keys["salon"]) as client,
        ):
            postgres.stop()
            told = [client.stop(number, f"mo-{number[-4:]}").status for number in people]
            server.kill()
            left = list((tmp_path / "spool").glob("*.segment"))
            postgres.start()
            server.start()
            opposed = client.opposed(people)

    # A worker that was still starting when the database went away ends, and cuts the call it held: 0 is no answer.
    assert set(told) <= {UNAVAILABLE, 0}
    refused = {number for number, status in zip(people, told, strict=True) if status == UNAVAILABLE}
    assert left
    assert refused
    assert refused <= opposed
    assert list((tmp_path / "spool").iterdir()) == []


def test_serve_says_that_the_database_is_away_and_ends_with_status_3(tmp_path):
    settings = Settings(data_dir=tmp_path)
    with own_postgres(tmp_path / "pg") as (postgres, address):
        prepared(settings, address, storm_share=1)
        postgres.stop()
        ended = subprocess.run(
            [sys.executable, "-m", "app", "serve", "--port", str(free_port())],
            env={**clean_environment(), "STOP_REGISTRY_DATA_DIR": str(tmp_path), "DATABASE_URL": address},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 3
    assert "The database does not answer" in ended.stderr
