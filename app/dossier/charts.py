"""What is drawn, told as numbers: the same charts become SVG in rapport.html and vectors in rapport.pdf."""

import msgspec


class Bar(msgspec.Struct, frozen=True):
    """One value; `part` of it is drawn darker, `shaded` marks a time when sending is closed."""

    label: str
    value: int
    part: int = 0
    shaded: bool = False


class Columns(msgspec.Struct, frozen=True, tag="columns"):
    """Values over time."""

    bars: tuple[Bar, ...]


class Rows(msgspec.Struct, frozen=True, tag="rows"):
    """Values by name, one a row."""

    bars: tuple[Bar, ...]


class Week(msgspec.Struct, frozen=True, tag="week"):
    """An hour-by-weekday grid: seven days of 24 values, and which of these hours are closed."""

    days: tuple[str, ...]
    values: tuple[tuple[int, ...], ...]
    closed: tuple[tuple[bool, ...], ...]


class Line(msgspec.Struct, frozen=True):
    """When something lasted: (start, end), as shares of the whole time drawn."""

    label: str
    spans: tuple[tuple[float, float], ...]


class Times(msgspec.Struct, frozen=True, tag="times"):
    """Lines over the time between two named ends."""

    start: str
    end: str
    lines: tuple[Line, ...]


class Table(msgspec.Struct, frozen=True, tag="table"):
    """Texts in columns; all but the first `left` columns are figures."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1


Drawing = Columns | Rows | Week | Times | Table


def figure(value: int) -> str:
    """Write a count, its thousands apart by a narrow space, as both languages may."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
