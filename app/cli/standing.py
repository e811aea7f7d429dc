"""Standing clearances from the command line: issue, revoke, list."""

from pathlib import Path

import rich_click as click

from app.cli.common import actor, data_dir_option, plain_errors, with_registry


@click.group()
def standing() -> None:
    """Permission beforehand for alerts: what gateways send under while the registry does not answer."""


@standing.command()
@click.argument("slug", metavar="SENDER")
@click.option("--sender-id", "sender_ids", multiple=True, required=True, help="What phones show; may be repeated.")
@click.option("--gateway", "gateways", multiple=True, required=True, help="Who may use it; may be repeated.")
@click.option("--daily-cap", type=int, required=True, help="Messages a day; beyond it they pass, and a person is told.")
@data_dir_option
@plain_errors
def issue(
    slug: str, sender_ids: tuple[str, ...], gateways: tuple[str, ...], daily_cap: int, data_dir: Path | None
) -> None:
    """Issue a standing clearance for 90 days to a sender granted `emergency`; prints the token for its gateways.

    Example: stop-registry clearance standing issue lycee-hugo --sender-id LYCEE --gateway kannel-a --daily-cap 5000
    """
    from app import standing_clearances as use_case

    issued = with_registry(
        data_dir, lambda registry: use_case.issue(registry, actor(), slug, sender_ids, gateways, daily_cap)
    )
    click.echo(f"{issued.terms.jti} until {issued.terms.expires_at:%Y-%m-%dT%H:%M:%SZ}", err=True)
    click.echo(issued.token)


@standing.command()
@click.argument("standing_id", metavar="ID")
@click.option("--reason", required=True, help="Why: it stands in the ledger.")
@data_dir_option
@plain_errors
def revoke(standing_id: str, reason: str, data_dir: Path | None) -> None:
    """End one before its time: gateways find it on the published list.

    Example: stop-registry clearance standing revoke std_… --reason "Gateway replaced"
    """
    from app import standing_clearances as use_case

    with_registry(data_dir, lambda registry: use_case.revoke(registry, actor(), standing_id, reason))
    click.echo(f"ended {standing_id}")


@standing.command(name="list")
@data_dir_option
@plain_errors
def list_(data_dir: Path | None) -> None:
    """List them, the newest first: id, sender, state, end, cap, sender ids, gateways."""
    from app import clock
    from app import standing_clearances as use_case

    now = clock.now()
    for one in with_registry(data_dir, use_case.listed):
        terms = one.terms
        ended = f"ended {one.revoked_at:%Y-%m-%dT%H:%M:%SZ}: {one.revoked_reason}" if one.revoked_at else "expired"
        state = "in force" if one.revoked_at is None and now < terms.expires_at else ended
        columns = (
            terms.jti,
            terms.sender,
            state,
            f"{terms.expires_at:%Y-%m-%dT%H:%M:%SZ}",
            str(terms.daily_cap),
            ",".join(terms.sender_ids),
            ",".join(terms.gateways),
        )
        click.echo("\t".join(columns))
