"""What an export says to people: the offline verifier, how to verify by hand, the report.

Pure, but for reading its own files.
"""

from importlib import resources

from app.dossier.figures import Figures
from app.dossier.report import About, report

__all__ = ["ASSETS", "About", "Figures", "asset", "report"]

ASSETS = ("verifier.html", "VERIFY.md")
"""What goes into every export as it is."""


def asset(name: str) -> bytes:
    """Return one of ASSETS."""
    return resources.files(__name__).joinpath(name).read_bytes()
