"""Several processes share one embedded PostgreSQL, and each of them may be killed at any moment."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from app.database import Connection, EmbeddedPostgresError, embedded_postgres
from tests.conftest import run_sql, wait_until_stopped, with_connection

ROOT = Path(__file__).parents[2]
USER = (
    "import sys; from pathlib import Path; from app.database import embedded_postgres\n"
    "with embedded_postgres(Path(sys.argv[1]), durable=sys.argv[2] == 'True') as url:\n"
    "    print(url, flush=True); sys.stdin.read()"
)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    base = Path(tempfile.mkdtemp(prefix="sr keeper ", dir="/tmp"))
    yield base / "data"
    wait_until_stopped(base / "data")
    shutil.rmtree(base)


@contextlib.contextmanager
def user(data_dir: Path, *, durable: bool = False) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that uses the server until its standard input ends; and the address it got."""
    command: list[str | Path] = [sys.executable, "-c", USER, data_dir, str(durable)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def ready(data_dir: Path) -> dict[str, int]:
    """The process ids of keeper and server; nothing while there is no server to be used."""
    try:
        told: dict[str, int] = json.loads((data_dir / "postgres" / "keeper.ready").read_text())
    except FileNotFoundError:
        return {}
    return told


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.01)


def answers(url: str) -> bool:
    async def ask(held: Connection) -> object:
        return await held.fetchval("SELECT 1")

    try:
        return bool(with_connection(url, ask) == 1)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


def rows(url: str) -> object:
    async def count(held: Connection) -> object:
        return await held.fetchval("SELECT count(*) FROM kept")

    return with_connection(url, count)


def insert_rows(url: str) -> None:
    run_sql(url, "CREATE TABLE kept (n integer)", "INSERT INTO kept SELECT generate_series(1, 100)")


def test_two_processes_share_one_server_and_the_last_one_out_stops_it(data_dir: Path) -> None:
    with user(data_dir) as (_, first):
        with user(data_dir) as (_, second):
            assert first == second
        time.sleep(0.7)
        assert answers(first)
    left = time.monotonic()
    wait_until_stopped(data_dir)
    assert time.monotonic() - left < 5
    assert not answers(first)
    assert not (data_dir / "postgres" / "data" / "postmaster.pid").exists()
    assert not (data_dir / "postgres" / "keeper.ready").exists()


def test_two_first_users_at_the_same_moment_get_the_same_server(data_dir: Path) -> None:
    command: list[str | Path] = [sys.executable, "-c", USER, data_dir, "False"]
    with contextlib.ExitStack() as stack:
        crowd = [
            stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(4)
        ]
        urls = {process.stdout.readline() for process in crowd if process.stdout}
        assert len(urls) == 1
        assert answers(urls.pop().strip())
        for process in crowd:
            process.kill()


def test_arriving_and_leaving_again_and_again_never_finds_a_dead_server(data_dir: Path) -> None:
    trouble: list[BaseException] = []

    def come_and_go(pause: float) -> None:
        try:
            for _ in range(6):
                with embedded_postgres(data_dir, durable=False) as url:
                    assert answers(url)
                time.sleep(pause)
        except BaseException as error:  # noqa: BLE001  told to the test below
            trouble.append(error)

    threads = [threading.Thread(target=come_and_go, args=(pause,)) for pause in (0.0, 0.15, 0.27)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []


def test_a_killed_user_is_no_user_any_more(data_dir: Path) -> None:
    with user(data_dir) as (process, url):
        assert answers(url)
        process.kill()
        process.wait()
        wait_until_stopped(data_dir)
    assert not answers(url)


def test_committed_rows_survive_a_killed_keeper_and_its_server_dies_with_it(data_dir: Path) -> None:
    with user(data_dir, durable=True) as (process, url):
        insert_rows(url)
        process.send_signal(signal.SIGSTOP)  # so that this user does not start another one itself
        os.kill(ready(data_dir)["keeper"], signal.SIGKILL)
        wait_for(lambda: not answers(url))
    with user(data_dir, durable=True) as (_, url):
        assert rows(url) == 100


def test_a_user_that_stays_gets_a_new_keeper_for_a_killed_one(data_dir: Path) -> None:
    with user(data_dir) as (_, url):
        insert_rows(url)
        former = ready(data_dir)["keeper"]
        os.kill(former, signal.SIGKILL)
        wait_for(lambda: ready(data_dir).get("keeper", former) != former)
        assert rows(url) == 100


def test_committed_rows_survive_a_killed_server_which_is_started_again(data_dir: Path) -> None:
    with user(data_dir, durable=True) as (_, url):
        insert_rows(url)
        former = ready(data_dir)
        os.kill(former["postgres"], signal.SIGKILL)
        wait_for(lambda: ready(data_dir).get("postgres", former["postgres"]) != former["postgres"])
        assert ready(data_dir)["keeper"] == former["keeper"]
        assert rows(url) == 100


def test_a_keeper_told_to_end_lets_its_users_finish(data_dir: Path) -> None:
    with user(data_dir) as (_, url):
        os.kill(ready(data_dir)["keeper"], signal.SIGTERM)
        time.sleep(0.5)
        assert answers(url)
    wait_until_stopped(data_dir)


def test_why_it_cannot_start_reaches_the_user(data_dir: Path) -> None:
    with user(data_dir):
        pass
    wait_until_stopped(data_dir)
    (data_dir / "postgres" / "data" / "PG_VERSION").write_text("12\n")
    for _ in range(2):
        with pytest.raises(EmbeddedPostgresError, match="pg_restore"), embedded_postgres(data_dir, durable=False):
            pass


def test_a_pipe_behind_the_command_ends_with_the_command(data_dir: Path) -> None:
    began = time.monotonic()
    with user(data_dir):
        command: list[str | Path] = [sys.executable, "-c", USER, data_dir, "False"]
        told = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("postgresql://")
    alone = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert alone.stderr == ""
    assert time.monotonic() - began < 30


def test_the_keeper_does_not_inherit_secrets(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOP_REGISTRY_PASSPHRASE_FOR_THIS_TEST", "x")
    with embedded_postgres(data_dir, durable=False):
        for process in ("keeper", "postgres"):
            environment = Path(f"/proc/{ready(data_dir)[process]}/environ").read_bytes()
            assert b"PASSPHRASE" not in environment
