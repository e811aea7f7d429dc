"""Charts as inline SVG: they print, need no script, and say in words what they show (title, desc)."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import count

import msgspec

WIDTH, HEIGHT = 720, 200
LEFT, RIGHT, BOTTOM, TOP = 48, 24, 28, 12
TICKS_MAX = 9
CELL_WIDTH, CELL_HEIGHT, CELL_LEFT = 27, 20, 66
_BAR_HEIGHT, _BAR_LEFT, _BAR_RIGHT = 24, 190, 90


class Bar(msgspec.Struct, frozen=True):
    """One value; `shaded` marks a time when sending is closed."""

    label: str
    value: int
    shaded: bool = False


def columns(title: str, bars: Sequence[Bar]) -> str:
    """Draw values over time."""
    top = max((bar.value for bar in bars), default=0) or 1
    step = (WIDTH - LEFT - RIGHT) / max(len(bars), 1)
    floor = HEIGHT - BOTTOM
    marks = []
    for position, bar in enumerate(bars):
        x, height = LEFT + position * step, (floor - TOP) * bar.value / top
        if bar.shaded:
            marks.append(_rect("closed", x, TOP, step, floor - TOP))
        marks.append(_rect("bar", x + step * 0.1, floor - height, step * 0.8, height))
    every = max(1, -(-len(bars) // TICKS_MAX))
    ticks = [
        _text(LEFT + (position + 0.5) * step, HEIGHT - 8, bars[position].label, "middle")
        for position in range(0, len(bars), every)
    ]
    axis = f'<path class="axis" d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}"/>'
    scale = _text(LEFT - 6, TOP + 8, _figure(top), "end") + _text(LEFT - 6, floor, "0", "end")
    return _svg(title, WIDTH, HEIGHT, "".join([*marks, axis, scale, *ticks]))


def week(
    title: str, days: Sequence[str], cells: Mapping[tuple[int, int], int], closed: frozenset[tuple[int, int]]
) -> str:
    """Draw an hour-by-weekday grid, darker where there is more, grey where sending is closed."""
    top = max(cells.values(), default=0) or 1
    marks = []
    for row, day in enumerate(days):
        y = TOP + 14 + row * CELL_HEIGHT
        marks.append(_text(CELL_LEFT - 8, y + 14, day, "end"))
        for hour in range(24):
            x, value = CELL_LEFT + hour * CELL_WIDTH, cells.get((row, hour), 0)
            marks.append(_rect("cell", x, y, CELL_WIDTH, CELL_HEIGHT, value / top))
            if (row, hour) in closed:
                marks.append(_rect("closed", x, y, CELL_WIDTH, CELL_HEIGHT))
            if value:
                ink = "on" if value * 2 > top else ""
                marks.append(_text(x + CELL_WIDTH / 2, y + 14, _figure(value), "middle", ink))
    marks += [_text(CELL_LEFT + (hour + 0.5) * CELL_WIDTH, TOP + 8, str(hour), "middle") for hour in range(24)]
    return _svg(title, WIDTH, TOP + 22 + CELL_HEIGHT * len(days), "".join(marks))


def rows(title: str, bars: Sequence[Bar]) -> str:
    """Draw values by name, one a row."""
    top = max((bar.value for bar in bars), default=0) or 1
    marks = []
    for bar, y in zip(bars, count(4, _BAR_HEIGHT), strict=False):
        length = (WIDTH - _BAR_LEFT - _BAR_RIGHT) * bar.value / top
        marks.append(_text(_BAR_LEFT - 8, y + 14, bar.label, "end"))
        marks.append(_rect("bar", _BAR_LEFT, y + 2, length, _BAR_HEIGHT - 7))
        marks.append(_text(_BAR_LEFT + length + 6, y + 14, _figure(bar.value), "start"))
    return _svg(title, WIDTH, 8 + _BAR_HEIGHT * len(bars), "".join(marks))


def _figure(value: int) -> str:
    """Write a count, its thousands apart by a narrow space, as both languages may."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _svg(title: str, width: int, height: int, content: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img"><title>{escape(title)}</title>{content}</svg>'


def _rect(kind: str, x: float, y: float, width: float, height: float, opacity: float | None = None) -> str:
    weight = "" if opacity is None else f' fill-opacity="{opacity:.2f}"'
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"{weight}/>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
