"""Is a STOP channel alive? From evidence to a state, and how a state became another. Pure.

A channel is one operator connection with one short code. Only what arrived proves it: the STOP of a person, or a canary
that came back. Silence counts against it by what was sent, never by the calendar alone: a salon that writes to 300
customers a month may well hear nothing for a year.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec


class State(StrEnum):
    """What is known of a channel."""

    NEVER_PROVEN = "never-proven"
    ALIVE = "alive"
    SUSPECT = "suspect"
    DEAD = "dead"


REFUSED: Final = frozenset({State.NEVER_PROVEN, State.DEAD})
"""Nobody is cleared for a commercial message that tells people to answer here."""

SUSPECT_BELOW: Final = 1e-4
"""Chance of hearing nothing from a channel that works: below it, warn. Of a hundred codes judged once a day, one would
be warned of wrongly about every three months."""
DEAD_BELOW: Final = 1e-6
"""Below it, refuse: of a hundred codes, wrongly about every thirty years; and a canary ends it in a minute."""
USUAL_RATE_MAX: Final = 1 / 1_000
"""STOPs for one cleared message that are expected at most, even of a code that used to bring more.

Published averages of a campaign lie between 0.5 % (OneSignal's glossary: 0.5 to 2) and 3.7 % (Tatango, 1,180 campaigns
of retailers), 2.55 % on one platform (Burst SMS, 2017). A list that was written to often has lost whoever wanted to
leave, so a fifth of the lowest average is taken: silence then has to be long before it says anything."""
PRIOR_MESSAGES: Final = 4_000
PRIOR_STOPS: Final = PRIOR_MESSAGES * USUAL_RATE_MAX
"""How much the usual rate weighs beside a code's own history: as if 4 STOPs had come of 4,000 messages. A code without
history is suspect after 36,000 unanswered messages and dead after 122,000; one with a long history at the usual rate
after 9,200 and 13,800; one that brings a tenth of it after ten times as many."""
SETTLING: Final = timedelta(hours=2)
"""A clearance holds for an hour, and people take their time: what was cleared later is not yet unanswered."""
HISTORY: Final = timedelta(days=90)
"""How far back a usual rate is looked for: a quarter, as contact records are kept."""


NOTHING_PROVEN: Final = "No STOP and no canary ever arrived."


class Evidence(msgspec.Struct, frozen=True):
    """What is known of a channel. Counts are of the last 90 days."""

    stop_at: datetime | None = None
    canary_at: datetime | None = None
    canary: str | None = None
    """How the last canary was texted."""
    unanswered: int = 0
    """Numbers cleared for messages that name the code, since the last proof, and old enough to be answered."""
    answered: int = 0
    """Numbers cleared before the last proof."""
    stops: int = 0
    """STOPs that arrived."""

    @property
    def proven_at(self) -> datetime | None:
        """Return the instant of the last proof of either kind."""
        return max((at for at in (self.stop_at, self.canary_at) if at is not None), default=None)


class Step(msgspec.Struct, frozen=True):
    """One line of a channel's timeline."""

    at: datetime
    was: State
    became: State
    why: str


def silence(unanswered: int, answered: int, stops: int) -> float:
    """Return the chance that a working channel brings no STOP for so many messages, given its history.

    The rate is not known but estimated, so it is a gamma distribution: the usual rate, weighted by PRIOR_MESSAGES, and
    what the history says; the chance of silence is its mean over all rates. What the history shows beyond
    USUAL_RATE_MAX is left out, since campaigns to a fresh list bring many STOPs and later ones few.
    """
    heard = PRIOR_STOPS + min(stops, answered * USUAL_RATE_MAX)
    before = PRIOR_MESSAGES + answered
    return float((before / (before + unanswered)) ** heard)


def state_of(evidence: Evidence) -> State:
    """Judge a channel by everything that is known of it."""
    if evidence.proven_at is None:
        return State.NEVER_PROVEN
    chance = silence(evidence.unanswered, evidence.answered, evidence.stops)
    if chance < DEAD_BELOW:
        return State.DEAD
    return State.SUSPECT if chance < SUSPECT_BELOW else State.ALIVE


def step(was: State, evidence: Evidence, slug: str, now: datetime) -> Step | None:
    """Return how the state changed; None when it did not."""
    became = state_of(evidence)
    return Step(now, was, became, why(evidence, slug)) if became is not was else None


def why(evidence: Evidence, slug: str) -> str:
    """Say what was proven and when, what speaks against it, and what was not proven."""
    proven = _proven(evidence, slug)
    if not evidence.unanswered:
        return proven
    chance = silence(evidence.unanswered, evidence.answered, evidence.stops)
    return (
        f"{proven} Since then no STOP came of {evidence.unanswered} cleared messages; the chance of that is "
        f"{chance:.1g} where STOPs arrive."
    )


def _proven(evidence: Evidence, slug: str) -> str:
    if evidence.proven_at is None:
        return NOTHING_PROVEN
    at = f"{evidence.proven_at:%Y-%m-%dT%H:%M:%SZ}"
    if evidence.proven_at == evidence.stop_at:
        return f"A STOP arrived through {slug} at {at}."
    return f"Canary {evidence.canary} came back through {slug} at {at}{_unproven(evidence)}."


def _unproven(evidence: Evidence) -> str:
    """A test word may pass where the operator keeps the word STOP to itself."""
    if evidence.stop_at is not None:
        return f"; the last STOP of a person came at {evidence.stop_at:%Y-%m-%dT%H:%M:%SZ}"
    if (evidence.canary or "").startswith("STOP"):
        return ", as a STOP; no STOP of a person ever came"
    return "; that the operator passes the word STOP on was not proven"
