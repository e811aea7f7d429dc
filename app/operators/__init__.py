"""Operators and aggregators: a raw request in, authenticated messages out. No I/O, no clock.

Read model.py first, then flat.py (a provider as data) and table.py (the data). A provider that signs, nests or answers
in its own way has a file of its own; signatures.py holds what they all compare with.
"""

from app.operators.dedupe import dedupe_parts
from app.operators.model import (
    Answer,
    Authentic,
    Connection,
    Decoded,
    Message,
    Outcome,
    Provider,
    Request,
    Unreadable,
)
from app.operators.registry import PROVIDERS, UnknownProviderError, provider
from app.operators.replay import replay

__all__ = [
    "PROVIDERS",
    "Answer",
    "Authentic",
    "Connection",
    "Decoded",
    "Message",
    "Outcome",
    "Provider",
    "Request",
    "UnknownProviderError",
    "Unreadable",
    "dedupe_parts",
    "provider",
    "replay",
]
