"""Several commands and a server share one embedded PostgreSQL; the last one out stops it.

A user holds users.lock shared for as long as it needs the server; the kernel gives the lock back when the user
dies, however it dies. Whoever gets keeper.lock starts a keeper and hands it that very lock, so there is never more
than one. The keeper owns PostgreSQL, starts it again when it dies, and leaves when it can take users.lock for
itself alone: it stops the server under that lock, so that whoever arrives waits, and then finds no keeper.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from app.database.binaries import BIN_VARIABLE, EmbeddedPostgresError
from app.database.embedded import Server
from app.database.place import dsn, prepare_home, try_lock, write_private

TICK_SECONDS = 0.2
LINGER_TICKS = 3  # so that one command after another finds the server still running
ARRIVAL_SECONDS = 0.02
GUARD_SECONDS = 0.5
GUARD_LONGEST_SECONDS = 30.0
DEATHS_PER_MINUTE = 5
MINUTE_SECONDS = 60.0
GRACE_SECONDS = 10.0  # how long a keeper that was told to end lets its users finish
KEEPER_LOG_BYTES = 1024 * 1024

_ROOT = Path(__file__).parents[2]
_READY = "keeper.ready"
_INHERITED = ("HOME", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH", "TMPDIR", "XDG_RUNTIME_DIR", BIN_VARIABLE)


@contextlib.contextmanager
def embedded_postgres(data_dir: Path, *, durable: bool = True) -> Iterator[str]:
    """Yield the address of the PostgreSQL in this data directory, started if nobody else has.

    The server runs at least until the context ends; should it or its keeper be killed meanwhile, another is
    started within about a second. `durable=False` is for tests only. Raises EmbeddedPostgresError.
    """
    home = prepare_home(data_dir / "postgres")
    users = _open(home / "users.lock")
    try:
        fcntl.flock(users, fcntl.LOCK_SH)  # waits only while a leaving keeper stops the server
        address = _arrive(home, durable=durable)
        with _guarded(home, durable=durable):
            yield address
    finally:
        os.close(users)


def _arrive(home: Path, *, durable: bool) -> str:
    while True:
        _start_keeper_if_none(home, durable=durable)
        sockets = _announced(home)
        if sockets is not None:
            return dsn(home, sockets)
        time.sleep(ARRIVAL_SECONDS)  # somebody else's keeper is still starting: recovery takes what it takes


def _start_keeper_if_none(home: Path, *, durable: bool) -> None:
    """Start a keeper and wait for its word, unless one is there; only the holder of keeper.lock may."""
    lock = _open(home / "keeper.lock")
    try:
        if try_lock(lock):
            (home / _READY).unlink(missing_ok=True)
            _spawn(home, lock, durable=durable)
    finally:
        os.close(lock)


def _spawn(home: Path, lock: int, *, durable: bool) -> None:
    reader, writer = os.pipe()
    try:
        with _keeper_log(home) as log:
            process = subprocess.Popen(  # noqa: S603  this interpreter, this package
                [
                    *(sys.executable, "-m", "app.database.keeper", str(home.parent)),
                    *(str(lock), str(writer), "durable" if durable else "for-tests"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=_ROOT,  # where `-m` looks first; the keeper moves to / once it runs
                env={name: os.environ[name] for name in _INHERITED if name in os.environ},
                pass_fds=(lock, writer),
                start_new_session=True,
            )
    finally:
        os.close(writer)
    process.wait()  # the keeper proper is this one's child, so that nobody has to reap it later
    _await_word(home, reader)


@contextlib.contextmanager
def _keeper_log(home: Path) -> Iterator[int]:
    log = os.open(home / "keeper.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if os.fstat(log).st_size > KEEPER_LOG_BYTES:
            os.truncate(log, 0)
        yield log
    finally:
        os.close(log)


def _await_word(home: Path, reader: int) -> None:
    """Return when the keeper says that the server is ready; a keeper that dies is heard by the closing pipe."""
    told = b""
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while not told.endswith(b"\0") and (more := pipe.read(4096)):
            told += more
    if told == b"ready\0":
        return
    message = told.rstrip(b"\0").decode(errors="replace")
    raise EmbeddedPostgresError(message or f"The keeper of PostgreSQL ended unexpectedly; see {home / 'keeper.log'}.")


def _announced(home: Path) -> Path | None:
    try:
        return Path(json.loads((home / _READY).read_text())["sockets"])
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def _guarded(home: Path, *, durable: bool) -> Iterator[None]:
    over = threading.Event()
    guard = threading.Thread(target=_guard, args=(home, over, durable), daemon=True, name="embedded-postgres")
    guard.start()
    try:
        yield
    finally:
        over.set()
        guard.join(1.0)


def _guard(home: Path, over: threading.Event, durable: bool) -> None:  # noqa: FBT001  a thread's positional argument
    """Start another keeper when the present one is gone, ever more patiently when that fails."""
    patience = GUARD_SECONDS
    while not over.wait(patience):
        try:
            _start_keeper_if_none(home, durable=durable)
            patience = GUARD_SECONDS
        except (EmbeddedPostgresError, OSError):  # the users' own queries tell that the database is away
            patience = min(2 * patience, GUARD_LONGEST_SECONDS)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


class Keeper:
    """The process that owns the server below `home`; `word` is the pipe on which its starter waits."""

    def __init__(self, home: Path, word: int, *, durable: bool) -> None:
        self._home = home
        self._word = word
        self._durable = durable
        self._users = _open(home / "users.lock")
        self._idle_ticks = 0
        self._linger_ticks = LINGER_TICKS if durable else 0
        self._deaths: list[float] = []
        self._leave_by: float | None = None

    def run(self) -> int:
        """Serve until nobody needs the server; return the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told_to_leave)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            server = Server(self._home, durable=self._durable)
            server.start(abandoned=self._abandoned)
        except (EmbeddedPostgresError, OSError) as error:
            self._say(str(error))
            return 1
        self._announce(server)
        self._say("ready")
        return self._serve(server)

    def _serve(self, server: Server) -> int:
        while not self._may_leave():
            if server.returncode() is not None and not self._revive(server):
                return 1
            server.trim_log()
            time.sleep(TICK_SECONDS)
        (self._home / _READY).unlink(missing_ok=True)
        server.stop()
        return 0

    def _revive(self, server: Server) -> bool:
        """Start the server again, a few times a minute at most; False means that this keeper gives up."""
        (self._home / _READY).unlink(missing_ok=True)
        while len(self._recent_deaths()) <= DEATHS_PER_MINUTE:
            _note(f"PostgreSQL ended (status {server.returncode()}) and is started again.")
            time.sleep(0.05 * 2 ** len(self._deaths))
            try:
                server.start(abandoned=self._abandoned)
            except EmbeddedPostgresError as error:
                _note(str(error))
                continue
            self._announce(server)
            return True
        _note(f"PostgreSQL ended {len(self._deaths)} times within a minute; giving up.\n{server.last_words()}")
        return False

    def _recent_deaths(self) -> list[float]:
        now = time.monotonic()
        self._deaths = [*(death for death in self._deaths if now - death < MINUTE_SECONDS), now]
        return self._deaths

    def _announce(self, server: Server) -> None:
        told = {"sockets": str(server.sockets), "keeper": os.getpid(), "postgres": server.pid}
        write_private(self._home / _READY, json.dumps(told))

    def _say(self, word: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # whoever started us is gone; others may still come
            os.write(self._word, word.encode() + b"\0")
        os.close(self._word)

    def _abandoned(self) -> bool:
        """Tell whether nobody waits for the start; the answer yes keeps users.lock, so that it stays true."""
        return self._overdue() or try_lock(self._users)

    def _may_leave(self) -> bool:
        if self._overdue():
            return True
        if not try_lock(self._users):
            self._idle_ticks = 0
            return False
        self._idle_ticks += 1
        if self._idle_ticks > self._linger_ticks or self._leave_by is not None:
            return True
        fcntl.flock(self._users, fcntl.LOCK_UN)
        return False

    def _told_to_leave(self, _number: int, _frame: object) -> None:
        """Let users finish first: a service manager ends all processes of a group at once."""
        self._leave_by = self._leave_by or time.monotonic() + GRACE_SECONDS

    def _overdue(self) -> bool:
        return self._leave_by is not None and time.monotonic() > self._leave_by


def _note(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}\n")
    sys.stderr.flush()


def main(arguments: list[str]) -> int:
    """Keep the server of DATA_DIR; `embedded_postgres` gives the other three arguments."""
    if os.fork() != 0:
        return 0
    os.chdir("/")
    data_dir, _lock, word, mode = arguments
    return Keeper(Path(data_dir) / "postgres", int(word), durable=mode == "durable").run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
