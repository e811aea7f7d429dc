"""The figures of the check, the webhook and the index, each against its rival in the same run.

`uv run python -m tests.bench` takes about ten minutes and 5 GB of disk; `--quick` takes one, and proves less.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench import figures, measures, stage


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 when a figure that must be reached is not."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200,000 opt-outs, checks of 100,000")
    parser.add_argument("--only", default="", help="measure only rows whose name contains this")
    options = parser.parse_args(arguments)
    scale = stage.QUICK if options.quick else stage.FULL
    sys.stdout.write(f"{machine()}; {scale.opt_outs:,} opt-outs, checks of {scale.numbers:,}\n\n{figures.HEAD}\n")
    missed = 0
    with tempfile.TemporaryDirectory(prefix="stop-registry-bench-") as folder:
        for figure in measures.measured(Path(folder), scale, options.only):
            missed += figure.verdict == figures.MISSED
            sys.stdout.write(figure.line() + "\n")
            sys.stdout.flush()
    return 1 if missed else 0


def machine() -> str:
    """What the figures were measured on."""
    described = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    name = described[0].partition(": ")[2] if described else platform.machine()
    return (
        f"{os.cpu_count()} × {name}, {gigabytes:.0f} GB, Linux {platform.release()}, Python {platform.python_version()}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
