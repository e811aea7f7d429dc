"""The rules, in the order in which they are tried; the first that matches decides.

A rule without an intent sets words aside: what it matches means something else ("arrêt de bus"), and the rules
below it no longer see those words. The language of the patterns is described in patterns.py, the concepts (in
capitals) stand in lexicon.py. Ids are stable: they are written into the ledger beside the version.

The policy has three sources: French practice (an MO "containing" STOP obliges, SMS+ charter 2015), the FCC list with
its reasonable-person test (47 CFR 64.1200(a)(10), in force April 2025), and the keyword lists of the providers.
"""

from typing import Final

from app.intent.model import Intent
from app.intent.rule import Rule
from app.intent.rules_answers import ANSWERS
from app.intent.rules_aside import AFTER_WISHES, NEGATIONS, PHRASES
from app.intent.rules_complaints import COMPLAINTS
from app.intent.rules_keywords import ADVERT, DOUBTS, FIRST, KEYWORDS
from app.intent.rules_returns import RETURNS, RETURNS_AFTER_STOP
from app.intent.rules_wishes import FOREIGN_WISHES, FRENCH_WISHES

RULES: Final = (
    *FIRST,
    *PHRASES,
    *RETURNS_AFTER_STOP,
    *ADVERT,
    *COMPLAINTS,
    *NEGATIONS,
    *DOUBTS,
    *FRENCH_WISHES,
    *FOREIGN_WISHES,
    *AFTER_WISHES,
    *KEYWORDS,
    *RETURNS,
    *ANSWERS,
)

# What decides when no row of the table does.
EMPTY: Final = Rule("other.empty", Intent.OTHER, "no letter, digit or sign", "")
SILENT: Final = Rule("other.nothing-asked", Intent.OTHER, "no rule found a request", "")
REACTION: Final = Rule("other.reaction", Intent.OTHER, "a telephone's reaction to a message, quoting it", "")
QUOTED: Final = Rule(
    "ambiguous.quoted-stop", Intent.AMBIGUOUS, "only the quoted words speak of stopping", "", stop_word=True
)
