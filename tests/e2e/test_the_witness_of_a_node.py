"""Real processes on one witness file, killed while they clear: the next start goes on from what was witnessed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from app import ledger
from app.ledger import Frontier
from tests.conftest import with_connection
from tests.e2e.served import prepared, served
from tests.world import settings_in

NUMBER = "+33639980002"
CHECKS = 60


def checked(url: str, key: str) -> int:
    """The status of one check; 0 when the server was killed under it."""
    try:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.post(f"{url}/v1/checks", json={"numbers": [NUMBER]}, headers=headers, trust_env=False).status_code
    except httpx.TransportError:
        return 0


def head_of(database_url: str) -> str:
    """The beginning of the witness line that the database's head would have."""

    async def read(db) -> str:
        row = await db.fetchrow("SELECT size, peaks FROM ledger_head WHERE sender_id = 1")
        return f"head 1 {row['size']} {ledger.root(Frontier(row['size'], row['peaks'])).hex()} "

    return with_connection(database_url, read)


def test_two_processes_of_a_node_clear_side_by_side_and_survive_a_kill(database_url: str, tmp_path: Path):
    settings = settings_in(tmp_path)
    keys = prepared(settings, database_url)
    with served(settings, database_url, tmp_path, workers=2) as server, ThreadPoolExecutor(8) as people:
        told = list(people.map(lambda _: checked(server.url, keys["salon"]), range(CHECKS)))
        assert told == [200] * CHECKS
        assert (tmp_path / "witness.log").read_text().splitlines()[-1].startswith(head_of(database_url))

        for _ in range(3):
            running = [people.submit(checked, server.url, keys["salon"]) for _ in range(CHECKS)]
            running[CHECKS // 4].result()
            server.kill()
            assert {status.result() for status in running} <= {0, 200, 503}
            server.start()
            assert checked(server.url, keys["salon"]) == 200
        assert (tmp_path / "witness.log").read_text().splitlines()[-1].startswith(head_of(database_url))
