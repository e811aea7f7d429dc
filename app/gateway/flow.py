"""One call of `sendsms`, from its arrival to its answer."""

from collections.abc import Sequence

import httpx
import msgspec
import structlog

from app import clock
from app.clearance import Terms
from app.gateway import calls
from app.gateway.calls import Call
from app.gateway.desk import Admitted, Desk, NoAnswerError
from app.gateway.once import Once
from app.gateway.problems import DOWN, KANNEL_DOWN, KANNEL_SILENT, REFUSED, Problem
from app.gateway.settings import Settings
from app.gateway.tokens import EMERGENCY, Tokens, purpose_of
from app.gateway.uses import NOT_SENT, Use, Uses
from app.standing_clearance import StandingTerms

log = structlog.get_logger()
NEVER_REACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Answer(msgspec.Struct, frozen=True):
    """What goes back to the platform."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Going(msgspec.Struct, frozen=True):
    """Who is sent to, and under what where the registry did not answer."""

    admitted: Admitted
    standing: StandingTerms | None = None


class Gateway:
    """What calls are served with."""

    def __init__(self, settings: Settings) -> None:
        settings.state.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.tokens = Tokens(settings)
        self.desk = Desk(settings)
        self.once = Once()
        self.uses = Uses(settings.state / "uses.jsonl")
        self._kannel = httpx.AsyncClient(timeout=settings.kannel_seconds, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self.desk.close()
        await self._kannel.aclose()

    async def send(self, query: bytes, header: str | None) -> Answer:
        """Ask, and send to whoever is admitted; Problem says why nobody was sent to."""
        call = calls.read(query, header)
        terms = self.tokens.shown(call, clock.now())
        async with self.once.alone(call) as name:
            going = await self._asked(call, terms, self.once.request_id(name))
            if not going.admitted.send:
                raise Problem(REFUSED, "Nobody of this call may be sent to.", refused=going.admitted.refused)
            return await self._forward(call, terms, going, name)

    async def _asked(self, call: Call, terms: Terms | StandingTerms, request_id: str) -> Going:
        standing = self._standing(call, terms)
        everyone = Going(Admitted(call.to), standing)
        if standing is not None and self.desk.silent:
            return everyone
        try:
            if isinstance(terms, Terms):
                return Going(await self.desk.admit(terms.jti, call, request_id))
            admitted, token = await self.desk.check(terms, call, request_id)
            self._require_signed(admitted, token)
            return Going(admitted)
        except NoAnswerError as none:
            if standing is None and not _may_go_unanswered(terms):
                raise Problem(
                    DOWN, f"{none} Nothing was decided and nothing sent; repeat the same call later."
                ) from None
            return everyone

    def _standing(self, call: Call, terms: Terms | StandingTerms) -> StandingTerms | None:
        """Return what an alert may go out under while nobody answers."""
        if isinstance(terms, StandingTerms):
            return terms
        if terms.purpose != EMERGENCY:
            return None
        return self.tokens.standing_for(terms.sender, call.sender_id or terms.sender_id, clock.now())

    def _require_signed(self, admitted: Admitted, token: str | None) -> None:
        """Take a check for an answer only with its signed clearance."""
        if admitted.send and (token is None or not self.tokens.is_of_an_alert(token)):
            raise NoAnswerError("The answer is not signed.")

    async def _forward(self, call: Call, terms: Terms | StandingTerms, going: Going, name: bytes) -> Answer:
        use = await self._noted(call, terms, going)
        try:
            answer = await self._kannel.get(f"{self.settings.kannel}?{call.query(going.admitted.send)}")
        except NEVER_REACHED:
            await self._not_sent(use)
            raise Problem(KANNEL_DOWN, "Nothing was sent; repeat the same call later.") from None
        except httpx.HTTPError:
            self._perhaps_sent(terms, use, name)
            raise Problem(KANNEL_SILENT, "It may have been sent, so it is not sent again.") from None
        if answer.is_success:
            self.once.went_out(name)
            if use is not None:
                self.uses.went_out(use)
        else:
            await self._not_sent(use)
        return _passed_on(answer, going.admitted)

    async def _noted(self, call: Call, terms: Terms | StandingTerms, going: Going) -> Use | None:
        """Put on disk that an alert goes out unasked, before it does."""
        if going.standing is None:
            return None
        use = Use(
            use_id=clock.new_id("use"),
            standing=going.standing.jti,
            gateway=self.settings.name,
            at=clock.now(),
            count=len(going.admitted.send),
            campaign=terms.campaign if isinstance(terms, Terms) else call.campaign,
            drill=terms.drill if isinstance(terms, Terms) else call.drill,
        )
        await self.uses.write(use)
        log.warning("alert_unasked", standing=use.standing, count=use.count, drill=use.drill)
        return use

    async def _not_sent(self, use: Use | None) -> None:
        if use is not None:
            await self.uses.end(use, NOT_SENT)

    def _perhaps_sent(self, terms: Terms | StandingTerms, use: Use | None, name: bytes) -> None:
        """Where nobody knows, nobody is sent a message twice; but an alert rather twice than never."""
        if purpose_of(terms) != EMERGENCY:
            self.once.went_out(name)
        if use is not None:
            self.uses.went_out(use)


def _may_go_unanswered(terms: Terms | StandingTerms) -> bool:
    """Tell whether the sender's profile lets its service messages go while nobody can be asked (D8)."""
    return isinstance(terms, Terms) and terms.unanswered == "send"


def _passed_on(answer: httpx.Response, admitted: Admitted) -> Answer:
    """Return Kannel's own answer, with a line for everybody who was left out."""
    left_out: Sequence[str] = [f"Refused: {one.number} {one.reason}" for one in admitted.refused]
    headers = [(b"content-type", answer.headers.get("content-type", "text/plain").encode())]
    if left_out:
        headers.append((b"x-refused", str(len(left_out)).encode()))
    return Answer(answer.status_code, headers, b"\n".join([answer.content, *(line.encode() for line in left_out)]))
