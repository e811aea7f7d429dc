"""The report before it is laid out: facts, key figures, sections, once in French and once in English."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from app.dossier.charts import Bar, Columns, Drawing, Line, Rows, Table, Times, Week, figure
from app.dossier.figures import POLICY, REASONS, Figures, Outage, day_is_open, weekday_is_open
from app.dossier.words import ENGLISH, FRENCH, KINDS, NAMES, typographic

DAILY_DAYS_MAX = 62
WEEKLY_DAYS_MAX = 730
ROWS_MAX = 40
LINES_MAX = 20
LABEL_CHARACTERS_MAX = 38
Words = Mapping[str, str]


class About(msgspec.Struct, frozen=True):
    """Whose ledger, which part of it, and when; size and root (hexadecimal) are those of the signed checkpoint.

    callers: what people call the keys, by id. connections: the provider of each connection, by slug.
    """

    name: str
    size: int
    root: str
    made_at: datetime
    start: datetime | None
    end: datetime | None
    callers: Mapping[str, str] = {}
    connections: Mapping[str, str] = {}


class KeyFigure(msgspec.Struct, frozen=True):
    """One of the figures that come first."""

    name: str
    value: str
    more: str


class Section(msgspec.Struct, frozen=True):
    """A heading, what is drawn below it, and what to know about it; without a drawing there was nothing to draw."""

    title: str
    drawing: Drawing | None
    note: str


class Document(msgspec.Struct, frozen=True):
    """The report in one language."""

    language: str
    title: str
    facts: tuple[tuple[str, str], ...]
    intro: str
    key: tuple[KeyFigure, ...]
    sections: tuple[Section, ...]


def documents(figures: Figures, about: About) -> tuple[Document, Document]:
    """Return the report in French and in English."""
    return _document("fr", figures, about, FRENCH), _document("en", figures, about, ENGLISH)


def _document(language: str, figures: Figures, about: About, words: Words) -> Document:
    made = Document(
        language,
        words["title"],
        tuple(_facts(about, words)),
        words["intro"],
        tuple(_key_figures(figures, words)),
        tuple(_sections(figures, about, words)),
    )
    return made if language != "fr" else msgspec.convert(typographic(msgspec.to_builtins(made)), Document)


def _sections(figures: Figures, about: About, words: Words) -> Iterator[Section]:
    yield _over_time(words, "by", {day: (count, 0) for day, count in figures.stops_by_day().items()})
    yield _by_hour(figures, words)
    delays = tuple(Bar(label, value) for label, value in zip(words["delays"].split("|"), figures.delays, strict=True))
    yield _section(words, "delay", Rows(delays) if sum(figures.delays) else None, words["delay_help"])
    yield _by_name(words, "by_code", figures.codes)
    providers = {slug: f"{slug} ({provider})" for slug, provider in about.connections.items()}
    yield _by_name(words, "by_connection", figures.connections, providers)
    yield _by_name(words, "by_basis", figures.bases, NAMES[words["language"]])
    yield _over_time(words, "checks", figures.asked_by_day())
    yield _by_name(words, "reasons", Counter({words[reason]: figures.checks[reason] for reason in REASONS}))
    yield _by_name(words, "by_purpose", figures.purposes, NAMES[words["language"]])
    yield _checks_table(words, "by_caller", figures.callers, about.callers)
    yield _checks_table(words, "by_campaign", figures.campaigns, {})
    yield _times(figures.outages, about, words)
    yield _outages(figures.outages, words)


def _facts(about: About, words: Words) -> Iterator[tuple[str, str]]:
    start = words["from"].format(start=f"{about.start:{words['date']}}") if about.start else ""
    end = words["to"].format(end=f"{about.end:{words['date']}}") if about.end else ""
    yield words["sender"], about.name
    yield words["period"], (start + end).strip() or words["all"]
    yield words["made"], f"{about.made_at:{words['date']} %H:%M:%S}"
    yield words["ledger"], words["ledger_text"].format(size=figure(about.size))
    yield words["root"], about.root


def _key_figures(figures: Figures, words: Words) -> Iterator[KeyFigure]:
    checks = figures.checks
    shown = (
        ("stops", figures.kinds["stop"], figures.effects["opposed"], "opposed"),
        ("starts", figures.kinds["start"], figures.effects["lifted"], "lifted"),
        ("checks", checks["checks"], checks["submitted"], "submitted"),
        ("withheld", checks["submitted"] - checks["allowed"], checks["allowed"], "allowed"),
    )
    for name, value, more, of in shown:
        title = words[name]
        yield KeyFigure(title[:1].upper() + title[1:], figure(value), f"{figure(more)} {words[of]}")


def _over_time(words: Words, title: str, days: Mapping[date, tuple[int, int]]) -> Section:
    """Draw values by day, or by week or month where days would be too many to read."""
    if not days:
        return _section(words, f"{title}_day", None, "")
    first, last = min(days), max(days)
    span = (last - first).days + 1
    if span <= DAILY_DAYS_MAX:
        every = [first + timedelta(days=number) for number in range(span)]
        bars = [Bar(f"{day:%d/%m}", *days.get(day, (0, 0)), shaded=not day_is_open(day)) for day in every]
        return _section(words, f"{title}_day", Columns(tuple(bars)), words[f"{title}_day_help"])
    by, begin = ("week", _monday) if span <= WEEKLY_DAYS_MAX else ("month", _first_of_month)
    bars = _summed(days, begin, words["date"] if by == "week" else words["month"])
    return _section(words, f"{title}_{by}", Columns(tuple(bars)), words.get(f"{title}_help", ""))


def _summed(days: Mapping[date, tuple[int, int]], begin: Callable[[date], date], pattern: str) -> list[Bar]:
    first, last = min(days), max(days)
    sums = {begin(first + timedelta(days=number)): [0, 0] for number in range((last - first).days + 1)}
    for day, (value, part) in days.items():
        sums[begin(day)][0] += value
        sums[begin(day)][1] += part
    return [Bar(f"{start:{pattern}}", value, part) for start, (value, part) in sorted(sums.items())]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _first_of_month(day: date) -> date:
    return day.replace(day=1)


def _by_hour(figures: Figures, words: Words) -> Section:
    cells = figures.stops_by_hour()
    week = Week(
        tuple(words["days"].split()),
        tuple(tuple(cells.get((day, hour), 0) for hour in range(24)) for day in range(7)),
        tuple(tuple(not weekday_is_open(day, hour) for hour in range(24)) for day in range(7)),
    )
    outside = f"{words['closed']}{words['colon']} {figure(figures.stops_while_closed())}. "
    return _section(words, "by_hour", week if cells else None, outside + words["by_hour_help"])


def _by_name(words: Words, title: str, values: Counter[str], names: Mapping[str, str] | None = None) -> Section:
    known = names or {}
    bars = tuple(
        Bar(_short(known.get(name, name)) or words["none"], value) for name, value in values.most_common(ROWS_MAX)
    )
    return _section(words, title, Rows(bars) if sum(values.values()) else None, "")


def _checks_table(words: Words, title: str, sums: Mapping[str, Counter[str]], names: Mapping[str, str]) -> Section:
    if not sums:
        return _section(words, title, None, "")
    columns = ("checks", "submitted", "allowed", *REASONS)
    largest = sorted(sums.items(), key=lambda item: (-item[1]["submitted"], item[0]))
    head = tuple(words[name].lower() for name in ("name", *columns))
    rows = tuple(
        (names.get(name, name) or words["none"], *(figure(count[column]) for column in columns))
        for name, count in largest[:ROWS_MAX]
    )
    more = words["more"].format(count=len(sums) - ROWS_MAX) if len(sums) > ROWS_MAX else ""
    return _section(words, title, Table(head, rows), more)


def _times(outages: Sequence[Outage], about: About, words: Words) -> Section:
    """Draw when something was amiss, within the period or, where that is open, from the first alarm until now."""
    start = about.start or min((outage.opened_at for outage in outages), default=about.made_at)
    end = min(about.end or about.made_at, about.made_at)
    length = (end - start).total_seconds()
    if not outages or length <= 0:
        return _section(words, "outages", None, "")
    spans: dict[str, list[tuple[float, float]]] = {}
    for outage in outages:
        label = f"{KINDS[words['language']].get(outage.kind, outage.kind)}, {outage.subject}"
        opened, closed = outage.opened_at, outage.closed_at or end
        ends = [min(max((at - start).total_seconds() / length, 0.0), 1.0) for at in (opened, closed)]
        spans.setdefault(label, []).append((ends[0], ends[1]))
    lines = tuple(Line(_short(label), tuple(found)) for label, found in list(spans.items())[:LINES_MAX])
    pattern = words["date"] + " %H:%M"
    return _section(words, "outages", Times(f"{start:{pattern}}", f"{end:{pattern}}", lines), words["outages_help"])


def _short(label: str) -> str:
    """Return a name that fits beside its bar; tables and CSVs have it whole."""
    return label if len(label) <= LABEL_CHARACTERS_MAX else label[: LABEL_CHARACTERS_MAX - 1] + "…"


def _outages(outages: Sequence[Outage], words: Words) -> Section:
    if not outages:
        return _section(words, "outage_list", None, "")
    head = tuple(words[name] for name in ("kind", "subject", "opened", "ended", "lasted"))
    rows = tuple(_outage(outage, words) for outage in outages[-ROWS_MAX:])
    more = words["more_outages"].format(count=len(outages) - ROWS_MAX) if len(outages) > ROWS_MAX else ""
    return _section(words, "outage_list", Table(head, rows, left=len(head)), more)


def _outage(outage: Outage, words: Words) -> tuple[str, ...]:
    pattern = words["date"] + " %H:%M:%S"
    kind = KINDS[words["language"]].get(outage.kind, outage.kind)
    if outage.closed_at is None:
        return kind, outage.subject, f"{outage.opened_at:{pattern}}", words["still"], ""
    minutes, seconds = divmod(int((outage.closed_at - outage.opened_at).total_seconds()), 60)
    lasted = f"{minutes // 60} h {minutes % 60:02} min {seconds:02} s"
    return kind, outage.subject, f"{outage.opened_at:{pattern}}", f"{outage.closed_at:{pattern}}", lasted


def _section(words: Words, title: str, drawing: Drawing | None, note: str) -> Section:
    text = words["nothing"] if drawing is None else note
    return Section(words[title], drawing, text.format(policy=POLICY.label))
