"""demo: the whole product in one command, on real parts: PostgreSQL, HTTP, signed webhooks, a check, a proof."""

import asyncio
import json
import logging
import os
import socket
import tempfile
from base64 import b64decode, b64encode
from hashlib import sha256
from hmac import digest
from pathlib import Path

import httpx
import msgspec
import rich_click as click
import uvicorn

from app import administration, audit, clock, evidence, logs, senders
from app.administration import ConnectionPlan
from app.auth import Role
from app.cli.administer import migrated
from app.cli.common import data_dir_option, database, plain_errors
from app.directory import Declaration, Link
from app.errors import UnavailableError
from app.registry import Registry
from app.server import create_asgi
from app.settings import Settings, default_data_dir, from_environ

SALON, SPA = "salon-martin", "spa-des-lilas"
SHARED_CODE, OWN_CODE = "36200", "36111"
CODES = {SALON: OWN_CODE, SPA: SHARED_CODE}
ACTOR = "demo"
START_SECONDS = 30
# The demo is watched at any hour, so its senders are open at all of them; a real sender begins with `prudent`.
OPEN_HOURS = {"days": ["00:00-24:00"] * 7, "sundays": "open", "holidays": "open", "source": "the demo", "version": "1"}
PROFILE = {"hours": OPEN_HOURS, "policy": "custom", "routes": ["agregateur"], "send_minutes": 30}
# 06 39 98 xx xx is the range that the numbering plan keeps for fiction.
ANNE, BRUNO, CHLOE, DAVID, EMMA = (f"+3363998000{last}" for last in range(1, 6))


class Story(msgspec.Struct):
    """What the demo works with once its registry is set up."""

    client: httpx.AsyncClient
    base: str
    registry: Registry
    signed: Link
    kannel: Link
    salon_key: str
    spa_key: str
    auditor_key: str


@click.command()
@click.option("--once", is_flag=True, help="End after the story instead of serving until Ctrl-C.")
@click.option("--port", default=8000, show_default=True, help="Another free one is taken when it is in use.")
@data_dir_option
@plain_errors
def demo(port: int, data_dir: Path | None, *, once: bool) -> None:
    """Watch a STOP go in, a check withhold it, and a proof verify; then keep serving until Ctrl-C.

    Everything is real: an embedded PostgreSQL in the data directory, signed webhooks over HTTP, an export.

    Example: stop-registry demo --once
    """
    logs.configure(logging.ERROR)  # the story speaks for itself
    settings = from_environ(os.environ, data_dir or default_data_dir(os.environ) / "demo")
    with database(settings) as address:
        asyncio.run(_run(settings, address, _free_port(port), once=once))


async def _run(settings: Settings, address: str, port: int, *, once: bool) -> None:
    for line in await migrated(settings, address, "demo.stop-registry.local", create_key=_is_new(settings)):
        _say(line)
    app = create_asgi(settings, address)
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        base = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as client:
            await _until_ready(client, serving)
            await _tell(settings, address, client, base)
        if not once:
            _say(f"\nServing on {base} until Ctrl-C. Data: {settings.data_dir}")
            await serving
    finally:
        server.should_exit = True
        await serving


def _is_new(settings: Settings) -> bool:
    return not settings.root_key_path.exists()


async def _until_ready(client: httpx.AsyncClient, serving: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            if serving.done():
                raise UnavailableError("The server ended while starting; its reason is in the lines above.")
            try:
                if (await client.get("/health/ready")).is_success:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)


async def _tell(settings: Settings, address: str, client: httpx.AsyncClient, base: str) -> None:
    from app.registry import open_registry

    # A second registry on the same database, as the command line would open it: the server learns of what it sets up.
    async with open_registry(settings, address) as registry:
        story = await _set_up(registry, client, base)
        await _people_answer(story)
        check_id = await _a_batch_is_checked(story)
        await _it_is_proven(story, check_id)
        _show_how(story, settings)


async def _set_up(registry: Registry, client: httpx.AsyncClient, base: str) -> Story:
    _say("\n1. Two senders: one short code shared by both, one of the salon's own.")
    for slug, name in ((SALON, "Salon Martin"), (SPA, "Spa des Lilas")):
        if await registry.directory.sender(slug) is None:
            await administration.add_sender(registry, ACTOR, slug, name)
    await administration.add_code(registry, ACTOR, SHARED_CODE, [SALON], ["martin"], "non surtaxé")
    await administration.add_code(registry, ACTOR, SHARED_CODE, [SPA], ["lilas"], "non surtaxé")
    await administration.add_code(registry, ACTOR, OWN_CODE, [SALON], [], "non surtaxé")
    signed = await _connection(
        registry, ConnectionPlan("agregateur", "standard_webhooks", codes=(SHARED_CODE, OWN_CODE))
    )
    kannel = await _connection(registry, ConnectionPlan("kannel", "kannel", codes=(SHARED_CODE, OWN_CODE)))
    _say(f"   {SALON} and {SPA} share {SHARED_CODE}; {OWN_CODE} is {SALON}'s alone.")
    await _let_send(registry)
    return Story(
        client=client,
        base=base,
        registry=registry,
        signed=signed,
        kannel=kannel,
        salon_key=await administration.issue_key(registry, ACTOR, Role.SENDER, "demo", [SALON]),
        spa_key=await administration.issue_key(registry, ACTOR, Role.SENDER, "demo", [SPA]),
        auditor_key=await administration.issue_key(registry, ACTOR, Role.AUDITOR, "demo", [SALON, SPA]),
    )


async def _let_send(registry: Registry) -> None:
    """Declare the routes, and give both senders a profile with which a check may name its numbers alone."""
    for slug in ("agregateur", "kannel"):
        declared = Declaration("direct", ("FR",), "demo", stop_returns=True)
        await administration.declare(registry, ACTOR, slug, declared)
    for slug, name, code in ((SALON, "MARTIN", OWN_CODE), (SPA, "LILAS", SHARED_CODE)):
        wanted = {**PROFILE, "short_code": code, "sender_ids": [name], "templates": {"hiver": f"Soldes. STOP {code}"}}
        for field, value in wanted.items():
            await senders.set_value(registry, ACTOR, slug, field, json.dumps(value))
    _say("   Their routes are declared, and their profiles say what every check of theirs goes out with.")


async def _connection(registry: Registry, plan: ConnectionPlan) -> Link:
    if await registry.directory.link(plan.slug) is None:
        await administration.add_connection(registry, ACTOR, plan)
    link = await registry.directory.link(plan.slug)
    if link is None:
        raise UnavailableError("The connection was added and is not there; start the demo again.")
    return link


async def _people_answer(story: Story) -> None:
    _say("\n2. People answer. Each line is a real webhook, signed and sent over HTTP.")
    run = clock.new_id("mo")
    await _signed_message(story, f"{run}-1", ANNE, SHARED_CODE, "STOP", "Anne says STOP to the shared code: both lists")
    await _signed_message(story, f"{run}-2", BRUNO, OWN_CODE, "arrêt svp", "Bruno says arrêt to the salon's own code")
    await _signed_message(story, f"{run}-3", CHLOE, SHARED_CODE, "STOP LILAS", "Chloé names the spa: its list only")
    await _signed_message(
        story, f"{run}-4", DAVID, SHARED_CODE, "Bonjour, à demain !", "David only says hello: nothing"
    )
    await _signed_message(
        story, f"{run}-1", ANNE, SHARED_CODE, "STOP", "The operator delivers Anne's STOP again: no news"
    )
    query = {"from": EMMA, "to": OWN_CODE, "text": "CONTACT", "id": f"{run}-5", "coding": "0", "charset": "UTF-8"}
    answer = await story.client.get(f"/v1/mo/kannel/{story.kannel.connection.token}", params=query)
    _say(f"   {answer.status_code}  Emma asks CONTACT and reads on her phone: {answer.text}")
    forged = await story.client.post("/v1/mo/agregateur", content=b"{}", headers=_headers("whsec_AAAA", "x", b"{}"))
    _say(f"   {forged.status_code}  A bad signature: refused, and kept sealed in quarantine")
    nonsense = b"\xff\xfe not JSON at all"
    secret = story.signed.connection.secrets[0]
    gibberish = await story.client.post(
        "/v1/mo/agregateur", content=nonsense, headers=_headers(secret, f"{run}-6", nonsense)
    )
    _say(f"   {gibberish.status_code}  Well signed gibberish: a retry cannot mend it, so it is taken and quarantined")


async def _signed_message(story: Story, message_id: str, sender: str, code: str, text: str, meaning: str) -> None:
    message = {"id": message_id, "from": sender, "to": code, "text": text, "received_at": clock.now()}
    body = msgspec.json.encode({"messages": [message]})
    headers = _headers(story.signed.connection.secrets[0], message_id, body)
    answer = await story.client.post("/v1/mo/agregateur", content=body, headers=headers)
    _say(f"   {answer.status_code}  {meaning}")
    if not answer.is_success:
        raise UnavailableError(f"The demo's own message was refused: {answer.text}")


def _headers(secret: str, message_id: str, body: bytes) -> dict[str, str]:
    """Sign as Standard Webhooks 1.0 says: HMAC-SHA-256 over id.timestamp.body."""
    stamp = str(int(clock.now().timestamp()))
    key = b64decode(secret.removeprefix("whsec_"))
    signature = b64encode(digest(key, f"{message_id}.{stamp}.".encode() + body, sha256)).decode()
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
    }


async def _a_batch_is_checked(story: Story) -> str:
    numbers = [ANNE, "06 39 98 00 02", "0033639980003", DAVID, "06.39.98.00.05", "12 34"]
    _say(f"\n3. Both senders check the same batch of {len(numbers)} before they send.")
    found, run = "", clock.random_bytes(3).hex()
    for name, key in ((SALON, story.salon_key), (SPA, story.spa_key)):
        # A run of its own each time: the same campaign or text again would be withheld as a duplicate.
        body = {"numbers": numbers, "campaign": f"soldes-{run}", "text": f"Soldes n° {run}. STOP {CODES[name]}"}
        answer = await story.client.post("/v1/checks", json=body, headers={"Authorization": f"Bearer {key}"})
        verdict = answer.raise_for_status().json()
        withheld = ", ".join(verdict["withheld"]["opted_out"])
        _say(f"   {name}: {verdict['counts']['allowed']} may be sent to; opposed: {withheld}")
        _say(f"   {' ' * len(name)}  not a number: {verdict['withheld']['invalid'][0]['value']!r}")
        found = found or verdict["check_id"]
    return found


async def _it_is_proven(story: Story, check_id: str) -> None:
    _say("\n4. The salon's auditor fetches the export and verifies it, without trusting us.")
    headers = {"Authorization": f"Bearer {story.auditor_key}"}
    answer = await story.client.get("/v1/audit/export", params={"sender": SALON}, headers=headers)
    sender = await administration.sender_named(story.registry, SALON)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "export.zip"
        file.write_bytes(answer.raise_for_status().content)
        report = evidence.verify_export(file, audit.verifier_key(story.registry, sender))
    if not report.ok:
        raise UnavailableError("The demo's own export does not verify: " + "; ".join(report.findings))
    _say(f"   {report.size} entries, every one under the signed root {report.root[:16]}…; {check_id} is among them.")


def _show_how(story: Story, settings: Settings) -> None:
    numbers = json.dumps({"numbers": [ANNE, DAVID], "campaign": "essai"})
    token = story.kannel.connection.token
    _say("\n5. Now you. A STOP, as the SMS gateway Kannel delivers it:")
    _say(f"   curl '{story.base}/v1/mo/kannel/{token}?from=%2B33639980004&to={OWN_CODE}&text=STOP&id=essai-1'")
    _say("   The salon's next check withholds David too:")
    _say(
        f"   curl {story.base}/v1/checks -H 'Authorization: Bearer {story.salon_key}' "
        f"-H 'Content-Type: application/json' -d '{numbers}'"
    )
    _say("   The proof, and its verification offline:")
    _say(
        f"   curl -o export.zip '{story.base}/v1/audit/export?sender={SALON}' "
        f"-H 'Authorization: Bearer {story.auditor_key}'"
    )
    _say("   stop-registry verify export.zip")
    _say(f"   (set things up with the other commands: stop-registry sender list --data-dir '{settings.data_dir}')")


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise UnavailableError("No port is free on 127.0.0.1.")


def _say(text: str) -> None:
    click.echo(text)
