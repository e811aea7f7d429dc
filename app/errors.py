"""Every error a caller can meet, in the order of its status; one renderer turns them into RFC 9457 problems."""


class RegistryError(Exception):
    """Something went wrong that the person can act on; the message says what to do."""

    status = 500
    slug = "internal"
    title = "The registry failed"
    title_fr = "Le registre a échoué"


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


class TooLargeError(RegistryError):
    """More than one call may carry."""

    status = 413
    slug = "too-large"
    title = "Too large"
    title_fr = "Trop volumineux"


class InvalidValueError(RegistryError):
    """The request was read, but a value in it cannot be used."""

    status = 422
    slug = "invalid-value"
    title = "A value cannot be used"
    title_fr = "Une valeur est inutilisable"


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


class UnavailableError(RegistryError):
    """The outcome is unknown or the database is away: nothing may be concluded."""

    status = 503
    slug = "registry-unavailable"
    title = "The registry is unavailable"
    title_fr = "Le registre est indisponible"
