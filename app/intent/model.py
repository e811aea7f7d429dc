"""What a text can ask for, and what the classifier says about it."""

import enum

import msgspec


class Intent(enum.StrEnum):
    """What a text asks for; AMBIGUOUS goes to a person, and never lifts an opt-out."""

    STOP = "STOP"
    START = "START"
    CONTACT = "CONTACT"
    HELP = "HELP"
    OTHER = "OTHER"
    AMBIGUOUS = "AMBIGUOUS"


class Verdict(msgspec.Struct, frozen=True):
    """The intent of one text, the rule that decided, and what attribution needs to know.

    `rule` is a stable id such as "stop.keyword". `stop_word` says that a word of stopping is there and may be
    meant: with AMBIGUOUS it suppresses provisionally. `scope_all` is "STOP TOUT": every sender of the code.
    `repeat` marks a complaint that an earlier STOP was not honoured. `hint` holds the normalised words left
    beside the stop word ("franck provost"), empty when there is none.
    """

    intent: Intent
    rule: str
    stop_word: bool = False
    scope_all: bool = False
    repeat: bool = False
    hint: str = ""
