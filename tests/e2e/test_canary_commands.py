"""What an administrator types about STOP channels."""

import asyncio
import subprocess
import sys
import zipfile

import pytest

from tests.channels import OWN_CODE, SHARED_CODE, add_unproven_codes
from tests.e2e.served import clean_environment
from tests.world import SALON, World, message

pytestmark = pytest.mark.anyio
ANNE = "+33639980001"


@pytest.fixture
async def world(world: World) -> World:
    await add_unproven_codes(world)
    return world


@pytest.fixture
def command(world: World, database_url: str):
    environment = {
        **clean_environment(),
        "DATABASE_URL": database_url,
        "STOP_REGISTRY_DATA_DIR": str(world.registry.settings.data_dir),
        "STOP_REGISTRY_UNSAFE_NOT_DURABLE": "true",
    }

    async def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "app", *arguments]
        return await asyncio.to_thread(subprocess.run, line, env=environment, capture_output=True, text=True)

    return run


async def test_issuing_a_canary_and_seeing_it_come_back(world: World, command):
    issued = await command("canary", "issue", OWN_CODE)
    assert (issued.returncode, issued.stdout[:5]) == (0, "TEST-"), issued.stderr
    assert f"to {OWN_CODE} from any phone" in issued.stderr
    assert "\twaits until " in (await command("canary", "list")).stdout
    assert f"{OWN_CODE}\tagregateur\tnever-proven\t-\t" in (await command("canary", "channels")).stdout

    assert (await world.mo(message("mo-1", ANNE, issued.stdout.strip().lower(), OWN_CODE))).is_success
    number, code, _, who, state, through, delay = (await command("canary", "list")).stdout.rstrip("\n").split("\t")
    assert (number, code, through, delay.endswith(" s")) == ("1", OWN_CODE, "agregateur", True)
    assert who.startswith("cli:")
    assert state.startswith("returned ")
    channels = (await command("canary", "channels", OWN_CODE)).stdout
    assert f"{OWN_CODE}\tagregateur\talive\t" in channels
    assert issued.stdout.strip() in channels
    assert SHARED_CODE not in channels
    assert "\tnever-proven -> alive\t" in (await command("canary", "channels", OWN_CODE, "--timeline")).stdout


async def test_an_export_with_a_canary_in_it_still_proves(world: World, command, tmp_path):
    issued = await command("canary", "issue", OWN_CODE)
    assert (await world.mo(message("mo-1", ANNE, issued.stdout.strip(), OWN_CODE))).is_success
    file = str(tmp_path / "salon.zip")
    assert (await command("export", "--sender", SALON, "--out", file)).returncode == 0
    verified = await command("verify", file)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    with zipfile.ZipFile(file) as archive:
        assert archive.read("ledger.jsonl").count(b'"kind":"canary"') == 2


@pytest.mark.parametrize("arguments", [("issue", "36999"), ("issue", OWN_CODE, "--hours", "0"), ("issue",)])
async def test_wrong_use_is_told(command, arguments: tuple[str, ...]):
    assert (await command("canary", *arguments)).returncode == 2
