"""What an export says to people: verifier, how to verify by hand, tables, report, article 30 record.

Pure, but for reading its own files.
"""

from importlib import resources

from app.dossier import register, tables
from app.dossier.figures import Figures, Outage
from app.dossier.pages import About, Document, documents
from app.dossier.report import html
from app.dossier.rows import OPPOSITIONS, Row, read
from app.dossier.typeset import Job, job

__all__ = [
    "ASSETS", "OPPOSITIONS", "About", "Document", "Figures", "Job", "Outage", "Row", "asset", "documents", "html",
    "job", "read", "register", "tables",
]  # fmt: skip

ASSETS = ("verifier.html", "VERIFY.md")
"""What goes into every export as it is."""


def asset(name: str) -> bytes:
    """Return one of ASSETS, or rapport.typ."""
    return resources.files(__name__).joinpath(name).read_bytes()
