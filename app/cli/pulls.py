"""How the pulling of an operator's lists goes, in one cell of `operator list`."""

from collections.abc import Mapping

from app.directory import Link
from app.operators.pull import SOURCES
from app.queries.pulls import PullRow


def described(link: Link, pulled: Mapping[int, PullRow]) -> str:
    """Say when it last succeeded and with what, and what has gone wrong since; nothing for operators that call."""
    if link.connection.provider not in SOURCES:
        return ""
    row = pulled.get(link.connection_id)
    if row is None:
        return "\tnever pulled"
    said = "never pulled with success"
    if row.succeeded_at:
        said = f"pulled {row.succeeded_at:%Y-%m-%d %H:%M} UTC, {row.listed} listed, {row.applied} new"
    return f"\t{said}" + (f"; failed {row.failed_at:%Y-%m-%d %H:%M} UTC: {row.error}" if row.error else "")
