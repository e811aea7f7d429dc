"""A real browser, told what to do over the DevTools protocol on two pipes: no port, no library."""

import json
import os
import select
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = "/usr/bin/chromium"
SWITCHES = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe"),
)
SECONDS_MAX = 90


@dataclass
class Browser:
    """The two ends of the protocol: JSON messages, each ended by a NUL."""

    commands: int
    answers: int
    sent: int = 0
    received: bytes = b""

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send one command and return its result; what the browser says meanwhile is passed over."""
        self.sent += 1
        command = {"id": self.sent, "method": method, "params": params}
        os.write(self.commands, json.dumps(command | ({"sessionId": session} if session else {})).encode() + b"\0")
        deadline = time.monotonic() + SECONDS_MAX
        while (answer := self._next(deadline)).get("id") != self.sent:
            pass
        assert "result" in answer, answer
        return answer["result"]

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self.received:
            ready, _, _ = select.select([self.answers], [], [], max(0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            data = os.read(self.answers, 1 << 16)
            assert data, "the browser is gone"
            self.received += data
        message, _, self.received = self.received.partition(b"\0")
        return json.loads(message)

    def open(self, address: str) -> "Page":
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        page = Page(self, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        page.call("Page.navigate", url=address)
        page.run("new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', done))")
        return page


@dataclass
class Page:
    """One tab."""

    browser: Browser
    session: str = field(repr=False)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self.browser.call(method, self.session, **params)

    def run(self, script: str) -> Any:
        """The value of an expression; promises are waited for."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def choose_file(self, selector: str, file: Path) -> None:
        """Put a file into a file field, as a person picks one."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    def picture(self, file: Path) -> None:
        """Write what the whole page looks like."""
        file.write_bytes(b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]))


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Start a browser with a profile of its own, and end it."""
    command_in, command_out = os.pipe()
    answer_in, answer_out = os.pipe()
    # The protocol wants the descriptors 3 and 4; a shell puts them there.
    start = f'exec "$0" "$@" 3<&{command_in} 4>&{answer_out}'
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            ["/bin/bash", "-c", start, PROGRAM, *SWITCHES, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            pass_fds=(command_in, answer_out), stdout=log, stderr=log,
        )  # fmt: skip
    os.close(command_in)
    os.close(answer_out)
    opened = Browser(command_out, answer_in)
    try:
        yield opened
        opened.call("Browser.close")
    finally:
        os.close(command_out)
        os.close(answer_in)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
