"""Thousands of people say STOP through a real gateway while the database dies twice and our service once."""

import threading
import time
from typing import Self

import pytest

from app.database import embedded_postgres
from app.settings import Settings
from tests.conftest import with_connection
from tests.e2e.kannel import Gateway, kannel, require_kannel
from tests.e2e.phones import Message
from tests.e2e.served import prepared, served
from tests.e2e.test_kannel_story import kill_postgres
from tests.faults.rig import ACKNOWLEDGED, Client, fiction, figures, until
from tests.world import KANNEL_TOKEN, OWN_CODE

MESSAGES = 2_000
RATE = 150
SETTLED_SECONDS = 600
pytestmark = [pytest.mark.kannel, pytest.mark.timeout(1_800)]


class Watch:
    """Asks, all the time, about the people who have read a confirmation: each of them must be withheld."""

    def __init__(self, gateway: Gateway, url: str, key: str) -> None:
        self.stale: list[str] = []
        self.checks = 0
        self._gateway, self._client = gateway, Client(url, key)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._client.close()

    def _run(self) -> None:
        while not self._over.wait(0.2):
            confirmed = sorted({reply.to for reply in self._gateway.replies()})[-900:]
            told = self._client.check(confirmed)
            if confirmed and told.status == ACKNOWLEDGED:
                self.checks += 1
                self.stale += [number for number in confirmed if number not in told.withheld]


def test_kannels_retries_settle_the_rest_and_nothing_is_lost_doubled_or_stale(tmp_path, scale):
    require_kannel()
    numbers = fiction(int(MESSAGES * scale))
    with embedded_postgres(tmp_path) as address:
        keys = prepared(Settings(data_dir=tmp_path), address, storm_share=1)
        with (
            served(Settings(data_dir=tmp_path), None, tmp_path) as server,
            kannel(f"{server.url}/v1/mo/kannel/{KANNEL_TOKEN}", retries=1_000) as gateway,
            Client(server.url, keys["salon"]) as client,
        ):
            messages = [Message(number, OWN_CODE, "STOP") for number in numbers]
            flow = threading.Thread(target=gateway.send_many, args=(messages,), kwargs={"rate": RATE})
            with Watch(gateway, server.url, keys["salon"]) as watch:
                flow.start()
                quarter = len(numbers) / RATE / 4
                time.sleep(quarter)
                kill_postgres(tmp_path)
                time.sleep(quarter)
                server.kill()
                time.sleep(1)
                server.start()
                time.sleep(quarter)
                kill_postgres(tmp_path)
                flow.join()
                settled = until(lambda: missing(client, numbers) == [], SETTLED_SECONDS, "everybody is opposed")
            confirmed = {reply.to for reply in gateway.replies()}
            opposed = present(client, numbers)
        events, effects, deliveries = with_connection(address, counts)

    figures.info(
        "%s messages settled %.0f s after the last; %s deliveries, %s confirmed, %s checks of the confirmed",
        *(len(numbers), settled, deliveries, len(confirmed), watch.checks),
    )
    assert confirmed <= opposed
    assert watch.stale == []
    assert watch.checks > 0
    assert (events, effects) == (len(numbers), len(numbers))


def missing(client: Client, numbers: list[str]) -> list[str]:
    return sorted(set(numbers) - present(client, numbers))


def present(client: Client, numbers: list[str]) -> frozenset[str]:
    told = client.check(numbers)
    return told.withheld


async def counts(db) -> tuple[int, int, int]:
    events = await db.fetchrow("SELECT count(*), sum(times_seen) FROM mo")
    return events[0], await db.fetchval("SELECT count(*) FROM mo_effect"), events[1]
