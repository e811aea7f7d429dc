"""Operators that keep STOPs to themselves and offer lists to read: what to ask, and what the answers say. No I/O.

`model.py` first; then one file per operator.
"""

from app.operators.pull import ovh, sms_partner
from app.operators.pull.model import Item, PullError, Source, base

SOURCES: dict[str, Source] = {source.name: source for source in (ovh.SOURCE, sms_partner.SOURCE)}

__all__ = ["SOURCES", "Item", "PullError", "Source", "base"]
