"""The clearance that a call shows, verified offline; and the standing clearances this gateway holds."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog

from app import clearance, jws, standing_clearance
from app.clearance import Presented, Terms
from app.gateway.calls import Call
from app.gateway.problems import NO_CLEARANCE, Problem, refused
from app.gateway.settings import Settings
from app.jws import BadTokenError, Keys
from app.standing_clearance import Denied, Shown, StandingTerms

log = structlog.get_logger()
EMERGENCY = "emergency"


class Tokens:
    """Keys, standing clearances and the list of those denied, as the files say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys_read_at: float | None = None
        self._keys: Keys = {}
        self._denied_path = settings.state / "denied-standing.jws"
        self._read_keys()
        self._denied = self._kept_list()
        self._standing = self._read_standing()

    def shown(self, call: Call, now: datetime) -> Terms | StandingTerms:
        """Return the terms of the token that a call shows, when it may be used now for this; Problem says why not."""
        if call.token is None:
            raise Problem(NO_CLEARANCE, "Check the batch at POST /v1/checks and send its clearance as X-Clearance.")
        try:
            terms = self._read(call.token)
        except BadTokenError as error:
            raise refused(call.to, "token", str(error)) from None
        found = self._faults(terms, call, now)
        if found:
            raise refused(call.to, found[0].what, " ".join(fault.detail for fault in found))
        return terms

    def standing_for(self, sender: str, sender_id: str | None, now: datetime) -> StandingTerms | None:
        """Return a standing clearance of this gateway under which a sender's alert may go out, if there is one."""
        for terms in self._standing:
            held = self._shown(now, sender_id)
            if terms.sender == sender and not standing_clearance.faults(terms, held):
                return terms
        return None

    def is_of_an_alert(self, token: str) -> bool:
        """Tell whether a token is the registry's clearance for an alert."""
        try:
            return clearance.read(token, self._keys_for(token)).purpose == EMERGENCY
        except BadTokenError:
            return False

    def take_denied(self, text: str) -> None:
        """Keep a newer list of those denied, for the time when none can be had; an older one says nothing new."""
        denied = standing_clearance.read_denied(text, self._keys_for(text))
        if self._denied is not None and denied.iat < self._denied.iat:
            return
        draft = self._denied_path.with_suffix(".draft")
        draft.write_text(text, encoding="ascii")
        draft.replace(self._denied_path)
        self._denied = denied

    def _faults(self, terms: Terms | StandingTerms, call: Call, now: datetime) -> Sequence[clearance.Fault]:
        if isinstance(terms, StandingTerms):
            return standing_clearance.faults(terms, self._shown(now, call.sender_id))
        routes = self._settings.routes
        audience = terms.aud if not routes or terms.aud in routes else routes[0]
        found = list(clearance.faults(terms, Presented(now=now, audience=audience)))
        if None not in {call.sender_id, terms.sender_id} and call.sender_id != terms.sender_id:
            found.append(
                clearance.Fault("sender-id", f"It is for the sender id `{terms.sender_id}`, and not for `from`.")
            )
        return found

    def _shown(self, now: datetime, sender_id: str | None) -> Shown:
        return Shown(now=now, gateway=self._settings.name, sender_id=sender_id, denied=self._denied)

    def _read(self, token: str) -> Terms | StandingTerms:
        keys = self._keys_for(token)
        if jws.kind_of(token) == standing_clearance.TYPE:
            return standing_clearance.read(token, keys)
        return clearance.read(token, keys)

    def _keys_for(self, token: str) -> Keys:
        """Return the keys; where a token names none of them and the file was changed, those it has now."""
        if jws.signer_of(token) not in self._keys and self._settings.jwks.stat().st_mtime != self._keys_read_at:
            self._read_keys()
        return self._keys

    def _read_keys(self) -> None:
        path = self._settings.jwks
        changed_at = path.stat().st_mtime
        self._keys = jws.read_keys(path.read_bytes())
        self._keys_read_at = changed_at

    def _kept_list(self) -> Denied | None:
        if not self._denied_path.exists():
            return None
        try:
            text = self._denied_path.read_text(encoding="ascii", errors="replace")
            return standing_clearance.read_denied(text, self._keys)
        except BadTokenError:
            log.warning("denied_list_unreadable")
            return None

    def _read_standing(self) -> tuple[StandingTerms, ...]:
        """Read the file's tokens; BadTokenError when one does not verify: better at the start than in the night."""
        if self._settings.standing is None:
            return ()
        lines = Path(self._settings.standing).read_text(encoding="ascii", errors="replace").split()
        return tuple(standing_clearance.read(line, self._keys) for line in lines)


def purpose_of(terms: Terms | StandingTerms) -> str:
    """Return what a token was given for."""
    return EMERGENCY if isinstance(terms, StandingTerms) else terms.purpose
