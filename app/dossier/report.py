"""rapport.html: the period's figures and charts on paper-sized pages, in French and then in English, without script."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from html import escape

import msgspec

from app.dossier import charts
from app.dossier.charts import Bar
from app.dossier.figures import POLICY, REASONS, Figures, day_is_open, weekday_is_open
from app.dossier.words import ENGLISH, FRENCH

DAILY_DAYS_MAX = 62
WEEKLY_DAYS_MAX = 730
ROWS_MAX = 40
Words = Mapping[str, str]

_STYLE = """
@page { size: A4; margin: 14mm }
body { font: 11pt/1.45 system-ui, sans-serif; color: #1b1b1b; max-width: 760px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin: 0 0 .5rem } h2 { font-size: 1.1rem; margin: 1.6rem 0 .3rem; break-after: avoid }
article + article { break-before: page; margin-top: 3rem }
section { break-inside: avoid } svg { width: 100%; height: auto; display: block }
svg text { font-size: 11px; fill: #333 } svg text.on { fill: #fff }
.bar, .cell { fill: #1f5a8c } .cell { stroke: #d8d8d8; stroke-width: .5 }
.closed { fill: #000; fill-opacity: .1 } .axis { stroke: #888; fill: none }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0 }
dt { font-weight: 600 } dd { margin: 0; overflow-wrap: anywhere }
.key { display: grid; grid-template-columns: repeat(4, 1fr); gap: .6rem; margin: 1rem 0 }
.key div { border: 1px solid #ccc; border-radius: .4rem; padding: .5rem .7rem; break-inside: avoid }
.key b { display: block; font-size: 1.35rem } .key small, p small { color: #555 }
table { border-collapse: collapse; width: 100%; font-size: .85rem } caption { text-align: left }
th, td { border-bottom: 1px solid #ddd; padding: .2rem .3rem; text-align: right; vertical-align: bottom }
th { font-size: .75rem } th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere }
@media print { body { margin: 0; max-width: none; padding: 0 } * { print-color-adjust: exact } }
"""


class About(msgspec.Struct, frozen=True):
    """Whose ledger, which part of it, and when; size and root (hexadecimal) are those of the signed checkpoint."""

    name: str
    size: int
    root: str
    made_at: datetime
    start: datetime | None
    end: datetime | None


def report(figures: Figures, about: About) -> bytes:
    """Return the page."""
    articles = "".join(
        f'<article lang="{language}">{"".join(_article(figures, about, words))}</article>'
        for language, words in (("fr", FRENCH), ("en", ENGLISH))
    )
    title = escape(f"{FRENCH['title']} : {about.name}")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{_STYLE}</style></head>'
        f"<body>{articles}</body></html>\n"
    ).encode()


def _article(figures: Figures, about: About, words: Words) -> Iterator[str]:
    yield f"<h1>{escape(words['title'])}</h1>"
    yield _facts(about, words)
    yield f"<p><small>{escape(words['intro'])}</small></p>"
    yield _key_figures(figures, words)
    yield _by_day(figures, words)
    yield _by_hour(figures, words)
    delays = [Bar(label, value) for label, value in zip(words["delays"].split("|"), figures.delays, strict=True)]
    yield _chart(
        words, "delay", charts.rows(words["delay"], delays), words["delay_help"], empty=not sum(figures.delays)
    )
    yield _by_name(words, "by_code", figures.codes)
    yield _by_name(words, "by_connection", figures.connections)
    reasons = Counter({words[reason]: figures.checks[reason] for reason in REASONS})
    yield _by_name(words, "reasons", reasons)
    yield _checks_table(words, "by_caller", figures.callers)
    yield _checks_table(words, "by_campaign", figures.campaigns)


def _facts(about: About, words: Words) -> str:
    start = words["from"].format(start=f"{about.start:{words['date']}}") if about.start else ""
    end = words["to"].format(end=f"{about.end:{words['date']}}") if about.end else ""
    facts = {
        words["sender"]: about.name,
        words["period"]: (start + end).strip() or words["all"],
        words["made"]: f"{about.made_at:{words['date']} %H:%M:%S}",
        words["ledger"]: words["ledger_text"].format(size=_figure(about.size), root=about.root),
    }
    return f"<dl>{''.join(f'<dt>{escape(k)}</dt><dd>{escape(v)}</dd>' for k, v in facts.items())}</dl>"


def _key_figures(figures: Figures, words: Words) -> str:
    checks = figures.checks
    shown = (
        (words["stops"], figures.kinds["stop"], f"{_figure(figures.effects['opposed'])} {words['opposed']}"),
        (words["starts"], figures.kinds["start"], f"{_figure(figures.effects['lifted'])} {words['lifted']}"),
        (words["checks"], checks["checks"], f"{_figure(checks['submitted'])} {words['submitted']}"),
        (
            words["withheld"],
            checks["submitted"] - checks["allowed"],
            f"{_figure(checks['allowed'])} {words['allowed']}",
        ),
    )
    boxes = "".join(
        f"<div>{escape(name[:1].upper() + name[1:])}<b>{_figure(value)}</b><small>{escape(more)}</small></div>"
        for name, value, more in shown
    )
    return f'<div class="key">{boxes}</div>'


def _by_day(figures: Figures, words: Words) -> str:
    """Draw STOPs by day, or by week or month where days would be too many to read."""
    days = figures.stops_by_day()
    if not days:
        return _chart(words, "by_day", "", "", empty=True)
    first, last = min(days), max(days)
    span = (last - first).days + 1
    if span <= DAILY_DAYS_MAX:
        every = [first + timedelta(days=number) for number in range(span)]
        bars = [Bar(f"{day:%d/%m}", days.get(day, 0), shaded=not day_is_open(day)) for day in every]
        return _chart(words, "by_day", charts.columns(words["by_day"], bars), words["by_day_help"])
    title, begin = ("by_week", _monday) if span <= WEEKLY_DAYS_MAX else ("by_month", _first_of_month)
    sums: Counter[date] = Counter()
    for day in (first + timedelta(days=number) for number in range(span)):
        sums[begin(day)] += days.get(day, 0)
    pattern = words["date"] if title == "by_week" else words["month"]
    bars = [Bar(f"{start:{pattern}}", value) for start, value in sorted(sums.items())]
    return _chart(words, title, charts.columns(words[title], bars), "")


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _first_of_month(day: date) -> date:
    return day.replace(day=1)


def _by_hour(figures: Figures, words: Words) -> str:
    cells = figures.stops_by_hour()
    closed = frozenset((day, hour) for day in range(7) for hour in range(24) if not weekday_is_open(day, hour))
    drawn = charts.week(words["by_hour"], words["days"].split(), cells, closed)
    outside = f"{words['closed']} : {_figure(figures.stops_while_closed())}. "
    return _chart(words, "by_hour", drawn, outside + words["by_hour_help"], empty=not cells)


def _by_name(words: Words, title: str, values: Counter[str]) -> str:
    shown = [Bar(name or words["none"], value) for name, value in values.most_common(ROWS_MAX)]
    return _chart(words, title, charts.rows(words[title], shown), "", empty=not sum(values.values()))


def _checks_table(words: Words, title: str, sums: Mapping[str, Counter[str]]) -> str:
    if not sums:
        return _chart(words, title, "", "", empty=True)
    columns = ("checks", "submitted", "allowed", *REASONS)
    largest = sorted(sums.items(), key=lambda item: (-item[1]["submitted"], item[0]))
    head = "".join(f'<th scope="col">{escape(words[name].lower())}</th>' for name in ("name", *columns))
    rows = "".join(
        f"<tr><td>{escape(name or words['none'])}</td>{''.join(f'<td>{_figure(count[c])}</td>' for c in columns)}</tr>"
        for name, count in largest[:ROWS_MAX]
    )
    more = words["more"].format(count=len(sums) - ROWS_MAX) if len(sums) > ROWS_MAX else ""
    return _chart(words, title, f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>", more)


def _chart(words: Words, title: str, drawn: str, help_text: str, *, empty: bool = False) -> str:
    if empty:
        drawn, help_text = "", words["nothing"]
    text = escape(help_text.format(policy=POLICY.label))
    return f"<section><h2>{escape(words[title])}</h2>{drawn}<p><small>{text}</small></p></section>"


def _figure(value: int) -> str:
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
