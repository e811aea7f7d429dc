"""What the client makes of the registry's answers: positions, sentences, patience, and no number in any error."""

import ssl

import numpy as np
import pytest

from app.client import Client, RefusedError, UnreachableError, Verdict, WrongCallError
from app.phone import read
from tests.unit.registry_peer import KEY, Peer, Reply, busy, problem, standing

TEXTS = ["0639980001", "+33 6 39 98 00 02", "0639980001", "pas un numéro", "06.39.98.00.02", "0639980003"]


@pytest.fixture
def peer() -> Peer:
    with standing(Peer()) as peer:
        yield peer


class Pauses(list):
    """Stands for sleeping: notes how long."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def asked(peer: Peer, texts: list[str], pauses: Pauses | None = None, **given: object) -> Verdict:
    options = {"url": peer.url, "key": KEY, "french": False} | given
    with Client(
        options.pop("url"), options.pop("key"), wait=pauses if pauses is not None else Pauses(), **options
    ) as client:
        answer = client.check({"campaign": "soldes"}, texts, idempotency_key="a-1-1")
        numbers = np.array([read(text).number for text in texts], dtype=np.int64)
        return client.verdict(answer, texts, numbers)


def reasons(verdict: Verdict) -> list[str]:
    return [verdict.reasons[code] for code in verdict.codes]


def answering(peer: Peer, withheld: dict[str, object], allowed: int, submitted: int = len(TEXTS)) -> None:
    counts = {"submitted": submitted, "allowed": allowed}
    peer.script.append(Reply(200, {"check_id": "chk_1", "counts": counts, "withheld": withheld, "clearance": None}))


def test_withheld_numbers_become_positions(peer: Peer) -> None:
    peer.opposed = {33639980002}
    verdict = asked(peer, TEXTS)
    assert reasons(verdict) == ["", "opted_out", "repeated", "invalid", "repeated", ""]


def test_every_occurrence_of_a_withheld_text_is_withheld(peer: Peer) -> None:
    answering(peer, {"opted_out": ["0639980001"], "invalid": [{"index": 3}]}, 3)
    assert reasons(asked(peer, TEXTS)) == ["opted_out", "", "opted_out", "invalid", "", ""]


def test_every_other_spelling_of_a_withheld_number_is_withheld(peer: Peer) -> None:
    answering(peer, {"opted_out": ["06.39.98.00.02"]}, 4)
    assert reasons(asked(peer, TEXTS)) == ["", "opted_out", "", "", "opted_out", ""]


def test_a_withheld_text_that_reads_as_no_number_is_found_by_its_letters(peer: Peer) -> None:
    answering(peer, {"opted_out": ["pas un numéro"]}, 5)
    assert reasons(asked(peer, TEXTS)) == ["", "", "", "opted_out", "", ""]


def test_quiet_hours_say_until_when(peer: Peer) -> None:
    group = {"territory": "RE", "opens_at": "2026-11-23T04:00:00Z", "rule": "after hours", "numbers": ["0639980003"]}
    answering(peer, {"quiet_hours": [group]}, 5)
    verdict = asked(peer, TEXTS)
    assert reasons(verdict)[5] == "quiet_hours"
    assert verdict.details == {5: "RE 2026-11-23T04:00:00Z after hours"}


def test_an_invalid_number_says_why_and_what_was_meant(peer: Peer) -> None:
    invalid = {"index": 3, "value": "x", "reason": "malformed-overseas", "suggestion": "+590690123456"}
    answering(peer, {"invalid": [invalid]}, 5)
    assert asked(peer, TEXTS).details == {3: "malformed-overseas +590690123456"}


def test_a_reason_of_a_later_version_withholds_as_well(peer: Peer) -> None:
    answering(peer, {"recalled": ["0639980001"], "held": [5]}, 3)
    assert reasons(asked(peer, TEXTS)) == ["recalled", "", "recalled", "", "", "held"]


@pytest.mark.parametrize(
    "withheld",
    [
        {"odd": [{"who": "0639980001"}]},
        {"odd": [None]},
        {"repeated": [99]},
        {"repeated": [-1]},
        {"odd": [{"numbers": [1]}]},
    ],
)
def test_an_answer_that_is_not_understood_allows_nobody(peer: Peer, withheld: dict[str, object]) -> None:
    answering(peer, withheld, 5)
    with pytest.raises(UnreachableError, match="nothing is allowed"):
        asked(peer, TEXTS)


def test_an_answer_that_allows_fewer_than_it_leaves_allows_nobody(peer: Peer) -> None:
    answering(peer, {"opted_out": ["0639980003"]}, 4)
    with pytest.raises(UnreachableError, match="nothing is allowed"):
        asked(peer, TEXTS)


def test_an_answer_about_another_batch_allows_nobody(peer: Peer) -> None:
    answering(peer, {}, 6, submitted=5)
    with pytest.raises(UnreachableError, match="nothing is allowed"):
        asked(peer, TEXTS)


def test_a_refusal_speaks_the_registrys_words(peer: Peer) -> None:
    peer.script.append(problem(409, "quiet-hours", "Hors des heures", "Les envois reprennent à 8 h."))
    with pytest.raises(RefusedError) as error:
        asked(peer, TEXTS, french=True)
    assert str(error.value) == "Hors des heures. Les envois reprennent à 8 h."
    assert error.value.exit_status == 1
    assert peer.calls[0].headers["accept-language"] == "fr"


def test_a_wrong_key_says_where_to_put_the_right_one(peer: Peer) -> None:
    with pytest.raises(WrongCallError, match="STOP_REGISTRY_KEY") as error:
        asked(peer, TEXTS, key="sr_wrong")
    assert error.value.exit_status == 2
    assert "sr_wrong" not in str(error.value)


@pytest.mark.parametrize("key", ["sr_clé", "sr_key\n", "sr_\x00"])
def test_a_key_that_no_header_can_carry_is_wrong_use(peer: Peer, key: str) -> None:
    with pytest.raises(WrongCallError, match="STOP_REGISTRY_KEY"):
        Client(peer.url, key)


def test_a_part_too_large_for_the_registry_says_how_to_make_it_smaller(peer: Peer) -> None:
    peer.script.append(problem(413, "too-large", "Too large", "At most 1,000."))
    with pytest.raises(WrongCallError, match="--chunk"):
        asked(peer, TEXTS)


def test_certificates_are_checked_however_the_scheme_is_written() -> None:
    with Client("HTTPS://registre.exemple.fr", KEY) as client:
        pool = client._http._transport._pool  # noqa: SLF001 - where the certificates are kept
        assert pool._ssl_context.verify_mode == ssl.CERT_REQUIRED  # noqa: SLF001 - likewise


@pytest.mark.parametrize(("status", "slug"), [(422, "too-early"), (429, "enumeration-budget")])
def test_a_no_of_any_status_is_a_refusal_and_is_not_asked_again(peer: Peer, status: int, slug: str) -> None:
    pauses = Pauses()
    peer.script.append(problem(status, slug, "Trop tôt", "Revenez demain.", Retry_After="3600"))
    with pytest.raises(RefusedError, match=r"Trop tôt\. Revenez demain\.") as error:
        asked(peer, TEXTS, pauses)
    assert (error.value.exit_status, pauses, len(peer.calls)) == (1, [], 1)


def test_a_value_that_cannot_be_used_is_wrong_use(peer: Peer) -> None:
    peer.script.append(problem(422, "incomplete-check", "Incomplete", "Give the short code."))
    with pytest.raises(WrongCallError, match=r"Incomplete\. Give the short code\."):
        asked(peer, TEXTS)


def test_a_busy_registry_is_asked_again_when_it_says_under_the_same_key(peer: Peer) -> None:
    pauses = Pauses()
    peer.script.extend([busy(503), busy(429), None])
    assert len(asked(peer, TEXTS, pauses).codes) == 6
    assert pauses == [7, 7]
    assert {call.idempotency_key for call in peer.calls} == {"a-1-1"}


def test_patience_has_an_end(peer: Peer) -> None:
    pauses = Pauses()
    peer.script.extend([busy()] * 20)
    with pytest.raises(UnreachableError, match="unavailable") as error:
        asked(peer, TEXTS, pauses)
    assert error.value.exit_status == 3
    assert (len(peer.calls), len(pauses)) == (6, 5)


def test_a_registry_that_asks_for_an_hour_is_not_waited_for_that_long(peer: Peer) -> None:
    pauses = Pauses()
    peer.script.extend([problem(429, "busy", "Busy", "Later.", Retry_After="3600"), None])
    asked(peer, TEXTS, pauses)
    assert pauses == [60]


def test_an_address_where_nobody_answers_is_told_at_once() -> None:
    pauses = Pauses()
    with standing(Peer()) as gone:
        pass
    with pytest.raises(UnreachableError, match=rf"{gone.url}.*--url") as error:
        asked(gone, TEXTS, pauses)
    assert error.value.exit_status == 3
    assert pauses == []


def test_something_else_at_the_address_is_told(peer: Peer) -> None:
    peer.script.append(Reply(200, b"<html>06 39 98 00 01</html>", content_type="text/html"))
    with pytest.raises(UnreachableError, match="no STOP registry") as error:
        asked(peer, TEXTS)
    assert "39" not in str(error.value).replace(peer.url, "")
    peer.script.append(Reply(404, b"<html>0639980001</html>", content_type="text/html"))
    with pytest.raises(WrongCallError, match="no STOP registry"):
        asked(peer, TEXTS)


@pytest.mark.parametrize(
    "url", ["registre.exemple.fr", "ftp://registre.exemple.fr", "http://", "https://a:b@[::1", "http://a b.fr"]
)
def test_an_unusable_address_is_wrong_use(url: str) -> None:
    with pytest.raises(WrongCallError, match="--url"):
        Client(url, KEY)


def test_a_password_in_the_address_is_not_shown() -> None:
    with pytest.raises(WrongCallError) as error:
        Client("ftp://me:secret@registre.exemple.fr", KEY)
    assert "secret" not in str(error.value)


def test_screening_asks_for_no_clearance(peer: Peer) -> None:
    with Client(peer.url, KEY) as client:
        client.check({}, ["0639980001"], idempotency_key="k", screen=True)
    assert peer.calls[0].path == "/v1/checks?mode=screen"


def test_a_clearance_is_given_back(peer: Peer) -> None:
    with Client(peer.url, KEY) as client:
        assert client.release("clr_1")
        peer.offers_release = False
        assert not client.release("clr_2")
    assert peer.released == ["clr_1", "clr_2"]


def test_no_proxy_of_the_environment_sees_a_call_to_this_machine(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert len(asked(peer, TEXTS).codes) == 6


def test_a_large_body_arrives_whole(peer: Peer) -> None:
    texts = [f"06399{n:05}" for n in range(60_000)]
    assert asked(peer, texts).codes.size == 60_000
    assert peer.calls[0].numbers == texts
    assert int(peer.calls[0].headers["content-length"]) > 2 * 256 * 1024
