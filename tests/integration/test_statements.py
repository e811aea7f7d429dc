"""The loader of sql/queries: what a file may look like, and what stops the program while it starts."""

from pathlib import Path

import pytest

from app.database.statements import StatementError, load_statements


def load(directory: Path, **files: str) -> dict[str, str]:
    for name, text in files.items():
        (directory / f"{name}.sql").write_text(text)
    return dict(load_statements(directory))


def test_a_block_is_its_sql_without_name_purpose_and_semicolon(tmp_path: Path) -> None:
    text = "-- About all.\n\n-- name: one\n-- Gets one. $1 id\nSELECT a\nFROM t -- all of it\nWHERE id = $1;\n\n"
    text += "-- name: two_2\n-- Two.\n-- Really.\nSELECT ';' -- name: three\n"
    assert load(tmp_path, q=text) == {
        "one": "SELECT a\nFROM t -- all of it\nWHERE id = $1",
        "two_2": "SELECT ';' -- name: three",
    }


def test_statements_of_several_files_share_one_space_of_names(tmp_path: Path) -> None:
    assert set(load(tmp_path, a="-- name: a\n-- A.\nSELECT 1", b="-- name: b\n-- B.\nSELECT 2")) == {"a", "b"}
    with pytest.raises(StatementError, match=r"b\.sql: the name a is taken"):
        load(tmp_path, a="-- name: a\n-- A.\nSELECT 1", b="-- name: a\n-- A.\nSELECT 2")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("SELECT 1;\n-- name: a\n-- A.\nSELECT 1;", "before the first"),
        ("-- name: a\nSELECT 1;", "lacks the comment"),
        ("-- name: a\n--\nSELECT 1;", "lacks the comment"),
        ("-- name: a\n-- A.\n", "holds no SQL"),
        ("-- name: A-b\n-- A.\nSELECT 1", "not a name"),
        ("-- name:\n-- A.\nSELECT 1", "not a name"),
    ],
)
def test_a_block_that_says_too_little_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(StatementError, match=fault):
        load(tmp_path, q=text)


def test_asking_for_a_name_that_no_file_holds_stops_the_program(tmp_path: Path) -> None:
    with pytest.raises(StatementError, match="'gone'"):
        load_statements(tmp_path)["gone"]


def test_a_package_installed_without_its_sql_says_so(tmp_path: Path) -> None:
    with pytest.raises(StatementError, match="without its sql directory"):
        load_statements(tmp_path / "sql")
