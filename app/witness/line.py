"""The lines of a witness file: what a head was, and which founding of the registry counts.

A line ends with a keyed digest of itself, so a damaged line, or one of another registry's file, is known as such. It
holds the peaks beside the root: with them, that a longer ledger extends this one follows from its later entries alone.
"""

import msgspec

from app.keys import Root
from app.ledger import Frontier, root
from app.ledger.note import from_base64, to_base64

PURPOSE = "witness"
HEAD, ERA = "head", "era"
NOTHING = "-"


class BadLineError(ValueError):
    """This is no line that this registry wrote."""


class Head(msgspec.Struct, frozen=True):
    """What a ledger's head was when it was witnessed, or a commit earlier; `at` as ledgers write instants."""

    sender_id: int
    tree: Frontier
    at: str

    @property
    def day(self) -> str:
        """The UTC day."""
        return self.at[:10]


class Era(msgspec.Struct, frozen=True):
    """That a registry was founded (1), or that a restore was accepted (2, 3, …), and its name in checkpoints since."""

    number: int
    origin: str
    at: str


def encode(key: Root, line: Head | Era) -> bytes:
    """Write a line, with its end."""
    if isinstance(line, Head):
        peaks = to_base64(line.tree.peaks) or NOTHING
        text = f"{HEAD} {line.sender_id} {line.tree.size} {root(line.tree).hex()} {line.at} {peaks}"
    else:
        text = f"{ERA} {line.number} {line.origin} {line.at}"
    return f"{text} {_seal(key, text)}\n".encode()


def decode(key: Root, line: bytes) -> Head | Era:
    """Read a line without its end; BadLineError when it is not as it was written."""
    text, _, seal = line.decode("ascii", "replace").rpartition(" ")
    if seal != _seal(key, text):
        raise BadLineError
    kind, *fields = text.split(" ")
    if kind == ERA:
        return Era(int(fields[0]), fields[1], fields[2])
    peaks = b"" if fields[4] == NOTHING else from_base64(fields[4])
    return Head(int(fields[0]), Frontier(int(fields[1]), peaks or b""), fields[3])


def _seal(key: Root, text: str) -> str:
    return key.digest(PURPOSE, text.encode()).hex()
