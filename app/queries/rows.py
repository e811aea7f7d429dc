"""What the statements share: the connection's type, and rows turned into columns.

The bulk statements take columns, not rows: one array a column is one parameter, whatever the number of rows.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from asyncpg import Connection, Record
from asyncpg.pool import PoolConnectionProxy

Db: TypeAlias = "Connection[Record] | PoolConnectionProxy[Record]"


def columns(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """Turn rows into one list a column; no rows give empty columns."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]


def touched(status: str) -> int:
    """Read how many rows a command touched from what PostgreSQL answers: "UPDATE 3"."""
    return int(status.rpartition(" ")[2])
