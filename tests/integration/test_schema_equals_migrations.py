"""sql/schema.sql is there to be read, sql/migrations is what runs: both must build the same database."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from app.database import Connection, migrate
from app.database.statements import SQL
from tests.conftest import run_sql, with_connection

EmptyDatabase = Callable[[], AbstractContextManager[str]]

OURS = """
  n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
  AND c.relname <> 'schema_migration' AND c.relname NOT LIKE 'schema_migration\\_%'
"""

# Each query gives rows of text; the position of a column in its table is left out, since migrations only append.
CATALOGUE = {
    "schemas": """
        SELECT nspname, coalesce(nspacl::text, '') FROM pg_namespace
        WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'""",
    "tables": f"""
        SELECT n.nspname, c.relname, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.reloptions,
               c.relispartition, pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {OURS} AND c.relkind IN ('r', 'p', 'S', 'v', 'm')""",
    "columns": f"""
        SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
               a.attgenerated, a.attstorage, a.attcompression, a.attcollation::regcollation,
               pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE {OURS} AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm')""",
    "constraints": f"""
        SELECT n.nspname, c.relname, k.conname, k.contype, pg_get_constraintdef(k.oid), k.convalidated
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {OURS} AND k.contype <> 'n'""",
    "indexes": f"""
        SELECT n.nspname, c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {OURS}""",
    "grants on tables": f"""
        SELECT n.nspname, c.relname, g.grantee::regrole, g.privilege_type, g.is_grantable
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) g WHERE {OURS}""",
    "grants on columns": f"""
        SELECT n.nspname, c.relname, a.attname, g.grantee::regrole, g.privilege_type, g.is_grantable
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
             aclexplode(a.attacl) g WHERE {OURS}""",
    "default privileges": "SELECT defaclrole::regrole, defaclobjtype, defaclacl::text FROM pg_default_acl",
    "sequences": f"""
        SELECT n.nspname, c.relname, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcycle
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {OURS}""",
    "views": f"""
        SELECT n.nspname, c.relname, pg_get_viewdef(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OURS} AND c.relkind IN ('v', 'm')""",
    "functions": """
        SELECT n.nspname, p.proname, pg_get_functiondef(p.oid), p.proacl::text
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND p.prokind IN ('f', 'p')""",
    "triggers": f"""
        SELECT n.nspname, c.relname, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {OURS} AND NOT t.tgisinternal""",
    "policies": "SELECT schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies",
    "types": """
        SELECT n.nspname, t.typname, t.typtype, t.typnotnull, t.typdefault, format_type(t.typbasetype, t.typtypmod),
               ARRAY(SELECT enumlabel FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder)
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND t.typtype IN ('d', 'e', 'r')""",
    "extensions": "SELECT extname FROM pg_extension",
}


async def catalogue(held: Connection) -> dict[str, list[str]]:
    """Everything a schema consists of, as sorted lines under the kind of thing they describe."""
    return {
        kind: sorted(" | ".join(str(field) for field in row) for row in await held.fetch(query))
        for kind, query in CATALOGUE.items()
    }


def catalogue_of(url: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = with_connection(url, catalogue)
    return found


def test_schema_and_migrations_build_the_same_database(empty_database: EmptyDatabase) -> None:
    with empty_database() as read, empty_database() as run:
        run_sql(read, (SQL / "schema.sql").read_text(encoding="utf-8"))
        with_connection(run, migrate)
        expected, built = catalogue_of(read), catalogue_of(run)
    assert expected["tables"] != []
    assert built == expected


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("tables", "ALTER TABLE b SET (fillfactor = 70)"),
        ("columns", "ALTER TABLE b ALTER n SET NOT NULL"),
        ("columns", "ALTER TABLE b ALTER n SET DEFAULT 1"),
        ("columns", "ALTER TABLE b ALTER t SET STORAGE EXTERNAL"),
        ("constraints", "ALTER TABLE b RENAME CONSTRAINT b_k TO b_l"),
        ("constraints", "ALTER TABLE b DROP CONSTRAINT b_k; ALTER TABLE b ADD CONSTRAINT b_k CHECK (n > 1)"),
        ("indexes", "CREATE INDEX b_n ON b (n)"),
        ("grants on tables", "GRANT SELECT ON b TO pg_monitor"),
        ("grants on columns", "GRANT UPDATE (n) ON b TO pg_monitor"),
        ("triggers", "CREATE TRIGGER t BEFORE UPDATE ON b EXECUTE FUNCTION suppress_redundant_updates_trigger()"),
        ("types", "CREATE DOMAIN d AS text"),
    ],
)
def test_a_difference_of_any_kind_is_seen(empty_database: EmptyDatabase, kind: str, change: str) -> None:
    with empty_database() as url:
        run_sql(url, "CREATE TABLE b (n integer, t text, CONSTRAINT b_k CHECK (n > 0))")
        before = catalogue_of(url)
        run_sql(url, change)
        assert catalogue_of(url)[kind] != before[kind]
