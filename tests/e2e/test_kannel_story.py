"""A person, a phone, a real SMS gateway, our registry; and crashes in the middle of it."""

import os
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from app.database import embedded_postgres
from app.settings import Settings
from tests.e2e.kannel import kannel, require_kannel, smpp_kannel
from tests.e2e.phones import Message
from tests.e2e.served import Served, prepared, served
from tests.world import KANNEL_TOKEN, OWN_CODE

pytestmark = [pytest.mark.kannel, pytest.mark.timeout(300)]
ANNE, BRUNO = "+33639980001", "+33639980002"
FLOW_MESSAGES = 300


@pytest.fixture
def registry(tmp_path: Path):
    """A registry on its own durable embedded PostgreSQL."""
    require_kannel()
    settings = Settings(data_dir=tmp_path)
    with embedded_postgres(tmp_path) as address:
        keys = prepared(settings, address)
        with served(settings, None, tmp_path) as server:
            yield server, keys


def opposed(server: Served, keys: dict[str, str], *numbers: str) -> list[str]:
    answer = httpx.post(
        f"{server.url}/v1/checks",
        json={"numbers": numbers},
        headers={"Authorization": f"Bearer {keys['salon']}"},
        timeout=30,
        trust_env=False,
    )
    return answer.raise_for_status().json()["withheld"]["opted_out"]


@pytest.mark.parametrize("connect", [kannel, smpp_kannel], ids=["fakesmsc", "smpp"])
def test_a_person_says_stop_reads_the_confirmation_and_is_withheld(registry, connect):
    server, keys = registry
    with connect(f"{server.url}/v1/mo/kannel/{KANNEL_TOKEN}") as gateway:
        gateway.send(sender=ANNE, to=OWN_CODE, text=f"STOP {OWN_CODE}")
        reply = gateway.wait_for_reply(to=ANNE, timeout_seconds=30)

        assert "Salon Martin" in reply.text
        assert opposed(server, keys, ANNE, BRUNO) == [ANNE]

        gateway.send(sender=BRUNO, to=OWN_CODE, text="ARRÊT")
        gateway.wait_for_reply(to=BRUNO, timeout_seconds=30)

        assert opposed(server, keys, ANNE, BRUNO) == [ANNE, BRUNO]


def test_nothing_acknowledged_is_missing_after_both_are_killed_in_mid_flow(registry, tmp_path):
    server, keys = registry
    numbers = [f"+3363998{1000 + last:04}" for last in range(FLOW_MESSAGES)]
    with kannel(f"{server.url}/v1/mo/kannel/{KANNEL_TOKEN}") as gateway:
        flow = threading.Thread(
            target=gateway.send_many,
            args=([Message(number, OWN_CODE, "STOP") for number in numbers],),
            kwargs={"rate": 100},
        )
        flow.start()
        time.sleep(1.0)
        server.kill()
        kill_postgres(tmp_path)
        time.sleep(0.5)
        server.start()
        flow.join()
        deadline = time.monotonic() + 120
        while len(found := opposed(server, keys, *numbers)) < len(numbers) and time.monotonic() < deadline:
            time.sleep(1)
        confirmed = {reply.to for reply in gateway.replies()}

    # Kannel asks again until it is answered, so in the end everybody is there; whoever read a confirmation always was.
    assert set(found) == set(numbers)
    assert confirmed <= set(found)


def kill_postgres(data_dir: Path) -> None:
    [pid_file] = data_dir.rglob("postmaster.pid")
    os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGKILL)
