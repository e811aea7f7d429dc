"""Which senders a message on a short code concerns, and on what basis (D10). Doubt widens a STOP, never a START."""

from collections.abc import Sequence

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


FANNED_OUT = ("all", "reachable", "shared")
"""The bases on which a sender is concerned only because it uses the same code as others."""
NOBODY = Attribution((), "nobody", 0, certain=False)


def attribute(
    candidates: Sequence[Candidate],
    *,
    hint: str,
    scope_all: bool,
    account: int | None,
    code_known: bool = True,
    own_keyword: frozenset[int] = frozenset(),
) -> Attribution:
    """Choose among the code's senders: the operator's word, a keyword, the only sender, else all of them.

    `account` is the sender that the operator itself names; `hint` the normalised words beside the keyword;
    `scope_all` a text such as STOP TOUT. With an unknown code the candidates are all senders that the connection
    reaches, and nothing is certain. `own_keyword`: the senders one of whose own keywords decided what the text asks.
    """
    everyone = tuple(sorted(candidate.sender_id for candidate in candidates))
    if account is not None:
        return Attribution((account,), "account", max(len(everyone), 1), certain=True)
    if not everyone:
        return NOBODY
    if not code_known:
        return Attribution(everyone, "reachable", len(everyone), certain=False)
    if len(everyone) == 1:
        return Attribution(everyone, "dedicated", 1, certain=True)
    named = () if scope_all else tuple(own_keyword) or _named(candidates, hint)
    if len(named) == 1:
        return Attribution(named, "keyword", len(everyone), certain=True)
    return Attribution(everyone, "all" if scope_all else "shared", len(everyone), certain=False)


def _named(candidates: Sequence[Candidate], hint: str) -> tuple[int, ...]:
    padded = f" {hint} "
    return tuple(
        candidate.sender_id
        for candidate in candidates
        if any(f" {keyword} " in padded for keyword in candidate.keywords if keyword)
    )
