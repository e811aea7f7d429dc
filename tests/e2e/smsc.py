"""A small SMPP 3.4 message centre for one transceiver: the operator's side of a link, down to the octets.

SMPP 3.4 §4.1 (bind), §4.4 (submit_sm), §4.6 (deliver_sm), §5.2.19 (data_coding).
"""

import socket
import struct
from contextlib import suppress
from threading import Condition, Thread
from typing import BinaryIO

from tests.e2e.phones import GSM_BASIC, GSM_EXTENSION, Inbox, Message, Reply, fits_gsm

BIND_TRANSCEIVER = 0x00000009
SUBMIT_SM = 0x00000004
DELIVER_SM = 0x00000005
RESPONSE = 0x80000000
STATUS_OK = 0

HEADER = struct.Struct(">IIII")
ESCAPE = 0x1B
UCS2 = 8
HAS_HEADER = 0x40
INTERNATIONAL, ISDN, UNKNOWN = 1, 1, 0
LINK_SECONDS = 15
# The bodies of answers that are not empty: the centre's name, a message id.
ANSWERS = {BIND_TRANSCEIVER: b"operator\0", SUBMIT_SM: b"1\0"}


def gsm_octets(text: str) -> bytes:
    """The text in GSM 03.38, one character an octet, as operators put it into deliver_sm."""
    extension = {character: octet for octet, character in GSM_EXTENSION.items()}
    octets = bytearray()
    for character in text:
        if character in extension:
            octets += bytes((ESCAPE, extension[character]))
        else:
            octets.append(GSM_BASIC.index(character))
    return bytes(octets)


def gsm_text(octets: bytes) -> str:
    """What a phone shows for these octets of GSM 03.38."""
    characters = iter(octets)
    return "".join(
        GSM_EXTENSION.get(next(characters, 0), " ") if octet == ESCAPE else GSM_BASIC[octet & 0x7F]
        for octet in characters
    )


class Smsc:
    """Listens on loopback for one transceiver, delivers what phones send and keeps what is submitted for them."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._link: socket.socket | None = None
        self._changed = Condition()
        self._sequence = 0
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def transmit(self, message: Message, header: bytes) -> None:
        """Deliver one short message to the gateway; ConnectionError where it is not bound."""
        gsm = fits_gsm(message.text)
        octets = gsm_octets(message.text) if gsm else message.text.encode("utf-16-be", "surrogatepass")
        esm_class = HAS_HEADER if header else 0
        content = header + octets
        body = (
            b"\0"
            + _address(message.sender)
            + _address(message.to)
            + bytes((esm_class, 0, 0, 0, 0, 0, 0, 0 if gsm else UCS2, 0, len(content)))
            + content
        )
        with self._changed:
            if not self._changed.wait_for(lambda: self._link, LINK_SECONDS):
                raise ConnectionError("no gateway is bound to the message centre: see bearerbox.log")
            self._sequence += 1
            self._send(DELIVER_SM, self._sequence, body)

    def nudge(self) -> None:
        """Replies come in by themselves."""

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._changed, suppress(OSError):
            if self._link:
                self._link.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _send(self, command: int, sequence: int, body: bytes) -> None:
        if self._link:
            self._link.sendall(HEADER.pack(HEADER.size + len(body), command, STATUS_OK, sequence) + body)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                link, _ = self._listener.accept()
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with link, link.makefile("rb") as stream, suppress(OSError, struct.error):
                    self._converse(link, stream)

    def _converse(self, link: socket.socket, stream: BinaryIO) -> None:
        try:
            while True:
                length, command, _, sequence = HEADER.unpack(stream.read(HEADER.size))
                self._handle(link, command, sequence, stream.read(length - HEADER.size))
        finally:
            with self._changed:
                self._link = None

    def _handle(self, link: socket.socket, command: int, sequence: int, body: bytes) -> None:
        if command & RESPONSE:
            return
        with self._changed:
            self._link = link
            self._send(command | RESPONSE, sequence, ANSWERS.get(command, b""))
            self._changed.notify_all()
        if command == SUBMIT_SM:
            self._submitted(body)

    def _submitted(self, body: bytes) -> None:
        _, rest = _text(body)
        sender, rest = _read_address(rest)
        to, rest = _read_address(rest)
        esm_class, rest = rest[0], rest[3:]
        _, rest = _text(rest)
        _, rest = _text(rest)
        coding, octets = rest[2], rest[5 : 5 + rest[4]]
        cut = octets[0] + 1 if esm_class & HAS_HEADER else 0
        text = octets[cut:].decode("utf-16-be") if coding == UCS2 else gsm_text(octets[cut:])
        self.inbox.deliver(Reply(sender, to, text), octets[:cut])


def _address(number: str) -> bytes:
    kind = INTERNATIONAL if number.startswith("+") else UNKNOWN
    return bytes((kind, ISDN)) + number.lstrip("+").encode() + b"\0"


def _read_address(body: bytes) -> tuple[str, bytes]:
    digits, rest = _text(body[2:])
    return ("+" if body[0] == INTERNATIONAL else "") + digits, rest


def _text(body: bytes) -> tuple[str, bytes]:
    value, _, rest = body.partition(b"\0")
    return value.decode("ascii"), rest
