"""STOPs, checks and rotations at once, in several processes: nobody is missed at any instant, nobody held back."""

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.conftest import with_connection
from tests.e2e.served import Served, environment_of, prepared, served
from tests.world import OWN_CODE, SALON, message, settings_in, signed

ROTATIONS = 2
STANDING = 2_000
SECONDS_MAX = 100


def number(n: int) -> str:
    return f"+336399{80_000 + n:05}"


class Crowd:
    """What was said and answered; a number is in `acknowledged` from the instant of its answer."""

    def __init__(self, server: Served, keys: dict[str, str]) -> None:
        self.server = server
        self.bearer = {"Authorization": f"Bearer {keys['salon']}"}
        self.acknowledged: list[str] = []
        self.ended = threading.Event()
        self.checks = 0

    def bring_in(self) -> None:
        told = [{"number": number(n), "source": "letter", "reference": str(n)} for n in range(STANDING)]
        with httpx.Client(trust_env=False) as client:
            answer = self.post(client, "/v1/opt-outs", {"opt_outs": told})
        assert answer.json()["counts"]["recorded"] == STANDING
        self.acknowledged += [number(n) for n in range(STANDING)]

    def post(self, client: httpx.Client, path: str, body: dict) -> httpx.Response:
        answer = client.post(self.server.url + path, json=body, headers=self.bearer, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer

    def say_stop(self) -> None:
        with httpx.Client(trust_env=False) as client:
            for n in itertools.count(STANDING):
                if self.ended.is_set():
                    return
                body = msgspec.json.encode({"messages": [message(f"mo-{n}", number(n), "STOP", OWN_CODE)]})
                headers = signed(body, webhook_id=f"wh-{n}")
                answer = client.post(f"{self.server.url}/v1/mo/agregateur", content=body, headers=headers, timeout=30)
                assert answer.status_code == 200, answer.text
                self.acknowledged.append(number(n))

    def check(self, size: int) -> None:
        """Ask about those who said STOP last and some who never did; without a list in memory or with one."""
        never = [number(n) for n in range(10_000, 10_003)]
        with httpx.Client(trust_env=False) as client:
            while not self.ended.is_set():
                opposed = self.acknowledged[-size:]
                found = self.post(client, "/v1/checks", {"numbers": opposed + never}).json()
                assert set(found["withheld"]["opted_out"]) == set(opposed)
                assert found["counts"]["allowed"] == len(never)
                self.checks += 1

    def until_ended(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            self.ended.set()


def rotate(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "app", "key", "rotate", "--sender", SALON, "--reason", "Essai", "--remove-after"]
    done = subprocess.run([*command, "1"], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(240)
def test_nobody_is_missed_while_a_key_is_rotated(database_url: str, tmp_path: Path):
    settings = settings_in(tmp_path)
    keys = prepared(settings, database_url)
    with served(settings, database_url, tmp_path, workers=2) as server:
        crowd = Crowd(server, keys)
        crowd.bring_in()

        def rotations() -> None:
            deadline = time.monotonic() + SECONDS_MAX
            for _ in range(ROTATIONS):
                rotate(environment_of(settings, database_url))
                assert time.monotonic() < deadline
                assert not crowd.ended.is_set()

        works = [crowd.say_stop, lambda: crowd.check(20), lambda: crowd.check(1_500), rotations]
        with ThreadPoolExecutor(len(works)) as threads:
            for future in [threads.submit(crowd.until_ended, work) for work in works]:
                future.result(SECONDS_MAX + 60)

        said = len(crowd.acknowledged)
        with httpx.Client(trust_env=False) as client:
            everyone = crowd.post(client, "/v1/checks", {"numbers": crowd.acknowledged}).json()
    assert everyone["counts"]["opted_out"] == said
    assert crowd.checks > ROTATIONS
    rows = with_connection(
        database_url, lambda db: db.fetch("SELECT epoch, count(*) AS people FROM opt_out GROUP BY epoch")
    )
    assert [tuple(row) for row in rows] == [(ROTATIONS, said)]
