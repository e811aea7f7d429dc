"""Charts as inline SVG: they print, need no script, and say in words what they show."""

from collections.abc import Sequence
from html import escape
from itertools import count

from app.dossier.charts import Bar, Columns, Line, Rows, Times, Week, figure

WIDTH, HEIGHT = 720, 200
LEFT, RIGHT, BOTTOM, TOP = 48, 24, 28, 12
TICKS_MAX = 9
CELL_WIDTH, CELL_HEIGHT, CELL_LEFT = 27, 20, 66
_BAR_HEIGHT, _BAR_LEFT, _BAR_RIGHT = 24, 190, 90


def draw(title: str, chart: Columns | Rows | Week | Times) -> str:
    """Draw a chart."""
    if isinstance(chart, Columns):
        return _columns(title, chart.bars)
    if isinstance(chart, Rows):
        return _rows(title, chart.bars)
    return _week(title, chart) if isinstance(chart, Week) else _times(title, chart)


def _columns(title: str, bars: Sequence[Bar]) -> str:
    top = max((bar.value for bar in bars), default=0) or 1
    step = (WIDTH - LEFT - RIGHT) / max(len(bars), 1)
    floor = HEIGHT - BOTTOM
    marks = []
    for position, bar in enumerate(bars):
        x = LEFT + position * step
        if bar.shaded:
            marks.append(_rect("closed", x, TOP, step, floor - TOP))
        for kind, value in (("bar", bar.value), ("part", bar.part)):
            height = (floor - TOP) * value / top
            if height:
                marks.append(_rect(kind, x + step * 0.1, floor - height, step * 0.8, height))
    every = max(1, -(-len(bars) // TICKS_MAX))
    ticks = [
        _text(LEFT + (position + 0.5) * step, HEIGHT - 8, bars[position].label, "middle")
        for position in range(0, len(bars), every)
    ]
    axis = f'<path class="axis" d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}"/>'
    scale = _text(LEFT - 6, TOP + 8, figure(top), "end") + _text(LEFT - 6, floor, "0", "end")
    return _svg(title, WIDTH, HEIGHT, "".join([*marks, axis, scale, *ticks]))


def _week(title: str, week: Week) -> str:
    """Draw the grid, darker where there is more, grey where sending is closed."""
    top = max(max(values) for values in week.values) or 1
    marks = []
    for row, day in enumerate(week.days):
        y = TOP + 14 + row * CELL_HEIGHT
        marks.append(_text(CELL_LEFT - 8, y + 14, day, "end"))
        for hour, (value, closed) in enumerate(zip(week.values[row], week.closed[row], strict=True)):
            x = CELL_LEFT + hour * CELL_WIDTH
            marks.append(_rect("cell", x, y, CELL_WIDTH, CELL_HEIGHT, value / top))
            if closed:
                marks.append(_rect("closed", x, y, CELL_WIDTH, CELL_HEIGHT))
            if value:
                ink = "on" if value * 2 > top else ""
                marks.append(_text(x + CELL_WIDTH / 2, y + 14, figure(value), "middle", ink))
    marks += [_text(CELL_LEFT + (hour + 0.5) * CELL_WIDTH, TOP + 8, str(hour), "middle") for hour in range(24)]
    return _svg(title, WIDTH, TOP + 22 + CELL_HEIGHT * len(week.days), "".join(marks))


def _rows(title: str, bars: Sequence[Bar]) -> str:
    top = max((bar.value for bar in bars), default=0) or 1
    marks = []
    for bar, y in zip(bars, count(4, _BAR_HEIGHT), strict=False):
        length = (WIDTH - _BAR_LEFT - _BAR_RIGHT) * bar.value / top
        marks.append(_text(_BAR_LEFT - 8, y + 14, bar.label, "end"))
        marks.append(_rect("bar", _BAR_LEFT, y + 2, length, _BAR_HEIGHT - 7))
        marks.append(_text(_BAR_LEFT + length + 6, y + 14, figure(bar.value), "start"))
    return _svg(title, WIDTH, 8 + _BAR_HEIGHT * len(bars), "".join(marks))


def _times(title: str, times: Times) -> str:
    left, width = _BAR_LEFT + 40, WIDTH - _BAR_LEFT - 40 - RIGHT
    marks, floor = [], 8 + _BAR_HEIGHT * len(times.lines)
    for line, y in zip(times.lines, count(4, _BAR_HEIGHT), strict=False):
        marks += _line(line, left, y, width)
    marks.append(f'<path class="axis" d="M{left} 0V{floor}H{left + width}"/>')
    marks += [_text(left, floor + 16, times.start, "start"), _text(left + width, floor + 16, times.end, "end")]
    return _svg(title, WIDTH, floor + 22, "".join(marks))


def _line(line: Line, left: float, y: float, width: float) -> list[str]:
    strokes = [
        _rect("bar", left + start * width, y + 4, max((end - start) * width, 2), _BAR_HEIGHT - 11)
        for start, end in line.spans
    ]
    return [_text(left - 8, y + 14, line.label, "end"), *strokes]


def _svg(title: str, width: int, height: int, content: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img"><title>{escape(title)}</title>{content}</svg>'


def _rect(kind: str, x: float, y: float, width: float, height: float, opacity: float | None = None) -> str:
    weight = "" if opacity is None else f' fill-opacity="{opacity:.2f}"'
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"{weight}/>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
