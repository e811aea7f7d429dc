"""What a query compiler would check: every statement against the schema, and every use against the statements."""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import msgspec
import pytest

from app import queries
from app.database import STATEMENTS, Connection

APP = Path(__file__).parents[2] / "app"


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(STATEMENTS))
async def test_a_statement_is_prepared_by_the_present_schema(connection: Connection, name: str) -> None:
    await connection.prepare(STATEMENTS[name])


def test_every_statement_is_used_and_every_name_used_is_a_statement() -> None:
    used = {name for path in APP.rglob("*.py") for name in statement_names(ast.parse(path.read_text(encoding="utf-8")))}
    assert used == set(STATEMENTS)


def statement_names(tree: ast.AST) -> Iterator[str]:
    """The names in `STATEMENTS["…"]`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "STATEMENTS":
            assert isinstance(node.slice, ast.Constant), "a statement is asked for by a name that can be searched for"
            yield str(node.slice.value)


def structs_made(function: ast.AST) -> Iterator[str]:
    """The classes in `Class(*row)`: columns become fields by position, so their order must agree."""
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and [ast.unparse(a) for a in node.args] == ["*row"]
        ):
            yield node.func.id


def rows_made() -> list[tuple[str, type]]:
    """Pairs of statement and struct, from the functions of queries that use one of each."""
    pairs = []
    for info in iter_modules(queries.__path__):
        module = import_module(f"{queries.__name__}.{info.name}")
        for node in ast.parse(inspect.getsource(module)).body:
            names, structs = set(statement_names(node)), set(structs_made(node))
            if isinstance(node, ast.AsyncFunctionDef) and len(names) == len(structs) == 1:
                pairs.append((names.pop(), getattr(module, structs.pop())))
    return pairs


def test_there_are_structs_to_compare() -> None:
    assert len(rows_made()) > 5


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "struct"), rows_made())
async def test_the_columns_of_a_statement_are_the_fields_of_its_struct(
    connection: Connection, name: str, struct: type
) -> None:
    prepared = await connection.prepare(STATEMENTS[name])
    columns = [attribute.name for attribute in prepared.get_attributes()]
    assert columns == [field.name for field in msgspec.structs.fields(struct)]
