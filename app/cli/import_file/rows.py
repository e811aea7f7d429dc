"""One part of a list: what each of its rows tells, or why it tells nothing."""

from collections.abc import Iterator

import msgspec

from app import channels, dates, intent, listfile, phone
from app.channels import Told
from app.cli.import_file.shapes import Columns, plain
from app.intent import Intent

BLANK, NOT_AN_OPPOSITION, ROUNDED = "blank", "not-an-opposition", "rounded"
UNDATED = "date-unreadable"
REFUSALS = frozenset({channels.UNREADABLE_NUMBER, channels.IS_HASH, ROUNDED})
"""Results that ask a person to look."""


class Part(msgspec.Struct):
    """Results and notes row by row, and what is to be brought in with its positions."""

    results: list[str]
    notes: list[str]
    told: list[Told]
    positions: list[int]


def read(chunk: listfile.Chunk, layout: listfile.Layout, columns: Columns, zone: str) -> Part:
    """Read every row; only rows that tell an opposition are in `told`."""
    count = len(chunk)
    part = Part([""] * count, [""] * count, [], [])
    numbers = phone.read_lines(chunk.cells)
    days = listfile.column(chunk, layout, columns.date) if columns.date is not None else [""] * count
    opposed = _opposed(chunk, layout, columns)
    wanted = columns.zone or zone
    for at, number in enumerate(numbers.numbers.tolist()):
        found = number or _number(chunk, layout, numbers, at)
        if opposed is not None and not opposed[at] and found != BLANK:
            found = NOT_AN_OPPOSITION
        if isinstance(found, str):
            part.results[at] = found
            continue
        moment = dates.read(days[at], wanted) if days[at] else None
        if days[at] and moment is None:
            part.notes[at] = UNDATED
        part.told.append(Told(found, moment))
        part.positions.append(at)
    return part


def hashes(chunk: listfile.Chunk) -> bool:
    """Tell whether most of a part's numbers are digests."""
    cells = chunk.cells.decode("utf-8", "replace").split("\n")[: len(chunk)]
    filled = [cell for cell in cells if cell.strip()]
    return sum(channels.HASH.fullmatch(cell.strip()) is not None for cell in filled) * 2 > len(filled)


def _number(chunk: listfile.Chunk, layout: listfile.Layout, numbers: phone.Numbers, at: int) -> int | str:
    problem = numbers.problems[at]
    if problem.reason == "empty" and not chunk.row(at).strip(b' \t\r"' + layout.delimiter):
        return BLANK
    found = channels.read_number(numbers.text(at))
    return ROUNDED if isinstance(found, str) and listfile.is_rounded(problem) else found


def _opposed(chunk: listfile.Chunk, layout: listfile.Layout, columns: Columns) -> list[bool] | None:
    """Which rows a known export calls an opposition; None where every row is one."""
    if not columns.where and columns.text is None:
        return None
    return [all(row) for row in zip(*_conditions(chunk, layout, columns), strict=True)]


def _conditions(chunk: listfile.Chunk, layout: listfile.Layout, columns: Columns) -> Iterator[list[bool]]:
    for at, values in columns.where:
        yield [plain(cell) in values for cell in listfile.column(chunk, layout, at)]
    if columns.text is not None:
        yield [_says_stop(cell) for cell in listfile.column(chunk, layout, columns.text)]


def _says_stop(text: str) -> bool:
    verdict = intent.classify(text)
    return verdict.intent is Intent.STOP or (verdict.intent is Intent.AMBIGUOUS and verdict.stop_word)
