"""The root key in shares, by the commands themselves: escrow, drill, restore elsewhere, and what goes wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from app import clock, ledger, shares
from app.keys import unseal_root
from app.settings import Settings
from tests.conftest import with_connection
from tests.e2e.served import environment_of, prepared
from tests.world import SALON, SPA, settings_in

Done = subprocess.CompletedProcess[str]


class Machine:
    """A machine with a registry's settings, its commands and the passphrases of the holders."""

    def __init__(self, settings: Settings, database_url: str | None, folder: Path) -> None:
        self.settings, self.database_url, self.folder = settings, database_url, folder

    def key(self, *arguments: str, passphrases: list[Path] = ()) -> Done:
        named = [word for path in passphrases for word in ("--passphrase-file", str(path))]
        return subprocess.run(
            [sys.executable, "-m", "app", "key", *arguments, *named],
            env=environment_of(self.settings, self.database_url),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def passphrases(self, *numbers: int) -> list[Path]:
        paths = [self.folder / f"holder-{number}" for number in numbers]
        for number, path in zip(numbers, paths, strict=True):
            path.write_text(f"la phrase du porteur {number}\n")
        return paths

    def restore(self, *numbers: int, options: tuple[str, ...] = (), shares: Path | None = None) -> Done:
        files = [str((shares or self.folder / "parts") / f"share-{number}-of-3.key") for number in numbers]
        return self.key("restore", *options, *files, passphrases=self.passphrases(*numbers))


@pytest.fixture
def machine(database_url: str, tmp_path: Path) -> Machine:
    """A populated registry whose key three people hold, two of whom are needed."""
    settings = settings_in(tmp_path / "data")
    prepared(settings, database_url)
    made = Machine(settings, database_url, tmp_path)
    out = tmp_path / "parts"
    done = made.key(
        "escrow", "--holders", "3", "--needed", "2", "--out", str(out), passphrases=made.passphrases(1, 2, 3)
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == [f"share-{number}-of-3.key" for number in (1, 2, 3)]
    assert all(path.stat().st_mode & 0o077 == 0 for path in out.iterdir())
    return made


def root_of(settings: Settings) -> bytes:
    return unseal_root(settings.root_key_path.read_bytes(), settings.passphrase_path.read_bytes().strip())


def notes(machine: Machine, kind: str) -> list[tuple[int, dict[str, str]]]:
    rows = with_connection(
        machine.database_url, lambda db: db.fetch("SELECT sender_id, entry FROM ledger_entry ORDER BY sender_id")
    )
    found = [(row["sender_id"], ledger.decode(row["entry"])) for row in rows]
    return [(sender_id, entry.detail) for sender_id, entry in found if entry.kind == kind]


def kept(settings: Settings) -> dict[str, bytes]:
    """What lies in the data directory, but for the witness, which sees the ledgers' notes of the act."""
    files = [path for path in settings.data_dir.iterdir() if path.is_file() and path.name != "witness.log"]
    return {path.name: path.read_bytes() for path in files}


def test_a_drill_rebuilds_the_key_and_writes_nothing(machine: Machine):
    before = kept(machine.settings)
    done = machine.restore(1, 3, options=("--drill",))

    assert (done.returncode, "drill passed" in done.stdout) == (0, True), done.stderr
    assert "the key that the database of tests.stop-registry.local was founded with" in done.stdout
    assert before == kept(machine.settings)


def test_the_key_comes_back_on_another_machine(machine: Machine, tmp_path: Path):
    other = Machine(settings_in(tmp_path / "other"), machine.database_url, tmp_path)
    done = other.restore(3, 2)

    assert done.returncode == 0, done.stderr
    assert root_of(other.settings) == root_of(machine.settings)
    assert other.settings.root_key_path.stat().st_mode & 0o077 == 0
    assert other.restore(1, 2).returncode == 1  # never overwritten


def test_the_key_comes_back_where_no_database_is(machine: Machine, tmp_path: Path):
    other = Machine(settings_in(tmp_path / "other"), None, tmp_path)
    done = other.restore(1, 2)

    assert (done.returncode, "nothing is journalled" in done.stdout) == (0, True), done.stderr
    assert root_of(other.settings) == root_of(machine.settings)
    assert not (other.settings.data_dir / "postgres").exists()


def test_every_act_is_journalled_and_told_to_every_sender(machine: Machine):
    assert machine.restore(1, 2, options=("--drill",)).returncode == 0
    journal = with_connection(
        machine.database_url, lambda db: db.fetch("SELECT action FROM admin_journal WHERE action LIKE 'key.%'")
    )

    assert [row["action"] for row in journal if row["action"] != "key.issue"] == ["key.escrow", "key.restore-drill"]
    assert [(detail["holders"], detail["needed"]) for _, detail in notes(machine, "key-escrow")] == [("3", "2")] * 2
    assert len(notes(machine, "key-restore-drill")) == len({SALON, SPA})


def test_too_few_and_wrong_passphrases_are_said_by_share(machine: Machine):
    few = machine.restore(2, options=("--drill",))
    assert (few.returncode, "1 good shares, but 2 are needed" in few.stderr) == (1, True), few.stderr

    (machine.folder / "parts/share-1-of-3.key").rename(machine.folder / "parts/was-1")
    (machine.folder / "parts/share-2-of-3.key").rename(machine.folder / "parts/share-1-of-3.key")
    (machine.folder / "parts/was-1").rename(machine.folder / "parts/share-2-of-3.key")
    swapped = machine.restore(1, 3, options=("--drill",))
    assert swapped.returncode == 1
    assert "share-1-of-3.key: its passphrase does not open it" in swapped.stderr


def test_a_damaged_share_is_named_and_the_others_are_enough(machine: Machine):
    path = machine.folder / "parts/share-1-of-3.key"
    path.write_bytes(path.read_bytes()[:-40])
    done = machine.restore(1, 2, 3, options=("--drill",))

    assert done.returncode == 0
    assert "share-1-of-3.key: damaged" in done.stderr


def test_shares_of_two_sets_are_told_apart(machine: Machine):
    again = machine.folder / "again"
    done = machine.key(
        "escrow", "--holders", "3", "--needed", "2", "--out", str(again), passphrases=machine.passphrases(1, 2, 3)
    )
    assert done.returncode == 0, done.stderr
    (again / "share-1-of-3.key").replace(machine.folder / "parts/share-1-of-3.key")
    mixed = machine.restore(2, 1, options=("--drill",))

    assert (mixed.returncode, "share-1-of-3.key: belongs to another set" in mixed.stderr) == (1, True), mixed.stderr


def test_the_key_of_another_registry_is_not_written(machine: Machine, tmp_path: Path):
    secrets = [path.read_bytes().strip() for path in machine.passphrases(1, 2, 3)]
    files = shares.seal(bytes(32), "ailleurs", secrets, 2, clock.random_bytes)
    (tmp_path / "ailleurs").mkdir()
    for number, content in enumerate(files, start=1):
        (tmp_path / f"ailleurs/share-{number}-of-3.key").write_bytes(content)
    bare = Machine(settings_in(tmp_path / "bare"), machine.database_url, tmp_path)
    done = bare.restore(1, 2, shares=tmp_path / "ailleurs")

    assert (done.returncode, "not the one this database was founded with" in done.stderr) == (1, True), done.stderr
    assert not bare.settings.root_key_path.exists()


def test_a_set_of_shares_never_overwrites_another(machine: Machine):
    out = machine.folder / "parts"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    done = machine.key(
        "escrow", "--holders", "3", "--needed", "2", "--out", str(out), passphrases=machine.passphrases(1, 2, 3)
    )

    assert done.returncode == 1
    assert before == {path.name: path.read_bytes() for path in out.iterdir()}


def test_a_holder_may_type_the_passphrase(machine: Machine):
    files = [str(machine.folder / f"parts/share-{number}-of-3.key") for number in (1, 2)]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "app", "key", "restore", "--drill", *files],
        env=environment_of(machine.settings, machine.database_url),
        input="la phrase du porteur 1\nla phrase du porteur 2\n",
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,  # no terminal: the passphrases come from standard input
        check=False,
    )
    assert done.returncode == 0, done.stderr
