"""What is found: how it stands with one thing, and what to do about it."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How it stands with one thing; FAIL means that checks are refused or STOPs are lost."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor."""

    level: Level
    what: str
    told: str
    """What to do; for what is in order, how it stands."""

    def __str__(self) -> str:
        """Return the line: `FAIL sender salon-martin: …`."""
        return f"{self.level} {self.what}: {self.told}"


def ok(what: str, told: str) -> Finding:
    """Say that something is in order."""
    return Finding(Level.OK, what, told)


def warn(what: str, told: str) -> Finding:
    """Say what to look at; nothing is refused for it."""
    return Finding(Level.WARN, what, told)


def fail(what: str, told: str) -> Finding:
    """Say what must be mended."""
    return Finding(Level.FAIL, what, told)
