"""How PostgreSQL's programs are started: never as root, and never outliving the process that started them."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from app.database.binaries import EmbeddedPostgresError

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_NAMESPACE = ("unshare", "-U", "--map-user=65534", "--map-group=65534")
_ACCOUNTS = ("stop-registry", "postgres", "nobody")


class Launch(NamedTuple):
    """How to become somebody PostgreSQL accepts: a command put in front, or another user and group id."""

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    def own(self, path: Path) -> None:
        """Give a file or directory to the user that PostgreSQL will run as, where that is another one."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)


def choose_launch(home: Path, binaries: Path) -> Launch:
    """Return how to start PostgreSQL below `home`; it refuses root, so root first becomes somebody else.

    A user namespace changes nothing on disk and works below a private directory, so it comes first. Where
    namespaces are forbidden (Docker's default profile), an ordinary account takes over the directory.
    """
    if os.geteuid() != 0:
        return Launch()
    if namespaces_work():
        return Launch(prefix=_NAMESPACE)
    account = account_for(home, binaries)
    if account is not None:
        return account
    raise EmbeddedPostgresError(
        f"PostgreSQL does not run as root, user namespaces are forbidden here, and no ordinary account can "
        f"enter {home}. Run this as an ordinary user, choose a --data-dir that others may enter, "
        "or set DATABASE_URL."
    )


def namespaces_work() -> bool:
    """Tell whether this process may run a program in a user namespace of its own."""
    if shutil.which(_NAMESPACE[0]) is None:
        return False
    run = subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False)  # noqa: S603  a constant
    return run.returncode == 0


def account_launch(name: str) -> Launch | None:
    """Return how to become this account, None where there is no such account."""
    import pwd  # noqa: PLC0415  absent on platforms that have no root either

    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Launch(user=entry.pw_uid, group=entry.pw_gid)


def account_for(home: Path, binaries: Path) -> Launch | None:
    """Return the first ordinary account that can run the programs and enter `home`, which becomes its own."""
    candidates = (account_launch(name) for name in _ACCOUNTS)
    return next((launch for launch in candidates if launch and _may_enter(launch, home, binaries)), None)


def _may_enter(launch: Launch, home: Path, binaries: Path) -> bool:
    """Try, with that account's rights, to run the server's program from the directory that will be its own."""
    before = home.stat()
    launch.own(home)
    try:
        run = subprocess.run(  # noqa: S603  the path is our own finding
            [binaries / "postgres", "--version"],
            cwd=home,
            user=launch.user,
            group=launch.group,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
    except OSError:
        run = None
    if run is None or run.returncode != 0:
        os.chown(home, before.st_uid, before.st_gid)
        return False
    return True


def start(
    launch: Launch,
    command: Sequence[str | Path],
    *,
    log: IO[bytes] | int,
    keep: Sequence[int] = (),
    last_wish: signal.Signals = signal.SIGINT,
    script: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a program that ends with this process, however this process ends.

    `keep` are file descriptors it inherits, `script` is what it reads as standard input. Call it on the main thread
    only: Linux sends the last wish when the *thread* that started the child ends. Elsewhere than on Linux the child
    outlives a killed parent.
    """
    return subprocess.Popen(  # noqa: S603  programs of our own finding, no shell
        [*launch.prefix, *command],
        stdin=script,
        stdout=log,
        stderr=log,
        cwd="/",
        env=_environment(),
        pass_fds=keep,
        user=launch.user,
        group=launch.group,
        extra_groups=[] if launch.user is not None else None,
        preexec_fn=_die_with_parent(last_wish),  # noqa: PLW1509  the keeper has one thread
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    """Return a bare environment: PG* variables would redirect the programs, others may hold secrets.

    TZ spares initdb a search through the time zone files.
    """
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _die_with_parent(last_wish: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork, where nothing may be loaded any more
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(last_wish))
        if os.getppid() != parent:  # the parent went before it could be asked to tell us
            os._exit(1)

    return ask
