"""What a platform is answered instead of its message going out: RFC 9457 problems, in French where it asks.

The two that matter most are never mixed up. *Refused* (403) is an answer: the same call will not pass, do not repeat
it. *Down* (503 with Retry-After) is the lack of one: nothing was decided, repeat the same call later.
"""

from collections.abc import Mapping, Sequence

import msgspec

PROBLEM_TYPE = "https://stop-registry.example/problems/"
RETRY_AFTER_SECONDS = 5


class Problem(Exception):  # noqa: N818 - as RFC 9457 calls it
    """An answer that is no sending."""

    def __init__(self, kind: str, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status, self.title, self.title_fr = KINDS[kind]
        self.members = members

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Headers of the answer."""
        retry = [(b"retry-after", str(RETRY_AFTER_SECONDS).encode())] if self.status in RETRIED else []
        return [(b"content-type", b"application/problem+json"), *retry]

    def body(self, language: str) -> bytes:
        """Return the document; `language` is the Accept-Language header."""
        title = self.title_fr if language.lower().startswith("fr") else self.title
        document = {"type": PROBLEM_TYPE + self.kind, "title": title, "status": self.status, "detail": str(self)}
        return msgspec.json.encode(document | self.members)


class Refused(msgspec.Struct, frozen=True):
    """A number that was not sent to, as the call named it, and why."""

    number: str
    reason: str


NO_CLEARANCE, REFUSED, MALFORMED = "no-clearance", "send-refused", "malformed-request"
DOWN, KANNEL_DOWN, KANNEL_SILENT = "registry-down", "kannel-down", "kannel-silent"
KINDS: Mapping[str, tuple[int, str, str]] = {
    MALFORMED: (400, "The call cannot be read", "L'appel est illisible"),
    NO_CLEARANCE: (403, "No clearance, no message", "Pas d'autorisation, pas de message"),
    REFUSED: (403, "This message may not go", "Ce message ne peut pas partir"),
    DOWN: (503, "The registry does not answer", "Le registre ne répond pas"),
    KANNEL_DOWN: (503, "Kannel does not answer", "Kannel ne répond pas"),
    KANNEL_SILENT: (504, "Kannel took the message and did not answer", "Kannel a pris le message sans répondre"),
}
RETRIED = frozenset({503})


def refused(to: Sequence[str], reason: str, detail: str, **members: object) -> Problem:
    """Refuse a whole call for one reason."""
    return Problem(REFUSED, detail, refused=[Refused(number, reason) for number in to], **members)
