"""People with phones: what they send, what they receive, whichever simulator stands between them and the gateway."""

import time
from collections import defaultdict, deque
from threading import Condition
from typing import NamedTuple, Protocol

NUDGE_SECONDS = 0.02

# The default alphabet of GSM 03.38 and its extension table: what a phone sends without switching to UCS-2.
GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
GSM_ALPHABET = frozenset(GSM_BASIC.replace("\x1b", "")) | frozenset(GSM_EXTENSION.values())


class Message(NamedTuple):
    """One text as a person sends it: numbers as the operator writes them, and the words."""

    sender: str
    to: str
    text: str


class Reply(NamedTuple):
    """One text as it arrives on a person's phone: from the short code, to the person's number."""

    sender: str
    to: str
    text: str


class Phones(Protocol):
    """The radio side of a gateway."""

    inbox: "Inbox"

    def transmit(self, message: Message, header: bytes) -> None:
        """Send one text, with a user data header where it is part of a longer one."""

    def nudge(self) -> None:
        """Make the simulator look for replies now."""


class Inbox:
    """Replies in their order of arrival; each is handed out once."""

    def __init__(self) -> None:
        self.arrived: list[Reply] = []
        self._unread: defaultdict[str, deque[Reply]] = defaultdict(deque)
        self._parts: defaultdict[tuple[str, int], dict[int, str]] = defaultdict(dict)
        self._changed = Condition()

    def deliver(self, reply: Reply, header: bytes) -> None:
        """A text, or one part of a long one; a phone shows the text when it has all parts.

        `header` ends with reference, number of parts and place from 1 (3GPP 23.040 §9.2.3.24.1); empty: in one part.
        """
        reference, total, place = header[-3:] or (0, 1, 1)
        parts = self._parts[reply.to, reference]
        parts[place] = reply.text
        if len(parts) == total:
            del self._parts[reply.to, reference]
            self._show(reply._replace(text="".join(parts[place] for place in sorted(parts))))

    def _show(self, reply: Reply) -> None:
        with self._changed:
            self.arrived.append(reply)
            self._unread[reply.to].append(reply)
            self._changed.notify_all()

    def take(self, to: str, timeout_seconds: float, phones: Phones) -> Reply:
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while not self._unread[to]:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"no reply reached the phone {to} within {timeout_seconds} s")
                phones.nudge()
                self._changed.wait(NUDGE_SECONDS)
            return self._unread[to].popleft()


def fits_gsm(text: str) -> bool:
    """Whether a phone would send the text in the GSM alphabet rather than in UCS-2."""
    return GSM_ALPHABET.issuperset(text)
