"""PostgreSQL: our own or yours. Connections, transactions, migrations, statements, embedded server.

Names are fetched at first use, because the keeper of the embedded server is a small process that needs no driver.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.database.binaries import EmbeddedPostgresError
    from app.database.keeper import embedded_postgres
    from app.database.migrations import MigrationError, migrate, pending, require_current
    from app.database.pool import (
        Connection,
        IndeterminateCommit,
        IndeterminateCommitError,
        OwnConnection,
        Pool,
        Writers,
        close_pool,
        is_retryable,
        is_unavailable,
        lent,
        open_pool,
        require_durable,
        transaction,
        write_transaction,
    )
    from app.database.statements import STATEMENTS, StatementError

_HOMES = {
    "binaries": ("EmbeddedPostgresError",),
    "keeper": ("embedded_postgres",),
    "migrations": ("MigrationError", "migrate", "pending", "require_current"),
    "pool": (
        *("Connection", "IndeterminateCommit", "IndeterminateCommitError", "OwnConnection", "Pool", "close_pool"),
        *("is_retryable", "is_unavailable", "lent", "open_pool", "require_durable", "transaction", "write_transaction"),
        "Writers",
    ),
    "statements": ("STATEMENTS", "StatementError"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "STATEMENTS",
    "Connection",
    "EmbeddedPostgresError",
    "IndeterminateCommit",
    "IndeterminateCommitError",
    "MigrationError",
    "OwnConnection",
    "Pool",
    "StatementError",
    "Writers",
    "close_pool",
    "embedded_postgres",
    "is_retryable",
    "is_unavailable",
    "lent",
    "migrate",
    "open_pool",
    "pending",
    "require_current",
    "require_durable",
    "transaction",
    "write_transaction",
]


def __getattr__(name: str) -> object:
    """Import a public name's module when the name is first asked for."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
