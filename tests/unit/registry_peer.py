"""The other end of the line for the client's tests: a small HTTP server that answers checks as the contract says.

It decides by a set of opposed numbers. ``script`` holds answers to give first, one a call, in place of a verdict.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from app.phone import read

KEY = "sr_test_0000000000000000"


@dataclass
class Reply:
    status: int
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/problem+json"


@dataclass
class Call:
    path: str
    headers: dict[str, str]
    body: dict[str, object]

    @property
    def numbers(self) -> list[str]:
        return self.body["numbers"]

    @property
    def idempotency_key(self) -> str:
        return self.headers["idempotency-key"]


@dataclass
class Peer:
    opposed: set[int] = field(default_factory=set)
    script: deque[Reply | Callable[[Call], Reply | None] | None] = field(default_factory=deque)
    calls: list[Call] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    offers_release: bool = True
    url: str = ""

    @property
    def checks(self) -> list[Call]:
        return [call for call in self.calls if call.path.startswith("/v1/checks")]

    def answer(self, call: Call) -> Reply:
        self.calls.append(call)
        if call.headers.get("authorization") != f"Bearer {KEY}":
            return problem(401, "unauthenticated", "No valid key", "This key is not known.")
        if call.path.endswith("/release"):
            self.released.append(call.path.split("/")[3])
            return Reply(200, {}) if self.offers_release else Reply(404, {"type": "not-found", "title": "Not found"})
        scripted = self.script.popleft() if self.script else None
        reply = scripted(call) if callable(scripted) else scripted
        return reply or Reply(200, self.verdict(call.numbers))

    def verdict(self, texts: list[str]) -> dict[str, object]:
        seen: set[int] = set()
        withheld = {"opted_out": [], "quiet_hours": [], "duplicate": [], "repeated": [], "invalid": []}
        for index, text in enumerate(texts):
            reading = read(text)
            if not reading.number:
                told = {"reason": reading.reason, "suggestion": reading.suggestion}
                withheld["invalid"].append({"index": index, "value": text} | told)
            elif reading.number in seen:
                withheld["repeated"].append(index)
            elif reading.number in self.opposed:
                withheld["opted_out"].append(text)
            seen.add(reading.number)
        counts = {reason: len(group) for reason, group in withheld.items()}
        allowed = len(texts) - sum(counts.values())
        number = len(self.checks)
        clearance = {"id": f"clr_{number}", "token": "a.b.c", "expires_at": "2026-11-23T09:30:00Z"}
        return {
            "check_id": f"chk_{number}",
            "counts": {"submitted": len(texts), "allowed": allowed, **counts},
            "withheld": withheld,
            "warnings": [],
            "clearance": clearance if allowed else None,
        }


def problem(status: int, slug: str, title: str, detail: str, **more: str) -> Reply:
    """RFC 9457; what is more and begins with a capital is a header, else a member."""
    headers = {name.replace("_", "-"): value for name, value in more.items() if name[0].isupper()}
    members = {name: value for name, value in more.items() if name[0].islower()}
    about = {"type": f"https://registry.example/problems/{slug}", "title": title, "status": status, "detail": detail}
    return Reply(status, about | members, headers)


def busy(status: int = 503) -> Reply:
    return problem(status, "registry-unavailable", "The registry is unavailable", "Try later.", Retry_After="7")


@contextmanager
def standing(peer: Peer) -> Iterator[Peer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = peer.answer(Call(self.path, headers, json.loads(self.rfile.read(length))))
            raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(raw)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Nothing: a test's output is its assertions."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    peer.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield peer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
