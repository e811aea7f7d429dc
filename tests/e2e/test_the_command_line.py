"""The commands as a person types them, each a process of its own on one embedded PostgreSQL."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.database import embedded_postgres
from tests.e2e.served import clean_environment

Done = subprocess.CompletedProcess[str]
SAMPLE = Path(__file__).parents[1] / "vectors/mo/standard_webhooks.json"


def run(
    *arguments: str, folder: Path, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        env={**clean_environment(), "HOME": str(folder), "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        input=stdin,
        check=False,
    )


@pytest.fixture
def founded(tmp_path):
    """A home with a founded registry, whose PostgreSQL keeps running between the commands."""
    with embedded_postgres(tmp_path / ".local/share/stop-registry", durable=True):
        done = run("migrate", "--create-key", "--origin", "registre.example.fr", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        yield tmp_path


def test_setting_up_exporting_and_verifying(founded):
    assert "added sender" in run("sender", "add", "salon", "--name", "Salon Martin", folder=founded).stdout
    assert run("code", "add", "36200", "--sender", "salon", "--keyword", "Martin", folder=founded).returncode == 0
    added = run("operator", "add", "op", "--provider", "standard_webhooks", "--code", "36200", folder=founded)
    assert "whsec_" in added.stdout
    assert run("sender", "list", folder=founded).stdout == "salon\tSalon Martin\topen\n"
    assert run("code", "list", folder=founded).stdout == "36200\tnon surtaxé\tsalon\n"
    assert run("operator", "list", folder=founded).stdout.startswith("op\tstandard_webhooks\t36200")
    key = run("key", "issue", "--role", "sender", "--sender", "salon", "--label", "CRM", folder=founded).stdout.strip()
    assert key.startswith("sr_")
    assert run("key", "revoke", key, folder=founded).returncode == 0
    out = founded / "salon.zip"
    assert run("export", "--sender", "salon", "--out", str(out), folder=founded).returncode == 0
    verified = run("verify", str(out), folder=founded)
    assert (verified.returncode, "✓ 3 entries" in verified.stdout) == (0, True), verified.stdout
    out.write_bytes(out.read_bytes()[:-1] + b"x")
    assert run("verify", str(out), folder=founded).returncode == 1


def test_deciding_about_one_sender(founded):
    for slug in ("salon", "groupe"):
        assert run("sender", "add", slug, "--name", slug, folder=founded).returncode == 0

    def sender(*arguments: str) -> Done:
        return run("sender", *arguments, folder=founded)

    assert sender("enforce", "salon", "on").stdout == "enforcement of salon: on\n"
    assert sender("enforce", "salon", "on").returncode == 1
    assert sender("text", "salon", "help", "--fr", "Aide.", "--en", "Help.").stdout == "help of salon: fr, en\n"
    refused = sender("text", "salon", "contact", "--fr", "Arrêt")
    assert (refused.returncode, "'ê' (U+00EA)" in refused.stderr) == (2, True), refused.stderr
    assert sender("text", "salon", "contact").returncode == 2
    assert sender("inherit", "groupe", "salon", "--reason", "Fusion").stdout == "groupe inherits the list of salon\n"
    assert sender("inherit", "salon", "groupe", "--reason", "Fusion").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("sender", "add", "Salon Martin", "--name", "x"), 2, "small letters"),
        (("code", "add", "36200", "--sender", "nobody"), 2, "no sender `nobody`"),
        (("key", "issue", "--role", "sender", "--label", "x"), 2, "needs a sender"),
        (("key", "revoke", "nothing"), 2, "no such key"),
        (("operator", "add", "op", "--provider", "pigeon"), 2, "standard_webhooks"),
        (("migrate", "--create-key"), 1, "already"),
        (("export", "--sender", "nobody", "--out", "x.zip"), 2, "no sender"),
    ],
)
def test_a_mistake_is_answered_with_what_to_do(founded, arguments, status, words):
    done = run(*arguments, folder=founded)

    assert (done.returncode, words in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr


def test_serve_without_a_key_says_what_to_do(tmp_path):
    run("migrate", folder=tmp_path)
    done = run("serve", "--port", "0", folder=tmp_path)

    assert done.returncode == 3
    assert "stop-registry migrate --create-key" in done.stderr


def test_a_wrong_key_refuses_to_start(founded):
    from app.keys import seal_root

    data = founded / ".local/share/stop-registry"
    passphrase = (data / "passphrase").read_bytes().strip()
    (data / "root.key").write_bytes(seal_root(b"\x07" * 32, passphrase, b"s" * 16, b"n" * 12))
    done = run("sender", "list", folder=founded)

    assert done.returncode == 3
    assert "not the one this database was founded with" in done.stderr


def test_a_wrong_passphrase_refuses_to_start(founded):
    (founded / ".local/share/stop-registry/passphrase").write_text("not the passphrase at all\n")
    done = run("sender", "list", folder=founded)

    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_a_database_that_is_away_is_exit_status_three(tmp_path):
    done = run("sender", "list", folder=tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")

    assert done.returncode == 3, done.stderr


def test_the_intent_of_each_line_of_standard_input(tmp_path):
    done = run("intent", folder=tmp_path, stdin="STOP 36200\nOk merci\nCONTACT\n")

    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["STOP", "OTHER", "CONTACT"]


def test_an_intent_explained(tmp_path):
    done = run("intent", "--explain", "STOP", folder=tmp_path)

    assert done.stdout.startswith("STOP\t")
    assert len(done.stdout.splitlines()) > 1


def test_a_sample_is_replayed_as_one_json_object_a_message(tmp_path):
    done = run("operator", "replay", str(SAMPLE), folder=tmp_path)
    expected = json.loads(SAMPLE.read_text())["expect"]

    shown = json.loads(done.stdout)
    assert (shown["msisdn"], shown["text"]) == (expected["msisdn_e164"], expected["text"])


def test_a_forged_sample_is_refused(tmp_path):
    sample = json.loads(SAMPLE.read_text())
    sample["body"] = sample["body"].replace("STOP", "STOQ")
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(sample))

    assert run("operator", "replay", str(forged), folder=tmp_path).returncode == 1


COMMANDS = """
serve; demo; migrate; sender add; code add; operator add; key issue; check; export; verify; intent; operator replay;
operator pull; operator reconcile; import; code keyword; review; review decide;
subject; subject look-up; subject open; subject close; subject list; journal; retention; retention preview;
retention run; retention freeze; retention thaw; retention oppositions
"""


@pytest.mark.parametrize("command", ["", *COMMANDS.split(";")])
def test_help_shows_an_example(tmp_path, command):
    done = run(*command.split(), "--help", folder=tmp_path)

    assert done.returncode == 0
    assert "stop-registry" in done.stdout


def test_rotating_a_secret_replaying_the_quarantine_and_closing_an_alarm(founded):
    run("operator", "add", "op", "--provider", "kannel", "--token", "jeton", folder=founded)

    assert run("operator", "secret", "op", "--add", folder=founded).stdout.startswith("secret\t")
    assert run("operator", "secret", "op", "--add", "un-troisieme", folder=founded).returncode == 1
    assert run("operator", "quarantine", "op", "replay", folder=founded).stdout == "applied\t0\nstaying\t0\n"
    assert run("operator", "quarantine", "nobody", folder=founded).returncode == 2
    assert run("alarms", "--close", "1", folder=founded).returncode == 2
