"""The script of the verifier page, run by Node: the same lines that a browser runs, on many files at once."""

import json
import subprocess
from pathlib import Path

from app import dossier

OPENING, CLOSING = '<script id="verifier">', "</script>"
DRIVER = """
const { readFileSync } = require("node:fs");
(async () => {
  const { files, pieces, key } = JSON.parse(readFileSync(0, "utf8"));
  const reports = [], whole = pieces ? readFileSync(files[0]) : null;
  const judge = async (bytes) => reports.push(await verifyExport(new Blob([bytes]), key));
  for (const [start, end] of pieces || []) await judge(whole.subarray(start, end));
  for (const file of pieces ? [] : files) await judge(readFileSync(file));
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
    return _run({"files": [str(file) for file in files], "key": key}, folder)


def verdicts_of(exports: list[bytes], key: str | None, folder: Path) -> list[dict]:
    """The same for many small exports, which go to Node as one file."""
    whole, pieces, start = folder / "exports.bin", [], 0
    for export in exports:
        pieces.append((start, start + len(export)))
        start += len(export)
    whole.write_bytes(b"".join(exports))
    return _run({"files": [str(whole)], "pieces": pieces, "key": key}, folder)


def _run(asked: dict, folder: Path) -> list[dict]:
    program = folder / "verifier.cjs"
    program.write_text(script() + DRIVER)
    done = subprocess.run(
        ["node", str(program)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
