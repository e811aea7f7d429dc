"""Clearances from the command line: verified without a network, signed by the next key."""

from pathlib import Path

import rich_click as click

from app.cli.common import actor, data_dir_accepted, data_dir_option, plain_errors, with_registry


@click.group()
def clearance() -> None:
    """Clearances: verify one offline, publish and rotate the keys that sign them."""


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
@click.option("--audience", help="The route it must be for.")
@click.option("--sender", help="The sender it must be for.")
@data_dir_accepted
@plain_errors
def verify(token: str, numbers_file: Path | None, jwks_file: Path, audience: str | None, sender: str | None) -> None:
    """Verify TOKEN (or a file that holds it, as @FILE) offline, against a list of one number a line.

    Prints what the clearance permits and exits 0, or names everything that is wrong and exits 1. Whether it was ended
    since only the registry knows: POST /v1/clearances/verify.

    Example: stop-registry clearance verify @token.txt --jwks jwks.json --numbers allowed.txt
    """
    from app import clearance as pure
    from app import clock, jws, phone

    text = Path(token[1:]).read_text(encoding="ascii", errors="replace").strip() if token.startswith("@") else token
    try:
        terms = pure.read(text, jws.read_keys(jwks_file.read_bytes()))
    except jws.BadTokenError as error:
        click.echo(f"token: {error}")
        raise SystemExit(1) from None
    numbers = phone.read_lines(numbers_file.read_bytes()).numbers if numbers_file else None
    found = pure.faults(terms, pure.Presented(now=clock.now(), audience=audience, sender=sender, numbers=numbers))
    for fault in found:
        click.echo(f"{fault.what}: {fault.detail}")
    if found:
        raise SystemExit(1)
    until = f"{terms.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    click.echo(f"valid: {terms.sender}, {terms.purpose}, {terms.count} numbers, route {terms.aud}, until {until}")


@clearance.command(name="rotate-key")
@data_dir_option
@plain_errors
def rotate_key(data_dir: Path | None) -> None:
    """Let the next key sign clearances. Verifiers have it already: it has been published as the next one."""
    from app import clearances

    generation = with_registry(data_dir, lambda registry: clearances.rotate(registry, actor()))
    click.echo(f"generation {generation} signs clearances from now on")
