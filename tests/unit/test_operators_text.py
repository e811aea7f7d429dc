"""Bytes become the text that the person wrote, whatever the link did to them."""

from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.operators import charsets
from app.operators.jasmin import data_coding
from app.operators.jasmin import decode as decode_pdu
from tests.unit.operator_samples import get, one, post

ARRET = "Arrêt – ça suffit €"


def kannel(raw: bytes, coding: str = "0", charset: str = "UTF-8") -> str:
    query = f"from=%2B33639980001&to=36200&text={quote_from_bytes(raw)}&coding={coding}"
    return one("kannel", get("/", query + (f"&charset={charset}" if charset else ""))).text


@pytest.mark.parametrize(
    ("raw", "coding", "charset"),
    [
        (ARRET.encode(), "0", "UTF-8"),
        (ARRET.encode("utf-16-be"), "2", "UTF-16BE"),
        (ARRET.encode("utf-16-be"), "2", ""),
        (ARRET.encode("utf-16-be"), "2", "UCS-2"),
        (ARRET.encode("utf-16-le"), "2", "UTF-16LE"),
        (b"\xfe\xff" + ARRET.encode("utf-16-be"), "2", "UTF-16BE"),
        (ARRET.encode("cp1252"), "0", "WINDOWS-1252"),
        (ARRET.encode("cp1252"), "0", "ISO-8859-1"),
        (ARRET.encode("cp1252"), "0", ""),
        (ARRET.encode("cp1252"), "1", "8-BIT"),
        (ARRET.encode(), "1", "8-BIT"),
        (ARRET.encode(), "0", "X-UNKNOWN"),
        (ARRET.encode(), "2", "UTF-8"),
    ],
)
def test_kannels_text_is_decoded_by_the_charset_it_declares(raw: bytes, coding: str, charset: str) -> None:
    assert kannel(raw, coding, charset) == ARRET


def test_kannels_ucs2_is_believed_even_where_its_bytes_are_ascii() -> None:
    assert kannel("停止".encode("utf-16-be"), "2", "UTF-16BE") == "停止"


def test_kannels_ucs2_of_odd_length_is_what_its_bytes_say() -> None:
    assert kannel(b"STOP!", "2", "UTF-16BE") == "STOP!"


def test_a_lone_surrogate_is_replaced_and_the_rest_is_kept() -> None:
    assert kannel(b"\x00S\xd8\x3d\x00T", "2", "UTF-16BE") == "S\ufffdT"
    body = b'{"from":"+33639980001","text":"ST\\ud83dOP \\ud83d\\uded1"}'
    assert one("generic", post("/", body)).text == "ST\ufffdOP \U0001f6d1"


def test_a_nul_is_replaced() -> None:
    assert one("generic", post("/", '{"from":"+33639980001","text":"ST\\u0000OP"}')).text == "ST\ufffdOP"
    assert kannel(b"ST\x00OP") == "ST\ufffdOP"


def test_a_kannel_header_of_a_part_is_read_raw_and_in_hexadecimal() -> None:
    for udh in ("%05%00%03%2A%03%02", "0500032A0302"):
        assert one("kannel", get("/", f"from=%2B33639980001&text=x&udh={udh}")).part == ("2a", 2, 3)


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("0500032a0302", ("2a", 2, 3)),
        ("06080401020302", ("0102", 2, 3)),
        ("0b05040b8423f00003070201", ("07", 1, 2)),
        ("0500032a0101", None),
        ("0500032a0203", None),
        ("0500032a0300", None),
        ("0500032a03", None),
        ("00", None),
        ("", None),
    ],
)
def test_a_user_data_header_says_which_part_it_is(header: str, part: tuple[str, int, int] | None) -> None:
    assert charsets.concatenation(bytes.fromhex(header)) == part


# 3GPP TS 23.038: code points of the default alphabet that differ from ASCII, and of its extension.
@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("00", "@"), ("01", "£"), ("02", "$"), ("04", "è"), ("05", "é"), ("06", "ù"), ("07", "ì"),
        ("08", "ò"), ("09", "Ç"), ("0b", "Ø"), ("0f", "å"), ("10", "Δ"), ("11", "_"), ("1c", "Æ"),
        ("1f", "É"), ("24", "¤"), ("40", "¡"), ("5b", "Ä"), ("5f", "§"), ("60", "¿"), ("7b", "ä"),
        ("7f", "à"), ("1b65", "€"), ("1b28", "{"), ("1b3d", "~"), ("1b40", "|"), ("1b41", "A"),
        ("411b", "A "), ("53544f50", "STOP"), ("0a0d", "\n\r"),
    ],
)  # fmt: skip
def test_gsm_text_is_read_by_its_own_alphabet(octets: str, text: str) -> None:
    assert charsets.decode_gsm(bytes.fromhex(octets)) == text


@pytest.mark.parametrize("raw", [b"0", b"\x00", b"", b"16", b"240", b"\xf1", b"\x10", b"0000"])
def test_jasmins_default_alphabet_is_gsm_in_every_spelling_of_its_coding(raw: bytes) -> None:
    assert decode_pdu(b"Arr\x05t", data_coding(raw)) == "Arrét"


@pytest.mark.parametrize("raw", [b"8", b"\x08", b"24", b"\x18"])
def test_jasmins_coding_eight_is_utf_16(raw: bytes) -> None:
    assert decode_pdu(ARRET.encode("utf-16-be"), data_coding(raw)) == ARRET


@pytest.mark.parametrize("text", ["STOP", "Arrêt", "stop svp", "désabonner", "Stop!"])
def test_jasmins_coding_eight_is_utf_8_where_only_that_makes_words(text: str) -> None:
    assert decode_pdu(text.encode(), 8) == text


@pytest.mark.parametrize("text", ["停止", "退订", "STOP", "Стоп", "توقف", "🛑", "“stop”"])
def test_utf_16_is_not_mistaken_for_utf_8(text: str) -> None:
    assert decode_pdu(text.encode("utf-16-be"), 8) == text


@pytest.mark.parametrize(
    ("coding", "charset"), [(3, "latin-1"), (1, "ascii"), (6, "iso8859-5"), (4, "utf-8"), (245, "utf-8")]
)
def test_jasmins_other_codings_have_their_charsets(coding: str, charset: str) -> None:
    text = "Стоп" if coding == 6 else "STOP" if coding == 1 else "Arrêt"
    assert decode_pdu(text.encode(charset), coding) == text


def test_jasmins_text_is_its_bytes_not_its_content() -> None:
    query = "from=33639980001&to=36200&content=%E2%80%A6&binary=53544f50&coding=0"
    assert one("jasmin", get("/", query)).text == "STOP"
    assert one("jasmin", get("/", "from=33639980001&content=Arr%05t&coding=0")).text == "Arrét"
    assert one("jasmin", get("/", "from=33639980001&content=STOP&binary=5354zz&coding=0")).text == "STOP"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"from=33639980001&text=Arr%EAt", "application/x-www-form-urlencoded; charset=ISO-8859-1"),
        (b"from=33639980001&text=Arr%EAt", "application/x-www-form-urlencoded"),
        (b"from=33639980001&text=Arr%C3%AAt", "application/x-www-form-urlencoded; charset=utf-8"),
        (b"\xef\xbb\xbffrom=33639980001&text=Arr%C3%AAt\r\n", "application/x-www-form-urlencoded"),
        ('{"from":"33639980001","text":"Arrêt"}'.encode("utf-8-sig"), "application/json"),
        ('{"from":"33639980001","text":"Arrêt"}'.encode("latin-1"), "application/json; charset=iso-8859-1"),
        ('{"from":"33639980001","text":"Arrêt"}'.encode("latin-1"), "application/json; charset=utf-8"),
        ('{"from":"33639980001","text":"Arrêt"}'.encode("utf-16"), "application/json"),
        ("<m><from>33639980001</from><text>Arrêt</text></m>".encode("utf-16"), "text/xml"),
        ("<m><from>33639980001</from><text>Arrêt</text></m>".encode("latin-1"), "text/xml; charset=latin1"),
        (
            '\ufeff<?xml version="1.0" encoding="utf-8"?><m><from>33639980001</from><text>Arrêt</text></m>'.encode(),
            "text/xml",
        ),
        (
            b"<?xml version='1.0' encoding='windows-1252'?><m><from>33639980001</from><text>Arr\xeat</text></m>",
            "text/xml",
        ),
    ],
)
def test_a_body_is_read_in_the_charset_it_came_in(body: bytes, content_type: str) -> None:
    assert one("generic", post("/", body, content_type=content_type)).text == "Arrêt"


def test_the_connections_charset_is_stronger_than_the_declared_one() -> None:
    request = post("/", b"from=33639980001&text=%A4", content_type="application/x-www-form-urlencoded; charset=utf-8")
    assert one("generic", request, charset="iso-8859-15").text == "€"


def test_text_is_kept_as_it_was_sent() -> None:
    for text in ("  Stop  ", "stop\r\n", "«Stop»", "<b>&amp;", '"', "a=b&c"):
        query = f"from=%2B33639980001&text={quote_from_bytes(text.encode())}"
        assert one("generic", get("/", query)).text == text


def test_xml_that_declares_entities_is_refused() -> None:
    bomb = '<!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><m><from>33639980001</from><text>&b;</text></m>'
    outside = '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><m><from>33639980001</from><text>&x;</text></m>'
    from app.operators import provider
    from tests.unit.operator_samples import connect

    for body in (bomb, outside):
        found = provider("generic").decode(post("/", body), connect("generic"))
        assert [item.reason for item in found.unreadable] == ["XML that declares entities"]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=70))
@settings(max_examples=100)
def test_any_text_survives_ucs2_through_kannel(text: str) -> None:
    sent = text.removeprefix("\ufeff") if text.startswith("\ufeff") else text
    if sent[:1] in {"\ufeff", "\ufffe"}:
        return
    assert kannel(sent.encode("utf-16-be"), "2", "UTF-16BE") == sent


@given(st.binary(max_size=80))
@settings(max_examples=100)
def test_any_bytes_make_some_text_that_can_be_stored(raw: bytes) -> None:
    for text in (
        charsets.decode(raw),
        charsets.decode_ucs2(raw),
        charsets.decode_ucs2(raw, doubtful=True),
        charsets.decode_gsm(raw),
    ):
        assert charsets.clean(text).encode().find(b"\x00") < 0
