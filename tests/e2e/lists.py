"""OVHcloud's and SMS Partner's interfaces, as their documentation describes them, on this machine."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit

APPLICATION_KEY, APPLICATION_SECRET, CONSUMER_KEY = "ak-0123456789abcd", "as-secret", "ck-consumer"
SERVICE = "sms-ab12345-1"
API_KEY = "la-cle-partner"


@dataclass
class Operator:
    """What the operator holds, and what it was asked."""

    blacklist: dict[str, str] = field(default_factory=dict)
    incoming: dict[int, dict] = field(default_factory=dict)
    stops: list[dict] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    fail_with: int | None = None
    url: str = ""

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, object]:
        self.asked.append(path)
        if self.fail_with:
            return self.fail_with, {"message": "not now"}
        parts = urlsplit(path)
        if parts.path == "/v1/stop-sms/list":
            if parse_qs(parts.query).get("apiKey") != [API_KEY]:
                return 200, {"success": False, "code": 10, "message": "Clé API incorrecte"}
            return 200, {"success": True, "code": 200, "nbData": len(self.stops), "data": self.stops}
        if not self._signed(path, headers):
            return 403, {"message": "Invalid signature", "httpCode": "403 Forbidden"}
        return self._ovh(parts.path)

    def _ovh(self, path: str) -> tuple[int, object]:
        service, _, rest = path.removeprefix("/1.0/sms/").partition("/")
        kind, _, one = rest.partition("/")
        if service != SERVICE or kind not in {"blacklists", "incoming"}:
            return 404, {"message": "Got an invalid (or empty) URL"}
        held = self.blacklist if kind == "blacklists" else self.incoming
        if not one:
            return 200, list(held)
        if kind == "incoming":
            return (200, self.incoming[int(one)]) if int(one) in self.incoming else (404, {})
        number = unquote(one)
        found = {"number": number, "dateCreation": self.blacklist.get(number)}
        return (200, found) if number in self.blacklist else (404, {})

    def _signed(self, path: str, headers: dict[str, str]) -> bool:
        """As OVHcloud's own first steps compute it."""
        text = f"{APPLICATION_SECRET}+{CONSUMER_KEY}+GET+{self.url}{path}++{headers.get('x-ovh-timestamp')}"
        expected = "$1$" + hashlib.sha1(text.encode()).hexdigest()
        keys = (headers.get("x-ovh-application"), headers.get("x-ovh-consumer"))
        return keys == (APPLICATION_KEY, CONSUMER_KEY) and headers.get("x-ovh-signature") == expected


@contextmanager
def operator() -> Iterator[Operator]:
    """Serve an operator's interface until the context ends."""
    held = Operator()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = held.answer(self.path, {name.lower(): value for name, value in self.headers.items()})
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
