"""`stop-registry check FILE`: what goes in, what comes out, what the person is told."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.check_file import check
from app.cli.check_file.options import Options
from app.cli.check_file.run import check_file
from tests.unit.registry_peer import KEY, Peer, busy, problem, standing

OPPOSED = 33639980002


@pytest.fixture
def peer() -> Peer:
    with standing(Peer({OPPOSED})) as peer:
        yield peer


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def ran(peer: Peer, path: Path, raw: bytes | str, **given: object) -> int:
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    options = {"file": str(path), "url": peer.url, "key": KEY, "out": path.with_name("out")} | given
    return check_file(Options(**options), wait=lambda _: None)


def withheld(path: Path) -> bytes:
    return path.with_name(path.name + ".withheld.csv").read_bytes()


def test_allowed_rows_come_out_as_they_were_and_withheld_ones_with_a_reason(peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "clients.csv"
    rows = 'nom;téléphone;ville\r\n"Zoé; L";06 39 98 00 01;Nîmes\r\nLéa;639980002;Lyon\r\nIda;="0639980003";\r\n'
    assert ran(peer, path, rows.encode("cp1252")) == 0
    allowed = 'nom;téléphone;ville\r\n"Zoé; L";06 39 98 00 01;Nîmes\r\nIda;="0639980003";\r\n'
    assert (tmp_path / "out").read_bytes() == allowed.encode("cp1252")
    expected = "nom;téléphone;ville;reason\r\nLéa;639980002;Lyon;opted_out\r\n"
    assert withheld(path) == expected.encode("cp1252")
    assert peer.checks[0].numbers == ["06 39 98 00 01", "639980002", "0639980003"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_encoding_and_separator_is_written_back(
    peer: Peer, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    path = tmp_path / "clients.csv"
    rows = [["nom", "mobile"], ["Zoé", "0639980001"], ["Léa", "0639980002"], ["Ida", "0639980003"]]
    lines = [delimiter.join(row) + "\n" for row in rows]
    assert ran(peer, path, "".join(lines).encode(encoding)) == 0
    assert (tmp_path / "out").read_bytes() == "".join([lines[0], lines[1], lines[3]]).encode(encoding)
    told = (
        delimiter.join(["nom", "mobile", "reason"]) + "\n" + delimiter.join(["Léa", "0639980002", "opted_out"]) + "\n"
    )
    assert withheld(path) == told.encode(encoding)


def test_the_list_is_asked_in_parts_of_one_campaign(peer: Peer, tmp_path: Path) -> None:
    rows = "".join(f"06399800{n:02}\n" for n in range(10))
    assert ran(peer, tmp_path / "l.txt", rows, chunk=4, campaign="soldes d'été", short_code="36200") == 0
    assert [len(call.numbers) for call in peer.checks] == [4, 4, 2]
    assert {call.body["campaign"] for call in peer.checks} == {"soldes d'été"}
    assert {call.body["short_code"] for call in peer.checks} == {"36200"}
    assert len({call.idempotency_key for call in peer.checks}) == 3
    assert (tmp_path / "out").read_text() == rows.replace("0639980002\n", "")


def test_the_same_person_in_two_parts_is_asked_and_allowed_once(peer: Peer, tmp_path: Path) -> None:
    rows = ["0639980001", "0639980002", "+33639980001", "06.39.98.00.02", "0639980003", "0639980003"]
    assert ran(peer, tmp_path / "l.txt", "\n".join(rows) + "\n", chunk=2) == 0
    assert (tmp_path / "out").read_text() == "0639980001\n0639980003\n"
    assert withheld(tmp_path / "l.txt").decode().splitlines() == [
        "0639980002;opted_out",
        "+33639980001;repeated",
        "06.39.98.00.02;repeated",
        "0639980003;repeated",
    ]
    assert [call.numbers for call in peer.checks] == [["0639980001", "0639980002"], ["0639980003", "0639980003"]]


def test_an_invalid_number_is_withheld_with_what_is_known(
    peer: Peer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "l.csv"
    assert ran(peer, path, "nom;tel\nZoé;0639980001\nLéa;639980001.0\nIda;inconnu\nEva;\n") == 0
    told = withheld(path).decode().splitlines()
    assert told[1].startswith("Léa;639980001.0;invalid: ")
    assert "+33639980001" in told[1]
    assert told[2].startswith("Ida;inconnu;invalid: ")
    assert told[3] == "Eva;;invalid: empty"
    assert "no usable number (rows 3, 4, 5)" in capsys.readouterr().err


def test_rounded_numbers_are_withheld_and_their_rows_named(
    peer: Peer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "nom;tel\nZoé;0639980001\nLéa;6,12E+08\nIda;0639980003\nEva;6.4e+08\n"
    assert ran(peer, tmp_path / "l.csv", rows) == 1
    assert (tmp_path / "out").read_text() == "nom;tel\nZoé;0639980001\nIda;0639980003\n"
    error = capsys.readouterr().err
    assert "Rows 3, 5: the spreadsheet has replaced the number" in error
    assert "Format the column as text" in error
    assert peer.checks[0].numbers == ["0639980001", "0639980003"]


def test_a_list_of_rounded_numbers_is_refused_before_anything_is_sent(
    peer: Peer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert ran(peer, tmp_path / "l.csv", "nom;tel\nZoé;6,12E+08\nLéa;6,12E+08\n") == 1
    assert "format Texte" in capsys.readouterr().err
    assert peer.calls == []
    assert not (tmp_path / "out").exists()


def test_empty_rows_are_nobody(peer: Peer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(peer, tmp_path / "l.csv", "nom;tel\nZoé;0639980001\n;;\n\nIda;0639980003\n") == 0
    assert (tmp_path / "out").read_text() == "nom;tel\nZoé;0639980001\nIda;0639980003\n"
    assert "Rows checked: 2; allowed: 2; withheld: 0." in capsys.readouterr().err


def test_the_summary_is_french_where_the_environment_is(
    peer: Peer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert ran(peer, tmp_path / "l.txt", "0639980001\n0639980002\n") == 0
    error = capsys.readouterr().err
    assert "Lignes contrôlées : 2 ; autorisées : 1 ; retenues : 1." in error
    assert "1  opposition (STOP)" in error
    assert "Autorisation d'envoi clr_1" in error


def test_clearances_are_kept_for_the_gateway(peer: Peer, tmp_path: Path) -> None:
    clearances = tmp_path / "clearances.jsonl"
    assert ran(peer, tmp_path / "l.txt", "0639980001\n0639980002\n0639980003\n", chunk=2, clearances=clearances) == 0
    lines = clearances.read_text().splitlines()
    assert len(lines) == 2
    assert '"chunk":1,"first_row":1,"rows":2,"allowed":1,"check_id":"chk_1","clearance":{"id":"clr_1"' in lines[0]


def test_nothing_is_written_to_a_file_unless_asked(peer: Peer, tmp_path: Path, capfdbinary: object) -> None:
    assert ran(peer, tmp_path / "l.txt", "0639980001\n0639980002\n", out=None) == 0
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == b"0639980001\n"
    assert [path.name for path in tmp_path.iterdir()] == ["l.txt"]


def test_a_refusal_leaves_no_result_not_even_an_older_one(
    peer: Peer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("yesterday's\n")
    peer.script.append(problem(409, "stop-channel-down", "The STOP channel is down", "36200 does not answer."))
    assert ran(peer, tmp_path / "l.txt", "0639980001\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["l.txt"]
    assert "stop-registry: The STOP channel is down. 36200 does not answer.\n" in capsys.readouterr().err


def test_a_registry_that_comes_back_is_waited_for(peer: Peer, tmp_path: Path) -> None:
    peer.script.extend([busy(), busy(429), None])
    assert ran(peer, tmp_path / "l.txt", "0639980001\n") == 0
    assert (tmp_path / "out").read_text() == "0639980001\n"


def test_no_registry_at_all_is_status_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with standing(Peer()) as gone:
        pass
    assert ran(gone, tmp_path / "l.txt", "0639980001\n") == 3
    assert "does not answer" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_wrong_key_is_status_two(peer: Peer, tmp_path: Path) -> None:
    assert ran(peer, tmp_path / "l.txt", "0639980001\n", key="sr_other") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["l.txt"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"key": ""}, "A key is needed"),
        ({"column": "telephone"}, "No column has that name"),
        ({"column": "4"}, "There is no column 4"),
        ({"chunk": 1_000_001}, "from 1 to 1,000,000"),
    ],
)
def test_wrong_use_says_what_to_do(
    peer: Peer, tmp_path: Path, capsys: pytest.CaptureFixture[str], given: dict[str, object], told: str
) -> None:
    assert ran(peer, tmp_path / "l.csv", "nom;tel\nZoé;0639980001\n", **given) == 2
    assert told in capsys.readouterr().err
    assert peer.calls == []


def test_the_list_is_never_overwritten(peer: Peer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "l.txt"
    assert ran(peer, path, "0639980001\n", out=tmp_path / "." / "l.txt") == 2
    assert ran(peer, path, "0639980001\n", withheld=path) == 2
    assert path.read_text() == "0639980001\n"
    assert "must differ" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_told(
    peer: Peer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(peer, tmp_path / "l.txt", "0639980001\n", out=tmp_path / "nowhere" / "out") == 2
    assert "nowhere" in capsys.readouterr().err
    assert peer.calls == []


def test_numbers_never_reach_the_messages(peer: Peer, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "l.csv"
    ran(peer, path, "Zoé;0639980001\nLéa;06399800\nIda;6,12E+08\n", column="telephone")
    ran(peer, path, "Zoé;0639980001\nLéa;06399800\nIda;6,12E+08\nEva;0639980002\n")
    peer.script.extend([busy()] * 10)
    ran(peer, path, "Zoé;0639980001\nLéa;06399800\n")
    out = capfd.readouterr()
    journal = (tmp_path / "l.csv.stop-registry-progress").read_text()
    assert "3998" not in out.err + out.out + journal
    assert out.out == ""


def test_a_list_of_nobody_gives_its_header_back(peer: Peer, tmp_path: Path) -> None:
    assert ran(peer, tmp_path / "l.csv", "nom;telephone\n") == 0
    assert (tmp_path / "out").read_text() == "nom;telephone\n"
    assert peer.calls == []


def test_warnings_of_the_registry_are_passed_on_once(
    peer: Peer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = peer.verdict
    peer.verdict = lambda texts: verdict(texts) | {"warnings": [{"title": "Grey route", "detail": "Ask for another."}]}
    assert ran(peer, tmp_path / "l.txt", "0639980001\n0639980003\n", chunk=1) == 0
    assert capsys.readouterr().err.count("The registry warns: Grey route Ask for another.") == 1


def test_it_is_a_filter_between_two_pipes(peer: Peer) -> None:
    command = "from app.cli.check_file import check; check()"
    done = subprocess.run(
        [sys.executable, "-c", command, "-", "--out", "-", "--url", peer.url],
        input=b"0639980001\r\n0639980002\r\n0639980003",
        capture_output=True,
        check=False,
        env={**os.environ, "STOP_REGISTRY_KEY": KEY, "LC_ALL": "C.UTF-8"},
    )
    assert done.stdout == b"0639980001\r\n0639980003"
    assert (done.returncode, b"Rows checked: 3; allowed: 2; withheld: 1." in done.stderr) == (0, True)


def test_a_pipe_that_closes_early_is_no_crash(peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "l.txt"
    path.write_text("".join(f"0639{n:06}\n" for n in range(980_000, 1_000_000)))
    command = "from app.cli.check_file import check; check()"
    process = subprocess.Popen(
        [sys.executable, "-c", command, str(path), "--url", peer.url, "--key", KEY, "--chunk", "5000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.read(10)
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait() == 1


def test_the_command_explains_itself() -> None:
    told = CliRunner().invoke(check, ["--help"])
    assert told.exit_code == 0
    for option in ("--url", "--key", "--campaign", "--column", "--out", "--withheld", "--screen", "--chunk"):
        assert option in told.output
    assert "soldes-hiver" in told.output


def test_the_command_passes_its_options_on(peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("a;b\n0639980001;0639980003\n")
    arguments = [
        str(path),
        "--url",
        peer.url,
        "--key",
        KEY,
        "--column",
        "b",
        "--out",
        str(tmp_path / "out"),
        "--screen",
    ]
    assert CliRunner().invoke(check, [*arguments, "--purpose", "marketing", "--sender", "salon"]).exit_code == 0
    (call,) = peer.checks
    assert call.path == "/v1/checks?mode=screen"
    assert call.body == {"numbers": ["0639980003"], "purpose": "marketing", "sender": "salon"}


def test_a_terminal_sees_a_progress_bar(peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    assert ran(peer, tmp_path / "l.txt", "0639980001\n") == 0
    assert "Checking" in screen.getvalue()
