"""What the person quotes is not what the person says: reactions of telephones, pasted advertisements, e-mail quotes."""

import re
from typing import Final, NamedTuple

from app.intent.lexicon import QUOTE

_REACTION_VERBS: Final = (
    r"(?:n'? ?)?a (?:pas )?(?:aime|adore|ri|mis en|souligne|insiste|pose une question|questionne|interroge|reagi|retire"
    r"|exclame|like|deteste|approuve)|aime|adore|reagi|reaction"
    r"|liked|loved|disliked|laughed|emphasi[sz]ed|questioned|reacted|removed"
    r"|gefallt|hat|le gusto|le encanto|se rio|reacciono|ha messo|ha riso|ha reagito|ha adorato|ha aggiunto|vond|vindt"
    r"|curtiu|amou|gostou|reagiu"
)
# "A aimé « … »", "Liked "…"", and the newer form with only a picture: "👍 à « … »" (the picture is already gone).
_REACTION: Final = re.compile(rf'[^\w"]*(?:(?:{_REACTION_VERBS})\b[^"]{{0,60}}|(?:a|to|sur|an|bei|on|aan) *)"')
_SPOKEN_REACTION: Final = re.compile(
    rf"[^\w]*(?:{_REACTION_VERBS})\b.{{20,}}\b(?:stop|arret|unsubscribe|desabo|desinscri)", re.DOTALL
)
_LONG_QUOTE: Final = re.compile(r'"[^"]*?(?:\w+[^\w"]+){3}\w[^"]*(?:"|\Z)')
_QUOTED_LINE: Final = re.compile(r"^ *>.*$", re.MULTILINE)


class Parts(NamedTuple):
    """A text split into what is said and what is quoted; `reaction` when a telephone wrote it."""

    said: str
    quoted: str
    reaction: bool


def split(plain: str) -> Parts:
    """Set quotes of four words and more apart; shorter ones ("STOP") are the person's own words."""
    if '"' not in plain and ">" not in plain:
        return Parts(plain, "", reaction=plain[:2] in {"a ", "n'"} and bool(_SPOKEN_REACTION.match(plain)))
    if _REACTION.match(plain):
        return Parts("", plain, reaction=True)
    quoted = [*_QUOTED_LINE.findall(plain), *_LONG_QUOTE.findall(plain)]
    said = _LONG_QUOTE.sub(f" {QUOTE} ", _QUOTED_LINE.sub(f" {QUOTE} ", plain))
    return Parts(said, " . ".join(quoted).replace('"', " ").replace(">", " "), reaction=False)
