"""Clearances from the command line: verified without a network, signed by the next key."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from app.cli.common import actor, data_dir_accepted, data_dir_option, plain_errors, with_registry
from app.cli.standing import standing

if TYPE_CHECKING:
    from app.clearance import Fault
    from app.jws import Keys


@click.group()
def clearance() -> None:
    """Clearances: verify one offline, publish and rotate the keys that sign them."""


clearance.add_command(standing)


@clearance.command()
@click.argument("token")
@click.option("--numbers", "numbers_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--jwks",
    "jwks_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The key set, saved from /.well-known/jwks.json.",
)
@click.option("--audience", help="The route it must be for; of a standing clearance, the gateway.")
@click.option("--sender", help="The sender it must be for.")
@click.option("--sender-id", help="Of a standing clearance: what phones will show.")
@click.option(
    "--denied",
    "denied_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Of a standing clearance: the list saved from /.well-known/denied-standing.jws.",
)
@data_dir_accepted
@plain_errors
def verify(
    token: str,
    numbers_file: Path | None,
    jwks_file: Path,
    audience: str | None,
    sender: str | None,
    sender_id: str | None,
    denied_file: Path | None,
) -> None:
    """Verify TOKEN (or a file that holds it, as @FILE) offline, against a list of one number a line.

    Prints what the clearance permits and exits 0, or names everything that is wrong and exits 1. Whether it was ended
    since only the registry knows: POST /v1/clearances/verify, or of a standing clearance the list of those denied.

    Example: stop-registry clearance verify @token.txt --jwks jwks.json --numbers allowed.txt
    """
    from app import jws, standing_clearance

    text = Path(token[1:]).read_text(encoding="ascii", errors="replace").strip() if token.startswith("@") else token
    keys = jws.read_keys(jwks_file.read_bytes())
    try:
        if jws.kind_of(text) == standing_clearance.TYPE:
            found, permits = _of_standing(text, keys, audience, sender, sender_id, denied_file)
        else:
            found, permits = _of_batch(text, keys, audience, sender, numbers_file)
    except jws.BadTokenError as error:
        click.echo(f"token: {error}")
        raise SystemExit(1) from None
    for fault in found:
        click.echo(f"{fault.what}: {fault.detail}")
    if found:
        raise SystemExit(1)
    click.echo(f"valid: {permits}")


def _of_batch(
    text: str, keys: "Keys", audience: str | None, sender: str | None, numbers_file: Path | None
) -> "tuple[Sequence[Fault], str]":
    from app import clearance as pure
    from app import clock, phone

    terms = pure.read(text, keys)
    numbers = phone.read_lines(numbers_file.read_bytes()).numbers if numbers_file else None
    found = pure.faults(terms, pure.Presented(now=clock.now(), audience=audience, sender=sender, numbers=numbers))
    until = f"{terms.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    return found, f"{terms.sender}, {terms.purpose}, {terms.count} numbers, route {terms.aud}, until {until}"


def _of_standing(
    text: str, keys: "Keys", gateway: str | None, sender: str | None, sender_id: str | None, denied_file: Path | None
) -> "tuple[Sequence[Fault], str]":
    from app import clock
    from app import standing_clearance as pure

    terms = pure.read(text, keys)
    denied = pure.read_denied(denied_file.read_text("ascii", "replace"), keys) if denied_file else None
    shown = pure.Shown(now=clock.now(), gateway=gateway, sender=sender, sender_id=sender_id, denied=denied)
    until = f"{terms.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    allowed = f"sender ids {', '.join(terms.sender_ids)}, gateways {', '.join(terms.gateways)}"
    return pure.faults(terms, shown), f"{terms.sender}, emergency, {terms.daily_cap} a day, {allowed}, until {until}"


@clearance.command(name="rotate-key")
@data_dir_option
@plain_errors
def rotate_key(data_dir: Path | None) -> None:
    """Let the next key sign clearances. Verifiers have it already: it has been published as the next one."""
    from app import clearances

    generation = with_registry(data_dir, lambda registry: clearances.rotate(registry, actor()))
    click.echo(f"generation {generation} signs clearances from now on")
