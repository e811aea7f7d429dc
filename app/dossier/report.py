"""rapport.html: the period's figures and charts on paper-sized pages, in French and then in English, without script."""

from collections.abc import Iterator, Sequence
from html import escape

from app.dossier import svg
from app.dossier.charts import Table
from app.dossier.pages import Document, Section

STYLE = """
@page { size: A4; margin: 14mm }
body { font: 11pt/1.45 system-ui, sans-serif; color: #1b1b1b; max-width: 760px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin: 0 0 .5rem } h2 { font-size: 1.1rem; margin: 1.6rem 0 .3rem; break-after: avoid }
article + article { break-before: page; margin-top: 3rem }
section { break-inside: avoid } section table { margin-top: .6rem } svg { width: 100%; height: auto; display: block }
svg text { font-size: 11px; fill: #333 } svg text.on { fill: #fff }
.bar, .cell { fill: #1f5a8c } .part { fill: #0c2a45 } .cell { stroke: #d8d8d8; stroke-width: .5 }
.closed { fill: #000; fill-opacity: .1 } .axis { stroke: #888; fill: none }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0 }
dt { font-weight: 600 } dd { margin: 0; overflow-wrap: anywhere }
.key { display: grid; grid-template-columns: repeat(4, 1fr); gap: .6rem; margin: 1rem 0 }
.key div { border: 1px solid #ccc; border-radius: .4rem; padding: .5rem .7rem; break-inside: avoid }
.key b { display: block; font-size: 1.35rem } .key small, p small { color: #555 }
table { border-collapse: collapse; width: 100%; font-size: .85rem } caption { text-align: left }
th, td { border-bottom: 1px solid #ddd; padding: .2rem .3rem; text-align: right; vertical-align: bottom }
th { font-size: .75rem } th.text, td.text { text-align: left; overflow-wrap: anywhere; min-width: 5.7rem }
@media print { body { margin: 0; max-width: none; padding: 0 } * { print-color-adjust: exact } }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(documents: Sequence[Document], name: str) -> bytes:
    """Return the page."""
    articles = "".join(
        f'<article lang="{document.language}">{"".join(_article(document))}</article>' for document in documents
    )
    return page(f"{documents[0].title}, {name}", articles)


def page(title: str, content: str) -> bytes:
    """Wrap content that is already HTML into a page that can load and send nothing."""
    return (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{STYLE}</style></head>'
        f"<body>{content}</body></html>\n"
    ).encode()


def _article(document: Document) -> Iterator[str]:
    yield f"<h1>{escape(document.title)}</h1>"
    yield facts(document.facts)
    yield f"<p><small>{escape(document.intro)}</small></p>"
    boxes = "".join(
        f"<div>{escape(key.name)}<b>{escape(key.value)}</b><small>{escape(key.more)}</small></div>"
        for key in document.key
    )
    yield f'<div class="key">{boxes}</div>'
    for section in document.sections:
        yield _section(section)


def _section(section: Section) -> str:
    drawing = section.drawing
    drawn = (
        "" if drawing is None else table(drawing) if isinstance(drawing, Table) else svg.draw(section.title, drawing)
    )
    note = f"<p><small>{escape(section.note)}</small></p>" if section.note else ""
    return f"<section><h2>{escape(section.title)}</h2>{drawn}{note}</section>"


def facts(told: Sequence[tuple[str, str]]) -> str:
    """Lay names and what they stand for out side by side."""
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in told)}</dl>"


def table(shown: Table) -> str:
    """Lay a table out."""

    def cells(tag: str, texts: Sequence[str]) -> str:
        kinds = ['class="text"' if position < shown.left else "" for position in range(len(texts))]
        return "".join(f"<{tag} {kind}>{escape(text)}</{tag}>" for kind, text in zip(kinds, texts, strict=True))

    rows = "".join(f"<tr>{cells('td', row)}</tr>" for row in shown.rows)
    return f"<table><thead><tr>{cells('th', shown.head)}</tr></thead><tbody>{rows}</tbody></table>"
