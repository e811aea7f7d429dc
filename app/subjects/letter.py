"""The answer as a page to print and sign, and as plain text: in French, for the person. No script, nothing fetched."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape

from app.subjects.access import Answer, Cleared, Event, Held, Reviewed, Subject
from app.subjects.erasure import Erased
from app.subjects.words import BASES, DECISIONS, EFFECTS, SENT

_STYLE = """
@page { size: A4; margin: 18mm }
body { font: 11pt/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b }
h1 { font-size: 1.4rem } h2 { font-size: 1.15rem; margin-top: 2rem; break-after: avoid }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; break-after: avoid } p.why { color: #555; margin: .2rem 0 .6rem }
table { border-collapse: collapse; width: 100%; font-size: .85rem }
th, td { border-bottom: 1px solid #ccc; padding: .25rem .4rem; text-align: left; vertical-align: top }
td { overflow-wrap: break-word } code { font-size: .72rem; overflow-wrap: anywhere; white-space: pre-wrap }
section.person + section.person { break-before: page } .sign { margin-top: 3rem }
@media print { body { margin: 0; max-width: none; padding: 0 } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_SIGNATURE = '<p class="sign">Date, nom et signature :</p>'
Rows = Sequence[Sequence[str]]


def as_html(answer: Answer) -> str:
    """Return the letter."""
    people = "".join(f'<section class="person">{"".join(_person(answer, one))}</section>' for one in answer.subjects)
    return _page("Réponse à votre demande d'accès", *_paragraphs(*_opening(answer)), people, *_ending(answer))


def erased_as_html(erased: Erased) -> str:
    """Return the letter about an erasure."""
    return _page("Réponse à votre demande d'effacement", *_paragraphs(*_erased(erased)), _SIGNATURE)


def erased_as_text(erased: Erased) -> str:
    """Return what an erasure did and kept as lines to read on a terminal."""
    return "\n".join(_erased(erased))


def _erased(erased: Erased) -> list[str]:
    return [f"Établi le {_day(erased.at)} pour {erased.name}.", *erased.explanations]


def _page(title: str, *parts: str) -> str:
    return (
        '<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>{''.join(parts)}</body></html>\n"
    )


def as_text(answer: Answer) -> str:
    """Return the answer as lines to read on a terminal; proofs are in the other forms."""
    lines = [*_opening(answer)]
    for person in answer.subjects:
        lines += ["", f"== {person.number or 'Numéro illisible'} =="]
        for held in person.senders:
            lines += ["", f"-- {held.name} --", _state(held)]
            for title, header, rows in _tables(held):
                lines += [title, *("  " + " · ".join(cells) for cells in [header, *rows])]
        lines += _others(person)
    return "\n".join([*lines, "", "Non recherché :", *(f"- {text}" for text in answer.not_searched), ""])


def _opening(answer: Answer) -> list[str]:
    lines = [f"Établi le {_day(answer.made_at)} par le registre {answer.registry}."]
    if answer.reference:
        lines.append(f"Référence : {answer.reference}.")
    if answer.received_at and answer.due_at:
        lines.append(
            f"Demande reçue le {_day(answer.received_at)} ; réponse due le {_day(answer.due_at)} au plus tard."
        )
    return lines


def _person(answer: Answer, person: Subject) -> Iterator[str]:
    if person.number is None:
        yield "<h2>Numéro illisible</h2>"
        yield from _paragraphs("Ce qui a été indiqué n'est pas un numéro de téléphone ; rien n'a été cherché.")
        return
    yield f"<h2>Numéro {escape(person.number)}</h2>"
    yield from _paragraphs(answer.explanations["number"], why=True)
    for held in person.senders:
        yield f"<h2>{escape(held.name)}</h2>"
        yield from _paragraphs(_state(held))
        yield from _paragraphs(answer.explanations["state"], why=True)
        for (title, header, rows), key in zip(_tables(held), _keys(held), strict=True):
            yield f"<h3>{escape(title)}</h3>"
            yield from _paragraphs(answer.explanations[key], why=True)
            yield _table(header, rows)
        if held.sampled_since:
            text = f"Vous faites partie de l'échantillon depuis le {held.sampled_since:%d/%m/%Y}. "
            yield from _paragraphs(text + answer.explanations["sampled"])
        yield from _proofs(answer, held)
    yield from _paragraphs(*_others(person))


def _ending(answer: Answer) -> Iterator[str]:
    yield "<h2>Ce qu'il faut savoir</h2>"
    names = ("source", "recipients", "kept", "rights")
    yield from _paragraphs(*(answer.explanations[name].format(contact_days=answer.contact_days) for name in names))
    yield "<h2>Ce qui n'a pas pu être cherché</h2>"
    yield from _paragraphs(*answer.not_searched)
    yield _SIGNATURE


def _state(held: Held) -> str:
    if held.opposed and held.since:
        return f"Vous êtes opposé aux messages de {held.name} depuis le {_moment(held.since)}."
    if held.withheld:
        return f"{held.name} vous écarte de ses envois : vous êtes opposé à une marque dont elle a repris la liste."
    return f"Vous n'êtes pas opposé aux messages de {held.name}."


def _keys(held: Held) -> list[str]:
    parts = {"events": held.events, "contacts": held.contacts, "reviews": held.reviews, "lookups": held.lookups}
    return [name for name, part in parts.items() if part]


def _tables(held: Held) -> list[tuple[str, Sequence[str], Rows]]:
    """Return the tables of what there is, in the order of `_keys`."""
    tables: dict[str, tuple[str, Sequence[str], Rows]] = {
        "events": (
            "Demandes reçues",
            ("entrée", "nature", "date de la demande", "enregistrée", "par", "pourquoi cette marque", "effet"),
            [_event(one) for one in held.events],
        ),
        "contacts": (
            "Consultations qui ont permis de vous écrire",
            ("date", "campagne", "par la clé", "envoi", "consultation"),
            [_contact(one) for one in held.contacts],
        ),
        "reviews": (
            "Messages lus par une personne",
            ("date", "sens", "décision", "texte"),
            [_review(one) for one in held.reviews],
        ),
        "lookups": ("Recherches de votre numéro", ("date",), [(_moment(at),) for at in held.lookups]),
    }
    return [tables[key] for key in _keys(held)]


def _event(one: Event) -> Sequence[str]:
    through = " · ".join(part for part in (one.code, one.connection) if part)
    times = f" ({one.deliveries} fois)" if one.deliveries > 1 else ""
    several = f" (sur {one.candidates} marques)" if one.candidates > 1 else ""
    return (
        str(one.index),
        ("STOP" if one.kind == "stop" else "START") + times,
        _moment(datetime.fromisoformat(one.at)),
        _moment(datetime.fromisoformat(one.recorded)),
        through,
        BASES.get(one.basis, one.basis) + several,
        EFFECTS.get(one.effect, one.effect),
    )


def _contact(one: Cleared) -> Sequence[str]:
    return (_moment(one.at), one.campaign or "-", one.key_id, SENT.get(one.sent, one.sent), one.check_id)


def _review(one: Reviewed) -> Sequence[str]:
    decision = DECISIONS.get(one.decision, one.decision) if one.decision else "en attente"
    return (_moment(one.opened_at), one.intent, decision, one.text if one.text is not None else "(effacé)")


def _others(person: Subject) -> list[str]:
    lines = []
    if person.nothing_held_by:
        lines.append(f"Rien n'est conservé pour : {', '.join(person.nothing_held_by)}.")
    for case in person.requests:
        state = f"close le {_day(case.closed_at)}" if case.closed_at else f"réponse due le {_day(case.due_at)}"
        lines.append(f"Demande {case.reference} du {_day(case.opened_at)} : {state}.")
    return lines


def _proofs(answer: Answer, held: Held) -> Iterator[str]:
    proven = [one for one in held.events if one.opening]
    if not proven or held.checkpoint is None:
        return
    yield "<h3>Pour vérifier</h3>"
    yield from _paragraphs(answer.explanations["verification"], why=True)
    for one in proven:
        if one.opening:
            parts = [
                f"entrée {one.index} : {one.entry}",
                f"sel : {one.opening.salt}",
                f"étiquette : {one.opening.tag}",
                f"empreinte : {one.opening.leaf}",
                f"chemin : {' '.join(one.opening.proof) or '(vide)'}",
            ]
            yield f"<p><code>{escape(chr(10).join(parts))}</code></p>"
    yield f"<p>Tête signée :<br><code>{escape(held.checkpoint)}</code></p>"
    yield f"<p>Clé publique :<br><code>{escape(held.verifier)}</code></p>"


def _paragraphs(*texts: str, why: bool = False) -> Iterator[str]:
    opening = '<p class="why">' if why else "<p>"
    yield from (f"{opening}{escape(text)}</p>" for text in texts)


def _table(header: Sequence[str], rows: Rows) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>" for cells in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _day(at: datetime) -> str:
    return f"{at:%d/%m/%Y}"


def _moment(at: datetime) -> str:
    return f"{at:%d/%m/%Y %H:%M} UTC"
