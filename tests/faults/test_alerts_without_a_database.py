"""Three alerts to the same parents in the night, with the database stopped: all of them go out, and all are told."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest

from app import standing_clearances
from app.registry import open_registry
from app.settings import Settings
from tests.conftest import with_connection
from tests.e2e.gateways import BRAND, NAME, MoodyKannel, proxy
from tests.e2e.served import served
from tests.faults.rig import kill, own_postgres
from tests.world import ACTOR, OWN_CODE, SALON, found, let_send, populate

PARENTS = [f"+3363998{number:04}" for number in range(1_200)]
AT_ONCE = 100
ALERTS = ("Confinement", "Restez dans les classes", "Fin de l'alerte")
CAP = 3_000
ANSWER_SECONDS = 2.0


async def prepared(settings: Settings, database: str) -> tuple[str, str]:
    await found(settings, database)
    async with open_registry(settings, database) as registry:
        keys = await populate(registry)
        await let_send(registry, SALON, OWN_CODE, grants=["emergency"])
        issued = await standing_clearances.issue(registry, ACTOR, SALON, [BRAND], [NAME], CAP)
        return keys["salon"], issued.token


def told(database: str) -> tuple[int, int]:
    """How many uses the registry was told of, and the messages in them."""

    async def read(held: asyncpg.Connection) -> tuple[int, int]:
        row = await held.fetchrow("SELECT count(*), coalesce(sum(count), 0) AS messages FROM standing_use")
        return row["count"], row["messages"]

    return with_connection(database, read)


@pytest.mark.timeout(180)
def test_alerts_go_out_while_the_database_is_away_and_are_told_when_it_is_back(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    with own_postgres(tmp_path) as (postgres, database):
        key, standing = asyncio.run(prepared(settings, database))
        (tmp_path / "standing").write_text(standing)
        with served(settings, database, tmp_path) as server, MoodyKannel() as kannel:
            jwks = httpx.get(f"{server.url}/.well-known/jwks.json", trust_env=False).content
            (tmp_path / "jwks.json").write_bytes(jwks)
            url = f"http://127.0.0.1:{kannel.server_port}/cgi-bin/sendsms"
            options = ("--standing", str(tmp_path / "standing"), "--seconds", str(ANSWER_SECONDS))
            with proxy(url, server.url, key, tmp_path, *options) as gateway:
                kill(postgres)
                slowest = 0.0
                for text in ALERTS:
                    for at in range(0, len(PARENTS), AT_ONCE):
                        started = time.monotonic()
                        answer = gateway.send(*PARENTS[at : at + AT_ONCE], text=text, clearance=standing)
                        slowest = max(slowest, time.monotonic() - started)
                        assert answer.status_code == 202, answer.text
                went = Counter(
                    (number, query["text"][0])
                    for query in (parse_qs(urlsplit(path).query) for path in kannel.took)
                    for number in query["to"][0].split()
                )
                assert went == {(number, text): 1 for number in PARENTS for text in ALERTS}
                assert slowest < ANSWER_SECONDS + 5

                postgres.start()
                messages, calls = len(PARENTS) * len(ALERTS), len(kannel.took)
                deadline = time.monotonic() + 60
                while told(database) != (calls, messages) and time.monotonic() < deadline:
                    time.sleep(0.2)
                assert told(database) == (calls, messages)
    assert messages > CAP  # beyond the cap they went out all the same
    assert "standing-exceeded" in server.log.read_text()
