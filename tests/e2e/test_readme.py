"""What the README shows is run as it stands, and what can be configured is documented."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from app.settings import PREFIX, Settings
from tests.e2e.served import clean_environment

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_every_line_of_the_tour_runs(tmp_path):
    tour = README.split("## Tour", 1)[1].split("\n## ", 1)[0]
    script = "set -euo pipefail\n" + "\n".join(re.findall(r"^```sh\n(.*?)^```", tour, re.DOTALL | re.MULTILINE))
    script += "\nkill %1; wait\n"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    shell = subprocess.Popen(
        ["bash", "-m", "-c", script],
        cwd=tmp_path,
        env={**clean_environment(), "HOME": str(tmp_path), "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        told, _ = shell.communicate(timeout=100)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)

    assert shell.returncode == 0, told
    assert "Vous ne recevrez plus" in told
    assert '"opted_out":["+33639980001"]' in told
    assert "signed by" in told


def test_every_setting_is_in_the_table():
    names = {PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings)} - {PREFIX + "DATABASE_URL"}
    missing = {name for name in names if f"`{name}`" not in README}

    assert not missing
    assert "`DATABASE_URL`" in README


def test_the_table_names_no_setting_that_does_not_exist():
    known = {PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings)}
    own = {PREFIX + "PG_BIN", PREFIX + "KEY", PREFIX + "URL"}
    shown = set(re.findall(r"`(STOP_REGISTRY_[A-Z_]+)`", README))

    assert shown <= known | own
