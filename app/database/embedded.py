"""Runs one PostgreSQL of our own: creates its directory, starts it as our child, waits for it, stops it.

Below `home` (mode 0700) lie `data` (what initdb made), `postgres.log`, `password` (of the only role) and
`server.lock`, which every process of the server inherits locked: while one of them lives, no second one starts.
"""

import locale
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from app.database.binaries import OLDEST_MAJOR, EmbeddedPostgresError, find_binaries, major_version
from app.database.launch import Launch, choose_launch, start
from app.database.place import (
    DATABASE,
    PORT,
    ROLE,
    accepts,
    new_password,
    prepare_home,
    socket_directory,
    sync_directory,
    try_lock,
    write_private,
)

LOG_BYTES = 8 * 1024 * 1024
LOG_TAIL_LINES = 15
POLL_SECONDS = 0.01
STOP_SECONDS = 60.0  # a fast shutdown that takes longer is made an immediate one; recovery is then the next start's

_BUILTIN_LOCALES_SINCE = 17

_ALWAYS = {
    "unix_socket_permissions": "0770",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "jit": "off",
    "timezone": "UTC",
    # A number or a text may stand in a statement, its parameters, an error or its detail: none of these is logged.
    # The client gets the error all the same; damaged pages are counted in pg_stat_database.checksum_failures.
    "log_min_messages": "log",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_line_prefix": "%m [%p] %e ",
    "log_timezone": "UTC",
}
_DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
_FOR_TESTS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}


class Server:
    """One PostgreSQL below `home`; `durable=False` gives up crash safety for speed and is for tests only.

    `tcp_port` makes it listen on 127.0.0.1 as well. Every method belongs on the main thread (see `launch.start`).
    Errors are EmbeddedPostgresError with PostgreSQL's last words.
    """

    def __init__(
        self, home: Path, *, durable: bool = True, tcp_port: int | None = None, launch: Launch | None = None
    ) -> None:
        self.home = prepare_home(home)
        self.durable = durable
        self.port = tcp_port or PORT
        self.listens = tcp_port is not None
        self.binaries = find_binaries()
        self.major = _supported_major(self.binaries)
        self.launch = launch or choose_launch(self.home, self.binaries)
        self.launch.own(self.home)
        self.sockets = socket_directory(self.home, self.launch)
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def data(self) -> Path:
        """The directory that PostgreSQL calls PGDATA."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What initdb and the server say."""
        return self.home / "postgres.log"

    @property
    def pid(self) -> int | None:
        """The process id of the server that `start` began."""
        return None if self._process is None else self._process.pid

    def start(self, *, abandoned: Callable[[], bool] = lambda: False) -> None:
        """Return when the server answers; crash recovery takes as long as it takes.

        `abandoned` is asked meanwhile; when it says yes, nobody waits any more and the start is given up.
        """
        lock = self._claim(abandoned)
        try:
            self.sockets = socket_directory(self.home, self.launch)
            self._log_start = self.log.stat().st_size if self.log.exists() else 0
            if not self.data.exists():
                self._initialise(lock)
            self._refuse_other_major()
            self._process = self._run("postgres", *self._options(), keep=lock)
        finally:
            os.close(lock)  # the server holds it now, through its own copy
        self._wait_until_ready(abandoned)

    def returncode(self) -> int | None:
        """Return how the server ended, None while it runs."""
        return None if self._process is None else self._process.poll()

    def stop(self) -> None:
        """Stop the server: sessions are cut off, what was committed is written, and it ends."""
        if self._process is None:
            return
        for wish in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            self._process.send_signal(wish)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            break
        self._process = None
        if self.sockets != self.home:
            shutil.rmtree(self.sockets, ignore_errors=True)

    def trim_log(self) -> None:
        """Keep the log below twice LOG_BYTES: what lies beyond goes to one older file."""
        if self.log.stat().st_size > LOG_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)  # every writer appends, so nothing is torn

    def last_words(self) -> str:
        """Return the last lines that initdb or the server wrote since this start."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])

    def _claim(self, abandoned: Callable[[], bool]) -> int:
        """Return the locked file descriptor of server.lock, once the processes of a former server are gone."""
        lock = os.open(self.home / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        while not try_lock(lock):
            _dismiss_orphan(self.data)
            if abandoned():
                os.close(lock)
                raise EmbeddedPostgresError("Nobody waits for PostgreSQL any more.")
            time.sleep(POLL_SECONDS)
        return lock

    def _run(self, program: str, *arguments: str, keep: int) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            self.launch.own(self.log)
            return start(
                self.launch,
                [self.binaries / program, *arguments],
                log=log.fileno(),
                keep=(keep,),
                last_wish=signal.SIGINT if program == "postgres" else signal.SIGKILL,
            )

    def _options(self) -> list[str]:
        settings = server_settings(self.sockets, durable=self.durable, port=self.port, listens=self.listens)
        return ["-D", str(self.data), *(f"--{name}={value}" for name, value in settings.items())]

    def _wait_until_ready(self, abandoned: Callable[[], bool]) -> None:
        while not self._answers():
            status = self.returncode()
            if status is not None:
                self._process = None
                raise EmbeddedPostgresError(
                    f"PostgreSQL stopped while starting (status {status}). Its last words:\n{self.last_words()}"
                )
            if abandoned():
                self.stop()
                raise EmbeddedPostgresError("Nobody waits for PostgreSQL any more.")
            time.sleep(POLL_SECONDS)

    def _answers(self) -> bool:
        """Believe postmaster.pid only when it is this server's and the socket agrees: a killed one leaves both."""
        try:
            lines = (self.data / "postmaster.pid").read_text(errors="replace").splitlines()
        except OSError:
            return False
        ready = len(lines) > 1 and lines[0] == str(self.pid) and lines[-1].strip() == "ready"
        return ready and accepts(self.sockets, self.port)

    def _refuse_other_major(self) -> None:
        written_by = (self.data / "PG_VERSION").read_text().strip()
        if written_by != str(self.major):
            raise EmbeddedPostgresError(_move_recipe(self, written_by))

    def _initialise(self, lock: int) -> None:
        """Make the data directory beside its place and move it there when complete: a crash leaves no half."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self.launch.own(fresh)
        self._initdb(fresh, lock)
        self._create_database(fresh, lock)
        fresh.rename(self.data)
        sync_directory(self.home)

    def _initdb(self, fresh: Path, lock: int) -> None:
        secret = self.home / "password.initdb"
        write_private(secret, new_password(self.home))
        self.launch.own(secret)
        try:
            options = _initdb_options(fresh, secret, major=self.major, durable=self.durable)
            status = self._run("initdb", *options, keep=lock).wait()
        finally:
            secret.unlink()
        if status != 0:
            raise EmbeddedPostgresError(f"initdb failed (status {status}):\n{self.last_words()}")

    def _create_database(self, fresh: Path, lock: int) -> None:
        statement = self.home / "create.sql"
        write_private(statement, f"CREATE DATABASE {DATABASE}\n")
        with self.log.open("ab") as log, statement.open("rb") as script:
            options = ["--single", "-F", "-D", str(fresh), "postgres"]
            if self.durable:
                options.remove("-F")
            process = start(
                self.launch,
                [self.binaries / "postgres", *options],
                log=log.fileno(),
                keep=(lock,),
                last_wish=signal.SIGKILL,
                script=script.fileno(),
            )
        statement.unlink()
        if process.wait() != 0:
            raise EmbeddedPostgresError(f"The database could not be created:\n{self.last_words()}")


def server_settings(sockets: Path, *, durable: bool, port: int = PORT, listens: bool = False) -> Mapping[str, str]:
    """Return the settings given on the command line, so that no file can weaken them."""
    quoted = str(sockets).replace('"', '""')
    return {
        **_ALWAYS,
        **(_DURABLE if durable else _FOR_TESTS),
        "port": str(port),
        "listen_addresses": "127.0.0.1" if listens else "",
        "unix_socket_directories": f'"{quoted}"',
    }


def _initdb_options(fresh: Path, secret: Path, *, major: int, durable: bool) -> list[str]:
    options = ["-D", str(fresh), "-U", ROLE, f"--pwfile={secret}", "--auth=scram-sha-256"]
    options += ["--encoding=UTF8", "--data-checksums", "--no-instructions", *locale_options(major)]
    return options if durable else [*options, "--no-sync", "--wal-segsize=1"]


def locale_options(major: int) -> list[str]:
    """Sort by code point everywhere: an order that follows the machine's C library breaks indexes when it changes."""
    if major >= _BUILTIN_LOCALES_SINCE:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [f"--locale={_c_locale()}"]


def _c_locale() -> str:
    former = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    locale.setlocale(locale.LC_CTYPE, former)
    return "C.UTF-8"


def _supported_major(binaries: Path) -> int:
    major = major_version(binaries)
    if major < OLDEST_MAJOR:
        raise EmbeddedPostgresError(f"{binaries} holds PostgreSQL {major}; {OLDEST_MAJOR} or newer is needed.")
    return major


def _dismiss_orphan(data: Path) -> None:
    """Ask a server whose keeper was killed to stop; on Linux the kernel has already asked."""
    if sys.platform == "linux":
        return
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        command = subprocess.run(  # noqa: S603  a fixed command and a number
            ["/bin/ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if Path(command.strip()).name == "postgres":
            os.kill(pid, signal.SIGINT)
    except (OSError, ValueError):
        return


def _move_recipe(server: Server, written_by: str) -> str:
    return (
        f"{server.data} was written by PostgreSQL {written_by}, but {server.binaries} is {server.major}. "
        f"Nothing was changed. To move the data: (1) set STOP_REGISTRY_PG_BIN to PostgreSQL {written_by}'s bin "
        f"directory and run `stop-registry serve`; (2) `PGPASSWORD=$(cat '{server.home}/password') pg_dump -Fc "
        f"-h '{server.sockets}' -U {ROLE} -f registry.dump {DATABASE}`, then stop it; (3) rename "
        f"{server.data} to data.{written_by}, unset STOP_REGISTRY_PG_BIN, run `stop-registry serve` once more; "
        f"(4) `pg_restore` with the same options and `--clean --if-exists -d {DATABASE} registry.dump`. "
        f"Or go on with PostgreSQL {written_by} as in (1)."
    )
