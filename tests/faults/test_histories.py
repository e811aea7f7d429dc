"""Several clients, two server processes, a database that dies in the middle: no check is stale, none sees a phantom."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

import pytest

from app.settings import Settings
from tests.e2e.served import prepared, served
from tests.faults.history import Faults, judged
from tests.faults.rig import ACKNOWLEDGED, UNAVAILABLE, Told, client_process, fiction, figures, kill, own_postgres

CLIENTS = 4
OPERATIONS = 5_000
PEOPLE = 1_000
ANNE = "+33639980001"


@pytest.mark.timeout(1_800)
def test_no_check_is_stale_and_none_sees_what_was_not_said(tmp_path, scale):
    operations = int(OPERATIONS * scale) // CLIENTS
    with own_postgres(tmp_path / "pg") as (postgres, address):
        keys = prepared(Settings(data_dir=tmp_path), address, storm_share=1)
        numbers = fiction(int(PEOPLE * min(scale, 10)))
        with (
            served(Settings(data_dir=tmp_path), address, tmp_path, workers=2) as server,
            ProcessPoolExecutor(CLIENTS, mp_context=multiprocessing.get_context("spawn")) as clients,
        ):
            lives = [
                clients.submit(client_process, server.url, keys["salon"], seed, operations, numbers)
                for seed in range(CLIENTS)
            ]
            time.sleep(6)
            kill(postgres)
            time.sleep(1)
            postgres.start()
            history = [told for life in lives for told in life.result()]
            faults = judged(history)

    figures.info("%s operations, %s", len(history), faults)
    assert (faults.stale, faults.phantom) == (0, 0)
    assert faults.answers > operations
    assert {told.status for told in history if told.stopped} >= {ACKNOWLEDGED, UNAVAILABLE}


def check(invoked: float, ended: float, *withheld: str) -> Told:
    return Told(invoked, ended, ACKNOWLEDGED, None, (ANNE,), frozenset(withheld))


def stop(invoked: float, ended: float, status: int = ACKNOWLEDGED) -> Told:
    return Told(invoked, ended, status, ANNE)


@pytest.mark.parametrize(
    ("history", "stale", "phantom"),
    [
        ([stop(1, 2), check(3, 4, ANNE)], 0, 0),
        ([stop(1, 2), check(3, 4)], 1, 0),
        ([stop(1, 3), check(2, 4)], 0, 0),  # invoked before the acknowledgement: either answer is right
        ([stop(1, 3), check(2, 4, ANNE)], 0, 0),
        ([stop(1, 2, UNAVAILABLE), check(3, 4)], 0, 0),  # never acknowledged
        ([stop(1, 2, UNAVAILABLE), check(3, 4, ANNE)], 0, 0),  # but it may have been committed
        ([check(1, 2, ANNE), stop(3, 4)], 0, 1),
        ([check(1, 2, ANNE)], 0, 1),
        ([stop(5, 6), stop(1, 2), check(3, 4)], 1, 0),
    ],
)
def test_the_checker_finds_what_is_wrong_and_only_that(history: list[Told], stale: int, phantom: int):
    assert judged(history) == Faults(stale, phantom, 1)
