"""What is declared about each operator connection, as a way in and as a way out."""

from collections.abc import Iterator, Sequence

from app.directory import UNDECLARED, Link
from app.doctor.finding import Finding, ok, warn
from app.profile import Profile
from app.registry import Registry
from app.safeguards.routes import forbidden_countries


async def check(registry: Registry) -> Sequence[Finding]:
    """Judge every connection by itself; whether a sender may use it is said with the sender."""
    snapshot = await registry.directory.current(max_age_seconds=0)
    if not snapshot.links:
        return [warn("connections", "there are none, so no STOP can arrive; add one with `stop-registry operator add`")]
    return [found for link in snapshot.links.values() for found in findings(link)]


def findings(link: Link) -> list[Finding]:
    """Judge one connection; one that is all right has one line."""
    what, declared = f"connection {link.connection.slug}", link.declared
    troubles = [warn(what, told) for told in _troubles(link)]
    return troubles or [
        ok(what, f"{declared.route_class}, data in {','.join(declared.countries)}, contract {declared.contract}")
    ]


def _troubles(link: Link) -> Iterator[str]:
    declared, command = link.declared, f"`stop-registry operator declare {link.connection.slug}"
    if not link.codes:
        yield "no short code is named whose answers arrive here"
    if declared == UNDECLARED:
        yield (
            "as a route it is unknown, so no check may go out by it; if any shall: "
            f"{command} --class … --countries … --contract … --stop-returns`"
        )
        return
    if not declared.contract:
        yield f"no contract is declared (GDPR art. 28): {command} --contract …`"
    if forbidden := forbidden_countries(Profile(), declared.countries):
        yield f"data in {', '.join(forbidden)}: only senders that allow it in allowed_countries may use it"
    if not declared.stop_returns:
        yield f"no STOP comes back through it, so no advertising may leave by it; if it does: {command} --stop-returns`"
