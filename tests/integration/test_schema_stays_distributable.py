"""The schema can be spread over several machines by sql/citus.sql: nothing in it may forbid that.

What a distributed table may not have was found on a real cluster: a unique constraint without the distribution
column, a foreign key to anything but a copied table or a neighbour by the same column, a trigger; and a lock over
several rows in one statement.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import pytest

from app.database import STATEMENTS, Connection
from app.database.statements import SQL
from tests.conftest import run_sql, with_connection

EmptyDatabase = Callable[[], AbstractContextManager[str]]

NOT_OURS = "schema_migration"  # stays on the coordinator

TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"""
COLUMNS = """
SELECT a.attrelid::regclass::text AS owner, a.attname, a.attnotnull, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0"""
UNIQUE = """
SELECT i.indrelid::regclass::text AS owner, i.indexrelid::regclass::text AS name,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])) AS columns
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND (i.indisunique OR i.indisexclusion)"""
FOREIGN = """
SELECT k.conrelid::regclass::text AS owner, k.confrelid::regclass::text AS target, k.conname AS name,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (n, i)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY i) AS columns,
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u (n, i)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY i) AS target_columns
FROM pg_constraint k WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace"""
TRIGGERS = "SELECT tgrelid::regclass::text AS owner, tgname AS name FROM pg_trigger WHERE NOT tgisinternal"

REFERENCE_CALL = re.compile(r"create_reference_table\s*\(\s*'(\w+)'\s*\)")
DISTRIBUTED_CALL = re.compile(r"create_distributed_table\s*\(\s*'(\w+)'\s*,\s*'(\w+)'")


class Plan(NamedTuple):
    """What sql/citus.sql does: tables copied to every node, and tables spread by a column."""

    reference: frozenset[str]
    distributed: dict[str, str]


def read_plan(text: str) -> Plan:
    text = re.sub(r"--.*", "", text)
    return Plan(frozenset(REFERENCE_CALL.findall(text)), dict(DISTRIBUTED_CALL.findall(text)))


async def faults(held: Connection, plan: Plan) -> list[str]:
    """Whatever in this database keeps the plan from being carried out."""
    return [
        *await undeclared(held, plan),
        *await bad_columns(held, plan),
        *[
            f"{row['owner']}: {row['name']} is unique without {plan.distributed[row['owner']]}"
            for row in await held.fetch(UNIQUE)
            if row["owner"] in plan.distributed and plan.distributed[row["owner"]] not in row["columns"]
        ],
        *[
            f"{row['owner']}: {row['name']} refers to {row['target']}, which may lie on another node"
            for row in await held.fetch(FOREIGN)
            if not may_refer(
                plan, row["owner"], row["target"], list(zip(row["columns"], row["target_columns"], strict=True))
            )
        ],
        *[f"{row['owner']}: {row['name']} is a trigger" for row in await held.fetch(TRIGGERS)],
    ]


async def undeclared(held: Connection, plan: Plan) -> list[str]:
    tables = {row["relname"] for row in await held.fetch(TABLES)} - {NOT_OURS}
    declared = plan.reference | set(plan.distributed)
    return [
        *(f"{table}: is not in sql/citus.sql" for table in sorted(tables - declared)),
        *(f"{table}: is in sql/citus.sql but does not exist" for table in sorted(declared - tables)),
        *(f"{table}: is both copied and spread" for table in sorted(plan.reference & set(plan.distributed))),
    ]


async def bad_columns(held: Connection, plan: Plan) -> list[str]:
    """A distribution column must exist, be filled in, and have one type wherever it has one name."""
    columns = {(row["owner"], row["attname"]): (row["attnotnull"], row["type"]) for row in await held.fetch(COLUMNS)}
    chosen = {pair: columns.get(pair, (False, "")) for pair in plan.distributed.items()}
    missing = [
        f"{table}: {column} is missing or may be null" for (table, column), (filled, _) in chosen.items() if not filled
    ]
    types = {(column, kind) for (_, column), (filled, kind) in chosen.items() if filled}
    names = [column for column, _ in types]
    return missing + [f"{name}: has several types" for name in sorted(set(names)) if names.count(name) > 1]


def may_refer(plan: Plan, owner: str, target: str, pairs: list[tuple[str, str]]) -> bool:
    if target in plan.reference:
        return True
    if owner not in plan.distributed or target not in plan.distributed:
        return False
    return plan.distributed[owner] == plan.distributed[target] and (plan.distributed[owner],) * 2 in pairs


def locks_several_rows(statement: str) -> bool:
    """A cluster refuses FOR UPDATE and FOR SHARE unless the statement names one row's distribution column."""
    text = statement.upper()
    locks = re.search(r"\bFOR (NO KEY )?(UPDATE|KEY SHARE|SHARE)\b", text) is not None
    return locks and re.search(r"\bWHERE \w*\.?(SENDER_ID|CONNECTION_ID) = \$\d\b", text) is None


def test_the_present_schema_can_be_distributed(worker_database_url: str) -> None:
    plan = read_plan((SQL / "citus.sql").read_text(encoding="utf-8"))
    assert plan.distributed != {}
    assert with_connection(worker_database_url, lambda held: faults(held, plan)) == []


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_statement_locks_the_rows_of_one_sender_at_most(name: str) -> None:
    assert not locks_several_rows(STATEMENTS[name])


SMALL_SCHEMA = """
CREATE TABLE small (id integer PRIMARY KEY);
CREATE TABLE spread (sender_id integer, n integer, PRIMARY KEY (sender_id, n));
CREATE TABLE other (connection_id integer, n integer, PRIMARY KEY (connection_id, n));
"""
SMALL_PLAN = """
SELECT create_reference_table('small');
SELECT create_distributed_table('spread', 'sender_id'); -- create_reference_table('comment')
SELECT create_distributed_table('other', 'connection_id', colocate_with => 'none');
"""


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("SELECT 1", None),
        ("ALTER TABLE spread ADD FOREIGN KEY (n) REFERENCES small", None),
        (
            "CREATE TABLE near (sender_id integer NOT NULL, n integer, FOREIGN KEY (sender_id, n) REFERENCES spread)",
            None,
        ),
        ("CREATE TABLE new (n integer)", "new: is not in sql/citus.sql"),
        ("DROP TABLE small", "small: is in sql/citus.sql but does not exist"),
        ("ALTER TABLE spread ADD CONSTRAINT u UNIQUE (n)", "spread: u is unique without sender_id"),
        ("CREATE UNIQUE INDEX u ON spread (n) INCLUDE (sender_id)", "spread: u is unique without sender_id"),
        (
            "ALTER TABLE spread ADD CONSTRAINT f FOREIGN KEY (sender_id, n) REFERENCES other",
            "spread: f refers to other, which may lie on another node",
        ),
        (
            "ALTER TABLE small ADD n integer, ADD CONSTRAINT f FOREIGN KEY (id, n) REFERENCES spread",
            "small: f refers to spread, which may lie on another node",
        ),
        (
            "CREATE TRIGGER t BEFORE UPDATE ON small EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "small: t is a trigger",
        ),
        ("ALTER TABLE spread RENAME sender_id TO who", "spread: sender_id is missing or may be null"),
    ],
)
def test_what_a_cluster_refuses_is_found(empty_database: EmptyDatabase, change: str, fault: str | None) -> None:
    plan = read_plan(
        SMALL_PLAN + ("SELECT create_distributed_table('near', 'sender_id');" if " near " in change else "")
    )
    with empty_database() as url:
        run_sql(url, SMALL_SCHEMA, change)
        found = with_connection(url, lambda held: faults(held, plan))
    assert (found == []) if fault is None else (fault in found)


@pytest.mark.parametrize(
    ("statement", "several"),
    [
        ("SELECT size FROM head WHERE sender_id = $1 FOR UPDATE", False),
        ("SELECT size FROM head WHERE sender_id = ANY ($1) ORDER BY sender_id FOR UPDATE", True),
        ("SELECT size FROM head FOR SHARE", True),
        ("SELECT size FROM head WHERE sender_id = ANY ($1)", False),
    ],
)
def test_a_lock_over_several_rows_is_told_from_one_row(statement: str, *, several: bool) -> None:
    assert locks_several_rows(statement) == several
