"""A gateway in front of a real Kannel asks the served registry before each message; phones show what went out."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app import holding, standing_clearances
from app.registry import open_registry
from app.settings import Settings
from tests.conftest import with_connection
from tests.e2e.gateways import BRAND, NAME, MoodyKannel, Proxy, proxy
from tests.e2e.kannel import Gateway, free_port, kannel, require_kannel
from tests.e2e.served import Served, served
from tests.world import ACTOR, KANNEL_TOKEN, OWN_CODE, SALON, found, let_send, populate, settings_in

pytestmark = [pytest.mark.kannel, pytest.mark.timeout(180)]
SECONDS = 1.0
PHONE_SECONDS = 30


@dataclass
class Stage:
    """Everything that stands between a platform and people."""

    settings: Settings
    database: str
    folder: Path
    keys: dict[str, str]
    standing: str
    server: Served
    phones: Gateway
    gateway: Proxy

    def cleared(self, *numbers: str, **fields: object) -> str:
        """The clearance of a check, as the sender's platform asks for it."""
        answer = httpx.post(
            f"{self.server.url}/v1/checks",
            json={"numbers": numbers, **fields},
            headers={"Authorization": f"Bearer {self.keys['salon']}"},
            timeout=30,
            trust_env=False,
        )
        return answer.raise_for_status().json()["clearance"]["token"]

    def set_profile(self, name: str, value: str) -> None:
        statement = "UPDATE sender SET profile = jsonb_set(profile::jsonb, ARRAY[$1], to_jsonb($2::text))::text"
        with_connection(self.database, lambda held: held.execute(statement, name, value))

    def reached(self, *numbers: str) -> list[str]:
        """What is on the phones, once a message that comes last has arrived."""
        last = f"+3363998{9_000 + next(LASTS):04}"
        assert self.gateway.send(last, text="fin", clearance=self.cleared(last)).status_code == 202
        self.phones.wait_for_reply(to=last, timeout_seconds=PHONE_SECONDS)
        return sorted(reply.to for reply in self.phones.replies() if reply.to in numbers)

    def told(self, *campaigns: str) -> list[dict]:
        """The uses of these campaigns that the registry was told of."""
        statement = "SELECT campaign, gateway, count, drill FROM standing_use WHERE campaign = ANY ($1) ORDER BY 1, at"
        return [dict(row) for row in with_connection(self.database, lambda held: held.fetch(statement, campaigns))]

    def wait_until_told(self, *campaigns: str) -> list[dict]:
        deadline = time.monotonic() + 20
        while len(found := self.told(*campaigns)) < len(campaigns) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found


LASTS = iter(range(1_000))


@pytest.fixture(scope="module")
def stage(migrated_database, tmp_path_factory) -> Iterator[Stage]:
    require_kannel()
    folder = tmp_path_factory.mktemp("gateway")
    settings = settings_in(folder)
    with migrated_database() as database:
        keys, standing = asyncio.run(founded(settings, database))
        (folder / "standing").write_text(standing + "\n")
        with (
            served(settings, database, folder) as server,
            kannel(f"{server.url}/v1/mo/kannel/{KANNEL_TOKEN}") as phones,
        ):
            (folder / "jwks.json").write_bytes(
                httpx.get(f"{server.url}/.well-known/jwks.json", trust_env=False).content
            )
            options = ("--standing", str(folder / "standing"), "--seconds", str(SECONDS), "--route", "agregateur")
            with proxy(phones.sendsms_url, server.url, keys["salon"], folder, *options) as gateway:
                yield Stage(settings, database, folder, keys, standing, server, phones, gateway)


async def founded(settings: Settings, database: str) -> tuple[dict[str, str], str]:
    await found(settings, database)
    async with open_registry(settings, database) as registry:
        keys = await populate(registry)
        await let_send(registry, SALON, OWN_CODE, grants=["emergency", "service"], admissions=True)
        given = await standing_clearances.issue(registry, ACTOR, SALON, [BRAND], [NAME], 1_000)
        return keys, given.token


@contextmanager
def stopped(server: Served) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


def kind(answer: httpx.Response) -> str:
    return answer.json()["type"].rpartition("/")[2]


def reasons(answer: httpx.Response) -> dict[str, str]:
    return {one["number"]: one["reason"] for one in answer.json()["refused"]}


def people(first: int, count: int = 1) -> list[str]:
    return [f"+3363998{number:04}" for number in range(first, first + count)]


def test_without_a_clearance_nothing_goes_and_with_one_it_does(stage: Stage):
    anne, bruno = people(1, 2)
    bare = stage.gateway.send(anne)
    assert (bare.status_code, kind(bare)) == (403, "no-clearance")
    assert stage.gateway.send(anne, language="fr").json()["title"] == "Pas d'autorisation, pas de message"

    answer = stage.gateway.send(anne, text="Soldes à -20 % : l'été", clearance=stage.cleared(anne), charset="UTF-8")
    assert (answer.status_code, answer.text) == (202, "0: Accepted for delivery")
    assert stage.phones.wait_for_reply(anne, PHONE_SECONDS).text == "Soldes à -20 % : l'été"
    assert stage.gateway.send(bruno, clearance=stage.cleared(anne)).status_code == 403
    assert stage.reached(anne, bruno) == [anne]


def test_the_clearance_may_be_a_parameter_and_never_reaches_kannel(stage: Stage):
    (anne,) = people(10)
    url, token = stage.gateway.url, stage.cleared(anne)
    who = f"username=platform&password=loopback&from={BRAND}&to={anne[1:]}"
    query = f"{who}&text=%E9t%E9&charset=ISO-8859-1&clearance={token}"
    answer = httpx.get(f"{url}/cgi-bin/sendsms?{query}", trust_env=False, timeout=30)

    assert answer.status_code == 202
    assert stage.phones.wait_for_reply(anne[1:], PHONE_SECONDS).text == "été"


def test_a_platform_that_loops_sends_everybody_one_message(stage: Stage):
    everybody = people(100, 20)
    token = stage.cleared(*everybody)
    with ThreadPoolExecutor(8) as platform:
        answers = list(platform.map(lambda to: stage.gateway.send(to, clearance=token), everybody * 5))

    assert Counter(answer.status_code for answer in answers) == {202: 20, 403: 80}
    assert {reason for answer in answers if answer.is_error for reason in reasons(answer).values()} == {
        "already-admitted"
    }
    options = ("--seconds", "5")
    with proxy(
        stage.phones.sendsms_url, stage.server.url, stage.keys["salon"], stage.folder, *options, name="another"
    ) as another:  # as after a restart, or beside the first
        assert {another.send(to, clearance=token).status_code for to in everybody} == {403}
    assert stage.reached(*everybody) == everybody


def test_who_says_stop_between_clearance_and_sending_is_left_out_and_named(stage: Stage):
    chloe, david, emma = people(200, 3)
    token = stage.cleared(chloe, david)
    stage.phones.send(sender=chloe, to=OWN_CODE, text="STOP")
    assert "Salon Martin" in stage.phones.wait_for_reply(chloe, PHONE_SECONDS).text

    answer = stage.gateway.send(chloe, david, emma, clearance=token)
    assert (answer.status_code, answer.headers["x-refused"]) == (202, "2")
    assert answer.text.splitlines()[1:] == [f"Refused: {chloe} recalled", f"Refused: {emma} not-cleared"]
    alone = stage.gateway.send(chloe, clearance=token)
    assert (alone.status_code, reasons(alone)) == (403, {chloe: "recalled"})
    assert stage.reached(chloe, david, emma) == [chloe, david]  # Chloé has the confirmation of her STOP only
    assert [reply.text for reply in stage.phones.replies() if reply.to == chloe and "Soldes" in reply.text] == []


def test_while_the_registry_is_down_marketing_waits_and_alerts_go_on_the_standing_clearance(stage: Stage):
    fanny, gilles, hugo = people(300, 3)
    commercial, alert = stage.cleared(fanny), stage.cleared(gilles, purpose="emergency", campaign="intrusion")
    with stopped(stage.server):
        down = stage.gateway.send(fanny, clearance=commercial)
        assert (down.status_code, kind(down)) == (503, "registry-down")
        assert int(down.headers["retry-after"]) > 0
        assert stage.gateway.send(gilles, text="Confinement", clearance=alert).status_code == 202
        unasked = stage.gateway.send(hugo, text="Fin d'alerte", clearance=stage.standing, campaign="test", drill="1")
        assert unasked.status_code == 202
        assert stage.phones.wait_for_reply(gilles, PHONE_SECONDS).text == "Confinement"
        assert stage.phones.wait_for_reply(hugo, PHONE_SECONDS).text == "Fin d'alerte"
        assert stage.gateway.send(fanny, clearance=stage.standing, **{"from": "AUTRE"}).status_code == 403

    assert stage.wait_until_told("intrusion", "test") == [
        {"gateway": NAME, "count": 1, "campaign": "intrusion", "drill": False},
        {"gateway": NAME, "count": 1, "campaign": "test", "drill": True},
    ]
    later = stage.gateway.send(fanny, clearance=commercial)  # the very same call: nothing had been decided
    assert later.status_code == 202
    assert stage.reached(fanny, gilles, hugo) == [fanny, gilles, hugo]


@pytest.mark.parametrize(("profile", "status"), [("refuse", 503), ("send", 202)])
def test_while_the_registry_is_down_a_service_message_goes_as_the_profile_says(stage: Stage, profile: str, status: int):
    (lea,) = people(350 if profile == "send" else 360)
    with stopped(stage.server):  # it reads the profile anew when it starts
        stage.set_profile("service_unanswered", profile)
    service = stage.cleared(lea, purpose="service", text="Votre commande est prête.")
    with stopped(stage.server):
        assert stage.gateway.send(lea, text="Votre commande est prête.", clearance=service).status_code == status


def test_a_registry_that_does_not_answer_in_time_holds_up_no_alert(stage: Stage):
    irene, jean = people(400, 2)
    commercial, alert = stage.cleared(irene), stage.cleared(jean, purpose="emergency")
    os.killpg(stage.server.process.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert stage.gateway.send(irene, clearance=commercial).status_code == 503
        assert stage.gateway.send(jean, text="Confinement", clearance=alert).status_code == 202
        waited = time.monotonic() - started
        assert stage.phones.wait_for_reply(jean, PHONE_SECONDS).text == "Confinement"
        # The next ones do not each wait in vain.
        resumed = time.monotonic()
        assert {stage.gateway.send(jean, text=f"Point {n}", clearance=alert).status_code for n in range(5)} == {202}
        more = time.monotonic() - resumed
    finally:
        os.killpg(stage.server.process.pid, signal.SIGCONT)
        stage.server.wait_until_ready()
    assert SECONDS <= waited < 10
    assert more < 4 * SECONDS


def test_a_use_survives_the_end_of_the_gateway_and_is_told_by_the_next(stage: Stage):
    (kim,) = people(500)
    options = ("--standing", str(stage.folder / "standing"), "--seconds", str(SECONDS))
    with stopped(stage.server):
        with proxy(
            stage.phones.sendsms_url, stage.server.url, stage.keys["salon"], stage.folder, *options, name="ended"
        ) as ended:
            assert ended.send(kim, text="Alerte", clearance=stage.standing, campaign="seul").status_code == 202
        assert "+33" not in (ended.state / "uses.jsonl").read_text()
    with proxy(stage.phones.sendsms_url, stage.server.url, stage.keys["salon"], stage.folder, *options, name="ended"):
        assert len(stage.wait_until_told("seul")) == 1


def test_while_the_registry_answers_an_unchecked_alert_is_checked_and_recorded(stage: Stage):
    (leo,) = people(600)
    assert stage.gateway.send(leo, text="Alerte", clearance=stage.standing, campaign="incendie").status_code == 202

    def recorded(held):
        return held.fetchval("SELECT count(*) FROM check_record WHERE purpose = 'emergency' AND campaign = 'incendie'")

    assert with_connection(stage.database, recorded) == 1
    assert stage.reached(leo) == [leo]
    assert stage.told("incendie") == []


def test_an_ended_standing_clearance_is_refused_also_while_the_registry_is_down(stage: Stage):
    (maud,) = people(700)

    async def ended() -> str:
        async with open_registry(stage.settings, stage.database) as registry:
            given = await standing_clearances.issue(registry, ACTOR, SALON, [BRAND], [NAME], 10)
            await standing_clearances.revoke(registry, ACTOR, given.terms.jti, "Replaced")
            return given.token

    token = asyncio.run(ended())
    with proxy(
        stage.phones.sendsms_url, stage.server.url, stage.keys["salon"], stage.folder, name="informed"
    ) as informed:
        deadline = time.monotonic() + 20
        while not (informed.state / "denied-standing.jws").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        with stopped(stage.server):
            answer = informed.send(maud, text="Alerte", clearance=token)
    assert (answer.status_code, reasons(answer)) == (403, {maud: "revoked"})


def test_what_is_wrong_with_a_clearance_is_found_without_asking(stage: Stage):
    (nora,) = people(800)
    token = stage.cleared(nora)
    options = ("--route", "une-autre")
    with (
        proxy(
            stage.phones.sendsms_url, f"http://127.0.0.1:{free_port()}", "x", stage.folder, *options, name="far"
        ) as far,
    ):
        assert reasons(far.send(nora, clearance=token[:-4] + "AAAA")) == {nora: "token"}
        assert reasons(far.send(nora, clearance=token)) == {nora: "audience"}
    assert reasons(stage.gateway.send(nora, clearance=token, **{"from": "AUTRE"})) == {nora: "sender-id"}


@pytest.mark.parametrize(
    "query", ["", "text=a", "to=", "to=1&from=A&from=B", "to=1&clearance=a&clearance=b", "to=1&campaign=a%0A"]
)
def test_a_call_that_cannot_be_read_is_a_400(stage: Stage, query: str):
    answer = httpx.get(f"{stage.gateway.url}/cgi-bin/sendsms?{query}", trust_env=False)
    assert (answer.status_code, kind(answer)) == (400, "malformed-request")


def test_other_methods_and_addresses_are_refused(stage: Stage):
    assert httpx.post(f"{stage.gateway.url}/cgi-bin/sendsms", trust_env=False).status_code == 405
    assert httpx.get(f"{stage.gateway.url}/elsewhere", trust_env=False).status_code == 404


def behind(moody: MoodyKannel, stage: Stage, name: str):
    url = f"http://127.0.0.1:{moody.server_port}/cgi-bin/sendsms"
    return proxy(url, stage.server.url, stage.keys["salon"], stage.folder, name=name)


def test_what_kannel_did_not_take_goes_when_it_is_sent_again(stage: Stage):
    (olga,) = people(850)
    token = stage.cleared(olga)
    with MoodyKannel(503, 202) as moody, behind(moody, stage, "moody") as gateway:
        answers = [gateway.send(olga, clearance=token).status_code for _ in range(3)]
    assert (answers, len(moody.took)) == ([503, 202, 403], 2)


def test_what_kannel_perhaps_took_is_not_sent_again(stage: Stage):
    (paul,) = people(860)
    token = stage.cleared(paul)
    with MoodyKannel("hang", 202) as moody, behind(moody, stage, "hanging") as gateway:
        first, second = gateway.send(paul, clearance=token), gateway.send(paul, clearance=token)
    assert (first.status_code, kind(first)) == (504, "kannel-silent")
    assert (second.status_code, reasons(second), len(moody.took)) == (403, {paul: "already-admitted"}, 1)


def test_where_kannel_is_away_nothing_is_lost(stage: Stage):
    (rose,) = people(870)
    nowhere = f"http://127.0.0.1:{free_port()}/cgi-bin/sendsms"
    with proxy(nowhere, stage.server.url, stage.keys["salon"], stage.folder, name="lonely") as gateway:
        for _ in range(2):
            answer = gateway.send(rose, clearance=stage.cleared(rose))
            assert (answer.status_code, kind(answer)) == (503, "kannel-down")


def test_a_key_that_the_registry_does_not_take_decides_nothing(stage: Stage):
    (sara,) = people(880)
    token, alert = stage.cleared(sara), stage.cleared(sara, purpose="emergency")
    options = ("--standing", str(stage.folder / "standing"))
    with proxy(
        stage.phones.sendsms_url, stage.server.url, "sr_wrong", stage.folder, *options, name="keyless"
    ) as gateway:
        assert gateway.send(sara, clearance=token).status_code == 503
        assert gateway.send(sara, text="Alerte", clearance=alert).status_code == 202
    assert stage.reached(sara) == [sara]


def test_what_is_held_is_refused_by_number_and_passes_once_it_is_released(stage: Stage):
    (tom,) = people(890)
    token = stage.cleared(tom)
    asyncio.run(hold(stage))
    try:
        answer = stage.gateway.send(tom, clearance=token)
        assert (answer.status_code, reasons(answer)) == (403, {tom: "held"})
    finally:
        asyncio.run(hold(stage, release=True))
    assert stage.gateway.send(tom, clearance=stage.cleared(tom)).status_code == 202


async def hold(stage: Stage, *, release: bool = False) -> None:
    async with open_registry(stage.settings, stage.database) as registry:
        act = holding.release if release else holding.hold
        await act(registry, ACTOR, SALON, holding.WHOLE, "Wrong list")


def test_a_clearance_of_another_sender_is_refused_by_the_registry_itself(stage: Stage):
    (ulla,) = people(896)
    token = stage.cleared(ulla)
    with proxy(stage.phones.sendsms_url, stage.server.url, stage.keys["spa"], stage.folder, name="foreign") as foreign:
        answer = foreign.send(ulla, clearance=token)
    assert (answer.status_code, reasons(answer)) == (403, {ulla: "not-found"})


def readme(language: str) -> list[str]:
    """The blocks of the README's part for gateways."""
    text = (Path(__file__).parents[2] / "README.md").read_text().split("\n## Gateways", 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_lines_of_the_readme_verify_a_batch_offline(stage: Stage, tmp_path: Path):
    vera, walid = people(920, 2)
    (script,) = readme("python")
    (tmp_path / "verify.py").write_text(script)
    (tmp_path / "token").write_text(stage.cleared(vera, walid))

    def verified(*numbers: str, route: str = "agregateur") -> int:
        (tmp_path / "numbers").write_text("\n".join(numbers) + "\n")
        files = ("verify.py", "token", stage.folder / "jwks.json", "numbers")
        line = [sys.executable, *map(str, files), route]
        return subprocess.run(line, cwd=tmp_path, capture_output=True, check=False).returncode

    assert verified(walid, vera) == 0
    assert verified(vera) != 0
    assert verified(vera, walid, route="une-autre") != 0
    (tmp_path / "token").write_text(stage.standing)
    assert verified(vera, walid) != 0


def test_the_calls_of_the_readme_are_answered_as_it_says(stage: Stage):
    (anne,) = people(1)
    token = stage.cleared(anne)
    named = {"CLEARANCE_ID": claims(token)["jti"], "STANDING_ID": claims(stage.standing)["jti"]}
    environment = {**os.environ, **named, "REGISTRY": stage.server.url, "STOP_REGISTRY_KEY": stage.keys["salon"]}
    admission, use = (
        subprocess.run(["bash", "-ec", block], env=environment, capture_output=True, text=True, check=True).stdout
        for block in readme("sh")
    )
    assert admission == f'{{"send":["{anne}"],"refused":[]}}'
    assert json.loads(use)["use_id"] == "use-1"


def claims(token: str) -> dict:
    payload = token.split(".")[1]
    return json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_no_number_is_in_the_gateways_log(stage: Stage):
    log = stage.gateway.log.read_text()
    assert '"route":"/cgi-bin/sendsms"' in log
    assert "3363998" not in log
    assert "Soldes" not in log
