"""One message delivered fifty times, by sixteen clients at once, to a server of two processes."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.e2e.served import prepared, served
from tests.world import OWN_CODE, SALON, message, settings_in, signed

ANNE = "+33639980001"


def test_fifty_deliveries_are_one_entry_and_fifty_acknowledgements(database_url, tmp_path):
    settings = settings_in(tmp_path)
    keys = prepared(settings, database_url)
    body = json.dumps({"messages": [message("mo-1", ANNE, "STOP", OWN_CODE)]}).encode()
    with served(settings, database_url, tmp_path, workers=2) as server:

        def deliver(_: int) -> httpx.Response:
            return httpx.post(
                f"{server.url}/v1/mo/agregateur", content=body, headers=signed(body), timeout=30, trust_env=False
            )

        with ThreadPoolExecutor(16) as clients:
            answers = list(clients.map(deliver, range(50)))
        head = {"Authorization": f"Bearer {keys['auditor']}"}
        export = httpx.get(
            f"{server.url}/v1/ledgers/{SALON}/checkpoint", headers=head, timeout=30, trust_env=False
        ).text
        metrics = httpx.get(f"{server.url}/metrics", trust_env=False).text
        check = httpx.post(
            f"{server.url}/v1/checks",
            json={"numbers": [ANNE]},
            headers={"Authorization": f"Bearer {keys['salon']}"},
            trust_env=False,
        ).json()

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    # The salon's ledger: its own sender entry, two code entries, four keys, and the one STOP.
    assert int(export.splitlines()[1]) == 1 + 2 + 4 + 1
    assert check["withheld"]["opted_out"] == [ANNE]
    # Both processes are counted, whichever of them answers.
    assert 'stop_registry_requests_total{method="POST",route="/v1/mo/{connection}",status="200"} 50.0' in metrics
    assert "deadlock" not in server.log.read_text().lower()
