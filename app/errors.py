"""Every error a caller can meet, in the order of its status; one renderer turns them into RFC 9457 problems."""


class RegistryError(Exception):
    """Something went wrong that the person can act on; the message says what to do."""

    status = 500
    slug = "internal"
    title = "The registry failed"
    title_fr = "Le registre a échoué"
    retry_after_seconds: int | None = None
    """When the same call may pass, where this is known better than by its status."""

    def __init__(self, detail: str = "", *, french: str | None = None, **members: str) -> None:
        """Take what to do, in both languages where the caller may be French, and members of the problem document."""
        super().__init__(detail)
        self.french = french or detail
        self.members = members


class MalformedRequestError(RegistryError):
    """The request could not be read."""

    status = 400
    slug = "malformed-request"
    title = "The request could not be read"
    title_fr = "La requête est illisible"


class UnauthenticatedError(RegistryError):
    """Nobody we know is calling."""

    status = 401
    slug = "unauthenticated"
    title = "No valid key"
    title_fr = "Clé absente ou invalide"


class BadSignatureError(UnauthenticatedError):
    """The request does not carry the proof its connection asks for."""

    slug = "bad-signature"
    title = "The request is not authentic"
    title_fr = "La requête n'est pas authentique"


class ForbiddenError(RegistryError):
    """The key is good but not for this."""

    status = 403
    slug = "forbidden"
    title = "This key may not do that"
    title_fr = "Cette clé ne le permet pas"


class NotFoundError(RegistryError):
    """There is no such thing, or it is somebody else's: the two look alike on purpose."""

    status = 404
    slug = "not-found"
    title = "Not found"
    title_fr = "Introuvable"


class ConflictError(RegistryError):
    """It cannot be done in the present state."""

    status = 409
    slug = "conflict"
    title = "Not in this state"
    title_fr = "Impossible dans cet état"


class ClearanceExpiredError(ConflictError):
    """What was answered once holds no longer: it is too long ago."""

    slug = "clearance-expired"
    title = "The earlier answer has expired"
    title_fr = "La réponse précédente a expiré"


class RecalledError(ConflictError):
    """Somebody whom the earlier answer cleared has said STOP since."""

    slug = "recalled"
    title = "Somebody has said STOP since"
    title_fr = "Une personne a dit STOP depuis"


class KeyTakenError(ConflictError):
    """Another call under the same Idempotency-Key was recorded first."""

    slug = "idempotency-key-taken"
    title = "The same call is being answered"
    title_fr = "Le même appel est en cours de réponse"


class ConsentOlderError(ConflictError):
    """The consent is not newer than what the person said since."""

    slug = "consent-older"
    title = "The consent is older than the opposition"
    title_fr = "Le consentement est antérieur à l'opposition"


class QuietHoursError(ConflictError):
    """Nobody in the batch may be reached at the planned time."""

    slug = "quiet-hours"
    title = "Outside the hours of the policy"
    title_fr = "En dehors des horaires de la politique"


class StopChannelDownError(ConflictError):
    """Nothing proves that a STOP to this code would arrive."""

    slug = "stop-channel-down"
    title = "The STOP channel is not proven to work"
    title_fr = "Rien ne prouve que le canal STOP fonctionne"


class RouteRefusedError(ConflictError):
    """The policy does not allow this route or this sender id."""

    slug = "route-refused"
    title = "This route may not carry the batch"
    title_fr = "Cette route ne peut pas acheminer l'envoi"


class NoStopMentionError(ConflictError):
    """The text does not tell people how to say STOP."""

    slug = "no-stop-mention"
    title = "The text names no way to say STOP"
    title_fr = "Le texte n'indique aucun moyen de dire STOP"


class GoneError(RegistryError):
    """This sender was erased; its ledger stays."""

    status = 410
    slug = "sender-erased"
    title = "This sender was erased"
    title_fr = "Cet émetteur a été effacé"


class TooLargeError(RegistryError):
    """More than one call may carry."""

    status = 413
    slug = "too-large"
    title = "Too large"
    title_fr = "Trop volumineux"


class UnsupportedTypeError(RegistryError):
    """The body is of a kind, or encoded in a way, that is not read here."""

    status = 415
    slug = "unsupported-type"
    title = "This kind of body is not read here"
    title_fr = "Ce type de contenu n'est pas accepté ici"


class InvalidValueError(RegistryError):
    """The request was read, but a value in it cannot be used."""

    status = 422
    slug = "invalid-value"
    title = "A value cannot be used"
    title_fr = "Une valeur est inutilisable"


class KeyReusedError(InvalidValueError):
    """An Idempotency-Key that belongs to another call."""

    slug = "idempotency-key-reused"
    title = "The Idempotency-Key belongs to another call"
    title_fr = "Cette Idempotency-Key appartient à un autre appel"


class IncompleteCheckError(InvalidValueError):
    """The check leaves out what its safeguards need, and the profile has no single value for it."""

    slug = "incomplete-check"
    title = "The check leaves out what it is judged by"
    title_fr = "La demande omet ce qui permet de la juger"


class TooEarlyError(InvalidValueError):
    """The sending is planned too far ahead."""

    slug = "too-early"
    title = "Planned too far ahead"
    title_fr = "Envoi prévu trop tôt à l'avance"


class HeldError(RegistryError):
    """A person has held this sender."""

    status = 423
    slug = "sender-held"
    title = "Sending is held"
    title_fr = "Les envois sont suspendus"


class BusyError(RegistryError):
    """Too much at once; the same call will pass later."""

    status = 429
    slug = "busy"
    title = "Too much at once"
    title_fr = "Trop de demandes à la fois"


class EnumerationBudgetError(BusyError):
    """More numbers that this sender never asked about than its contract allows in a day."""

    slug = "enumeration-budget"
    title = "Too many new numbers for one day"
    title_fr = "Trop de nouveaux numéros pour une journée"


class UnavailableError(RegistryError):
    """The outcome is unknown or the database is away: nothing may be concluded."""

    status = 503
    slug = "registry-unavailable"
    title = "The registry is unavailable"
    title_fr = "Le registre est indisponible"


class KeyRotatedError(UnavailableError):
    """Tags were made with a key that has been rotated since; made again, they pass."""
