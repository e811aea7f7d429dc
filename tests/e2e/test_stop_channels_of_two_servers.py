"""Two servers on one database: what one hears, the other knows."""

import contextlib
import subprocess
import sys

import httpx

from tests.channels import OWN_CODE
from tests.e2e.served import environment_of, prepared, served
from tests.world import KANNEL_TOKEN, SALON, settings_in

ANNE, BRUNO = "+33639980001", "+33639980002"


def test_a_stop_that_one_server_hears_opens_the_code_on_the_other(database_url, tmp_path):
    settings = settings_in(tmp_path)
    headers = {"Authorization": f"Bearer {prepared(settings, database_url)['salon']}"}
    environment = environment_of(settings, database_url)
    for arguments in (
        ("code", "add", OWN_CODE, "--sender", SALON),
        ("operator", "add", "second", "--provider", "kannel", "--token", f"{KANNEL_TOKEN}-2", "--code", OWN_CODE),
    ):
        subprocess.run([sys.executable, "-m", "app", *arguments], env=environment, check=True, capture_output=True)

    with contextlib.ExitStack() as stack:
        servers = []
        for name in ("first", "second"):
            (tmp_path / name).mkdir()
            servers.append(stack.enter_context(served(settings, database_url, tmp_path / name)))
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=30))

        def checked() -> list[int]:
            body = {"numbers": [BRUNO], "short_code": OWN_CODE, "text": f"Soldes : -20 %. STOP {OWN_CODE}"}
            return [client.post(f"{one.url}/v1/checks", json=body, headers=headers).status_code for one in servers]

        assert checked() == [409, 409]
        heard = {"from": ANNE, "to": OWN_CODE, "text": "STOP", "id": "1"}
        assert client.get(f"{servers[0].url}/v1/mo/second/{KANNEL_TOKEN}-2", params=heard).is_success
        assert checked() == [200, 200]
