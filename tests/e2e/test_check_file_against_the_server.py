"""`stop-registry check FILE` against a running registry: two processes, one database, real cuts."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from app.client import Client
from app.quiet_hours.judge import SUNDAY
from tests.conftest import run_sql, with_connection
from tests.e2e.served import Served, prepared, served
from tests.world import OPEN_AT_ALL_HOURS, OWN_CODE, SALON, message, settings_in, signed

ROWS = 200_000
OPPOSED = range(0, ROWS, 400)
CLIENT_SECONDS = 90


@dataclass
class Standing:
    """A served registry, one sender's key, and its database."""

    server: Served
    key: str
    database_url: str

    def recorded(self, purpose: str = "marketing") -> list[dict[str, int]]:
        """The counts of all checks, in the order of the ledger."""
        query = "SELECT counts FROM check_record WHERE purpose = $1 ORDER BY entry_index"
        rows = with_connection(self.database_url, lambda held: held.fetch(query, purpose))
        return [json.loads(row["counts"]) for row in rows]


@pytest.fixture
def standing(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Standing]:
    """Serve a registry; a test's indirect parameters stand in every sender's profile."""
    (tmp_path / "registry").mkdir()
    settings = settings_in(tmp_path / "registry")
    keys = prepared(settings, database_url, **getattr(request, "param", {}))
    with served(settings, database_url, tmp_path / "registry") as server:
        yield Standing(server, keys["salon"], database_url)


def mobile(place: int) -> str:
    """A person each, in one spelling or another."""
    number = f"6{10_000_000 + place}"
    return f"0{number}" if place % 3 else f"+33 {number}"


def stop(standing: Standing, *numbers: str) -> None:
    body = json.dumps({"messages": [message(f"mo-{n}", n, "STOP", OWN_CODE) for n in numbers]}).encode()
    answer = httpx.post(f"{standing.server.url}/v1/mo/agregateur", content=body, headers=signed(body), trust_env=False)
    assert answer.status_code == 200


def command(url: str, key: str, *arguments: object, locale: str = "C.UTF-8") -> subprocess.Popen[bytes]:
    """The command line in a process of its own."""
    environment = os.environ | {"STOP_REGISTRY_KEY": key, "STOP_REGISTRY_URL": url, "LC_ALL": locale}
    words = [sys.executable, "-m", "app", "check", *map(str, arguments)]
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ran(standing: Standing, *arguments: object, locale: str = "C.UTF-8") -> tuple[int, str]:
    process = command(standing.server.url, standing.key, *arguments, locale=locale)
    told = process.communicate(timeout=CLIENT_SECONDS)[1].decode()
    return process.returncode, told


def written(path: Path, rows: int) -> list[str]:
    lines = [f"Cliente {n};{mobile(n)};Nîmes\r\n" for n in range(rows)]
    path.write_bytes(("nom;mobile;ville\r\n" + "".join(lines)).encode("cp1252"))
    return lines


def test_two_hundred_thousand_rows_keep_their_columns(standing: Standing, tmp_path: Path) -> None:
    path, out = tmp_path / "clients.csv", tmp_path / "out.csv"
    lines = written(path, ROWS)
    stop(standing, *(mobile(n) for n in OPPOSED))
    status, told = ran(standing, path, "--campaign", "soldes", "--out", out, "--chunk", 60_000)

    assert status == 0, told
    opposed = set(OPPOSED)
    kept = [line for n, line in enumerate(lines) if n not in opposed]
    assert out.read_bytes() == ("nom;mobile;ville\r\n" + "".join(kept)).encode("cp1252")
    told = (tmp_path / "clients.csv.withheld.csv").read_text(encoding="cp1252")
    withheld = list(csv.reader(told.splitlines(), delimiter=";"))
    assert [row[1] for row in withheld[1:]] == [mobile(n) for n in OPPOSED]
    assert {row[3] for row in withheld[1:]} == {"opted_out"}
    checks = standing.recorded()
    assert [check["submitted"] for check in checks] == [60_000, 60_000, 60_000, 20_000]
    assert sum(check["allowed"] for check in checks) == len(kept)


def test_a_screen_says_since_which_day(standing: Standing, tmp_path: Path) -> None:
    path, out = tmp_path / "fichier.txt", tmp_path / "reste.txt"
    path.write_text("".join(mobile(n) + "\n" for n in range(10)))
    body = json.dumps(
        {"messages": [message("mo-1", mobile(3), "STOP", OWN_CODE, received_at="2026-11-18T09:00:00Z")]}
    ).encode()
    url = f"{standing.server.url}/v1/mo/agregateur"
    assert httpx.post(url, content=body, headers=signed(body), trust_env=False).status_code == 200
    status, told = ran(standing, path, "--screen", "--out", out)

    assert status == 0, told
    assert (tmp_path / "fichier.txt.withheld.csv").read_text() == f"{mobile(3)};opted_out: 2026-11-18\n"
    assert [check["submitted"] for check in standing.recorded("screen")] == [10]
    assert standing.recorded() == []


def test_what_a_server_that_died_had_recorded_is_not_made_twice(standing: Standing, tmp_path: Path) -> None:
    """The third answer is lost on its way and the client is killed: the next run gets that very answer again."""
    path, out = tmp_path / "clients.csv", tmp_path / "out.csv"
    lines = written(path, 5_000)
    stop(standing, mobile(2_500), mobile(4_999))
    with relay(standing.server.url) as cut:
        process = command(cut.url, standing.key, path, "--out", out, "--chunk", 1_000, "--url", cut.url)
        cut.victim.append(process)
        cut.ready.set()
        process.communicate(timeout=CLIENT_SECONDS)
        assert process.returncode == -signal.SIGKILL
        assert len(standing.recorded()) == 3
        again = command(cut.url, standing.key, path, "--out", out, "--chunk", 1_000, "--url", cut.url)
        told = again.communicate(timeout=CLIENT_SECONDS)[1].decode()

    assert again.returncode == 0, told
    assert out.read_bytes().decode("cp1252") == "nom;mobile;ville\r\n" + "".join(
        line for n, line in enumerate(lines) if n not in {2_500, 4_999}
    )
    assert [check["submitted"] for check in standing.recorded()] == [1_000] * 5
    assert cut.replayed == [3]


def test_a_stop_between_the_cut_and_the_next_run_is_seen(standing: Standing, tmp_path: Path) -> None:
    path, out = tmp_path / "clients.csv", tmp_path / "out.csv"
    lines = written(path, 5_000)
    with relay(standing.server.url) as cut:
        process = command(cut.url, standing.key, path, "--out", out, "--chunk", 1_000, "--url", cut.url)
        cut.victim.append(process)
        cut.ready.set()
        process.communicate(timeout=CLIENT_SECONDS)
        stop(standing, mobile(2_500))
        again = command(cut.url, standing.key, path, "--out", out, "--chunk", 1_000, "--url", cut.url)
        told = again.communicate(timeout=CLIENT_SECONDS)[1].decode()

    assert again.returncode == 0, told
    assert out.read_bytes().decode("cp1252") == "nom;mobile;ville\r\n" + "".join(lines[:2_500] + lines[2_501:])
    assert [check["allowed"] for check in standing.recorded()] == [1_000, 1_000, 1_000, 999, 1_000, 1_000]
    assert cut.replayed == []


NOTHING, A_STOP, AN_HOUR, AN_ANSWER = "nothing", "a STOP", "an hour", "an answer that was not written"


@pytest.mark.parametrize("standing", [{"duplicate_hours": 24}], indirect=True)
@pytest.mark.parametrize("meanwhile", [NOTHING, A_STOP, AN_HOUR, AN_ANSWER])
def test_nobody_is_a_duplicate_of_an_answer_that_was_lost(standing: Standing, tmp_path: Path, meanwhile: str) -> None:
    """The third answer is lost after it was recorded; whatever happened until the next run, its people got nothing."""
    path, out = tmp_path / "clients.csv", tmp_path / "out.csv"
    lines = written(path, 50)
    with relay(standing.server.url) as cut:
        process = command(cut.url, standing.key, path, "--out", out, "--chunk", 10, "--url", cut.url)
        cut.victim.append(process)
        cut.ready.set()
        process.communicate(timeout=CLIENT_SECONDS)
        happened(standing, meanwhile, tmp_path / "clients.csv.stop-registry-progress")
        again = command(cut.url, standing.key, path, "--out", out, "--chunk", 10, "--url", cut.url)
        told = again.communicate(timeout=CLIENT_SECONDS)[1].decode()

    assert again.returncode == 0, told
    lost = {25} if meanwhile == A_STOP else set()
    kept = [line for n, line in enumerate(lines) if n not in lost]
    assert out.read_bytes().decode("cp1252") == "nom;mobile;ville\r\n" + "".join(kept)
    assert sum(check["duplicate"] for check in standing.recorded()) == 0


def happened(standing: Standing, meanwhile: str, journal: Path) -> None:
    if meanwhile == A_STOP:
        stop(standing, mobile(25))
    elif meanwhile == AN_HOUR:
        ended = "now() - interval '1 second'"
        run_sql(standing.database_url, f"UPDATE check_replay SET expires_at = {ended}")
    elif meanwhile == AN_ANSWER:
        newest = "SELECT check_id FROM check_record ORDER BY entry_index DESC LIMIT 1"
        check = with_connection(standing.database_url, lambda held: held.fetchval(newest))
        step = {"step": "answered", "chunk": 3, "check": check, "clearance": check.replace("chk_", "clr_")}
        with journal.open("a") as stream:
            stream.write(json.dumps(step) + "\n")


@pytest.mark.parametrize("standing", [{"duplicate_hours": 24}], indirect=True)
def test_who_had_the_campaign_already_is_withheld_from_the_next_list(standing: Standing, tmp_path: Path) -> None:
    first, second, out = tmp_path / "premiers.csv", tmp_path / "tous.csv", tmp_path / "out.csv"
    written(first, 10)
    lines = written(second, 20)
    assert ran(standing, first, "--campaign", "soldes", "--out", out)[0] == 0
    status, told = ran(standing, second, "--campaign", "soldes", "--out", out, "--chunk", 15)

    assert status == 0, told
    assert out.read_bytes().decode("cp1252") == "nom;mobile;ville\r\n" + "".join(lines[10:])
    withheld = (tmp_path / "tous.csv.withheld.csv").read_text(encoding="cp1252").splitlines()[1:]
    assert [line.rpartition(";")[2] for line in withheld] == ["duplicate"] * 10
    assert "10  already had this campaign or text" in told


# Numbers of other countries that tests/unit/test_quiet_hours_batch.py has too.
SWISS, AUSTRALIAN = "+41791234567", "+61412345678"


@pytest.mark.parametrize("standing", [{"foreign_numbers": "closed"}], indirect=True)
def test_people_who_must_wait_do_not_end_the_list(standing: Standing, tmp_path: Path) -> None:
    path, out = tmp_path / "liste.txt", tmp_path / "out.txt"
    path.write_text("\n".join([mobile(0), SWISS, SWISS.replace("567", "568"), AUSTRALIAN, mobile(1), mobile(2)]) + "\n")
    status, told = ran(standing, path, "--out", out, "--chunk", 2)

    assert status == 0, told
    assert out.read_text().splitlines() == [mobile(0), mobile(1), mobile(2)]
    assert (tmp_path / "liste.txt.withheld.csv").read_text().splitlines() == [
        f"{SWISS};quiet_hours: CH foreign numbers",
        f"{SWISS.replace('567', '568')};quiet_hours: foreign numbers",
        f"{AUSTRALIAN};quiet_hours: foreign numbers",
    ]
    assert "3  outside sending hours" in told
    assert [check["quiet_hours"] for check in standing.recorded()] == [1, 0]


OPEN_DAY = (datetime.now(UTC).weekday() + 3) % 7
OPEN_IN_THREE_DAYS = {
    **OPEN_AT_ALL_HOURS,
    "days": ["08:00-20:00" if day == OPEN_DAY else None for day in range(7)],
    "sundays": "open" if OPEN_DAY == SUNDAY else "closed",
}


@pytest.mark.parametrize("standing", [{"hours": OPEN_IN_THREE_DAYS}], indirect=True)
def test_a_list_of_which_everybody_must_wait_is_refused_with_the_opening(standing: Standing, tmp_path: Path) -> None:
    path, out = tmp_path / "liste.txt", tmp_path / "out.txt"
    path.write_text("".join(mobile(n) + "\n" for n in range(6)))
    before = set(tmp_path.iterdir())
    status, told = ran(standing, path, "--out", out, "--chunk", 2, locale="fr_FR.UTF-8")

    assert status == 1, told
    assert told.count("Personne dans ce lot ne peut être sollicité") == 1
    assert re.search(r"relancez la même commande après 20\d\d-\d\d-\d\dT0[67]:00:00Z", told)
    assert set(tmp_path.iterdir()) == before
    assert standing.recorded() == []


REFUSALS = [
    (["--sender-id", "0639980000"], 1, "route-refused", "ne peut pas être l'émetteur"),
    (["--text-file", "sans-stop.txt"], 1, "no-stop-mention", "Terminez le texte par `STOP 36111`"),
    (["--short-code", "36200", "--text-file", "stop-36200.txt"], 1, "stop-channel-down", "envoyez TEST-"),
    (["--send-at", "2199-01-01T09:00:00Z"], 1, "too-early", "Vérifiez juste avant l'envoi"),
    (["--purpose", "service"], 2, "forbidden", "n'accorde pas la finalité"),
    (["--send-minutes", "500"], 2, "invalid-value", "partagez un envoi plus long"),
    (["--template", "absent"], 2, "invalid-value", "Aucun texte n'est enregistré"),
    ([], 2, "incomplete-check", "`campaign`: à donner"),
]


@pytest.mark.parametrize("standing", [{"campaigns": [], "first_seen_per_day": 1}], indirect=True)
def test_each_refusal_is_one_french_sentence_with_its_exit_status(standing: Standing, tmp_path: Path) -> None:
    path, out = tmp_path / "liste.txt", tmp_path / "out.txt"
    (tmp_path / "sans-stop.txt").write_text("Soldes chez nous.")
    (tmp_path / "stop-36200.txt").write_text("Soldes chez nous. STOP 36200")
    run_sql(standing.database_url, "DELETE FROM channel WHERE code = '36200'")
    before = set(tmp_path.iterdir()) | {path}
    calls = [
        *REFUSALS,
        ([], 1, "enumeration-budget", "Renvoyez-le demain"),
        ([], 1, "sender-held", "suspendus pour l'émetteur : audit"),
    ]
    for given, status, slug, sentence in calls:
        many = slug == "enumeration-budget"
        path.write_text("".join(mobile(n) + "\n" for n in range(20_000 if many else 3)))
        if slug == "sender-held":
            hold = [sys.executable, "-m", "app", "sender", "hold", SALON, "--reason", "audit"]
            subprocess.run(hold, env=standing.server.environment, check=True, capture_output=True)
        campaign = [] if slug == "incomplete-check" else ["--campaign", "soldes"]
        words = [tmp_path / word if word.endswith(".txt") else word for word in given]
        found, told = ran(standing, path, "--out", out, *campaign, *words, locale="fr_FR.UTF-8")
        assert (found, told.count("stop-registry: "), sentence in told) == (status, 1, True), (slug, told)
        assert set(tmp_path.iterdir()) == before, slug


def test_a_server_killed_in_the_middle_costs_the_client_nothing(standing: Standing, tmp_path: Path) -> None:
    path, out = tmp_path / "clients.csv", tmp_path / "out.csv"
    lines = written(path, 20_000)
    process = command(standing.server.url, standing.key, path, "--out", out, "--chunk", 500)
    while len(standing.recorded()) < 5:
        assert process.poll() is None
    standing.server.kill()
    standing.server.start()
    told = process.communicate(timeout=CLIENT_SECONDS)[1].decode()

    assert process.returncode == 0, told
    assert out.read_bytes().decode("cp1252") == "nom;mobile;ville\r\n" + "".join(lines)
    assert [check["submitted"] for check in standing.recorded()] == [500] * 40


def test_giving_a_clearance_back_is_understood_on_both_sides(standing: Standing) -> None:
    with Client(standing.server.url, standing.key) as client:
        assert client.release("clr_0123456789abcdef") is False


@dataclass
class Relay:
    """What stands between client and server; when ready, the third check's answer is lost and the client killed."""

    url: str
    victim: list[subprocess.Popen[bytes]]
    ready: threading.Event
    replayed: list[int]
    calls: int = 0


@contextmanager
def relay(target: str) -> Iterator[Relay]:
    state = Relay("", [], threading.Event(), [])
    fresh = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = httpx.post(target + self.path, content=body, headers=headers, trust_env=False, timeout=60)
            state.calls += 1
            if answer.headers.get("idempotency-replayed"):
                state.replayed.append(state.calls - 1)
            if state.calls == 3 and not fresh.is_set():
                fresh.set()
                assert state.ready.wait(60)
                state.victim[0].send_signal(signal.SIGKILL)
                state.victim[0].wait()
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            for name in ("content-type", "content-length"):
                self.send_header(name, answer.headers[name])
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Nothing: a test's output is its assertions."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
