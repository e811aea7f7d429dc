"""What a gateway is told when it starts."""

from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything is, and how long an answer may take."""

    kannel: str
    """Address of Kannel's sendsms."""
    registry: str
    """Address of the registry."""
    key: str
    """Of the sender, or of a delegate for several."""
    jwks: Path
    """The key set saved from /.well-known/jwks.json; read again when a token names a key that is not in it."""
    name: str
    """This gateway, as standing clearances name it."""
    routes: tuple[str, ...] = ()
    """Clearances must be for one of these routes; none: for any."""
    standing: Path | None = None
    """Standing clearances, one token a line."""
    state: Path
    """Folder of what must survive a restart: the uses still to be told, the list of those denied."""
    seconds: float = 2.0
    """How long the registry may take to answer."""
    kannel_seconds: float = 30.0
    """How long Kannel may take."""
