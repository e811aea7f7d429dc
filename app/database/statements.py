"""The SQL of sql/queries, by name.

A file holds blocks. A block begins with `-- name: some_name`, goes on with at least one comment line that says
what it is for and what `$1 …` are, and ends where the next begins:

    -- name: sender_by_slug
    -- The sender of this name. $1 slug
    SELECT id, name FROM sender WHERE slug = $1;
"""

import re
from collections.abc import Mapping
from pathlib import Path

SQL = Path(__file__).parents[2] / "sql"
"""app and sql lie side by side in a checkout, a wheel and the image."""

QUERIES = SQL / "queries"

_NAME = re.compile(r"^--[ \t]*name:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
_PURPOSE = re.compile(r"\s*--[ \t]*\S")


class StatementError(Exception):
    """A file of sql/queries cannot be read, or a statement is asked for that none of them holds."""


class Statements(dict[str, str]):
    """Statements by name; asking for one that does not exist stops the program while it starts."""

    def __missing__(self, name: str) -> str:
        """Refuse a name that no file holds."""
        raise StatementError(f"No statement is named {name!r} in {QUERIES}.")


def load_statements(directory: Path) -> Mapping[str, str]:
    """Return the statements of all *.sql files of a directory; raises StatementError naming file and fault."""
    if not directory.is_dir():
        raise StatementError(f"{directory} does not exist: the package was installed without its sql directory.")
    statements = Statements()
    for path in sorted(directory.glob("*.sql")):
        for name, text in _blocks(path):
            if name in statements:
                raise StatementError(f"{path.name}: the name {name} is taken by another statement.")
            statements[name] = text
    return statements


def _blocks(path: Path) -> list[tuple[str, str]]:
    head, *parts = _NAME.split(path.read_text(encoding="utf-8"))
    if _without_comments(head):
        raise StatementError(f"{path.name}: SQL stands before the first `-- name:`.")
    names, bodies = parts[::2], parts[1::2]
    return [
        (_checked_name(path, name), _checked_body(path, name, body)) for name, body in zip(names, bodies, strict=True)
    ]


def _checked_name(path: Path, name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise StatementError(f"{path.name}: {name!r} is not a name of small letters, digits and underscores.")
    return name


def _checked_body(path: Path, name: str, body: str) -> str:
    if not _PURPOSE.match(body):
        raise StatementError(f"{path.name}: {name} lacks the comment that says what it is for.")
    if not _without_comments(body):
        raise StatementError(f"{path.name}: {name} holds no SQL.")
    return _without_purpose(body).strip().removesuffix(";").rstrip()


def _without_purpose(body: str) -> str:
    lines = body.strip().splitlines()
    first = next(index for index, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("--"))
    return "\n".join(lines[first:])


def _without_comments(text: str) -> str:
    return "".join(line for line in text.splitlines() if not line.lstrip().startswith("--")).strip()


STATEMENTS: Mapping[str, str] = load_statements(QUERIES)
"""Every statement by name; parameters are `$1 …`, as PostgreSQL has them."""
