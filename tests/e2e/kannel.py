"""Debian's Kannel on loopback: a phone sends, bearerbox and smsbox call the webhook, its answer reaches the phone.

    with kannel("http://127.0.0.1:8000/v1/mo/kannel/token") as gateway:
        gateway.send(sender="+33639980001", to="36200", text="STOP 36200")
        reply = gateway.wait_for_reply(to="+33639980001", timeout_seconds=10)

The radio side is Kannel's own `fakesmsc` (`kannel`), or a small SMPP centre (`smpp_kannel`) where the bytes on
the link matter: GSM 03.38 octets, UCS-2, parts of a long text.
"""

import http.client
import os
import re
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.fakesmsc import FAKESMSC, FakePhones
from tests.e2e.phones import Message, Phones, Reply
from tests.e2e.processes import Leashed, program
from tests.e2e.smsc import Smsc

PROGRAMS = ("bearerbox", "smsbox", FAKESMSC, "stdbuf")
INSTALL = "apt-get install kannel kannel-extras"
PARAMETERS = "from=%q&to=%P&text=%b&id=%I&ts=%T&coding=%c&charset=%C&smsc=%i&udh=%u"
START_SECONDS = 20
POLL_SECONDS = 0.05
LOG_LEVEL_INFO = "1"
LOG_TAIL_LINES = 25
OPERATOR_ONLINE = r"operator\[operator\].*\(online"
# Below the ports that the kernel hands out to clients, so that none of those takes ours before Kannel does.
PORTS = range(20_000, 32_000)

# With Kannel's defaults a failed call is a lost message, and a person is told "Could not fetch content".
CONFIGURATION = """
group = core
admin-port = {admin_port}
admin-interface = 127.0.0.1
admin-password = loopback
admin-allow-ip = 127.0.0.1
smsbox-port = {smsbox_port}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
dlr-storage = internal
store-type = file
store-location = {folder}/store

group = smsc
{link}

group = smsbox
bearerbox-host = 127.0.0.1
http-request-retry = {retries}
http-queue-delay = {retry_seconds}
sendsms-port = {sendsms_port}
sendsms-interface = 127.0.0.1
reply-couldnotfetch = ""
reply-couldnotrepresent = ""

group = sendsms-user
username = platform
password = loopback
user-allow-ip = 127.0.0.1
max-messages = 4
concatenation = true

group = sms-service
keyword = default
catch-all = yes
max-messages = 4
concatenation = true
omit-empty = true
get-url = "{get_url}"
"""

FAKE_LINK = """smsc = fake
smsc-id = operator
port = {port}
our-host = 127.0.0.1
connect-allow-ip = 127.0.0.1"""

SMPP_LINK = """smsc = smpp
smsc-id = operator
host = 127.0.0.1
port = {port}
transceiver-mode = true
smsc-username = registry
smsc-password = loopback
system-type = ""
reconnect-delay = 1"""


def require_kannel(programs: Sequence[str] = PROGRAMS) -> None:
    """Skip the test where Kannel is not installed; on a build machine (CI=true) that is a failure."""
    missing = [name for name in programs if program(name) is None]
    if not missing:
        return
    reason = f"{', '.join(missing)} not found; to run this test: {INSTALL}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A port that nothing on loopback listens on."""
    while True:
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


class Boxes:
    """A running bearerbox and smsbox; both end with the stack."""

    def __init__(self, stack: ExitStack, folder: Path, settings: dict[str, object]) -> None:
        self._admin_port = free_port()
        self.sendsms_url = f"http://127.0.0.1:{(sendsms_port := free_port())}/cgi-bin/sendsms"
        self._stack = stack
        self._folder = folder
        self._programs: list[Leashed] = []
        self._configuration = folder / "kannel.conf"
        self._configuration.write_text(
            CONFIGURATION.format(
                admin_port=self._admin_port,
                smsbox_port=free_port(),
                sendsms_port=sendsms_port,
                folder=folder,
                **settings,
            ),
            encoding="utf-8",
        )
        self._start("bearerbox")
        self.wait_for("bearerbox and its link", r"operator\[operator\]")
        self._start("smsbox")
        self.wait_for("smsbox", "smsbox:")

    def _start(self, name: str) -> None:
        command = [program(name) or name, "-v", LOG_LEVEL_INFO, str(self._configuration)]
        started = Leashed(command, self._folder / f"{name}.log")
        self._stack.callback(started.close)
        self._programs.append(started)

    def wait_for(self, what: str, pattern: str) -> None:
        """Until the status page shows the pattern; RuntimeError where a program ends or time is up."""
        deadline = time.monotonic() + START_SECONDS
        while not re.search(pattern, self.status()):
            dead = [started.name for started in self._programs if not started.running()]
            if dead or time.monotonic() > deadline:
                raise RuntimeError(f"Kannel did not start: no sign of {what}; ended: {dead or 'nothing'}")
            time.sleep(POLL_SECONDS)

    def status(self) -> str:
        """Kannel's own status page as text; empty while it does not answer."""
        page = http.client.HTTPConnection("127.0.0.1", self._admin_port, timeout=5)
        with closing(page), suppress(OSError, http.client.HTTPException):
            page.request("GET", "/status.txt?password=loopback")
            return page.getresponse().read().decode("utf-8", "replace")
        return ""


class Gateway:
    """A running Kannel and the phones behind it."""

    def __init__(self, phones: Phones, boxes: Boxes) -> None:
        self._phones = phones
        self._boxes = boxes
        self.sendsms_url = boxes.sendsms_url
        """Where platforms hand messages to Kannel, as `platform` with the password `loopback`."""

    def send(self, sender: str, to: str, text: str, header: bytes = b"") -> None:
        """Send one text from a phone; `header` is the user data header of a part of a longer text."""
        self._phones.transmit(Message(sender, to, text), header)

    def send_many(self, messages: Iterable[Message], rate: float) -> None:
        """Send texts at `rate` messages a second, open loop; comes back when the last one has left."""
        start = time.monotonic()
        for position, message in enumerate(messages):
            time.sleep(max(0.0, start + position / rate - time.monotonic()))
            self._phones.transmit(message, b"")

    def wait_for_reply(self, to: str, timeout_seconds: float) -> Reply:
        """The oldest reply to this phone that was not handed out yet; TimeoutError where none comes."""
        return self._phones.inbox.take(to, timeout_seconds, self._phones)

    def replies(self) -> list[Reply]:
        """Everything that has reached a phone so far; fakesmsc looks for replies once a second by itself."""
        self._phones.nudge()
        return list(self._phones.inbox.arrived)

    def status(self) -> str:
        """Kannel's own status page as text: messages received, sent, queued, and its connections."""
        return self._boxes.status()


@contextmanager
def kannel(
    webhook_url: str, folder: Path | None = None, *, retries: int = 30, retry_seconds: int = 1
) -> Iterator[Gateway]:
    """Kannel with its own fake message centre, calling `webhook_url`; all of it ends with the block.

    A failed call is repeated `retries` times, `retry_seconds` apart. The logs stay in `folder` (default: a
    temporary one, removed after success), and their ends are added to the error that leaves the block.
    """
    require_kannel()
    with _home(folder) as home, ExitStack() as stack:
        port = free_port()
        settings = _settings(FAKE_LINK.format(port=port), webhook_url, retries, retry_seconds)
        boxes = Boxes(stack, home, settings)
        phones = FakePhones(port, home / "fakesmsc.log")
        stack.callback(phones.close)
        boxes.wait_for("a connected fakesmsc", OPERATOR_ONLINE)
        yield Gateway(phones, boxes)


@contextmanager
def smpp_kannel(
    webhook_url: str, folder: Path | None = None, *, retries: int = 30, retry_seconds: int = 1
) -> Iterator[Gateway]:
    """The same, bound over SMPP to the small message centre of `tests/e2e/smsc.py`."""
    require_kannel()
    with _home(folder) as home, closing(Smsc()) as smsc, ExitStack() as stack:
        settings = _settings(SMPP_LINK.format(port=smsc.port), webhook_url, retries, retry_seconds)
        boxes = Boxes(stack, home, settings)
        boxes.wait_for("a bound SMPP link", OPERATOR_ONLINE)
        yield Gateway(smsc, boxes)


def _settings(link: str, webhook_url: str, retries: int, retry_seconds: int) -> dict[str, object]:
    joint = "&" if "?" in webhook_url else "?"
    return {
        "link": link,
        "get_url": f"{webhook_url}{joint}{PARAMETERS}",
        "retries": retries,
        "retry_seconds": retry_seconds,
    }


@contextmanager
def _home(folder: Path | None) -> Iterator[Path]:
    home = folder or Path(tempfile.mkdtemp(prefix="kannel-"))
    try:
        yield home
    except BaseException as error:
        error.add_note(_log_tails(home))
        raise
    if folder is None:
        shutil.rmtree(home)


def _log_tails(home: Path) -> str:
    tails = [f"Kannel's configuration and logs are in {home}"]
    for log in sorted(home.glob("*.log")):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        tails += [f"--- the end of {log.name}", *lines[-LOG_TAIL_LINES:]]
    return "\n".join(tails)
