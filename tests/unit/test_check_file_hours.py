"""Parts of a list in which nobody may be reached now: withheld with their opening, while the other parts go on."""

from pathlib import Path

import pytest

from app.cli.check_file.options import Options
from app.cli.check_file.run import check_file
from tests.unit.registry_peer import KEY, Peer, Reply, busy, problem, standing

LINES = [f"06399800{n:02}\n" for n in range(6)]
OPENS = "2026-11-23T12:00:00Z"


@pytest.fixture
def peer() -> Peer:
    with standing(Peer()) as peer:
        yield peer


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    path = tmp_path / "list.txt"
    path.write_text("".join(LINES))
    return path


def run(peer: Peer, path: Path, **given: object) -> int:
    options = {"file": str(path), "url": peer.url, "key": KEY, "out": path.with_name("out"), "chunk": 2} | given
    return check_file(Options(**options), wait=lambda _: None)


def night(opens_at: str = OPENS) -> Reply:
    told = {"opens_at": opens_at, "rule": "before hours"}
    return problem(409, "quiet-hours", "Outside the hours", f"Next opening: GP at {opens_at}.", **told)


def withheld(path: Path) -> list[str]:
    return path.with_name("list.txt.withheld.csv").read_text().splitlines()


def test_a_part_that_must_wait_is_withheld_and_the_rest_goes_on(
    peer: Peer, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    peer.script.extend([None, night()])
    assert run(peer, path) == 0
    assert path.with_name("out").read_text() == "".join(LINES[:2] + LINES[4:])
    assert withheld(path) == [f"06399800{n:02};quiet_hours: {OPENS} before hours" for n in (2, 3)]
    told = capsys.readouterr().err
    assert f"stop-registry: Outside the hours. Next opening: GP at {OPENS}.\n" in told
    assert f"2  outside sending hours (first opening: {OPENS})" in told


def test_an_unusable_number_in_such_a_part_keeps_its_own_reason(peer: Peer, path: Path) -> None:
    path.write_text("0639980000\n0639980001\n0639980002\nnext week\n")
    peer.script.extend([None, night()])
    assert run(peer, path) == 0
    assert withheld(path) == [f"0639980002;quiet_hours: {OPENS} before hours", "next week;invalid: not-a-number"]


def test_where_nothing_can_be_promised_the_rule_alone_is_said(peer: Peer, path: Path) -> None:
    peer.script.extend([None, night("")])
    assert run(peer, path) == 0
    assert withheld(path)[0] == "0639980002;quiet_hours: before hours"


def test_the_same_refusal_of_many_parts_is_told_once(
    peer: Peer, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    peer.script.extend([None, night(), night()])
    assert run(peer, path) == 0
    assert capsys.readouterr().err.count("Next opening") == 1


def test_a_list_of_which_nobody_may_be_reached_now_is_refused_as_a_whole(
    peer: Peer, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    path.with_name("out").write_text("yesterday's\n")
    peer.script.extend([night(), night("2026-11-23T04:00:00Z"), night()])
    assert run(peer, path) == 1
    assert [found.name for found in path.parent.iterdir()] == ["list.txt"]
    assert "relancez la même commande après 2026-11-23T04:00:00Z." in capsys.readouterr().err


def test_a_part_that_must_wait_is_not_asked_about_again_by_the_next_run(peer: Peer, path: Path) -> None:
    peer.script.extend([night(), None] + [busy()] * 6)
    assert run(peer, path) == 3
    peer.calls.clear()
    assert run(peer, path) == 0
    assert [call.numbers for call in peer.checks] == [[line.strip() for line in LINES[4:]]]
    assert path.with_name("out").read_text() == "".join(LINES[2:])
    assert len(withheld(path)) == 2


def test_a_group_that_waits_within_a_part_is_counted_with_its_opening(
    peer: Peer, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def some_wait(call: object) -> Reply:
        verdict = peer.verdict(call.numbers)
        group = {"territory": "GP", "opens_at": OPENS, "rule": "before hours", "numbers": call.numbers[:1]}
        verdict["withheld"]["quiet_hours"] = [group]
        verdict["counts"] |= {"allowed": 1, "quiet_hours": 1}
        return Reply(200, verdict)

    peer.script.append(some_wait)
    assert run(peer, path) == 0
    assert withheld(path) == [f"0639980000;quiet_hours: GP {OPENS} before hours"]
    assert f"1  outside sending hours (first opening: {OPENS})" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_message_comes_from_a_file_in_any_encoding(peer: Peer, path: Path, encoding: str) -> None:
    message = path.with_name("message.txt")
    message.write_bytes("Jusqu'à -20 % chez nous. STOP 36200\r\n".encode(encoding))
    assert run(peer, path, text_file=message, drill=True) == 0
    assert {call.body["text"] for call in peer.checks} == {"Jusqu'à -20 % chez nous. STOP 36200"}
    assert all(call.body["drill"] is True for call in peer.checks)


def test_an_empty_message_is_wrong_use(peer: Peer, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = path.with_name("message.txt")
    message.write_text(" \n")
    assert run(peer, path, text_file=message) == 2
    assert "message.txt is empty" in capsys.readouterr().err
    assert peer.calls == []


def test_no_output_overwrites_the_message(peer: Peer, path: Path) -> None:
    message = path.with_name("message.txt")
    message.write_text("Soldes. STOP 36200")
    assert run(peer, path, text_file=message, out=message) == 2
    assert message.read_text() == "Soldes. STOP 36200"
