"""`stop-registry import`: lists of oppositions kept elsewhere, as people really have them."""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.cli.import_file.run import Options, run
from app.database import Connection
from app.errors import ConflictError, InvalidValueError
from tests.conftest import with_connection
from tests.e2e.served import environment_of, prepared
from tests.world import SALON, World, settings_in

ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"


async def imported(world: World, path: Path, **options: object) -> list[str]:
    """The report's rows: result, and the note if there is one."""
    told: list[str] = []
    status = await run(world.registry, Options(path, SALON, **options), told.append)
    lines = path.with_name(path.name + ".report.csv").read_text().splitlines()
    assert lines[0] == "row;result;note"
    rows = [line.split(";", 1)[1].rstrip(";") for line in lines[1:]]
    assert status == (1 if any("unreadable-number" in row or "hash" in row or "rounded" in row for row in rows) else 0)
    return rows


def a_list(folder: Path, text: str | bytes, name: str = "liste.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


async def lines(world: World) -> list[str]:
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT entry FROM ledger_entry ORDER BY sender_id, entry_index")
    return [line for row in rows if '"kind":"stop"' in (line := row["entry"].decode())]


def instants(found: list[str]) -> list[str]:
    return [line.partition('"at":"')[2][:20] for line in found]


@pytest.mark.anyio
async def test_a_french_spreadsheet_keeps_its_dates(world: World, tmp_path: Path):
    header = "Nom;Téléphone mobile;Date désinscription\r\n"
    text = header + "Anne;06 39 98 00 01;12/03/2024 14:05\r\nBruno;639980002;1er août 2023\r\n"
    rows = await imported(world, a_list(tmp_path, text.encode("cp1252")))

    assert rows == ["recorded", "recorded"]
    assert instants(await lines(world)) == ["2024-03-12T13:05:00.", "2023-07-31T22:00:00."]
    assert await world.opposed("salon", ANNE, BRUNO, CHLOE) == [ANNE, BRUNO]
    assert await world.opposed("spa", ANNE) == []


@pytest.mark.anyio
async def test_a_text_file_of_numbers_needs_no_header_and_no_dates(world: World, tmp_path: Path):
    rows = await imported(world, a_list(tmp_path, f"{ANNE}\n\n06 39 98 00 02\n"))

    assert rows == ["recorded", "blank", "recorded"]


@pytest.mark.anyio
async def test_importing_again_leaves_the_ledger_as_it_is(world: World, tmp_path: Path):
    path = a_list(tmp_path, f"mobile;date\n{ANNE};2024-03-12\n{BRUNO};\n{ANNE};2024-03-12\n")
    first, again = await imported(world, path), await imported(world, path)

    assert first == ["recorded", "recorded", "already-known"]
    assert again == ["already-known"] * 3
    assert len(await lines(world)) == 2


@pytest.mark.anyio
async def test_a_dry_run_says_the_same_and_records_nothing(world: World, tmp_path: Path):
    path = a_list(tmp_path, f"mobile;date\n{ANNE};2024-03-12\nn/a;2024-03-12\n{ANNE};2024-03-12\n")
    rows = await imported(world, path, dry_run=True)

    assert rows == ["would-be-recorded", "unreadable-number", "already-known"]
    assert await lines(world) == []
    assert await imported(world, path) == ["recorded", "unreadable-number", "already-known"]


@pytest.mark.anyio
async def test_a_date_that_cannot_be_read_does_not_lose_the_opposition(world: World, tmp_path: Path):
    rows = await imported(world, a_list(tmp_path, f"mobile;date\n{ANNE};au printemps\n{BRUNO};2024-01-01\n"))

    assert rows == ["recorded;date-unreadable", "recorded"]
    assert await world.opposed("salon", ANNE) == [ANNE]


@pytest.mark.anyio
async def test_the_report_holds_no_number(world: World, tmp_path: Path):
    path = a_list(tmp_path, f"mobile\n{ANNE}\n{ANNE}00000\n")
    await imported(world, path)
    report = tmp_path / "liste.csv.report.csv"

    assert "3998" not in report.read_text()
    assert report.stat().st_mode & 0o077 == 0


@pytest.mark.anyio
async def test_the_import_is_a_fact_of_the_ledger(world: World, tmp_path: Path):
    await imported(world, a_list(tmp_path, f"{ANNE}\n{BRUNO}\n"), source="crm")
    async with world.registry.pool.acquire() as db:
        entries = [row["entry"].decode() for row in await db.fetch("SELECT entry FROM ledger_entry")]
        sources = {row["source"] for row in await db.fetch("SELECT source FROM opt_out")}

    (note,) = [entry for entry in entries if '"kind":"import"' in entry]
    assert '"recorded":"2"' in note
    assert sources == {"crm"}


@pytest.mark.parametrize("header", ["mobile\n", "", "nom;empreinte\n"])
@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.anyio
async def test_a_list_of_hashes_is_refused_and_it_says_why(world: World, tmp_path: Path, header: str, name: str):
    digests = [hashlib.new(name, f"3363998{last:04}".encode()).hexdigest() for last in range(60)]
    cells = [f"Anne;{digest}" if ";" in header else digest for digest in digests]

    with pytest.raises(ConflictError, match="list of hashes"):
        await run(world.registry, Options(a_list(tmp_path, header + "\n".join(cells)), SALON), print)
    assert await lines(world) == []


@pytest.mark.anyio
async def test_numbers_that_a_spreadsheet_destroyed_are_refused(world: World, tmp_path: Path):
    path = a_list(tmp_path, "nom;mobile\nAnne;6,4E+08\nBruno;6,4E+08\n")

    with pytest.raises(ConflictError, match="rounded"):
        await run(world.registry, Options(path, SALON), print)


@pytest.mark.anyio
async def test_a_date_column_that_is_not_there_is_said(world: World, tmp_path: Path):
    path = a_list(tmp_path, f"mobile;date\n{ANNE};2024-03-12\n")

    with pytest.raises(InvalidValueError, match="date column"):
        await run(world.registry, Options(path, SALON, date_column="quand"), print)


AWS = "OptOutListName,OptedOutNumber,OptedOutTimestamp,EndUserOptedOut\nDefault,+33639980001,1710248700,true\n"
OVH = "number;dateCreation\n0033639980001;2024-03-12T14:05:00+01:00\n"
TWILIO_CONSENT = (
    "contact_id,correlation_id,sender_id,status,source,date_of_consent\n"
    "+33639980001,0123,36200,opt-out,website,2024-03-12T13:05:00Z\n"
    "+33639980002,0124,36200,opt-in,website,2024-03-12T13:05:00Z\n"
)
TWILIO_LOG = (
    "From,To,Body,Status,SentDate,ApiVersion,NumSegments,ErrorCode,AccountSid,Sid,Direction,Price,PriceUnit\n"
    "+33639980001,36200,STOP,received,2024-03-12T13:05:00Z,,1,0,AC1,SM1,inbound,0,EUR\n"
    "+33639980002,36200,Merci,received,2024-03-12T13:05:00Z,,1,0,AC1,SM2,inbound,0,EUR\n"
    "36200,+33639980003,Soldes STOP 36200,sent,2024-03-12T13:05:00Z,,1,0,AC1,SM3,outbound-api,0,EUR\n"
)
BREVO = (
    "EMAIL;SMS;SMS_BLACKLISTED;MODIFIED_AT\n"
    "a@example.fr;33639980001;true;12/03/2024 14:05\n"
    "b@example.fr;33639980002;false;12/03/2024 14:05\n"
)


@pytest.mark.parametrize("text", [AWS, OVH, TWILIO_CONSENT, TWILIO_LOG, BREVO])
@pytest.mark.anyio
async def test_an_export_of_a_known_provider_gives_its_oppositions_only(world: World, tmp_path: Path, text: str):
    rows = await imported(world, a_list(tmp_path, text))

    assert rows == ["recorded"] + ["not-an-opposition"] * (text.count("\n") - 2)
    assert instants(await lines(world)) == ["2024-03-12T13:05:00."]
    assert await world.opposed("salon", ANNE, BRUNO, CHLOE) == [ANNE]


def test_a_run_that_was_killed_goes_on_where_it_was(database_url: str, tmp_path: Path):
    settings = settings_in(tmp_path / "data")
    prepared(settings, database_url)
    path = a_list(tmp_path, "".join(f"+336399{last:05};2024-03-12\n" for last in range(45_000)))
    environment = environment_of(settings, database_url)
    command = [sys.executable, "-m", "app", "import", str(path), "--sender", SALON, "--date-column", "2"]
    progress = tmp_path / "liste.csv.report.csv.progress"
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as first:
        deadline = time.monotonic() + 60
        while not progress.exists():
            assert first.poll() is None
            assert time.monotonic() < deadline
        first.kill()
    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=100)

    report = (tmp_path / "liste.csv.report.csv").read_text().splitlines()[1:]
    assert second.returncode == 0, second.stderr
    assert "going on after" in second.stdout
    assert [line.split(";")[0] for line in report] == [str(row) for row in range(1, 45_001)]
    assert {line.split(";")[1] for line in report} <= {"recorded", "already-known"}
    assert with_connection(database_url, count_of_stops) == 45_000
    assert not progress.exists()


async def count_of_stops(db: Connection) -> int:
    return await db.fetchval('SELECT count(*) FROM ledger_entry WHERE position(\'"kind":"stop"\'::bytea IN entry) > 0')
