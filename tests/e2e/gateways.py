"""The gateway as its own process, in front of a running Kannel."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import httpx

from tests.e2e.kannel import free_port
from tests.e2e.processes import Leashed
from tests.e2e.served import START_SECONDS, clean_environment

NAME = "kannel-a"
BRAND = "MARQUE"
ACCEPTED = 202


@dataclass
class Proxy:
    """A running gateway, as a platform sees it."""

    url: str
    state: Path
    log: Path

    def send(self, *to: str, text: str = "Soldes", clearance: str | None = None, **more: str) -> httpx.Response:
        given = {"X-Clearance": clearance} if clearance else {}
        headers = given | ({"Accept-Language": more.pop("language")} if "language" in more else {})
        query = {"username": "platform", "password": "loopback", "from": BRAND, "to": " ".join(to), "text": text}
        return httpx.get(
            f"{self.url}/cgi-bin/sendsms", params=query | more, headers=headers, timeout=30, trust_env=False
        )


@contextmanager
def proxy(kannel: str, registry: str, key: str, folder: Path, *options: str, name: str = "gateway") -> Iterator[Proxy]:
    """Serve until the context ends; `folder` holds jwks.json."""
    home = folder / name
    home.mkdir(exist_ok=True)
    (home / "key").write_text(key + "\n")
    port, log = free_port(), home / "gateway.log"
    given = {
        "--listen": f"127.0.0.1:{port}",
        "--kannel": kannel,
        "--registry": registry,
        "--key-file": str(home / "key"),
        "--jwks": str(folder / "jwks.json"),
        "--name": NAME,
        "--state": str(home),
    }
    command = [sys.executable, "-m", "app", "gateway", *(word for pair in given.items() for word in pair), *options]
    running = Leashed(["env", "-i", *(f"{name}={value}" for name, value in clean_environment().items()), *command], log)
    try:
        served = Proxy(f"http://127.0.0.1:{port}", home, log)
        wait_for(served, running)
        yield served
    finally:
        running.close()


def wait_for(served: Proxy, running: Leashed) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert running.running(), served.log.read_text()[-3000:]
        try:
            if httpx.get(f"{served.url}/health", trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the gateway is not ready: " + served.log.read_text()[-3000:])


class MoodyKannel(ThreadingHTTPServer):
    """Stands for Kannel and answers as told, in order, then 202; "hang" takes the message and says nothing."""

    def __init__(self, *moods: int | str) -> None:
        super().__init__(("127.0.0.1", 0), _Moody)
        self.moods, self.took = list(moods), list[str]()
        self._thread = threading.Thread(target=self.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Moody(BaseHTTPRequestHandler):
    server: MoodyKannel

    def do_GET(self) -> None:
        mood = self.server.moods.pop(0) if self.server.moods else ACCEPTED
        self.server.took.append(self.path)
        if mood == "hang":
            self.connection.close()
            return
        self.send_response(mood)
        self.end_headers()
        self.wfile.write(b"said so")

    def log_message(self, *_: object) -> None:
        """Say nothing on the test's output."""
