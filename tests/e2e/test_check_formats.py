"""POST /v1/checks in its four forms: JSON or lines in, JSON or the allowed lines out; packed bodies."""

import gzip
import json
import random
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.e2e.served import prepared, served
from tests.unit.test_inflate import bomb
from tests.world import OWN_CODE, World, message, settings_in

ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"
TEXT = "text/plain"
FORMS = [
    "+336399800{:02}",
    "0033 6 39 98 00 {:02}",
    "06.39.98.00.{:02}",
    "06\u00a039\u00a098\u00a000\u00a0{:02}",
    " 0639980{:03}\t",
]
NO_NUMBERS = ["", "12 34", "36200", "x", '"', "\\u0030", 'a","b', "+336 39 98", "\u00e9t\u00e9", "3,36E+10"]


async def ask(
    world: World, numbers: list[str], query: str = "", *, lines: bool = False, plain: bool = False, **more: str
):
    headers = world.bearer("salon") | {"Accept": TEXT if plain else "application/json"} | more
    if lines:
        headers["Content-Type"] = "text/plain; charset=utf-8"
    body = "".join(number + "\n" for number in numbers) if lines else json.dumps({"numbers": numbers})
    return await world.client.post("/v1/checks" + query, content=body.encode(), headers=headers)


def told(answer: httpx.Response) -> dict:
    """An answer but for what differs from call to call."""
    assert answer.status_code == 200, answer.text
    of_this_call = {"check_id", "checked_at", "ledger", "clearance"}
    return {name: value for name, value in answer.json().items() if name not in of_this_call}


def counts_of(answer: httpx.Response) -> dict[str, int]:
    names = ("submitted", "allowed", "invalid", "repeated", "opted_out", "duplicate", "quiet_hours")
    return {name: int(answer.headers[f"x-counts-{name.replace('_', '-')}"]) for name in names}


@pytest.mark.anyio
async def test_all_four_forms_say_the_same_of_random_mixtures(world: World):
    picked = random.Random(17)
    await world.mo(*(message(f"mo-{n}", f"+336399800{n:02}", "STOP", OWN_CODE) for n in range(0, 100, 3)))
    for size in [0, 1, 2, 3, 10, 60, 300, 2_500]:
        texts = [
            picked.choice(NO_NUMBERS) if picked.random() < 0.2 else picked.choice(FORMS).format(picked.randrange(100))
            for _ in range(size)
        ]
        full = [told(await ask(world, texts, "?as=allowed", lines=lines)) for lines in (False, True)]
        lists = [
            await ask(world, texts, query, lines=lines, plain=True)
            for lines in (False, True)
            for query in ("", "?as=allowed")
        ]

        assert full[0] == full[1]
        counts = full[0]["counts"]
        assert sum(counts.values()) == 2 * counts["submitted"] == 2 * size
        withheld = full[0]["withheld"]
        assert {name: len(group) for name, group in withheld.items()} == {
            name: count for name, count in counts.items() if name not in {"submitted", "allowed"}
        }
        assert len(full[0]["allowed"]) == counts["allowed"]
        wanted = "".join(text + "\n" for text in full[0]["allowed"])
        for answer in lists:
            assert answer.status_code == 200
            assert answer.content.decode() == wanted
            assert counts_of(answer) == counts


@pytest.mark.anyio
async def test_the_allowed_lines_carry_the_check_in_headers(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    answer = await ask(world, [ANNE, BRUNO, CHLOE], "?campaign=soldes", lines=True, plain=True)

    assert answer.headers["content-type"].startswith(TEXT)
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.text == f"{BRUNO}\n{CHLOE}\n"
    record = await world.client.get(f"/v1/checks/{answer.headers['x-check-id']}", headers=world.bearer("salon"))
    assert record.json()["campaign"] == "soldes"
    assert record.json()["evaluated_at"] == int(answer.headers["x-ledger-size"])
    assert len(answer.headers["x-ledger-root"]) == 64


@pytest.mark.anyio
async def test_lines_keep_their_own_line_ends(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    body = f"{BRUNO}\r\n{ANNE}\r\n\r\n  {CHLOE} ".encode()
    headers = world.bearer("salon") | {"Content-Type": TEXT, "Accept": TEXT}
    answer = await world.client.post("/v1/checks", content=body, headers=headers)

    assert answer.content == f"{BRUNO}\r\n  {CHLOE} ".encode()
    assert counts_of(answer)["invalid"] == 1


@pytest.mark.anyio
async def test_a_refusal_is_a_problem_in_either_form(world: World):
    for query in ("?purpose=emergency", "?text=STOP+36200", "?campain=x", "?as=alowed", "?sender=nobody", "?drill=si"):
        answer = await ask(world, [ANNE], query, lines=True, plain=True)
        assert answer.status_code in {400, 403, 404, 422}, query
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.anyio
@pytest.mark.parametrize("lines", [True, False])
async def test_a_packed_body_is_the_same_question(world: World, *, lines: bool):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    body = f"{ANNE}\n{BRUNO}\n" if lines else json.dumps({"numbers": [ANNE, BRUNO]})
    headers = {"Content-Type": TEXT if lines else "application/json", "Content-Encoding": "gzip"}
    answer = await world.client.post(
        "/v1/checks", content=gzip.compress(body.encode()), headers=world.bearer("salon") | headers
    )

    assert told(answer)["withheld"]["opted_out"] == [ANNE]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", b"".join(bomb()), 413),
        ("gzip", b'{"numbers":[]}', 400),
        ("gzip", gzip.compress(b'{"numbers":[]}')[:-4], 400),
        ("br", b"", 415),
        ("deflate", b"", 415),
        ("gzip, gzip", gzip.compress(gzip.compress(b'{"numbers":[]}')), 415),
    ],
    ids=["bomb", "not packed", "cut", "br", "deflate", "twice"],
)
async def test_a_packed_body_that_cannot_be_taken_is_refused(world: World, encoding: str, body: bytes, status: int):
    headers = world.bearer("salon") | {"Content-Encoding": encoding}
    answer = await world.client.post("/v1/checks", content=body, headers=headers)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def filtered(fed: bytes, *command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, check=False, input=fed, capture_output=True, timeout=60)


def test_curl_makes_it_a_filter(database_url: str, tmp_path: Path):
    settings = settings_in(tmp_path)
    keys = prepared(settings, database_url)
    with served(settings, database_url, tmp_path) as server:
        headers = [f"Authorization: Bearer {keys['salon']}", f"Content-Type: {TEXT}", f"Accept: {TEXT}"]
        flags = [part for header in headers for part in ("-H", header)]
        command = ["curl", "--silent", "--fail", "--noproxy", "*", *flags, "--data-binary", "@-"]
        numbers = [f"06 39 98 {n // 100:02} {n % 100:02}" for n in range(10_000)] * 3
        fed = "".join(number + "\n" for number in numbers).encode()
        done = filtered(fed, *command, f"{server.url}/v1/checks?campaign=tri")
        packed = filtered(gzip.compress(fed), *command, "-H", "Content-Encoding: gzip", f"{server.url}/v1/checks")
        refused = filtered(fed, *command, f"{server.url}/v1/checks?purpose=x")

    assert done.stdout == packed.stdout == fed[: len(fed) // 3]
    assert (refused.returncode, refused.stdout) == (22, b"")


@pytest.mark.anyio
async def test_hostile_lines_and_queries_are_refused_or_answered_and_never_fail(world: World):
    picked = random.Random(29)
    good = "".join(form.format(n) + "\n" for n, form in enumerate(FORMS * 4)).encode()
    bodies = [
        b"",
        b"\n",
        b"\r\n" * 9,
        b"\x00\n\xff\xfe\n",
        b"\xef\xbb\xbf0639980001",
        b"9" * 1_000_000,
        b"\xed\xa0\x80\n",
        good,
    ]
    queries = [
        "?%00=1",
        "?campaign=%00",
        "?sender=%00",
        "?send_at=x",
        "?send_minutes=1e9",
        "?=&=",
        "?mode=",
        "?drill=",
        "?%ff",
        "?a;b",
    ]
    headers = world.bearer("salon") | {"Content-Type": TEXT}
    for accept in (TEXT, "application/json"):
        asked = [(query, good) for query in queries] + [
            (query, body) for query in ("", "?mode=screen") for body in bodies
        ]
        for query, body in asked:
            answer = await world.client.post(f"/v1/checks{query}", content=body, headers=headers | {"Accept": accept})
            assert answer.status_code < 500, (query, body[:40])
        for _ in range(50):
            mutated = bytearray(good)
            for _ in range(picked.randrange(1, 6)):
                mutated[picked.randrange(len(mutated))] = picked.randrange(256)
            answer = await world.client.post("/v1/checks", content=bytes(mutated), headers=headers | {"Accept": accept})
            assert answer.status_code == 200
            if accept != TEXT:
                assert answer.json()["counts"]["submitted"] == mutated.count(b"\n") + (mutated[-1] != 10)


@pytest.mark.anyio
async def test_the_description_of_the_interface_is_still_served(world: World):
    described = (await world.client.get("/schema/openapi.json")).json()["paths"]

    names = {parameter["name"] for parameter in described["/v1/checks"]["post"]["parameters"]}
    assert {"as", "mode"} <= names
    assert "get" in described["/v1/checks/{check_id}"]
