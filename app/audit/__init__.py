"""What an auditor is given: signed heads, and the export that proves by itself."""

from app.audit.export import export
from app.audit.heads import checkpoint, origin_of, sender_for, signed, verifier_key
from app.audit.scope import Scope

__all__ = ["Scope", "checkpoint", "export", "origin_of", "sender_for", "signed", "verifier_key"]
