"""The script of the verifier page, run by Node: the same lines that a browser runs, on many files at once."""

import json
import subprocess
from pathlib import Path

from app import dossier

OPENING, CLOSING = '<script id="verifier">', "</script>"
DRIVER = """
const { readFileSync } = require("node:fs");
(async () => {
  const { files, key } = JSON.parse(readFileSync(0, "utf8"));
  const reports = [];
  for (const file of files) reports.push(await verifyExport(new Blob([readFileSync(file)]), key));
  process.stdout.write(JSON.stringify(reports));
})().catch((error) => { console.error(error); process.exit(1); });
"""
SECONDS_MAX = 100


def script() -> str:
    """The page's only script."""
    page = dossier.asset("verifier.html").decode()
    assert page.count("<script") == page.count(CLOSING) == 1
    return page.partition(OPENING)[2].partition(CLOSING)[0]


def verdicts(files: list[Path], key: str | None, folder: Path) -> list[dict]:
    """What the page finds in each file, under this key or the one in the file."""
    program = folder / "verifier.cjs"
    program.write_text(script() + DRIVER)
    asked = json.dumps({"files": [str(file) for file in files], "key": key})
    done = subprocess.run(
        ["node", str(program)], input=asked, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
