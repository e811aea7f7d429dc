"""verifier.html as an auditor opens it: from the disk, by double click, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import dossier
from tests.e2e.browser import Browser, Page, browser
from tests.e2e.exports import VERIFIER, line, members_of, zipped

CLEAN = zipped(members_of([line(index) for index in range(30)]))
WRONG = 17
DAMAGED = CLEAN.replace(f'"index":{WRONG},"kind":"stop"'.encode(), f'"index":{WRONG},"kind":"stoq"'.encode())
VERDICT = """new Promise((done) => {
  const result = document.getElementById("result");
  const look = () => { if (result.className) done({ verdict: result.className, text: result.innerText }); };
  new MutationObserver(look).observe(result, { attributes: true, childList: true });
  look();
})"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def page(chromium: Browser, tmp_path: Path) -> Page:
    file = tmp_path / "verifier.html"
    file.write_bytes(dossier.asset("verifier.html"))
    return chromium.open(file.as_uri())


def verdict(page: Page, content: bytes, folder: Path, key: str = "") -> dict:
    file = folder / "export.zip"
    file.write_bytes(content)
    page.run(f"document.getElementById('key').value = {key!r}")
    page.choose_file("#file", file)
    return page.run(VERDICT)


def test_a_clean_export_is_shown_as_authentic(page, tmp_path):
    found = verdict(page, CLEAN, tmp_path, VERIFIER)

    assert found["verdict"] == "ok"
    assert "Authentique" in found["text"]
    assert VERIFIER in found["text"]
    assert "Salon Martin" in found["text"]


def test_without_a_key_the_page_says_what_that_proves(page, tmp_path):
    found = verdict(page, CLEAN, tmp_path)

    assert found["verdict"] == "ok"
    assert "Comparez cette clé" in found["text"]


def test_a_damaged_export_is_refused_and_its_first_wrong_entry_named(page, tmp_path):
    assert DAMAGED != CLEAN
    found = verdict(page, DAMAGED, tmp_path, VERIFIER)

    assert found["verdict"] == "no"
    assert f"Première entrée fausse : {WRONG}" in found["text"]


def test_the_page_speaks_english_when_asked_and_keeps_its_verdict(page, tmp_path):
    assert page.run("document.documentElement.lang") == "fr"
    verdict(page, DAMAGED, tmp_path)
    page.run("document.getElementById('language').click()")

    assert page.run("document.documentElement.lang") == "en"
    assert f"First wrong entry: {WRONG}" in page.run("document.getElementById('result').innerText")


def test_a_file_that_is_no_export_is_refused(page, tmp_path):
    assert verdict(page, b"no zip", tmp_path)["verdict"] == "no"


def test_without_ed25519_the_page_says_so_and_never_says_authentic(page, tmp_path):
    page.run("""crypto.subtle.importKey = async () => { throw new DOMException("no", "NotSupportedError"); }; 0""")
    found = verdict(page, CLEAN, tmp_path, VERIFIER)

    assert found["verdict"] == "wait"
    assert "Ed25519" in found["text"]
    assert "Authentique" not in found["text"]


def test_the_page_can_send_nothing(page):
    blocked = page.run("""new Promise((done) => {
      addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
      fetch("http://127.0.0.1:9/").catch(() => 0);
    })""")

    assert blocked == "connect-src"
