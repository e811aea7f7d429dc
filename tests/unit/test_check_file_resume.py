"""A run that was cut goes on where it stopped: nothing twice, nothing lost, nothing cleared and forgotten."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.check_file.options import Options
from app.cli.check_file.run import check_file
from tests.unit.registry_peer import KEY, Call, Peer, Reply, busy, problem, standing

OPPOSED = 33639980005
LINES = [f"06399800{n:02}\n" for n in range(12)] + ["+33639980001\n"]
ALLOWED = "".join(LINES[:5] + LINES[6:12])


@pytest.fixture
def peer() -> Peer:
    with standing(Peer({OPPOSED})) as peer:
        yield peer


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    path = tmp_path / "list.txt"
    path.write_text("".join(LINES))
    return path


def run(peer: Peer, path: Path, **given: object) -> int:
    options = {"file": str(path), "url": peer.url, "key": KEY, "out": path.with_name("out"), "chunk": 3} | given
    return check_file(Options(**options), wait=lambda _: None)


def journal(path: Path) -> Path:
    return path.with_name("list.txt.stop-registry-progress")


def cut(peer: Peer, path: Path, after: int, **given: object) -> None:
    """A run whose registry goes away after so many parts."""
    peer.script.extend([None] * after + [busy()] * 6)
    assert run(peer, path, **given) == 3
    assert not peer.script
    peer.calls.clear()


def test_the_same_command_goes_on_after_the_last_finished_part(
    peer: Peer, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut(peer, path, 2)
    assert "6 rows are done; the same command will go on from there." in capsys.readouterr().err
    assert run(peer, path) == 0
    assert [call.numbers for call in peer.checks] == [
        [line.strip() for line in LINES[6:9]],
        [line.strip() for line in LINES[9:12]],
    ]
    assert path.with_name("out").read_text() == ALLOWED
    told = path.with_name("list.txt.withheld.csv").read_text()
    assert told == "0639980005;opted_out\n+33639980001;repeated\n"
    assert "Rows checked: 13; allowed: 11; withheld: 2." in capsys.readouterr().err
    assert not journal(path).exists()


def test_a_part_whose_answer_never_came_is_asked_under_the_same_key(peer: Peer, path: Path) -> None:
    asked: list[str] = []

    def note(call: Call) -> Reply:
        asked.append(call.idempotency_key)
        return busy()

    peer.script.extend([None, note] + [busy()] * 5)
    assert run(peer, path) == 3
    assert run(peer, path) == 0
    assert peer.checks[7].idempotency_key == asked[0]


@pytest.mark.parametrize("slug", ["clearance-expired", "recalled"])
def test_an_answer_that_no_longer_holds_is_asked_anew(peer: Peer, path: Path, slug: str) -> None:
    cut(peer, path, 1)
    peer.script.append(problem(409, slug, "No longer", "Check again."))
    assert run(peer, path) == 0
    assert peer.checks[0].numbers == peer.checks[1].numbers
    assert peer.checks[0].idempotency_key != peer.checks[1].idempotency_key
    assert path.with_name("out").read_text() == ALLOWED


@pytest.mark.parametrize("slug", ["clearance-expired", "recalled", "idempotency-key-reused"])
def test_a_clearance_whose_answer_was_lost_is_released_before_its_people_are_asked_anew(
    peer: Peer, path: Path, slug: str
) -> None:
    cut(peer, path, 1)
    peer.script.append(problem(409, slug, "No longer", "Check again.", clearance="clr_lost"))
    assert run(peer, path) == 0
    assert [call.path.rpartition("/")[2] for call in peer.calls[:3]] == ["checks", "release", "checks"]
    assert peer.released == ["clr_lost"]
    assert path.with_name("out").read_text() == ALLOWED


@pytest.mark.parametrize("offers_release", [True, False])
def test_what_a_lost_part_had_cleared_is_released_and_checked_anew(
    peer: Peer, path: Path, *, offers_release: bool
) -> None:
    peer.offers_release = offers_release
    cut(peer, path, 2)
    before = json.loads(journal(path).read_text().splitlines()[-1])
    with journal(path).open("a") as stream:
        stream.write('{"step":"answered","chunk":3,"check":"chk_9","clearance":"clr_9"}\n')
    with path.with_name("out").open("a") as stream:
        stream.write("06399800")
    assert run(peer, path) == 0
    assert peer.released == ["clr_9"]
    assert peer.calls[0].path == "/v1/clearances/clr_9/release"
    assert peer.checks[0].idempotency_key.endswith(f"-3-{before['attempt'] + 1}")
    assert path.with_name("out").read_text() == ALLOWED


@pytest.mark.parametrize("torn", ['{"step":"finished","chunk":3,"end":99', "x"])
def test_a_last_line_cut_in_two_is_no_progress(peer: Peer, path: Path, torn: str) -> None:
    cut(peer, path, 2)
    with journal(path).open("a") as stream:
        stream.write(torn)
    assert run(peer, path) == 0
    assert path.with_name("out").read_text() == ALLOWED


def test_the_journal_holds_no_number_and_is_private(peer: Peer, path: Path) -> None:
    cut(peer, path, 3, campaign="soldes")
    assert "3998" not in journal(path).read_text()
    assert journal(path).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("change", ["size", "time"])
def test_a_changed_list_is_not_gone_on_with(
    peer: Peer, path: Path, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    cut(peer, path, 2)
    state = path.stat()
    if change == "size":
        path.write_text("".join(LINES[1:]))
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    else:
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert run(peer, path) == 2
    assert f"delete {journal(path)}" in capsys.readouterr().err
    assert peer.calls == []
    assert path.with_name("out").read_text() == "".join(LINES[:5])


def test_other_options_are_not_gone_on_with(peer: Peer, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut(peer, path, 2)
    assert run(peer, path, campaign="another") == 2
    assert "had other options" in capsys.readouterr().err
    assert peer.calls == []


def test_who_goes_on_after_the_planned_time_may_plan_another(peer: Peer, path: Path) -> None:
    cut(peer, path, 2, send_at="2026-11-23T09:00:00Z")
    assert run(peer, path, send_at="2026-11-23T11:00:00Z") == 0
    assert {call.body["send_at"] for call in peer.checks} == {"2026-11-23T11:00:00Z"}
    assert path.with_name("out").read_text() == ALLOWED


def test_other_words_in_the_message_are_another_run(peer: Peer, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = path.with_name("message.txt")
    message.write_text("Soldes. STOP 36200")
    cut(peer, path, 2, text_file=message)
    message.write_text("Portes ouvertes. STOP 36200")
    assert run(peer, path, text_file=message) == 2
    assert "had other options" in capsys.readouterr().err


def test_a_run_that_got_nothing_done_binds_to_nothing(peer: Peer, path: Path) -> None:
    peer.script.extend([busy()] * 6)
    assert run(peer, path, campaign="mistyped") == 3
    assert not path.with_name("out").exists()
    assert run(peer, path, campaign="right") == 0


def test_what_a_mistyped_command_was_cleared_for_without_an_answer_is_given_back(peer: Peer, path: Path) -> None:
    asked: list[str] = []

    def note(call: Call) -> Reply:
        asked.append(call.idempotency_key)
        return busy()

    peer.script.extend([note] + [busy()] * 5)
    assert run(peer, path, campaign="mistyped") == 3
    reused = problem(422, "idempotency-key-reused", "Another call", "Take a new key.", clearance="clr_mistyped")
    peer.script.append(reused)
    assert run(peer, path, campaign="right") == 0
    assert peer.released == ["clr_mistyped"]
    keys = [call.idempotency_key for call in peer.checks[6:8]]
    assert keys[0] == asked[0]
    assert keys[1] != asked[0]
    assert path.with_name("out").read_text() == ALLOWED


def test_another_key_may_finish_the_list(peer: Peer, path: Path) -> None:
    cut(peer, path, 2)
    peer.script.append(problem(401, "unauthenticated", "No valid key", "Revoked."))
    assert run(peer, path) == 2
    assert run(peer, path, key="sr_revoked") == 2
    assert run(peer, path) == 0
    assert path.with_name("out").read_text() == ALLOWED


def test_an_output_that_was_cut_shorter_is_not_gone_on_with(
    peer: Peer, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut(peer, path, 2)
    path.with_name("out").write_text("06")
    assert run(peer, path) == 2
    assert "is shorter" in capsys.readouterr().err
    assert peer.calls == []


def test_a_refusal_in_mid_list_keeps_what_is_done(peer: Peer, path: Path) -> None:
    peer.script.extend([None, None, problem(423, "sender-held", "Held", "Ask the DPO.")])
    assert run(peer, path) == 1
    assert path.with_name("out").read_text() == "".join(LINES[:5])
    assert run(peer, path) == 0
    assert path.with_name("out").read_text() == ALLOWED


def test_a_killed_process_loses_nothing_and_repeats_nothing(peer: Peer, path: Path) -> None:
    part = 3
    clearances = path.with_name("clearances")
    command = "from app.cli.check_file import check; check()"
    arguments = [str(path), "--url", peer.url, "--key", KEY, "--out", str(path.with_name("out")), "--chunk", "3"]
    arguments += ["--clearances", str(clearances)]
    process = subprocess.Popen([sys.executable, "-c", command, *arguments], stderr=subprocess.DEVNULL)

    def kill(_: Call) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()

    peer.script.extend([None] * (part - 1) + [kill])
    assert process.wait() == -signal.SIGKILL
    assert run(peer, path, clearances=clearances) == 0
    assert path.with_name("out").read_text() == ALLOWED
    assert [json.loads(line)["chunk"] for line in clearances.read_text().splitlines()] == [1, 2, 3, 4]
    killed, again = peer.checks[part - 1], peer.checks[part]
    assert (killed.idempotency_key, killed.numbers) == (again.idempotency_key, again.numbers)


def test_a_list_from_a_pipe_leaves_no_journal(peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("".join(LINES).encode())))
    peer.script.extend([None, problem(423, "sender-held", "Held", "Later.")])
    options = Options(file="-", url=peer.url, key=KEY, out=tmp_path / "out", chunk=3)
    assert check_file(options) == 1
    assert sorted(found.name for found in tmp_path.iterdir()) == ["out", "stdin.withheld.csv"]
