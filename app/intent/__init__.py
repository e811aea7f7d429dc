"""What a text asks for: STOP, START, CONTACT, HELP, nothing, or something only a person can tell.

Reading order: model (the answer), normalisation and tokens (from characters to words), lexicon (the words), rules
(the table, in the order it is tried) and patterns (the language it is written in), table (how it runs), classify.
"""

from app.intent.classify import CLASSIFIER_VERSION, classify, explain, normalise
from app.intent.model import Intent, Verdict
from app.intent.normalisation import keyword

__all__ = ["CLASSIFIER_VERSION", "Intent", "Verdict", "classify", "explain", "keyword", "normalise"]
