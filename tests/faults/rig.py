"""A PostgreSQL of the test's own that can be killed and started again; clients that write down what they were told."""

import http.client
import json
import logging
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from app.database.embedded import Server
from app.database.place import dsn
from tests.world import OWN_CODE, message, signed

ACKNOWLEDGED, UNAVAILABLE = 200, 503
NO_ANSWER = 0
TIMEOUT_SECONDS = 60
RETRY_SECONDS = 0.3

figures = logging.getLogger("figures")
"""What was measured, shown by --log-cli-level=INFO."""


@contextmanager
def own_postgres(home: Path) -> Iterator[tuple[Server, str]]:
    """A durable server and its address; start, stop and kill it on the main thread."""
    server = Server(home, durable=True)
    server.start()
    try:
        yield server, dsn(server.home, server.sockets)
    finally:
        server.stop()


def kill(server: Server) -> None:
    """End the postmaster as a power cut would; its children follow, and `start` waits for them."""
    os.kill(server.pid, signal.SIGKILL)
    while server.returncode() is None:
        time.sleep(0.01)


class Told(NamedTuple):
    """One call of one client, on the clock that all processes of this machine share."""

    invoked: float
    ended: float
    status: int
    stopped: str | None
    asked: tuple[str, ...] = ()
    withheld: frozenset[str] = frozenset()


class Client:
    """One connection to the service, opened again whenever it breaks."""

    def __init__(self, url: str, key: str = "") -> None:
        self._address = url.removeprefix("http://")
        self._key = key
        self._http: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stop(self, number: str, message_id: str) -> Told:
        """Deliver a STOP once."""
        body = json.dumps({"messages": [message(message_id, number, "STOP", OWN_CODE)]}).encode()
        invoked = time.monotonic()
        status, _ = self._post("/v1/mo/agregateur", body, signed(body, webhook_id=message_id))
        return Told(invoked, time.monotonic(), status, number)

    def check(self, numbers: Sequence[str]) -> Told:
        """Ask about some numbers once."""
        body = json.dumps({"numbers": numbers}).encode()
        invoked = time.monotonic()
        status, answer = self._post("/v1/checks", body, {"Authorization": f"Bearer {self._key}"})
        ended = time.monotonic()
        withheld = json.loads(answer)["withheld"]["opted_out"] if status == ACKNOWLEDGED else ()
        return Told(invoked, ended, status, None, tuple(numbers), frozenset(withheld))

    def opposed(self, numbers: Sequence[str], seconds: float = TIMEOUT_SECONDS) -> frozenset[str]:
        """Ask until there is an answer."""
        deadline = time.monotonic() + seconds
        while (told := self.check(numbers)).status != ACKNOWLEDGED:
            assert time.monotonic() < deadline, f"no answer to a check, the last status is {told.status}"
            time.sleep(0.05)
        return told.withheld

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        try:
            if self._http is None:
                self._http = http.client.HTTPConnection(self._address, timeout=TIMEOUT_SECONDS)
            self._http.request("POST", path, body, headers)
            answer = self._http.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return NO_ANSWER, b""

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None


class Load:
    """Threads that deliver STOPs of ever new numbers and write down the answers, until they are told to end."""

    def __init__(self, url: str, numbers: Sequence[str], *, threads: int = 8, pause_seconds: float = 0.0) -> None:
        self.told: list[Told] = []
        self._numbers = iter(enumerate(numbers))
        self._url, self._pause = url, pause_seconds
        self._lock, self._over = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def numbers(self, *statuses: int) -> list[str]:
        """The numbers whose call was answered so, in the order of the answers."""
        return [told.stopped for told in list(self.told) if told.status in statuses]

    def _run(self) -> None:
        client = Client(self._url)
        while not self._over.wait(self._pause):
            with self._lock:
                found = next(self._numbers, None)
            if found is None:
                break
            self.told.append(client.stop(found[1], f"mo-{found[0]}"))
        client.close()


def fiction(count: int) -> list[str]:
    """Numbers that belong to nobody; Arcep keeps 10,000 mobile ones and as many of each zone."""
    ranges = ("+3363998", "+3319900", "+3326191", "+3335301", "+3346571", "+3353649")
    return [f"{head}{tail:04}" for head in ranges for tail in range(10_000)][:count]


def until(settled: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for a condition; return how long it took."""
    started = time.monotonic()
    while not settled():
        assert time.monotonic() - started < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - started


def client_process(url: str, key: str, seed: int, operations: int, numbers: Sequence[str]) -> list[Told]:
    """One client's life: STOPs of numbers that come up one after another, and checks around them; 503 is retried."""
    chance, client = random.Random(seed), Client(url, key)
    history: list[Told] = []
    while len(history) < operations:
        reached = max(10, len(numbers) * len(history) // operations)
        if chance.random() < 0.5:
            message_id = f"mo-{seed}-{len(history)}"
            history += _delivered(client, numbers[chance.randrange(reached)], message_id)
        else:
            history.append(client.check(chance.sample(numbers[: reached + 20], min(20, reached))))
            if history[-1].status != ACKNOWLEDGED:
                time.sleep(RETRY_SECONDS)
    client.close()
    return history


def _delivered(client: Client, number: str, message_id: str) -> list[Told]:
    """Deliver until it is acknowledged, as an operator does."""
    calls = [client.stop(number, message_id)]
    while calls[-1].status != ACKNOWLEDGED:
        time.sleep(RETRY_SECONDS)
        calls.append(client.stop(number, message_id))
    return calls
