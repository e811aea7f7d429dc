"""Programs under test that never outlive it: each in a process group of its own, on a leash."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

# Ends the whole process group when the program ends, or when the test process is gone, however it went:
# the kernel then closes the pipe that is this shell's standard input.
_LEASH = """exec 3<&0
(cat <&3 >/dev/null; kill -KILL 0) &
"$@" 3<&- </dev/null
kill -KILL 0
"""


def program(name: str) -> str | None:
    """The full path of an installed program, also where an ordinary user's PATH lacks /usr/sbin."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End the process and all its children at once."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Leashed:
    """A program that writes to a log file and dies with us."""

    def __init__(self, command: list[str], log: Path) -> None:
        self.name = command[0]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _LEASH, "leash", *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def running(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        kill_group(self._process)
        if self._process.stdin:
            self._process.stdin.close()
