"""What a message asks for, from three readers: our classifier, a code's own keywords, the provider's own flag.

The provider may add a STOP to our reading, never take one away; where the two disagree a person looks as well.
"""

from collections.abc import Mapping

import msgspec

from app import intent
from app.intent import Intent, Verdict
from app.operators import Message

STOP_EVENT = Verdict(intent=Intent.STOP, rule="operator.event", stop_word=True)
STOP_FLAG = Verdict(intent=Intent.STOP, rule="operator.flag", stop_word=True)
CUSTOM_RULE = "custom.keyword"
Keywords = Mapping[str, Intent]
# Where two senders of a code give one word two meanings, the one that does least harm holds.
_SAFEST_FIRST = (Intent.STOP, Intent.AMBIGUOUS, Intent.HELP, Intent.CONTACT, Intent.OTHER, Intent.START)


class Words(msgspec.Struct, frozen=True):
    """The keywords of one code and of its senders, normalised, and how often they were changed."""

    code: Keywords = {}
    senders: Mapping[int, Keywords] = {}
    version: int = 0

    @property
    def all(self) -> dict[str, Intent]:
        """Every word with one meaning."""
        found: dict[str, Intent] = {}
        for words in (self.code, *self.senders.values()):
            for word, meaning in words.items():
                found[word] = min(found.get(word, meaning), meaning, key=_SAFEST_FIRST.index)
        return found

    @property
    def classifier(self) -> str:
        """The version of everything that reads a text, as the ledger names it: "1.c0c7b69d+k3"."""
        return intent.CLASSIFIER_VERSION + (f"+k{self.version}" if self.version else "")


NO_WORDS = Words()


class Reading(msgspec.Struct, frozen=True):
    """A verdict, whether the provider's flag contradicts it, and the senders whose own keyword decided."""

    verdict: Verdict
    conflict: bool = False
    named: frozenset[int] = frozenset()

    @property
    def opposes(self) -> bool:
        """A STOP, or doubt with a stop word, which suppresses until a person decides."""
        verdict = self.verdict
        return verdict.intent is Intent.STOP or (verdict.intent is Intent.AMBIGUOUS and verdict.stop_word)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why a person must read the message, whatever the state of the sender's list."""
        unclear = ("unclear",) if self.verdict.intent is Intent.AMBIGUOUS else ()
        return unclear + (("flag-conflict",) if self.conflict else ())


def read(message: Message, words: Words = NO_WORDS) -> Reading:
    """Read a message's wish."""
    if message.text is None:
        return Reading(STOP_EVENT)
    verdict = intent.classify(message.text, words.all)
    named = _named(message.text, words) if verdict.rule == CUSTOM_RULE else frozenset()
    conflict = _contradicts(message.flag, verdict)
    if message.flag is Intent.STOP and verdict.intent is not Intent.STOP:
        return Reading(STOP_FLAG, conflict)
    return Reading(verdict, conflict, named)


def _named(text: str, words: Words) -> frozenset[int]:
    """Return the senders whose own word decided; nobody where it is the code's."""
    if intent.classify(text, words.code).rule == CUSTOM_RULE:
        return frozenset()
    return frozenset(
        sender_id for sender_id, own in words.senders.items() if intent.classify(text, own).rule == CUSTOM_RULE
    )


def _contradicts(flag: Intent | None, ours: Verdict) -> bool:
    if flag is None or flag is ours.intent:
        return False
    if flag is Intent.STOP:
        return not (ours.intent is Intent.AMBIGUOUS and ours.stop_word)
    return flag is Intent.START or ours.intent is Intent.START
