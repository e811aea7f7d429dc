"""A call of sendsms taken apart: what is ours comes out, everything else goes on byte for byte."""

import pytest

from app.gateway.calls import RECIPIENTS_MAX, read
from app.gateway.problems import Problem


def test_a_text_of_any_charset_goes_on_as_it_came():
    call = read(b"username=a&text=%e9t%E9+%00&charset=ISO-8859-1&to=%2B33639980001&clearance=x.y.z&coding=0", None)

    assert call.query(call.to) == "username=a&text=%e9t%E9+%00&charset=ISO-8859-1&coding=0&to=%2B33639980001"
    assert call.token == "x.y.z"


def test_several_recipients_are_parted_by_spaces_or_said_again():
    assert read(b"to=%2B33639980001+0639980002&to=0639980003%2006", None).to == (
        "+33639980001",
        "0639980002",
        "0639980003",
        "06",
    )


def test_only_those_who_are_admitted_go_on():
    call = read(b"to=%2B33639980001+0639980002&text=a", None)
    assert call.query(["+33639980001"]) == "text=a&to=%2B33639980001"


def test_the_header_goes_before_the_parameter():
    assert read(b"to=1&clearance=b", " a ").token == "a"
    assert read(b"to=1&clearance=", None).token is None


def test_what_is_for_us_does_not_reach_kannel_however_it_is_spelt():
    call = read(b"to=1&%63learance=a&cam%70aign=intrusion&drill=TRUE&text=a", None)
    assert (call.query(["1"]), call.token, call.campaign, call.drill) == ("text=a&to=1", "a", "intrusion", True)


def test_a_recipient_cannot_smuggle_in_a_parameter():
    call = read(b"to=1%26text%3Db&text=a", None)
    assert call.query(call.to) == "text=a&to=1%26text%3Db"


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"text=a",
        b"to=",
        b"to=+",
        b"to=1&from=A&from=B",
        b"to=1&clearance=a&clearance=b",
        b"to=\xe9",
        b"to=1&campaign=%00",
    ],
)
def test_what_cannot_be_read_is_refused(query: bytes):
    with pytest.raises(Problem) as refused:
        read(query, None)
    assert refused.value.status == 400


def test_recipients_are_bounded():
    assert len(read(b"to=" + b"+".join([b"1"] * RECIPIENTS_MAX), None).to) == RECIPIENTS_MAX
    with pytest.raises(Problem):
        read(b"to=" + b"+".join([b"1"] * (RECIPIENTS_MAX + 1)), None)
