"""Kannel carries a text to the webhook and its answer to the phone, before any registry is behind it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.e2e import fakesmsc
from tests.e2e.kannel import Gateway, free_port, kannel, require_kannel, smpp_kannel
from tests.e2e.phones import Message

CONFIRMATION = "Vous ne recevrez plus de messages publicitaires de cet expéditeur."
MO_PARAMETERS = ["from", "to", "text", "id", "ts", "coding", "charset", "smsc", "udh"]

Connect = Callable[..., AbstractContextManager[Gateway]]
both_links = pytest.mark.parametrize("connect", [kannel, smpp_kannel], ids=["fakesmsc", "smpp"])


class Webhook(ThreadingHTTPServer):
    """Keeps every call and answers with the statuses it was given, then always with 200."""

    daemon_threads = True

    def __init__(self, port: int = 0, statuses: tuple[int, ...] = (), body: str = CONFIRMATION) -> None:
        super().__init__(("127.0.0.1", port), Call)
        self.url = f"http://127.0.0.1:{self.server_port}/v1/mo/kannel/token"
        self.statuses = list(statuses)
        self.body = body.encode()
        self.calls: list[dict[str, bytes]] = []
        self.changed = Condition()

    def wait_for_calls(self, count: int, timeout_seconds: float = 20) -> list[dict[str, bytes]]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.calls) >= count, timeout_seconds)
            return list(self.calls)


class Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Webhook

    def do_GET(self) -> None:
        query = urlsplit(self.path).query
        parameters = dict(parse_qsl(query, keep_blank_values=True, encoding="latin-1"))
        with self.server.changed:
            self.server.calls.append({name: value.encode("latin-1") for name, value in parameters.items()})
            status = self.server.statuses.pop(0) if self.server.statuses else 200
            self.server.changed.notify_all()
        body = self.server.body if status == 200 else b""
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what matters."""


@contextmanager
def webhook(port: int = 0, statuses: tuple[int, ...] = (), body: str = CONFIRMATION) -> Iterator[Webhook]:
    with Webhook(port, statuses, body) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.kannel
@both_links
def test_a_stop_reaches_the_webhook_and_its_answer_the_phone(connect: Connect, tmp_path: Path) -> None:
    with webhook() as server, connect(server.url, tmp_path) as gateway:
        gateway.send(sender="+33639980001", to="36200", text="STOP 36200")
        reply = gateway.wait_for_reply(to="+33639980001", timeout_seconds=20)
        [call] = server.calls
    assert reply == ("36200", "+33639980001", CONFIRMATION)
    assert list(call) == MO_PARAMETERS
    assert (call["from"], call["to"], call["text"]) == (b"+33639980001", b"36200", b"STOP 36200")
    assert (call["coding"], call["charset"], call["smsc"], call["udh"]) == (b"0", b"UTF-8", b"operator", b"")
    assert len(call["id"]) == 36
    assert abs(int(call["ts"]) - time.time()) < 60


@pytest.mark.kannel
@both_links
def test_accents_arrive_in_utf_8_and_what_gsm_cannot_write_in_utf_16(connect: Connect, tmp_path: Path) -> None:
    texts = ["désinscription à 1 €", "ARRÊT", "stop 🛑"]
    with webhook() as server, connect(server.url, tmp_path) as gateway:
        for count, text in enumerate(texts, 1):
            gateway.send(sender="+33639980002", to="36200", text=text)
            server.wait_for_calls(count)
        calls = server.calls
    assert [(call["coding"], call["charset"]) for call in calls] == [
        (b"0", b"UTF-8"),
        (b"2", b"UTF-16BE"),
        (b"2", b"UTF-16BE"),
    ]
    assert [call["text"].decode(call["charset"].decode()) for call in calls] == texts


@pytest.mark.kannel
@both_links
def test_two_parts_of_a_long_text_arrive_as_one(connect: Connect, tmp_path: Path) -> None:
    first, second = bytes((5, 0, 3, 42, 2, 1)), bytes((5, 0, 3, 42, 2, 2))
    with webhook() as server, connect(server.url, tmp_path) as gateway:
        gateway.send("+33639980003", "36200", "and that is all: STOP", header=second)
        gateway.send("+33639980003", "36200", "please listen to me, ", header=first)
        [call] = server.wait_for_calls(1)
    assert call["text"] == b"please listen to me, and that is all: STOP"


@pytest.mark.kannel
@both_links
def test_a_long_answer_is_whole_on_the_phone(connect: Connect, tmp_path: Path) -> None:
    sentence = "Votre demande est enregistrée. "
    with webhook(body=sentence * 8) as server, connect(server.url, tmp_path) as gateway:
        gateway.send("+33639980004", "36200", "STOP")
        reply = gateway.wait_for_reply("+33639980004", timeout_seconds=20)
    assert reply.text == sentence * 8


@pytest.mark.kannel
def test_an_empty_answer_sends_nothing_to_the_phone(tmp_path: Path) -> None:
    with webhook(body="") as server, kannel(server.url, tmp_path) as gateway:
        gateway.send("+33639980005", "36200", "STOP")
        server.wait_for_calls(1)
        server.body = b"heard"
        gateway.send("+33639980006", "36200", "STOP")
        gateway.wait_for_reply("+33639980006", timeout_seconds=20)
        assert gateway.replies() == [("36200", "+33639980006", "heard")]


@pytest.mark.kannel
def test_whatever_is_not_200_or_202_is_called_again_with_the_same_id(tmp_path: Path) -> None:
    with webhook(statuses=(503, 401, 204)) as server, kannel(server.url, tmp_path) as gateway:
        gateway.send("+33639980007", "36200", "STOP")
        gateway.wait_for_reply("+33639980007", timeout_seconds=20)
        calls = server.calls
        assert len(gateway.replies()) == 1
    assert len(calls) == 4
    assert len({call["id"] for call in calls}) == 1


@pytest.mark.kannel
def test_a_webhook_that_was_down_gets_the_stop_when_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    with kannel(f"http://127.0.0.1:{port}/v1/mo/kannel/token", tmp_path) as gateway:
        gateway.send("+33639980008", "36200", "STOP")
        time.sleep(1.5)
        with webhook(port) as server:
            gateway.wait_for_reply("+33639980008", timeout_seconds=20)
            assert [call["from"] for call in server.calls] == [b"+33639980008"]


@pytest.mark.kannel
@both_links
def test_a_burst_arrives_whole_and_once(connect: Connect, tmp_path: Path) -> None:
    people = [f"+336399810{person:02}" for person in range(100)]
    with webhook() as server, connect(server.url, tmp_path) as gateway:
        gateway.send_many((Message(person, "36200", "STOP") for person in people), rate=500)
        for person in people:
            gateway.wait_for_reply(person, timeout_seconds=20)
        assert sorted(call["from"].decode() for call in server.calls) == people
        assert "received 100 (0 queued)" in gateway.status()


@pytest.mark.kannel
def test_a_failure_shows_the_logs(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError) as failure, kannel("http://127.0.0.1:9/", tmp_path) as gateway:
        gateway.wait_for_reply("+33639980009", timeout_seconds=0.1)
    [note] = failure.value.__notes__
    assert all(name in note for name in ("bearerbox.log", "smsbox.log", "fakesmsc.log"))


def test_a_program_dies_with_a_test_process_that_was_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from tests.e2e.processes import Leashed\n"
        "Leashed(['/bin/sh', '-c', 'echo $$; exec sleep 600'], Path(sys.argv[1]))\n"
        "time.sleep(600)\n"
    )
    log = tmp_path / "log"
    with subprocess.Popen([sys.executable, "-c", script, str(log)], cwd=Path(__file__).parents[2]) as owner:
        try:
            assert _soon(lambda: log.exists() and log.read_text().strip())
            pid = int(log.read_text())
            assert _alive(pid)
        finally:
            owner.send_signal(signal.SIGKILL)
    assert _soon(lambda: not _alive(pid))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def _soon(condition: Callable[[], object], timeout_seconds: float = 10) -> bool:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_where_kannel_is_absent_the_reason_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install kannel kannel-extras"):
        require_kannel(["no-such-program"])


def test_on_a_build_machine_the_absence_of_kannel_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install kannel kannel-extras"):
        require_kannel(["no-such-program"])


def test_a_line_that_fakesmsc_would_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="add or remove a character"):
        fakesmsc.spell(Message("+33639980001", "36200", "x" * (255 - len("+33639980001 36200 text "))))
