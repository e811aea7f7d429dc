"""The demo, from an empty machine, and again on the same data."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.served import clean_environment


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", "demo", "--once"],
        env={**clean_environment(), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_the_story_is_told_to_its_end_twice_on_the_same_data(tmp_path):
    first, second = demo(tmp_path), demo(tmp_path)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    for told in (first.stdout, second.stdout):
        assert "opposed: +33639980001, 06 39 98 00 02" in told  # the salon: Anne and Bruno
        assert "opposed: +33639980001, 0033639980003" in told  # the spa: Anne and Chloé
        assert "401  A bad signature" in told
        assert "Edite par Salon Martin" in told
        assert "curl " in told
        assert "milliseconds" not in told  # the story, not the log
    assert "milliseconds" not in first.stderr
    assert "founded" in first.stdout
    assert "founded" not in second.stdout
