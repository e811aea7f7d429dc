"""The edge where time and randomness enter; pure modules get both as arguments."""

import os
import platform
from datetime import UTC, datetime

ID_BYTES = 16
IDS_AT_ONCE = 64


def now() -> datetime:
    """Return the present instant, UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one place that looks at the clock


def random_bytes(length: int) -> bytes:
    """Return that many unpredictable bytes."""
    return os.urandom(length)


def new_id(prefix: str) -> str:
    """Return a new public identifier of 128 random bits, such as `chk_…`."""
    try:
        return f"{prefix}_{_ids.pop()}"
    except IndexError:
        block = os.urandom(ID_BYTES * IDS_AT_ONCE)
        _ids.extend(block[start : start + ID_BYTES].hex() for start in range(0, len(block), ID_BYTES))
        return new_id(prefix)


_ids: list[str] = []
"""Drawn beforehand: every request takes one, and asking the kernel each time costs as much as its log line."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ids.clear)


def node() -> str:
    """Return the name of this machine, the subject of what concerns all of it."""
    return platform.node() or "this machine"
