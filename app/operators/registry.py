"""Every provider by name."""

from app.errors import InvalidValueError
from app.operators import (
    aws,
    bird,
    jasmin,
    kannel,
    link,
    messagebird,
    plivo,
    sinch,
    standard_webhooks,
    telnyx,
    twilio,
    vonage,
)
from app.operators.flat import Flat
from app.operators.model import Provider
from app.operators.pull import SOURCES
from app.operators.pull.model import Asked
from app.operators.table import TABLE


class UnknownProviderError(InvalidValueError, LookupError):
    """No provider has this name."""

    slug = "unknown-provider"


_SIGNED = (aws, bird, jasmin, kannel, link, messagebird, plivo, sinch, standard_webhooks, telnyx, twilio)
_ALL: tuple[Provider, ...] = (
    *(module.PROVIDER for module in _SIGNED),
    *vonage.PROVIDERS,
    *(Flat(shape) for shape in TABLE),
    *(Asked(name) for name in SOURCES),
)
PROVIDERS: dict[str, Provider] = {one.name: one for one in sorted(_ALL, key=lambda one: one.name)}


def provider(name: str) -> Provider:
    """Return the provider of this name; UnknownProviderError listing those there are."""
    try:
        return PROVIDERS[name]
    except KeyError:
        raise UnknownProviderError(f"There is no provider {name!r}. There are: {', '.join(PROVIDERS)}.") from None
