"""Verify an export file offline, and what somebody kept against it."""

from app.evidence.held import Paper, PaperKind
from app.evidence.verification import Report, verify_export

__all__ = ["Paper", "PaperKind", "Report", "verify_export"]
