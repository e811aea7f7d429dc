"""`doctor` judges the set-up: one line a finding, each with what to do, exit status 1 when something must be mended."""

import json
from pathlib import Path

import pytest

from app import administration, senders
from app.directory import Declaration
from app.doctor import CHECKS, Finding, Level, examine
from app.safeguards.profiles import fault
from tests.e2e.profiles import forget_profiles
from tests.e2e.typed import Typed
from tests.world import ACTOR, OWN_CODE, SALON, SHARED_CODE, SPA, World, settings_in

pytestmark = pytest.mark.anyio
GOOD = Declaration("direct", ("FR",), "C-17", stop_returns=True)
WHOLE = {
    "routes": "agregateur",
    "campaigns": "soldes",
    "sender_ids": "LILAS",
    "templates": '{"hiver":"Soldes STOP 36200"}',
    "send_minutes": "30",
}


@pytest.fixture(autouse=True)
async def nothing_decided(world: World) -> None:
    await forget_profiles(world)


async def set_up(world: World) -> None:
    """Bring both connections and the spa to where nothing is left to say."""
    for slug in ("agregateur", "kannel"):
        await administration.declare(world.registry, ACTOR, slug, GOOD)
    for name, value in WHOLE.items():
        await senders.set_value(world.registry, ACTOR, SPA, name, value)
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE alarm SET closed_at = now()")  # that an auditor was given a key has been seen


async def store(world: World, slug: str, **profile: object) -> None:
    """Write a profile past every check, as an older release or a hand may have."""
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE sender SET profile = $2 WHERE slug = $1", slug, json.dumps(profile))


async def found(world: World, database_url: str) -> list[Finding]:
    return [finding async for finding in examine(world.registry.settings, database_url)]


async def about(world: World, what: str) -> list[Finding]:
    return [finding for check in CHECKS for finding in await check(world.registry) if finding.what == what]


async def test_a_registry_that_is_set_up_has_nothing_but_oks(world: World, database_url: str):
    await set_up(world)
    findings = {finding.what: finding.level for finding in await found(world, database_url)}
    for what in ("database", "schema", "registry", "key", "spool", "alarms", f"sender {SPA}", "connection kannel"):
        assert findings[what] is Level.OK, what
    assert findings["durability"] is Level.WARN  # the tests' database forgets, and says so


async def test_the_command_prints_a_line_each_and_exits_by_what_must_be_mended(world: World, typed: Typed):
    await set_up(world)
    good = await typed("doctor")
    assert good.returncode == 0, good.stdout + good.stderr
    assert "ok database: it answers" in good.stdout
    assert f"warn sender {SALON}: each marketing check must give `short_code`" in good.stdout
    assert all(line.split(" ")[0] in {"ok", "warn"} for line in good.stdout.splitlines())
    await administration.add_sender(world.registry, ACTOR, "nouveau", "Nouveau")
    bad = await typed("doctor")
    assert bad.returncode == 1
    assert "FAIL sender nouveau: nobody can say STOP to it: `stop-registry code add" in bad.stdout


async def test_a_connection_nobody_declared_is_told_and_fails_whoever_sends_by_it(world: World):
    await set_up(world)
    await administration.declare(world.registry, ACTOR, "agregateur", Declaration())
    (connection,) = await about(world, "connection agregateur")
    assert (connection.level, "operator declare agregateur" in connection.told) == (Level.WARN, True)
    failures = await about(world, f"sender {SPA}")
    assert [one.level for one in failures] == [Level.FAIL] * 3
    assert "class unknown" in failures[0].told


async def test_what_a_declaration_lacks_is_told(world: World):
    for said, told in (
        (Declaration("direct", ("FR",), "", stop_returns=True), "GDPR art. 28"),
        (Declaration("direct", ("US",), "C-17", stop_returns=True), "US"),
        (Declaration("direct", ("FR",), "C-17", stop_returns=False), "no STOP comes back"),
    ):
        await administration.declare(world.registry, ACTOR, "kannel", said)
        (one,) = await about(world, "connection kannel")
        assert (one.level, told in one.told) == (Level.WARN, True), told


async def test_what_a_profile_gets_wrong_is_told(world: World):
    await set_up(world)
    whole = {"routes": ["agregateur"], "campaigns": ["soldes"], "sender_ids": ["LILAS"], "send_minutes": 30}
    whole["templates"] = {"hiver": "Soldes STOP 36200"}
    for profile, level, told in (
        ({"policy": "lenient"}, Level.FAIL, "`policy`"),
        ({"policy": "custom"}, Level.FAIL, "`hours`"),
        ({"sender_ids": ["0639980001"]}, Level.FAIL, "06 or 07"),
        ({"routes": ["nobody"]}, Level.FAIL, "no such connection"),
        ({"templates": {"a": "Soldes STOP 36111"}}, Level.FAIL, "36111"),
        ({"templates": {"a": "Soldes"}}, Level.WARN, "names no way"),
        ({"campaigns": []}, Level.WARN, "`campaign`"),
        ({"sectors": ["cpf"]}, Level.WARN, "cpf"),
        ({"stop_must_return": False}, Level.WARN, "grey"),
        ({"allowed_classes": ["direct", "unknown"]}, Level.WARN, "grey"),
    ):
        await store(world, SPA, **{**whole, **profile})
        (one,) = await about(world, f"sender {SPA}")
        assert (one.level, told in one.told) == (level, True), one
        assert "9980001" not in one.told


async def test_a_code_whose_answers_arrive_nowhere_fails(world: World, database_url: str):
    await set_up(world)
    await administration.add_code(world.registry, ACTOR, "36777", [SPA], [], "non surtaxé")
    told = [one for one in await found(world, database_url) if one.what.startswith("STOP channel ")]
    channels = {one.what.removeprefix("STOP channel "): one.level for one in told}
    assert channels == {SHARED_CODE: Level.OK, OWN_CODE: Level.OK, "36777": Level.FAIL}


async def test_an_open_alarm_and_a_held_sender_are_told(world: World, typed: Typed):
    async with world.registry.pool.acquire() as db:
        await db.execute(
            "INSERT INTO alarm (kind, subject, detail, opened_at) VALUES ('unknown-code', 'kannel', 'Add it.', now())"
        )
    (alarm,) = await about(world, "alarm unknown-code of kannel")
    assert (alarm.level, "Add it." in alarm.told) == (Level.WARN, True)
    assert (await typed("sender", "hold", SPA, "--reason", "enquête")).returncode == 0
    assert "held" in "".join(one.told for one in await about(world, f"sender {SPA}"))


async def test_what_waits_in_the_spool_fails(world: World, database_url: str, tmp_path: Path):
    own = world.registry.settings
    elsewhere = settings_in(tmp_path / "node", key_file=own.root_key_path, passphrase_file=own.passphrase_path)
    (tmp_path / "node" / "spool").mkdir(parents=True)
    (tmp_path / "node" / "spool" / "of-a-dead-process.segment").write_bytes(b"")
    (spool,) = [one async for one in examine(elsewhere, database_url) if one.what == "spool"]
    assert (spool.level, "stop-registry serve" in spool.told) == (Level.FAIL, True)


async def test_a_database_that_is_away_or_refuses_is_one_line_without_its_password(world: World, database_url: str):
    for url in ("postgresql://nobody:geheim@127.0.0.1:1/none", database_url.replace("/t_", "/gone_")):
        (one,) = await found(world, url)
        assert (one.level, one.what) == (Level.FAIL, "database")
        assert "geheim" not in str(one)


async def test_a_schema_that_is_behind_ends_the_examination(world: World, database_url: str):
    async with world.registry.pool.acquire() as db:
        await db.execute("DELETE FROM schema_migration WHERE number = (SELECT max(number) FROM schema_migration)")
    findings = await found(world, database_url)
    assert (findings[-1].what, findings[-1].level) == ("schema", Level.FAIL)
    assert "stop-registry migrate" in findings[-1].told


async def test_a_database_without_a_registry_and_a_key_that_is_not_its_own_are_told(
    world: World, database_url: str, migrated_database, tmp_path: Path
):
    with migrated_database() as empty:
        findings = await found(world, empty)
        assert (findings[-1].what, findings[-1].level) == ("registry", Level.FAIL)
    elsewhere = settings_in(tmp_path / "elsewhere")
    (*_, last) = [one async for one in examine(elsewhere, database_url)]
    assert (last.what, last.level) == ("key", Level.FAIL)
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE registry SET key_check = 'another'")
    (*_, last) = await found(world, database_url)
    assert (last.what, last.level) == ("key", Level.FAIL)
    assert "put the right file back" in last.told


async def test_profiles_of_the_world_hold_nothing_a_profile_may_not_hold(world: World):
    snapshot = await world.registry.directory.current()
    for sender in snapshot.senders.values():
        assert not [name for name in type(sender.profile).__struct_fields__ if fault(sender.profile, name)]
    assert set(snapshot.codes) == {SHARED_CODE, OWN_CODE}
