"""The registry's public API from the sender's side: one check of many numbers, and what its answer means row by row.

Doubt never sends: an answer that does not add up, or names a way of withholding that is unknown here, is no answer.
No number and no key ever stands in an error.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx
import msgspec
import numpy as np
import numpy.typing as npt

from app.phone import read_lines

# One call may carry this many numbers.
NUMBERS_MAX = 1_000_000

# A call that meets a busy or absent registry is repeated this often in all, under the same Idempotency-Key.
_ATTEMPTS = 6
# Seconds: between attempts where the registry names none, and at most where it does.
_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
_PAUSE_MAX = 60.0
# Seconds: a million numbers take well under one; the rest is a slow line or a queue.
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)

_PIECE_BYTES = 256 << 10

_TRANSIENT = frozenset({429, 502, 503, 504})
_REFUSALS = frozenset({409, 423})
# Problems that say no, whatever their status; nothing is won by asking again at once.
_FINAL = frozenset({"too-early", "enumeration-budget"})
_HINTS = {401: "key", 413: "too-large"}


class Problem(msgspec.Struct):
    """RFC 9457, with the members that a caller acts on."""

    type: str = ""
    title: str = ""
    detail: str = ""
    rule: str = ""
    opens_at: str = ""
    """When the first of a batch may be reached, RFC 3339; empty where nothing can be promised."""
    clearance: str = ""
    """That an earlier call under the same Idempotency-Key was given."""

    @property
    def slug(self) -> str:
        """What kind of problem: `quiet-hours`, `recalled` and so on."""
        return self.type.rpartition("/")[2]


class ClientError(Exception):
    """A call that brought no usable answer; the text is one sentence in the caller's language."""

    exit_status = 3

    def __init__(self, sentence: str, problem: Problem | None = None) -> None:
        super().__init__(sentence)
        self.problem = problem or Problem()
        """What the registry answered, where it did."""


class RefusedError(ClientError):
    """The registry says that this batch may not go."""

    exit_status = 1


class WrongCallError(ClientError):
    """The call as it was made cannot succeed: its key, its address or a value in it."""

    exit_status = 2


class UnreachableError(ClientError):
    """No answer, or none that can be relied on: nothing may be sent."""

    exit_status = 3


class Clearance(msgspec.Struct):
    """The permission for the numbers of one check that were not withheld."""

    id: str
    token: str | None = None
    not_before: str | None = None
    expires_at: str | None = None
    batch_digest: str | None = None


class Day(msgspec.Struct):
    """Those who are opposed since one day; only a screen tells."""

    day: str
    numbers: list[str]


class Answer(msgspec.Struct):
    """The registry's answer to a check, as far as the sender needs it."""

    check_id: str
    counts: dict[str, int]
    withheld: dict[str, list[Any]]
    clearance: Clearance | None = None
    warnings: list[Any] = []
    opted_out_days: list[Day] = []


class Verdict(msgspec.Struct):
    """The answer by position: ``codes[i]`` is 0 where number i may be sent to, else the place of its reason."""

    codes: npt.NDArray[np.int16]
    reasons: list[str]
    """``reasons[0]`` is empty."""
    details: dict[int, str]
    """Position -> what more is known: why a number is invalid, when its hours begin."""


_WORDS = {
    "connect": (
        "Le registre ne répond pas à {at} : vérifiez l'adresse (--url) et qu'il est démarré.",
        "The registry does not answer at {at}: check the address (--url) and that it is running.",
    ),
    "silent": (
        "Le registre n'a pas répondu à temps à {at} : relancez la même commande.",
        "The registry at {at} did not answer in time: run the same command again.",
    ),
    "address": (
        "L'adresse {at} n'est pas utilisable : donnez-la sous la forme https://registre.exemple.fr (--url).",
        "The address {at} cannot be used: give it as https://registry.example.com (--url).",
    ),
    "busy": (
        "Le registre est indisponible (réponse {status}) : relancez la même commande plus tard.",
        "The registry is unavailable (answer {status}): run the same command again later.",
    ),
    "key": ("Vérifiez la clé (--key ou STOP_REGISTRY_KEY).", "Check the key (--key or STOP_REGISTRY_KEY)."),
    "too-large": ("Essayez un --chunk plus petit.", "Try a smaller --chunk."),
    "status": (
        "Le registre a refusé l'appel (réponse {status}).",
        "The registry turned the call down (answer {status}).",
    ),
    "no-registry": (
        "Ce qui répond à {at} n'est pas un registre STOP (réponse {status}) : vérifiez l'adresse (--url).",
        "What answers at {at} is no STOP registry (answer {status}): check the address (--url).",
    ),
    "unclear": (
        "La réponse du registre n'est pas cohérente ; par prudence rien n'est autorisé. Mettez à jour stop-registry.",
        "The registry's answer does not add up, so nothing is allowed. Bring stop-registry up to date.",
    ),
}


class Client:
    """Calls one registry with one key. ``wait`` sleeps between attempts; it is an argument so that tests need not."""

    def __init__(self, url: str, key: str, *, french: bool = False, wait: Callable[[float], None] = time.sleep) -> None:
        self._at = _origin(url)
        self._language = 0 if french else 1
        self._wait = wait
        self._met = False
        if not self._at:
            raise WrongCallError(self._say("address", at=_without_secrets(url)))
        if not (key.isascii() and key.isprintable()):
            raise WrongCallError(self._say("key"))
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Accept": "application/json",
            "Accept-Language": "fr" if french else "en",
            "User-Agent": "stop-registry",
        }
        self._http = self._connected(url)

    def __enter__(self) -> Self:
        """The client itself; its connections are closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def check(
        self, fields: Mapping[str, Any], texts: list[str], *, idempotency_key: str, screen: bool = False
    ) -> Answer:
        """Ask about ``texts``, at most ``NUMBERS_MAX`` numbers in any spelling; ``fields`` are the rest of the body.

        Raises ``RefusedError``, ``WrongCallError`` or ``UnreachableError``, the last after several attempts.
        """
        rest = msgspec.json.encode(dict(fields))[1:]
        numbers = b'{"numbers":' + msgspec.json.encode(texts)
        body = numbers + (b"}" if rest == b"}" else b"," + rest)
        headers = {"Idempotency-Key": idempotency_key, "Content-Type": "application/json"}
        response = self._post("/v1/checks" + ("?mode=screen" if screen else ""), body, headers)
        if not response.is_success:
            raise self._refusal(response)
        return self._answer(response, len(texts))

    def release(self, clearance: str) -> bool:
        """Give back a clearance of which nothing was sent; False where there is nothing to give back any more."""
        path = f"/v1/clearances/{quote(clearance, safe='')}/release"
        response = self._post(path, b"{}", {"Content-Type": "application/json"})
        if response.status_code in {404, 405, 409, 410}:
            return False
        if not response.is_success:
            raise self._refusal(response)
        return True

    def verdict(self, answer: Answer, texts: list[str], numbers: npt.NDArray[np.int64]) -> Verdict:
        """The answer by position; ``numbers[i]`` is what ``texts[i]`` reads as, 0 where it cannot be read.

        Every position of a withheld text is withheld, and every other spelling of the same number.
        """
        verdict = _Positions(texts, numbers).read(answer.withheld, answer.opted_out_days)
        if verdict is None or int((verdict.codes == 0).sum()) > answer.counts.get("allowed", -1):
            raise UnreachableError(self._say("unclear"))
        return verdict

    def _connected(self, url: str) -> httpx.Client:
        try:
            return httpx.Client(
                base_url=url.rstrip("/"),
                headers=self._headers,
                timeout=_TIMEOUT,
                trust_env=not _is_loopback(url),
                verify=urlsplit(url).scheme != "http",  # loading certificates takes longer than a small check
            )
        except httpx.InvalidURL:
            raise WrongCallError(self._say("address", at=_without_secrets(url))) from None

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        for pause in (*_PAUSES[: _ATTEMPTS - 1], None):
            try:
                response = self._send(path, body, headers)
            except httpx.TransportError as error:
                if pause is None or not self._is_worth_repeating(error):
                    raise UnreachableError(self._unreachable(error)) from None
                self._wait(pause)
                continue
            if pause is None or not _is_transient(response):
                return response
            self._wait(_asked_pause(response, pause))
        raise AssertionError  # the last pause is None, so the loop has returned or raised

    def _send(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        length = {"Content-Length": str(len(body))}
        response = self._http.post(path, content=_pieces(body), headers=headers | length)
        self._met = True
        return response

    def _is_worth_repeating(self, error: httpx.TransportError) -> bool:
        """An address that never answered is more likely wrong than busy; later, the registry may be restarting."""
        if isinstance(error, httpx.UnsupportedProtocol):
            return False
        return self._met or not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)

    def _answer(self, response: httpx.Response, submitted: int) -> Answer:
        try:
            answer = msgspec.json.decode(response.content, type=Answer)
        except msgspec.DecodeError:
            raise UnreachableError(self._say("no-registry", at=self._at, status=response.status_code)) from None
        if answer.counts.get("submitted") != submitted:
            raise UnreachableError(self._say("unclear"))
        return answer

    def _refusal(self, response: httpx.Response) -> ClientError:
        status = response.status_code
        problem = _problem(response)
        if problem is None and status not in _TRANSIENT:
            sentence = "key" if status == httpx.codes.UNAUTHORIZED else "no-registry"
            return WrongCallError(self._say(sentence, at=self._at, status=status))
        said = _sentence(problem) if problem else ""
        if problem and problem.slug in _FINAL:
            return RefusedError(said, problem)
        if status in _TRANSIENT or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return UnreachableError(_joined(said, self._say("busy", status=status)))
        said = said or self._say("status", status=status)
        if status in _REFUSALS:
            return RefusedError(said, problem)
        hint = self._say(_HINTS[status]) if status in _HINTS else ""
        return WrongCallError(_joined(said, hint), problem)

    def _unreachable(self, error: httpx.TransportError) -> str:
        if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
            return self._say("silent", at=self._at)
        return self._say("connect", at=self._at)

    def _say(self, slug: str, **values: int | str) -> str:
        return _WORDS[slug][self._language].format(**values)


class _Positions:
    """Turns the groups of ``withheld`` into reasons by position; the first reason of a position stays."""

    def __init__(self, texts: list[str], numbers: npt.NDArray[np.int64]) -> None:
        self._texts = texts
        self._numbers = numbers
        self._codes = np.zeros(len(texts), dtype=np.int16)
        self._reasons = [""]
        self._details: dict[int, str] = {}

    def read(self, withheld: Mapping[str, list[Any]], days: list[Day]) -> Verdict | None:
        """None when a group has a shape that is not understood: then nobody can say who may be sent to."""
        exact = sorted(withheld, key=lambda group: not _names_positions(withheld[group]))
        for reason in exact:
            self._reasons.append(reason)
            if not all(self._withhold(item) for item in _gathered(withheld[reason])):
                return None
        self._date(days)
        return Verdict(self._codes, self._reasons, self._details)

    def _date(self, days: list[Day]) -> None:
        """Add since when people are opposed."""
        listed = read_lines("\n".join(text for day in days for text in day.numbers).encode("utf-8", "replace")).numbers
        if not listed.size:
            return
        order = listed.argsort()
        since = np.repeat(np.arange(len(days)), [len(day.numbers) for day in days])[order]
        withheld = np.flatnonzero((self._codes > 0) & (self._numbers > 0))
        places = np.searchsorted(listed[order], self._numbers[withheld]).clip(max=listed.size - 1)
        met = listed[order][places] == self._numbers[withheld]
        dated = zip(withheld[met].tolist(), since[places[met]].tolist(), strict=True)
        self._details.update({position: days[at].day for position, at in dated if position not in self._details})

    def _withhold(self, item: Any) -> bool:  # noqa: ANN401 - decoded JSON, told apart here
        match item:
            case bool():
                return False
            case int():
                return self._at(item, "")
            case {"index": int(index), **more}:
                return self._at(index, _detail(more))
            case {"numbers": list(texts), **more} if all(isinstance(text, str) for text in texts):
                return self._same(texts, _detail(more))
        return False

    def _at(self, position: int, detail: str) -> bool:
        if not 0 <= position < self._codes.size:
            return False
        if not self._codes[position]:
            self._codes[position] = len(self._reasons) - 1
            if detail:
                self._details[position] = detail
        return True

    def _same(self, texts: list[str], detail: str) -> bool:
        """Every position of these people, known by number, or by text where it reads as no number."""
        listed = np.unique(read_lines("\n".join(texts).encode("utf-8", "replace")).numbers)
        found = np.isin(self._numbers, listed[listed != 0])
        wanted = set(texts)
        found[[at for at in np.flatnonzero(self._numbers == 0).tolist() if self._texts[at] in wanted]] = True
        free = np.flatnonzero(found & (self._codes == 0))
        self._codes[free] = len(self._reasons) - 1
        if detail:
            self._details.update(dict.fromkeys(free.tolist(), detail))
        return True


def _names_positions(group: list[Any]) -> bool:
    return bool(group) and (isinstance(group[0], int) or (isinstance(group[0], dict) and "index" in group[0]))


def _gathered(group: list[Any]) -> list[Any]:
    """A plain list of numbers as one item, so that it is looked up in one go."""
    if group and all(isinstance(item, str) for item in group):
        return [{"numbers": group}]
    return group


def _detail(more: Mapping[Any, Any]) -> str:
    """What a group or an invalid number says besides: its own reason, a suggestion, a territory, an opening, a rule."""
    known = (more.get(name) for name in ("reason", "suggestion", "territory", "opens_at", "rule"))
    return " ".join(re.sub(r"[\s,;|\"]+", " ", str(value)) for value in known if value)


def _pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _PIECE_BYTES):
        yield body[start : start + _PIECE_BYTES]


def _origin(url: str) -> str:
    """Scheme and host of an address, for messages: never its user and password. Empty when unusable."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    usable = parts.scheme in {"http", "https"} and parts.hostname and not re.search(r"\s", url)
    return f"{parts.scheme}://{parts.hostname}{port}" if usable else ""


def _without_secrets(url: str) -> str:
    return url.rpartition("@")[2]


def _is_loopback(url: str) -> bool:
    """This machine: no proxy of the environment may see the numbers on their way to it."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _asked_pause(response: httpx.Response, pause: float) -> float:
    """Seconds the registry asks for, as far as one waits at a prompt."""
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), _PAUSE_MAX) if asked.isdecimal() else pause


def _is_transient(response: httpx.Response) -> bool:
    """Whether the same call may pass in a moment."""
    if response.status_code not in _TRANSIENT:
        return False
    problem = _problem(response)
    return problem is None or problem.slug not in _FINAL


def _problem(response: httpx.Response) -> Problem | None:
    if "json" not in response.headers.get("Content-Type", ""):
        return None
    try:
        return msgspec.json.decode(response.content, type=Problem)
    except msgspec.DecodeError:
        return None


def _sentence(problem: Problem) -> str:
    title, detail = " ".join(problem.title.split()), " ".join(problem.detail.split())
    if detail.startswith(title):
        return detail
    return _joined(title if title.endswith((".", "!", "?")) or not title else f"{title}.", detail)


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
