"""`sender erase` shows what would go, and erases only when told so."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.served import environment_of, prepared
from tests.world import SALON, SPA, settings_in


def test_erasing_by_command(database_url: str, tmp_path: Path):
    settings = settings_in(tmp_path)
    prepared(settings, database_url)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command, environment = [sys.executable, "-m", "app", "sender"], environment_of(settings, database_url)
        return subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    shown = run("erase", SALON, "--reason", "Cessation d'activité")
    assert (shown.returncode, "nothing was erased" in shown.stdout) == (1, True), shown.stderr
    assert f"{SALON}\tSalon Martin\topen" in run("list").stdout

    done = run("erase", SALON, "--reason", "Cessation d'activité", "--yes")
    assert (done.returncode, f"erased {SALON}" in done.stdout) == (0, True), done.stderr
    assert run("list").stdout.splitlines() == [f"{SALON}\tSalon Martin\terased", f"{SPA}\tSpa des Lilas\topen"]
