"""The edge where time and randomness enter; pure modules get both as arguments."""

import os
import platform
import secrets
from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant, UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one place that looks at the clock


def random_bytes(length: int) -> bytes:
    """Return that many unpredictable bytes."""
    return os.urandom(length)


def new_id(prefix: str) -> str:
    """Return a new public identifier of 128 random bits, such as `chk_…`."""
    return f"{prefix}_{secrets.token_hex(16)}"


def node() -> str:
    """Return the name of this machine, the subject of what concerns all of it."""
    return platform.node() or "this machine"
