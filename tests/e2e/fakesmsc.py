"""Kannel's own fake message centre, driven through its standard input and read from what it prints."""

import re
import subprocess
from pathlib import Path
from threading import Lock, Thread
from urllib.parse import quote_from_bytes, unquote_to_bytes

from tests.e2e.phones import Inbox, Message, Reply, fits_gsm
from tests.e2e.processes import kill_group, program

FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
# fakesmsc reads its standard input in pieces of 255 bytes and takes a piece of one byte for an empty line.
PIECE_BYTES = 255

_RECEIVED = re.compile(rb"Got message \d+: <(\S+) (\S+) (?:udh (\S+) )?(text|data|ucs-2) (.*)>\s*$", re.DOTALL)


class FakePhones:
    """A running fakesmsc; bearerbox must already listen on `port`."""

    def __init__(self, port: int, log: Path) -> None:
        self.inbox = Inbox()
        # Without stdbuf the C library swallows several lines at once, and fakesmsc sees only the first of them.
        self._process = subprocess.Popen(
            [program("stdbuf") or "stdbuf", "-i0", FAKESMSC, "-H", "127.0.0.1", "-r", str(port), "-i", "0"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
        self._writing = Lock()
        self._reader = Thread(target=self._read, args=(log,), daemon=True)
        self._reader.start()

    def transmit(self, message: Message, header: bytes) -> None:
        self._write(spell(message, header) + b"\n")

    def nudge(self) -> None:
        """An empty line: fakesmsc otherwise looks at its connection once a second."""
        self._write(b"\n")

    def close(self) -> None:
        kill_group(self._process)
        self._reader.join()
        for stream in (self._process.stdin, self._process.stderr):
            if stream:
                stream.close()

    def _write(self, line: bytes) -> None:
        if self._process.stdin is None or self._process.poll() is not None:
            raise ConnectionError("fakesmsc has ended: see fakesmsc.log")
        with self._writing:
            self._process.stdin.write(line)

    def _read(self, log: Path) -> None:
        with log.open("wb", buffering=0) as copy:
            for line in self._process.stderr or ():
                copy.write(line)
                found = read(line)
                if found:
                    self.inbox.deliver(*found)


def spell(message: Message, header: bytes = b"") -> bytes:
    """The message as a line for fakesmsc; ValueError for what its protocol cannot carry."""
    line = f"{message.sender} {message.to} {_typed_text(message.text, header)}".encode()
    if len(line) % PIECE_BYTES == 0:
        raise ValueError("fakesmsc loses the end of a line of exactly this length: add or remove a character")
    return line


def _typed_text(text: str, header: bytes) -> str:
    plain = fits_gsm(text) and not set(text) & set("\r\n\f")
    if header and not plain:
        raise ValueError("fakesmsc takes a header only with a one-line text in the GSM alphabet")
    if header:
        return f"udh-text {quote_from_bytes(header, safe='')} {text}"
    if plain:
        return f"text {text}"
    return f"ucs2 {quote_from_bytes(text.encode('utf-16-be', 'surrogatepass'), safe='')}"


def read(line: bytes) -> tuple[Reply, bytes] | None:
    """The reply, and the header of a part, that this line of fakesmsc's output reports, if any.

    A text in several lines is read to the end of its first; parts in UCS-2 look like 8-bit data and are not told apart.
    """
    found = _RECEIVED.search(line)
    if not found:
        return None
    sender, to, header, kind, content = found.groups()
    octets = content if kind == b"text" else _unquote(content)
    encoding = "utf-16-be" if kind == b"ucs-2" else "utf-8"
    return Reply(sender.decode(), to.decode(), octets.decode(encoding, "replace")), _unquote(header or b"")


def _unquote(octets: bytes) -> bytes:
    return unquote_to_bytes(octets.replace(b"+", b" "))
