"""What the statements share: the connection's type, and rows turned into columns.

The bulk statements take columns, not rows: one array a column is one parameter, whatever the number of rows. The
driver looks at each element of an array three times before it writes it; the statements of STOPs therefore take their
numbers as PostgreSQL spells arrays, and cast them (`$1::text::bigint[]`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from asyncpg import Connection, Record
from asyncpg.pool import PoolConnectionProxy

from app.standing import microseconds

Db: TypeAlias = "Connection[Record] | PoolConnectionProxy[Record]"


def columns(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """Turn rows into one list a column; no rows give empty columns."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]


def numbers(column: Iterable[int | None]) -> str:
    """Spell an array of integers; None becomes null."""
    spelled = ",".join(map(str, column))
    return f"{{{spelled.replace('None', 'null')}}}"


def booleans(column: Iterable[bool]) -> str:
    """Spell an array of booleans."""
    return f"{{{','.join(['t' if value else 'f' for value in column])}}}"


def moments(column: Iterable[datetime]) -> str:
    """Spell an array of instants as whole microseconds since 1970, which PostgreSQL adds exactly from 1685 to 2255."""
    return numbers([microseconds(moment) for moment in column])


def touched(status: str) -> int:
    """Read how many rows a command touched from what PostgreSQL answers: "UPDATE 3"."""
    return int(status.rpartition(" ")[2])
