"""What an export holds for people: the report on paper, the article 30 record, and the tables beside the ledger's."""

import csv
import io
import sys
import zipfile
from datetime import UTC, datetime

import msgspec
import pytest

from app import administration, audit, dossier, evidence, ledger, senders
from app.administration import ConnectionPlan
from app.alarms import Kind
from app.audit.printing import FAILED, NOT_INSTALLED, printed
from app.auth import Role
from app.directory import Declaration
from app.dossier import register
from tests.world import ACTOR, OWN_CODE, SALON, SPA, message, signed

pytestmark = pytest.mark.anyio
ANNE = "+33639980001"
MADE = datetime(2026, 11, 22, 9, 30, 15, 123456, tzinfo=UTC)
ABOUT = dossier.About("Salon Martin", 0, "ab" * 32, MADE, None, None)
KNOWN = register.Configuration(
    sender="Salon Martin", controller="", dpo="dpo@salon.example", registry="registre.example.fr", processor="",
    made_at=MADE, vendors=[register.Vendor("k1", "Agence <Dupont>", MADE, None)],
    routes=[
        register.Route("agregateur", "kannel", ("36200",), "direct", "C-2026-7", ("FR", "US")),
        register.Route("muet", "kannel", ("36200",)),
    ],
    review_days=30, quarantine_days=30, journal_days=270, contact_days=91, lookback_hours=72,
)  # fmt: skip


async def exported(world, tmp_path, name="export.zip", **query):
    answer = await world.client.get(
        "/v1/audit/export", params={"sender": SALON, **query}, headers=world.bearer("auditor")
    )
    assert answer.status_code == 200
    file = tmp_path / name
    file.write_bytes(answer.content)
    report = evidence.verify_export(file, audit.verifier_key(world.registry, await salon(world)))
    assert report.findings == ()
    return zipfile.ZipFile(file)


async def salon(world):
    return await world.registry.directory.sender(SALON)


def table(zipped, name):
    return list(csv.reader(io.StringIO(zipped.read(name).decode("utf-8-sig"), newline=""), delimiter=";"))


def job(figures=None):
    documents = dossier.documents(figures or dossier.Figures(), ABOUT)
    return dossier.job(dossier.asset("rapport.typ"), documents, ABOUT.name, MADE)


async def test_the_report_is_printed_and_signed_like_the_rest(world, tmp_path):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    zipped = await exported(world, tmp_path)
    manifest = msgspec.json.decode(zipped.read("manifest.json"), type=ledger.Manifest)

    assert zipped.read("rapport.pdf").startswith(b"%PDF-1.")
    assert {"rapport.pdf", "rapport.html", "registre-article-30.html"} <= manifest.members.keys()
    assert "rapport.pdf" not in manifest.about


async def test_the_same_figures_give_the_same_paper_to_the_byte():
    first, second = await printed(job()), await printed(job())

    assert first == second
    assert b"2026" in first


async def test_without_the_typesetter_the_export_goes_on_and_says_so(world, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)  # as where it is not installed
    zipped = await exported(world, tmp_path)
    manifest = msgspec.json.decode(zipped.read("manifest.json"), type=ledger.Manifest)

    assert "rapport.pdf" not in zipped.namelist()
    assert manifest.about["rapport.pdf"] == NOT_INSTALLED


async def test_a_report_that_cannot_be_typeset_is_no_paper():
    assert await printed(msgspec.structs.replace(job(), source="#panic()")) == FAILED


async def test_what_the_figures_name_is_never_run_by_the_typesetter():
    figures = dossier.Figures()
    figures.codes['#panic("run") $ \\ ]'] = 3
    paper = await printed(job(figures))

    assert isinstance(paper, bytes)


async def test_the_keys_that_could_act_are_listed_with_who_gave_and_who_took_them(world, tmp_path):
    vendor = world.keys["vendor"].split("_")[1]
    await administration.revoke_key(world.registry, "chef", vendor)
    await administration.issue_key(world.registry, ACTOR, Role.SENDER, "=SOMME(A1)", [SALON])
    rows = {row[2]: row for row in table(await exported(world, tmp_path), "habilitations.csv")[1:]}

    assert rows.keys() == {"salon", "agency", "vendor", "auditor", "admin", "'=SOMME(A1)"}  # not the spa's
    assert rows["vendor"][0] == vendor
    assert (rows["vendor"][4], rows["vendor"][7]) == (ACTOR, "chef")
    assert datetime.strptime(rows["vendor"][6], "%d/%m/%Y %H:%M:%S").replace(tzinfo=UTC) <= datetime.now(UTC)
    assert rows["agency"][1] == "delegate"


async def test_a_key_that_ended_before_the_period_is_not_listed(world, tmp_path):
    await administration.revoke_key(world.registry, ACTOR, world.keys["vendor"].split("_")[1])
    zipped = await exported(world, tmp_path, **{"from": "2100-01-01T00:00:00Z"})

    assert "vendor" not in {row[2] for row in table(zipped, "habilitations.csv")}


async def test_who_looked_and_who_administered_is_listed(world, tmp_path):
    await exported(world, tmp_path, "first.zip")
    rows = table(await exported(world, tmp_path), "acces.csv")[1:]
    auditor = world.keys["auditor"].split("_")[1]

    assert [row[2] for row in rows if row[3] == "export"] == [auditor, auditor]
    assert {"sender.add", "code.add", "operator.add", "key.issue"} <= {row[3] for row in rows}


async def test_who_was_looking_at_people_is_listed_and_two_senders_lists_cannot_be_joined_by_it(world, tmp_path):
    for key in ("auditor", "spa-auditor"):
        if key not in world.keys:
            world.keys[key] = await administration.issue_key(world.registry, ACTOR, Role.AUDITOR, key, [SPA])
        about = {"numbers": ["+33639980001"], "reference": f"of {key}"}
        answer = await world.client.post("/v1/audit/subjects", json=about, headers=world.bearer(key))
        assert answer.status_code == 200
    zipped = await exported(world, tmp_path)
    rows = [row for row in table(zipped, "acces.csv")[1:] if row[3].startswith("subject.")]

    assert {(row[3], row[4]) for row in rows} == {("subject.read", "of auditor")}
    assert not any("persons" in cell for row in rows for cell in row)


async def test_acts_in_the_ledger_are_listed_as_they_stand_there(world, tmp_path):
    await exported(world, tmp_path, "first.zip")
    zipped = await exported(world, tmp_path)
    lines = [ledger.decode(line) for line in zipped.read("ledger.jsonl").splitlines()]
    notes = [str(entry.index) for entry in lines if isinstance(entry, ledger.NoteEntry)]
    rows = table(zipped, "actes.csv")[1:]

    assert [row[0] for row in rows] == notes
    assert rows[-1][2] == "export"


async def test_alarms_of_this_sender_and_of_the_whole_registry_are_listed_and_others_are_not(world, tmp_path):
    await administration.add_code(world.registry, ACTOR, "36999", [SPA], [], "non surtaxé")
    plan = ConnectionPlan("lilas-direct", "kannel", token="un-autre-jeton", codes=("36999",))
    await administration.add_connection(world.registry, ACTOR, plan)
    await administration.issue_key(world.registry, ACTOR, Role.AUDITOR, "Spa", [SPA])
    for kind, subject in (
        (Kind.BAD_SIGNATURE, "agregateur"),
        (Kind.BAD_SIGNATURE, "lilas-direct"),
        (Kind.STOP_CHANNEL_DEAD, f"{OWN_CODE} agregateur"),
        (Kind.STOP_CHANNEL_DEAD, "36200 lilas-direct"),
        (Kind.STOP_STORM, f"{SPA}: soldes"),
        (Kind.ANSWER_DUE, "plainte-12"),
        (Kind.DATABASE_AWAY, "noeud-1"),
    ):
        world.registry.alarms.raise_alarm(kind, subject, f"quelque chose à {subject} et {SPA}")
    await world.registry.alarms.flush()
    world.registry.alarms.close_alarm(Kind.DATABASE_AWAY, "noeud-1")
    await world.registry.alarms.flush()
    zipped = await exported(world, tmp_path)
    rows = table(zipped, "incidents.csv")[1:]

    assert [(row[1], row[2]) for row in rows if row[1] != "rights-granted"] == [
        ("bad-signature", "agregateur"),
        ("stop-channel-dead", f"{OWN_CODE} agregateur"),
        ("database-away", "noeud-1"),
    ]
    assert {row[2] for row in rows if row[1] == "rights-granted"} == {world.keys["auditor"].split("_")[1]}
    assert rows[-1][5] == "0"
    assert "Base injoignable, noeud-1" in zipped.read("rapport.html").decode()


async def test_the_quarantine_is_counted_and_its_content_stays(world, tmp_path):
    body = msgspec.json.encode({"messages": [message("mo-1", ANNE, "STOP", OWN_CODE)]})
    headers = signed(body, "whsec_" + "QUJD" * 8)
    for _ in range(2):
        await world.client.post("/v1/mo/agregateur", content=body, headers=headers)
    zipped = await exported(world, tmp_path)
    rows = table(zipped, "quarantaine.csv")[1:]

    assert [row[1:] for row in rows] == [["agregateur", "not-authentic", "1", "2"]]
    assert rows[0][0] == f"{datetime.now(UTC):%d/%m/%Y}"
    assert ANNE.encode()[3:] not in b"".join(zipped.read(name) for name in zipped.namelist())


async def test_no_other_sender_is_named_anywhere(world, tmp_path):
    await administration.issue_key(world.registry, ACTOR, Role.DELEGATE, "Agence", [SALON, SPA])
    await administration.issue_key(world.registry, ACTOR, Role.AUDITOR, "Contrôle", [SALON, SPA])
    await world.registry.alarms.flush()
    await world.mo(message("mo-1", ANNE, "STOP"))
    await world.check("agency", [ANNE], sender=SALON, campaign="hiver")
    zipped = await exported(world, tmp_path)

    for name in zipped.namelist():
        content = zipped.read(name)
        assert SPA.encode() not in content, name
        assert b"Spa des Lilas" not in content, name


def test_the_article_30_record_says_what_is_known_and_what_is_not():
    page = register.html(KNOWN).decode().replace("\N{NO-BREAK SPACE}", " ")

    assert "Liste des oppositions" in page
    assert "Relevé des consultations et des contacts autorisés" in page
    assert "dpo@salon.example" in page
    assert f"coordonnées : {register.TO_FILL_IN}" in page
    assert "Agence &lt;Dupont&gt;" in page
    assert "C-2026-7" in page
    assert "agregateur : vers US : base du transfert" in page
    assert "muet : pays non déclarés" in page
    assert "91 jours" in page


async def test_the_article_30_record_is_made_from_what_was_configured(world, tmp_path):
    declared = Declaration("partner", ("FR", "IE"), "CONTRAT-42", stop_returns=True)
    await administration.declare(world.registry, ACTOR, "agregateur", declared)
    await senders.set_value(world.registry, ACTOR, SALON, "dpo", "dpo@salon.example")
    page = (await exported(world, tmp_path)).read("registre-article-30.html").decode()

    assert "CONTRAT-42" in page
    assert "FR, IE" in page
    assert "aucun (EEE)" in page
    assert "dpo@salon.example" in page
    assert "vendor" in page


def test_the_article_30_record_is_a_table_too():
    content, count = register.csv(KNOWN)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))

    assert len(rows) == count + 1
    assert {len(row) for row in rows} == {3}
