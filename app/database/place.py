"""The private directory of the embedded server: its files, its locks, its socket, its address."""

import fcntl
import hashlib
import os
import secrets
import socket
import stat
import tempfile
from pathlib import Path
from urllib.parse import quote

from app.database.binaries import EmbeddedPostgresError
from app.database.launch import Launch

ROLE = "stop_registry"
DATABASE = "stop_registry"
PORT = 5432  # names the socket file; nothing listens on TCP unless asked to

SOCKET_PATH_BYTES = 107  # sockaddr_un.sun_path, less its closing zero


def prepare_home(home: Path) -> Path:
    """Create `home` for this user alone and return its absolute path."""
    home = home.absolute()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
    except OSError as error:
        raise EmbeddedPostgresError(f"{home} cannot be used: {error.strerror}. Choose a --data-dir.") from error
    return home


def dsn(home: Path, sockets: Path, port: int = PORT) -> str:
    """Return the address of the server's socket as asyncpg and libpq read it."""
    where = quote(str(sockets), safe="")
    return f"postgresql://{ROLE}:{quote(_password(home))}@/{DATABASE}?host={where}&port={port}"


def new_password(home: Path) -> str:
    """Make the only role's password anew and return it."""
    word = secrets.token_urlsafe(24)
    write_private(home / "password", word)
    sync_directory(home)
    return word


def socket_directory(home: Path, launch: Launch | None = None) -> Path:
    """Return `home`, or a short private directory where the socket's path would be too long for the kernel.

    A comma would be read as a list of hosts by every client, so such a path is avoided too.
    """
    if len(os.fsencode(home / socket_name(99_999))) <= SOCKET_PATH_BYTES and "," not in str(home):
        return home
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    base = base if Path(base).is_absolute() and Path(base).is_dir() else tempfile.gettempdir()
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    short = Path(base) / f"stop-registry-{os.geteuid()}-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    _refuse_foreign(short, launch)
    (launch or Launch()).own(short)
    return short


def socket_name(port: int) -> str:
    """Return what PostgreSQL calls its socket; the port is part of the name even where nothing listens on TCP."""
    return f".s.PGSQL.{port}"


def accepts(sockets: Path, port: int) -> bool:
    """Tell whether somebody listens on the socket in this directory."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(sockets / socket_name(port))) == 0


def try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Lock an open file if that can be done at once."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_private(path: Path, text: str) -> None:
    """Replace a file that only this user may read, completely or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def sync_directory(path: Path) -> None:
    """Make names created in this directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _password(home: Path) -> str:
    path = home / "password"
    try:
        return path.read_text()
    except OSError as error:
        raise EmbeddedPostgresError(
            f"{path} cannot be read ({error.strerror}), and without it nobody can log in. Restore it from a backup "
            "together with the directory beside it, or start anew in another --data-dir."
        ) from error


def _refuse_foreign(directory: Path, launch: Launch | None) -> None:
    """In a directory shared by all, a name may have been taken by somebody else: then it is not used."""
    found = directory.lstat()
    owners = {os.geteuid(), launch.user if launch and launch.user is not None else os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners or found.st_mode & 0o077:
        raise EmbeddedPostgresError(
            f"{directory} is not a private directory of this user. Remove it or choose a shorter --data-dir."
        )
