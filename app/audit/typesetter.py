"""Typeset one job from standard input to standard output. A program of its own: it imports nothing of ours.

The job is JSON: source, inputs, made_at (the document's date). Only the fonts inside the typesetter are used and
nothing is fetched, so the same job gives the same bytes on every machine. PDF/UA-1: readable by those who listen to it.
"""

import json
import resource
import sys
from datetime import datetime

import typst

MEMORY_BYTES_MAX = 4_000_000_000


def main() -> None:
    """Read, typeset, write."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    job = json.load(sys.stdin.buffer)
    pdf = typst.compile(
        job["source"].encode(),
        format="pdf",
        sys_inputs=job["inputs"],
        ignore_system_fonts=True,
        pdf_standards=["ua-1"],
        timestamp=datetime.fromisoformat(job["made_at"]),
    )
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    main()
