"""Sums over ledger entries, and the report made of them."""

from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import pytest

from app import dossier, ledger
from app.dossier.figures import NAMES_MAX, OTHERS, day_is_open, weekday_is_open

ABOUT = dossier.About("Salon <Martin> & Fils", 3, "ab" * 32, datetime(2026, 11, 22, tzinfo=UTC), None, None)


def stop(at: str, delay: str | None = None, code: str | None = "36200", connection: str = "agregateur", **more):
    fields = {"kind": "stop", "effect": "opposed"} | more
    return ledger.OppositionEntry(
        index=0, recorded=delay or at, at=at, connection=connection, message="a0" * 16, person="b1" * 32, code=code,
        basis="dedicated", candidates=1, intent="STOP", rule="stop.keyword", classifier="1", **fields,
    )  # fmt: skip


def check(caller: str, campaign: str | None, submitted: int, opted_out: int):
    counts = ledger.Counts(submitted=submitted, allowed=submitted - opted_out, opted_out=opted_out)
    return ledger.CheckEntry(
        index=9, recorded="2026-11-20T10:00:00.000000Z", check="chk", caller=caller, purpose="marketing",
        campaign=campaign, evaluated_at=9, counts=counts, cleared=0, batch="0f" * 16,
    )  # fmt: skip


def figures(*entries) -> dossier.Figures:
    made = dossier.Figures()
    made.add(dossier.read([ledger.encode(entry) for entry in entries]))
    return made


def report(made: dossier.Figures) -> str:
    return dossier.html(dossier.documents(made, ABOUT), ABOUT.name).decode()


def test_a_stop_counts_on_the_local_day_and_hour_not_the_utc_one():
    # 23:30 UTC on Saturday 21 November 2026 is 00:30 on Sunday in Paris; in July the difference is two hours.
    made = figures(stop("2026-11-21T23:30:00.000000Z"), stop("2026-07-14T22:10:00.000000Z"))

    assert made.stops_by_day() == {date(2026, 7, 15): 1, date(2026, 11, 22): 1}
    assert made.stops_by_hour() == {(2, 0): 1, (6, 0): 1}


@pytest.mark.parametrize(
    ("at", "closed"),
    [
        ("2026-11-20T06:59:59.000000Z", 1),  # Friday, one second before 08:00
        ("2026-11-20T07:00:00.000000Z", 0),
        ("2026-11-20T18:59:59.999999Z", 0),
        ("2026-11-20T19:00:00.000000Z", 1),
        ("2026-11-21T08:30:00.000000Z", 1),  # Saturday, before 10:00
        ("2026-11-22T11:00:00.000000Z", 1),  # Sunday
        ("2026-11-11T11:00:00.000000Z", 1),  # a holiday on a Wednesday
        ("2026-11-18T11:00:00.000000Z", 0),  # the Wednesday after
    ],
)
def test_a_stop_outside_the_prudent_hours_is_counted_apart(at, closed):
    assert figures(stop(at)).stops_while_closed() == closed


def test_the_shading_is_the_policys():
    assert [weekday_is_open(0, hour) for hour in (7, 8, 19, 20)] == [False, True, True, False]
    assert not any(weekday_is_open(6, hour) for hour in range(24))
    assert not day_is_open(date(2026, 12, 25))


def test_delays_fall_into_classes_whose_upper_end_is_excluded():
    at = "2026-11-20T10:00:00.000000Z"
    ends = ["10:00:00.000000", "10:00:01.000000", "10:00:59.999999", "10:01:00.000000", "11:00:00.000000"]
    made = figures(*(stop(at, f"2026-11-20T{end}Z") for end in ends), stop(at, "2026-11-22T10:00:00.000000Z"))

    assert made.delays == [1, 1, 1, 1, 0, 1, 1]


def test_stops_are_counted_by_code_and_connection_and_starts_are_not():
    at = "2026-11-20T10:00:00.000000Z"
    made = figures(stop(at), stop(at, code=None, connection="kannel"), stop(at, kind="start", effect="lifted"))

    assert made.codes == {"36200": 1, "": 1}
    assert made.connections == {"agregateur": 1, "kannel": 1}
    assert (made.kinds["stop"], made.kinds["start"], made.effects["lifted"]) == (2, 1, 1)


def test_checks_are_counted_by_key_and_campaign():
    made = figures(check("crm", "soldes", 10, 2), check("crm", None, 5, 0), check("agence", "soldes", 1, 1))

    assert (made.checks["checks"], made.checks["submitted"], made.checks["opted_out"]) == (3, 16, 3)
    assert made.callers["crm"]["submitted"] == 15
    assert made.campaigns["soldes"]["opted_out"] == 3


def test_names_without_end_do_not_fill_the_memory():
    made = figures(*(check("crm", f"campagne {number}", 1, 0) for number in range(NAMES_MAX + 50)))

    assert len(made.campaigns) == NAMES_MAX + 1
    assert made.campaigns[OTHERS]["submitted"] == 50


@pytest.mark.parametrize("last", ["2026-11-21", "2027-05-02", "2031-01-31"])
def test_the_report_is_well_formed_in_both_languages_whatever_the_period(last):
    made = figures(stop("2026-11-20T10:00:00.000000Z"), stop(f"{last}T22:00:00.000000Z"), check("=k", "<b>", 3, 1))
    page = report(made)
    body = ET.fromstring(page[page.index("<body>") : page.index("</html>")])

    assert [article.get("lang") for article in body] == ["fr", "en"]
    assert "Salon &lt;Martin&gt; &amp; Fils" in page
    assert "<b>" not in page.replace("<b>2</b>", "").replace("<b>1</b>", "").replace("<b>0</b>", "")
    assert "<script" not in page


def test_an_empty_period_gives_a_report_that_says_so():
    page = report(figures())

    assert page.count("Rien dans cette période.") == page.count("Nothing in this period.") == 13
