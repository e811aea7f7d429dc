"""`sender set` writes any field of a profile, journalled and in the ledger; `sender show` prints it."""

import msgspec
import pytest

from app import senders
from app.errors import InvalidValueError, NotFoundError
from app.ledger import entry
from app.profile import Profile
from app.replies import Texts
from tests.e2e.profiles import forget_profiles
from tests.e2e.typed import Typed
from tests.world import SALON, World

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def nothing_decided(world: World) -> None:
    await forget_profiles(world)


async def profile(world: World) -> Profile:
    return (await world.registry.directory.sender(SALON)).profile


async def put(world: World, name: str, value: str) -> None:
    await senders.set_value(world.registry, "tests", SALON, name, value)


async def test_a_value_is_json_or_a_plain_text_and_null_is_the_default(world: World):
    for name, typed, read in (
        ("routes", '["agregateur","kannel"]', ("agregateur", "kannel")),
        ("routes", "agregateur", ("agregateur",)),
        ("campaigns", "2026", ("2026",)),
        ("short_code", "36111", "36111"),
        ("templates", '{"hiver":"Soldes STOP 36200"}', {"hiver": "Soldes STOP 36200"}),
        ("send_minutes", "30", 30),
        ("admissions", "true", True),
        ("policy", "af2m-2026", "af2m-2026"),
        ("opt_out_urls", "https://salon-martin.fr/stop", ("https://salon-martin.fr/stop",)),
        ("contact", '{"fr":"Edite par Salon Martin"}', Texts("Edite par Salon Martin")),
    ):
        await put(world, name, typed)
        assert getattr(await profile(world), name) == read
        await put(world, name, "null")
        assert getattr(await profile(world), name) == getattr(Profile(), name)


async def test_fields_stand_beside_each_other_and_what_another_release_keeps_stays(world: World):
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE sender SET profile = $2 WHERE slug = $1", SALON, '{"of_tomorrow":7}')
    await put(world, "send_minutes", "30")
    await put(world, "policy", "af2m-2026")
    async with world.registry.pool.acquire() as db:
        stored = await db.fetchval("SELECT profile FROM sender WHERE slug = $1", SALON)
    assert msgspec.json.decode(stored) == {"of_tomorrow": 7, "send_minutes": 30, "policy": "af2m-2026"}


async def test_who_set_what_is_journalled_and_an_entry_of_the_ledger(world: World):
    await put(world, "send_minutes", "30")
    await put(world, "templates", '{"hiver":"Soldes STOP 36200"}')
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT actor, subject, detail FROM admin_journal WHERE action = 'sender.set'")
        kept = await db.fetch("SELECT entry FROM ledger_entry ORDER BY sender_id, entry_index")
    assert [tuple(row) for row in rows] == [
        ("tests", SALON, '{"name":"send_minutes","value":"30"}'),
        ("tests", SALON, '{"name":"templates","value":"hiver"}'),
    ]
    notes = [read for row in kept if isinstance(read := entry.decode(row["entry"]), entry.NoteEntry)]
    told = [note.detail for note in notes if note.kind == "profile"]
    assert told == [
        {"name": "send_minutes", "value": "30", "by": "tests"},
        {"name": "templates", "value": "hiver", "by": "tests"},
    ]


async def test_hours_of_ones_own_are_set_before_the_policy_that_uses_them(world: World):
    week = {"days": [*["09:00-19:00"] * 6, None], "source": "Direction, 2026", "version": "1"}
    with pytest.raises(InvalidValueError, match="hours"):
        await put(world, "policy", "custom")
    with pytest.raises(InvalidValueError, match="seven"):
        await put(world, "hours", msgspec.json.encode(week | {"days": []}).decode())
    await put(world, "hours", msgspec.json.encode(week).decode())
    await put(world, "policy", "custom")
    with pytest.raises(InvalidValueError, match="hours"):
        await put(world, "hours", "null")


async def test_an_unknown_field_is_told_the_known_ones(world: World):
    with pytest.raises(InvalidValueError) as refused:
        await put(world, "sender_idz", "MARQUE")
    assert all(name in str(refused.value) for name in Profile.__struct_fields__)
    with pytest.raises(NotFoundError):
        await senders.set_value(world.registry, "tests", "nobody", "policy", "prudent")


async def test_what_a_field_cannot_hold_is_refused_unrepeated_and_nothing_changes(world: World):
    for name, value, told in (
        ("send_minutes", "soon", "integer"),
        ("send_minutes", "0", "1 to"),
        ("send_minutes_max", "100000", "1 to"),
        ("admissions", "perhaps", "boolean"),
        ("routes", "[36200]", "array"),
        ("short_code", "+33639980001", "3 to 8 digits"),
        ("policy", "lenient", "prudent"),
        ("language", "de", "fr"),
        ("templates", '{"hiver":" "}', "text"),
        ("templates", '{"+33639980001":"Soldes"}', "telephone"),
        ("campaigns", "+33639980001", "telephone"),
        ("campaigns", '["a\\u0000b"]', "visible"),
        ("allowed_classes", "grey", "direct"),
        ("allowed_countries", "France", "ISO 3166"),
        ("opt_out_urls", "stop", "address"),
        ("confirmation", '{"fr":"Vous n’êtes plus abonné"}', "GSM-7"),
    ):
        with pytest.raises(InvalidValueError, match=told) as refused:
            await put(world, name, value)
        assert "9980001" not in str(refused.value)
    assert await profile(world) == Profile()


async def test_the_commands_set_and_show(typed: Typed):
    done = await typed("sender", "set", SALON, "routes", "agregateur", "send_minutes", "30")
    assert (done.returncode, done.stdout) == (0, f"routes of {SALON}: set\nsend_minutes of {SALON}: set\n"), done.stderr
    shown = (await typed("sender", "show", SALON)).stdout.splitlines()
    assert [line.split("\t")[0] for line in shown] == list(Profile.__struct_fields__)
    assert 'routes\t["agregateur"]' in shown
    assert "send_minutes\t30" in shown
    assert 'policy\t"prudent"\tdefault' in shown
    wrong = await typed("sender", "set", SALON, "policy", "lenient")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert (await typed("sender", "set", SALON, "policy")).returncode == 2
