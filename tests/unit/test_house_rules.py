"""Rules of the house that no linter knows: sizes, the map, the top level, and what may not be in a file at all."""

import ast
import os
import re
import statistics
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
FUNCTION_LINES_MAX = 70
FUNCTION_LINES_MEDIAN_BELOW = 12
FILE_LINES_MAX = 450
TOP_LEVEL = {"app", "sql", "tests", "pyproject.toml", "README.md", "Dockerfile", "LICENSE"}

# Forbidden words are put together here so that this file does not contain them.
REGISTRIES = [
    "py" + r"pi\.org",
    "python" + r"hosted\.org",
    "npm" + r"js\.(?:org|com)",
    "yarn" + r"pkg\.com",
    "crates" + r"\.io",
    "proxy" + r"\.golang\.org",
    "index" + "-url",
    "find" + "-links",
    r"https?://[^\s\"']+/sim" + r"ple\b",
]
LEFT_UNDONE = [
    r"\bTO" + r"DO\b",
    r"\bFIX" + r"ME\b",
    r"\bX" + r"XX\b",
    r"raise\s+NotImplemented" + "Error",
    r"pytest\.mark\.(?:xf" + r"ail|sk" + r"ip)\b",
    "assert " + r"True\b",
]

# Numbers as people and programs write them; group 1 or 2 is what follows the country code or the 0.
FRENCH_NUMBER = re.compile(
    r"(?<![\w.])(?:(?:\+|00)33[ .-]?(?:\(0\)[ .-]?)?|33|0)([1-9]([ .-]?)\d\d(?:\2\d\d){3})(?!\d)"
)
OVERSEAS_NUMBER = re.compile(
    r"(?<![\w.])(?:\+|00)(?:262|508|590|594|596|681|687|689)[ .-]?(?:\(0\))?(\d(?:[ .-]?\d){5,8})(?!\d)"
)
# Arcep keeps these ranges for fiction: nobody can own such a number.
FICTION = re.compile(r"(?:63998|19900|26191|35301|46571|53649)\d{4}")
# Rows where a territory or a prefix is the point, and no range for fiction exists there.
PREFIX_ROWS = re.compile(r"(?:639|69[0-9]|70[0-9]|7[1-9][0-9])123456")
RANGE_ENDS = re.compile(r"[1-9](?:0{8}|9{8})")
OTHER_ROWS = {
    "123456789",  # the ten digits in order, as alphabets list them
    "612345678",  # the classic of form examples, in every spelling
    "612345679",  # its neighbour
    "712345678",  # a prefix that validation libraries call invalid
    "751234567",  # a mobile number of the 07 range
    "639001234",  # Mayotte
    "551234",  # Saint-Pierre-et-Miquelon
    "751234",  # Nouvelle-Calédonie
    "87123456",  # Polynésie française
    "821234",  # Wallis-et-Futuna
}


@cache
def files() -> tuple[Path, ...]:
    """What belongs to the project: tracked, or new and not ignored. Without git: all that is not hidden or built."""
    listing = ["git", "-c", f"safe.directory={HOME}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(listing, cwd=HOME, check=True, capture_output=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        return tuple(_walk())
    return tuple(path for name in names if name and (path := HOME / name).is_file())


def _walk() -> Iterator[Path]:
    for folder, folders, names in os.walk(HOME):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in {"__pycache__", "dist"}]
        yield from (Path(folder, name) for name in names if name != "uv.lock" and not name.endswith(".pyc"))


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def below(*tops: str) -> list[Path]:
    return [path for path in files() if path.relative_to(HOME).parts[0] in tops]


def modules() -> list[Path]:
    return [path for path in below("app") if path.suffix == ".py"]


@cache
def functions() -> tuple[tuple[str, int], ...]:
    """Every function of the product, with its length in lines."""
    return tuple(
        (f"{path.relative_to(HOME)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for path in modules()
        for node in ast.walk(ast.parse(text_of(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def places(patterns: list[str], paths: list[Path]) -> list[str]:
    """Where one of the patterns stands, as file:line."""
    forbidden = re.compile("|".join(patterns))
    return [
        f"{path.relative_to(HOME)}:{text_of(path).count(chr(10), 0, found.start()) + 1}"
        for path in paths
        for found in forbidden.finditer(text_of(path))
    ]


def strange_numbers(text: str) -> list[tuple[int, str]]:
    """Numbers in a text that somebody may own: line and number."""
    plain = re.sub(r"(?<=\d)_(?=\d)", "", text.replace("%2B", "+").replace("%2b", "+").replace("\xa0", " "))
    return [
        (plain.count("\n", 0, found.start()) + 1, found[0])
        for pattern in (FRENCH_NUMBER, OVERSEAS_NUMBER)
        for found in pattern.finditer(plain)
        if not _nobodys(re.sub(r"\D", "", found[1]))
    ]


def _nobodys(digits: str) -> bool:
    return digits in OTHER_ROWS or any(row.fullmatch(digits) for row in (FICTION, PREFIX_ROWS, RANGE_ENDS))


def test_no_function_is_longer_than_a_page() -> None:
    assert [(name, lines) for name, lines in functions() if lines > FUNCTION_LINES_MAX] == []


def test_functions_are_short_as_a_rule() -> None:
    assert statistics.median(lines for _, lines in functions()) < FUNCTION_LINES_MEDIAN_BELOW


def test_a_file_that_grows_becomes_a_package() -> None:
    long = {str(path.relative_to(HOME)): text_of(path).count("\n") for path in modules()}
    assert {name: lines for name, lines in long.items() if lines > FILE_LINES_MAX} == {}


def test_the_map_names_every_module() -> None:
    tree = ast.parse(text_of(HOME / "app" / "__init__.py"))
    the_map = ast.get_docstring(tree) or ""
    names = {path.relative_to(HOME / "app").parts[0].removesuffix(".py") for path in modules()} - {"__init__"}
    absent = {name for name in names if not re.search(rf"\b{name}(?:\.py\b|/)", the_map)}
    assert absent == set(), "write one line for each into the docstring of app/__init__.py"


def test_the_map_names_nothing_that_is_gone() -> None:
    the_map = ast.get_docstring(ast.parse(text_of(HOME / "app" / "__init__.py"))) or ""
    named = re.findall(r"^\s*(\w+(?:\.py|/))(?=\s)", the_map, re.MULTILINE)
    assert [name for name in named if not (HOME / "app" / name).exists()] == []


def test_the_top_level_stays_as_it_is() -> None:
    found = {path.relative_to(HOME).parts[0] for path in files()}
    assert {name for name in found - TOP_LEVEL if not name.startswith(".")} == set()


def test_no_file_names_a_package_registry() -> None:
    assert places(REGISTRIES, list(files())) == []


def test_nothing_is_left_undone_or_skipped() -> None:
    assert places(LEFT_UNDONE, below("app", "sql", "tests")) == []


def test_every_number_in_the_tree_belongs_to_nobody() -> None:
    found = [
        f"{path.relative_to(HOME)}:{line}: {number}"
        for path in below("app", "sql", "tests", "README.md")
        for line, number in strange_numbers(text_of(path))
    ]
    assert found == [], "use 06 39 98 xx xx or 01 99 00 xx xx"


@pytest.mark.parametrize(
    "spelling",
    ["+33{}", "0033{}", "33{}", "0{}", "+33 (0){}", "%2B33{}", "from=+33{}", '"33_{}"'],
)
@pytest.mark.parametrize("digits", ["6 01 02 03 04", "1.42.00.00.00", "755500000"])
def test_a_number_that_somebody_may_own_is_found_in_every_spelling(spelling: str, digits: str) -> None:
    assert len(strange_numbers(f"first line\n{spelling.format(digits)}\n")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "+33639980001 06 39 98 00 01 0199000001 33639980001",
        "+33 (0)6 12 34 56 78, +590690123456, +68987123456, 0690123456",
        "2026-03-20T18:19:20Z 01-02-2026 10:00 0.123456789 0x0123456789 1774030760",
        "0d8c3a5e-8f5d-4a39-9a2b-000000000001 deadbeef0612999999cafe",
    ],
)
def test_fiction_dates_and_digests_are_no_numbers_of_people(text: str) -> None:
    assert strange_numbers(text) == []
