"""Privacy: no number and no text in the database, the logs, the errors or the metrics, in clear or merely hashed."""

import hashlib
import json
import subprocess

import httpx
import pytest

from app.database.binaries import find_binaries
from tests.e2e.served import prepared, served
from tests.world import KANNEL_TOKEN, OWN_CODE, SALON, message, settings_in, signed

NUMBERS = [f"3363998{last:04}" for last in (1701, 2702, 3703, 4704)]
TEXT = "STOP, je suis Chrysanthème Quillebeuf"
HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s", "sha3_256")


def test_a_dump_and_all_logs_hold_no_number_and_no_text(database_url, tmp_path):
    settings = settings_in(tmp_path)
    keys = prepared(settings, database_url)
    with served(settings, database_url, tmp_path) as server:
        with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as client:
            use_everything(client, keys)
        metrics = httpx.get(f"{server.url}/metrics", trust_env=False).content
    dump = pg_dump(database_url)
    logs = server.log.read_bytes()

    assert b"CREATE TABLE" in dump
    assert b'"/v1/checks"' in logs
    for kept in (dump, logs, metrics):
        for trace in traces():
            assert trace.encode() not in kept, trace
    for number in NUMBERS:
        for digest in digests(number):
            assert digest not in dump


def use_everything(client: httpx.Client, keys: dict[str, str]) -> None:
    """Every route, well and badly: answers, quarantine, checks, refusals, an export."""
    bearer = {"Authorization": f"Bearer {keys['salon']}"}
    body = json.dumps({"messages": [message("mo-1", f"+{NUMBERS[0]}", TEXT)]}).encode()
    assert client.post("/v1/mo/agregateur", content=body, headers=signed(body)).is_success
    assert client.post("/v1/mo/agregateur", content=body, headers=signed(body + b" ")).status_code == 401
    broken = body[:-3]
    assert client.post("/v1/mo/agregateur", content=broken, headers=signed(broken)).is_success
    query = {"from": f"+{NUMBERS[1]}", "to": OWN_CODE, "text": TEXT, "id": "k-1", "coding": "0"}
    assert client.get(f"/v1/mo/kannel/{KANNEL_TOKEN}", params=query).is_success
    assert client.get("/v1/mo/kannel/wrong-token", params=query).status_code == 401
    assert client.get(f"/v1/nothing/+{NUMBERS[2]}").status_code == 404
    assert client.get(f"/v1/mo/+{NUMBERS[2]}").status_code == 404
    numbers = [f"+{number}" for number in NUMBERS]
    assert client.post("/v1/checks", json={"numbers": numbers}, headers=bearer).is_success
    lines = bearer | {"Content-Type": "text/plain", "Accept": "text/plain"}
    for query in ("", "?mode=screen", ""):
        keyed = lines | {"Idempotency-Key": NUMBERS[0] + query}
        assert client.post(f"/v1/checks{query}", content="\n".join(numbers).encode(), headers=keyed).is_success
    assert client.post(f"/v1/checks?{NUMBERS[3]}={NUMBERS[2]}", content=b"", headers=lines).status_code == 400
    assert client.get(f"/v1/checks/{NUMBERS[1]}", headers=bearer).status_code == 404
    assert client.post("/v1/checks", json={"numbers": [1], "campaign": NUMBERS[2]}, headers=bearer).status_code == 422
    told = [
        {"number": f"+{NUMBERS[2]}", "source": "letter", "reference": f"letter of {NUMBERS[2]}"},
        {"number": 1, "source": "x"},
    ]
    assert client.post("/v1/opt-outs", json={"opt_outs": told}, headers=bearer).is_success
    assert client.post("/v1/opt-outs", json={"opt_outs": [{"number": [NUMBERS[3]]}]}, headers=bearer).status_code == 400
    account = {"from": "2026-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z"}
    missing = json.dumps({**account, "messages": [message(f"mo-{NUMBERS[3]}", f"+{NUMBERS[3]}", TEXT)]}).encode()
    assert client.post("/v1/manifests/agregateur", content=missing, headers=signed(missing)).is_success
    assert client.post("/v1/manifests/agregateur", content=missing, headers=signed(b"")).status_code == 401
    unknown_field = client.post("/v1/checks", content=f'{{"{NUMBERS[3]}":1}}'.encode(), headers=bearer)
    assert unknown_field.status_code == 400
    assert NUMBERS[3] not in unknown_field.text
    assert client.get("/v1/audit/export", params={"from": "x" + NUMBERS[3]}, headers=bearer).status_code == 400
    assert client.get("/v1/audit/export", params={"sender": SALON}, headers=bearer).is_success
    auditor, about = {"Authorization": f"Bearer {keys['auditor']}"}, {"numbers": [*numbers, TEXT], "reference": "26-14"}
    assert client.post("/v1/audit/subjects", json=about, headers=auditor).is_success
    assert client.post("/v1/audit/subjects", json=about, headers=auditor | {"Accept": "text/html"}).is_success
    about["reference"] = f"letter of {NUMBERS[2]}"
    refused = client.post("/v1/audit/subjects", json=about, headers=auditor)
    assert (refused.status_code, NUMBERS[2] in refused.text) == (422, False)
    assert client.post("/v1/audit/subjects", content=f'{{"{NUMBERS[3]}":1}}', headers=auditor).status_code == 400


def traces() -> list[str]:
    """The spellings to hunt for: a number is known by its last digits, however it is grouped."""
    spellings = []
    for number in NUMBERS:
        local = number[2:]
        grouped = " ".join(("0" + local)[start : start + 2] for start in range(0, 10, 2))
        spellings += [
            local,
            grouped,
            grouped.replace(" ", "."),
            f"{int(number):x}",
            int(number).to_bytes(8, "big").hex(),
        ]
    return [*spellings, "Quillebeuf", "Chrysanth"]


def digests(number: str) -> list[bytes]:
    forms = {number, f"+{number}", f"0{number[2:]}", f"00{number}", number[2:]}
    raw = [form.encode() for form in forms] + [int(number).to_bytes(8, "big"), int(number).to_bytes(8, "little")]
    return [hashlib.new(name, form).hexdigest()[:16].encode() for name in HASHES for form in raw]


def pg_dump(url: str) -> bytes:
    program = find_binaries() / "pg_dump"
    done = subprocess.run([program, "--dbname", url], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("text", ["+33639980001", "06 39 98 00 01", "from=%2B33639980001&to=36200", "0033639980001"])
def test_a_number_that_slips_into_a_log_line_is_masked(text):
    from app.logs import masked

    line = masked(None, "info", {"event": f"something about {text}", "status": 200})

    assert "9980001" not in line["event"].replace(" ", "")
    assert line["status"] == 200
