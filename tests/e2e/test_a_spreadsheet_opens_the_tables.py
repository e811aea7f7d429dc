"""Every table of an export, opened by LibreOffice as a French spreadsheet opens it."""

import csv
import io
import re
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from app import administration
from app.alarms import Kind
from app.auth import Role
from tests.world import ACTOR, OWN_CODE, SALON, message, signed

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]
SOFFICE_SECONDS_MAX = 180
# Separator `;`, quote `"`, UTF-8, from line 1, French, no column as text, dates and figures recognised.
AS_FRENCH = "CSV:59,34,76,1,,1036,false,true,false"
OFFICE, TABLE, TEXT = (f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("office", "table", "text"))
LABEL = '=Été; "fête"\nà l\'œuvre'
CAMPAIGN = "@soldes d'été ; 50 %"


@pytest.fixture
async def tables(world) -> dict[str, bytes]:
    """The tables of an export in which every kind of row is to be found."""
    await world.mo(message("mo-1", "+33639980001", "STOP", OWN_CODE))
    await world.check("salon", ["+33639980001", "+33639980002"], campaign=CAMPAIGN)
    await administration.issue_key(world.registry, ACTOR, Role.SENDER, LABEL, [SALON])
    body = msgspec.json.encode({"messages": []})
    await world.client.post("/v1/mo/agregateur", content=body, headers=signed(body, "whsec_" + "QUJD" * 8))
    world.registry.alarms.raise_alarm(Kind.DATABASE_AWAY, "noeud-1", "La base était arrêtée ; elle est revenue.")
    await world.registry.alarms.flush()
    world.registry.alarms.close_alarm(Kind.DATABASE_AWAY, "noeud-1")
    await world.registry.alarms.flush()
    answer = await world.client.get("/v1/audit/export", params={"sender": SALON}, headers=world.bearer("auditor"))
    zipped = zipfile.ZipFile(io.BytesIO(answer.content))
    return {name: zipped.read(name) for name in zipped.namelist() if name.endswith(".csv")}


def opened(tables: dict[str, bytes], folder: Path) -> dict[str, list[list[ET.Element]]]:
    """The cells that the program shows, by table and row."""
    for name, content in tables.items():
        (folder / name).write_bytes(content)
    out = folder / "opened"
    command = [
        *("soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--norestore"),
        *(f"--infilter={AS_FRENCH}", "--convert-to", "fods", "--outdir", str(out)),
        *(str(folder / name) for name in tables),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SOFFICE_SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stderr
    return {name: rows_of(out / name.replace(".csv", ".fods")) for name in tables}


def rows_of(file: Path) -> list[list[ET.Element]]:
    rows = []
    for row in ET.parse(file).getroot().iter(f"{TABLE}table-row"):
        cells = [cell for cell in row.iter(f"{TABLE}table-cell") for _ in range(repeats(cell))]
        if any(cell.get(f"{OFFICE}value-type") for cell in cells):
            rows.append(cells)
    return rows


def repeats(cell: ET.Element) -> int:
    empty = cell.get(f"{OFFICE}value-type") is None
    return min(int(cell.get(f"{TABLE}number-columns-repeated", "1")), 40 if empty else 10**6)


def shown(cell: ET.Element) -> str:
    return "\n".join("".join(line.itertext()) for line in cell.iter(f"{TEXT}p"))


def written(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


async def test_columns_accents_dates_and_figures_are_what_was_written(tables, tmp_path):
    seen = opened(tables, tmp_path)

    assert len(tables) == 9
    for name, content in tables.items():
        head, *rows = written(content)
        assert [shown(cell) for cell in seen[name][0][: len(head)]] == head, name
        assert len(seen[name]) == len(rows) + 1, name
        for row, cells in zip(rows, seen[name][1:], strict=True):
            assert all(not shown(cell) for cell in cells[len(head) :]), name
            for title, text, cell in zip(head, row, cells, strict=False):
                told = (name, title, text)
                assert cell.get(f"{TABLE}formula") is None, told
                if re.search(r"\(UTC\)", title) and text:
                    assert cell.get(f"{OFFICE}value-type") == "date", told
                    assert cell.get(f"{OFFICE}date-value") == iso(text), told
                elif text.isdigit() and len(text) < 10:
                    assert cell.get(f"{OFFICE}value") == text, told
                elif not text.isdigit():
                    assert shown(cell) == text, told


async def test_what_somebody_wrote_is_text_on_one_line(tables, tmp_path):
    seen = opened({name: tables[name] for name in ("habilitations.csv", "consultations.csv")}, tmp_path)
    texts = [shown(cell) for rows in seen.values() for cells in rows for cell in cells]

    assert "'" + LABEL.replace("\n", " ") in texts
    assert "'" + CAMPAIGN in texts


def iso(text: str) -> str:
    day, _, time = text.partition(" ")
    return "-".join(reversed(day.split("/"))) + (f"T{time}" if time else "")
