"""What a puller needs of an operator, and an operator that only answers questions as a provider of a connection."""

from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from app.errors import RegistryError
from app.operators.model import Answer, Authentic, Connection, Decoded, Message, Outcome, Request, Unreadable
from app.operators.signatures import refuse

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class PullError(RegistryError):
    """An operator's list could not be read; the message says what to do and holds nothing that was read."""

    status = 502
    slug = "pull-failed"
    title = "The operator's list could not be read"
    title_fr = "La liste de l'opérateur n'a pas pu être lue"


class Item(msgspec.Struct, frozen=True):
    """One line of a list. key: what makes it the same line at the next pull; it may hold a number.

    message: what it says. detail: a path that says more, such as when; None where the list says it all.
    """

    key: str
    message: Message | None
    detail: str | None = None


class Source(Protocol):
    """One operator's interface. Paths begin with a slash and stand behind `base`."""

    @property
    def name(self) -> str:
        """The provider's name in connections."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The only hosts that are ever asked, the usual one first."""

    @property
    def prefix(self) -> str:
        """What stands before every path."""

    def lists(self, connection: Connection, now: datetime) -> tuple[str, ...]:
        """Name what to ask first; PullError when the connection lacks something."""

    def headers(self, connection: Connection, url: str, now: datetime) -> dict[str, str]:
        """Prove who is asking, for a GET of this URL."""

    def items(self, connection: Connection, path: str, body: bytes) -> list[Item]:
        """Read a list; PullError when it is none."""

    def message(self, connection: Connection, item: Item, body: bytes) -> Message | None:
        """Read what a detail adds to an item; None when it is no message of a person."""


class Asked:
    """A provider that never calls: whatever calls in its name is refused."""

    can_reply = False
    gives_receipts = False

    def __init__(self, name: str) -> None:
        self.name = name

    def authenticate(self, request: Request, connection: Connection, now: datetime) -> Authentic:
        """Refuse."""
        del request, connection, now
        raise refuse("This operator does not call: its lists are read (`stop-registry operator pull`).")

    def decode(self, request: Request, connection: Connection) -> Decoded:
        """Read nothing."""
        del connection
        return Decoded(unreadable=(Unreadable(0, "this operator does not call", request.body),))

    def acknowledge(self, request: Request, connection: Connection, outcomes: tuple[Outcome, ...]) -> Answer:
        """Return an empty success form."""
        del request, connection, outcomes
        return Answer(200, "")


def base(source: Source, connection: Connection) -> str:
    """Return where to ask: the operator's own host, or what the connection says, if it may say so.

    `api_base` may name another of the operator's hosts by https, or this machine.
    """
    chosen = connection.config.get("api_base")
    if chosen is None:
        return f"https://{source.hosts[0]}{source.prefix}"
    parts = urlsplit(str(chosen))
    ours = parts.hostname in _LOOPBACK and parts.scheme in {"http", "https"}
    theirs = parts.hostname in source.hosts and parts.scheme == "https" and parts.port in {None, 443}
    if parts.username is not None or not (ours or theirs):
        raise PullError(f"api_base must be one of {', '.join('https://' + host for host in source.hosts)}.")
    return str(chosen).rstrip("/")
