"""Which senders a message on a short code concerns, and on what basis (D10). Doubt widens a STOP, never a START.

The ladder: the account that the operator names, the message that it says is answered, the only sender of the code, a
word that names one, and last the look-back: an enforced sender (its gateway refuses uncleared sends) none of whose
checks cleared this number lately cannot have written to it. What we did not clear proves nothing about the others, so
they all stay. A look-back is never certain enough to lift: the message answered may be older than its hours.
"""

from collections.abc import Iterator, Sequence

import msgspec


class Candidate(msgspec.Struct, frozen=True):
    """One sender that uses the code; keywords are normalised words that name it."""

    sender_id: int
    keywords: tuple[str, ...] = ()


class Attribution(msgspec.Struct, frozen=True):
    """Senders concerned, the basis, out of how many candidates, and whether it is certain enough to lift."""

    senders: tuple[int, ...]
    basis: str
    candidates: int
    certain: bool


FANNED_OUT = ("all", "reachable", "shared", "widened")
"""The bases on which a sender is concerned only because it uses the same code as others."""


class Traces(msgspec.Struct, frozen=True):
    """What our own records say about a message."""

    answered: int | None = None
    """The sender whose check the operator names, where that check cleared this number."""
    enforced: frozenset[int] = frozenset()
    """The candidates that were enforced all through the look-back."""
    cleared: frozenset[int] = frozenset()
    """Those of them whose checks cleared this number in it."""
    hours: int = 0
    """How far back was looked; 0: not at all."""


NO_TRACES = Traces()
NOBODY = Attribution((), "nobody", 0, certain=False)


def attribute(
    candidates: Sequence[Candidate],
    *,
    hint: str,
    scope_all: bool,
    account: int | None,
    code_known: bool = True,
    traces: Traces = NO_TRACES,
    own_keyword: frozenset[int] = frozenset(),
) -> Attribution:
    """Choose among the code's senders: the operator's word, the only one, a keyword, the look-back, else all of them.

    `account` is the sender that the operator itself names; `hint` the normalised words beside the keyword;
    `scope_all` a text such as STOP TOUT. With an unknown code the candidates are all senders that the connection
    reaches, and nothing is certain. `own_keyword`: the senders one of whose own keywords decided what the text asks.
    """
    everyone = tuple(sorted(candidate.sender_id for candidate in candidates))
    if account is not None:
        return Attribution((account,), "account", max(len(everyone), 1), certain=True)
    if not everyone:
        return NOBODY
    if traces.answered in everyone and traces.answered is not None:
        return Attribution((traces.answered,), "reply", len(everyone), certain=code_known)
    if not code_known:
        return Attribution(everyone, "reachable", len(everyone), certain=False)
    if len(everyone) == 1:
        return Attribution(everyone, "dedicated", 1, certain=True)
    named = () if scope_all else tuple(own_keyword) or _named(candidates, hint)
    return _among(everyone, named, traces, scope_all=scope_all)


def flags(found: Traces) -> Iterator[str]:
    """Yield what the evidence says about the look-back: how far it went."""
    if found.hours:
        yield f"lookback-{found.hours}h"


def _among(everyone: tuple[int, ...], named: tuple[int, ...], traces: Traces, *, scope_all: bool) -> Attribution:
    if len(named) == 1:
        return Attribution(named, "keyword", len(everyone), certain=True)
    if scope_all:
        return Attribution(everyone, "all", len(everyone), certain=False)
    return _looked_back(everyone, traces)


def _looked_back(everyone: tuple[int, ...], traces: Traces) -> Attribution:
    ruled_out = traces.enforced - traces.cleared
    kept = tuple(sender_id for sender_id in everyone if sender_id not in ruled_out)
    if not kept or kept == everyone:
        return Attribution(everyone, "shared", len(everyone), certain=False)
    sole = len(kept) == 1 and traces.enforced.issuperset(everyone)
    return Attribution(kept, "cleared" if sole else "widened", len(everyone), certain=False)


def _named(candidates: Sequence[Candidate], hint: str) -> tuple[int, ...]:
    padded = f" {hint} "
    return tuple(
        candidate.sender_id
        for candidate in candidates
        if any(f" {keyword} " in padded for keyword in candidate.keywords if keyword)
    )
