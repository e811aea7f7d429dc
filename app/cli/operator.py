"""Operator connections from the command line: add, declare, list, pull, reconcile, replay."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import rich_click as click

from app.cli.common import REFUSED, actor, data_dir_accepted, data_dir_option, plain_errors, with_registry
from app.errors import RegistryError
from app.registry import Registry

NEW = "(new)"

if TYPE_CHECKING:
    from app.registry import Registry


@click.group()
def operator() -> None:
    """Operator connections: where MO messages come from."""


@operator.command("add")
@click.argument("slug")
@click.option("--provider", required=True, help="The format it speaks, such as kannel or standard_webhooks.")
@click.option("--code", "codes", multiple=True, help="A short code whose answers arrive here; repeat for several.")
@click.option("--secret", "secrets", multiple=True, help="A signing secret; at most two. Made if none is given.")
@click.option("--token", default=None, help="The token in the address of a provider that does not sign.")
@click.option("--account", "accounts", multiple=True, metavar="NAME=SENDER", help="The operator's account of a sender.")
@click.option("--config", default="{}", help="The adapter's settings, as JSON.")
@click.option("--replies", type=click.Choice(["operator", "answer", "none"]), default="answer", show_default=True)
@click.option("--may-lift", is_flag=True, help="A START that arrives here may end an opposition.")
@data_dir_option
@plain_errors
def operator_add(
    slug: str,
    provider: str,
    codes: tuple[str, ...],
    secrets: tuple[str, ...],
    token: str | None,
    accounts: tuple[str, ...],
    config: str,
    replies: str,
    data_dir: Path | None,
    *,
    may_lift: bool,
) -> None:
    """Add an operator connection; its secret and address are shown once.

    Example: stop-registry operator add agregateur-a --provider standard_webhooks --code 36200
    """
    from app import administration

    plan = administration.ConnectionPlan(
        slug=slug,
        provider=provider,
        secrets=secrets,
        token=token,
        codes=codes,
        accounts=dict(_pair(account) for account in accounts),
        config=_config(config),
        replies=replies,
        may_lift=may_lift,
    )
    made = with_registry(data_dir, lambda registry: administration.add_connection(registry, actor(), plan))
    click.echo(f"address\t/v1/mo/{slug}" + (f"/{made.token}" if made.token else ""))
    for secret in made.secrets:
        click.echo(f"secret\t{secret}")


@operator.command("declare")
@click.argument("slug")
@click.option(
    "--class",
    "route_class",
    type=click.Choice(["direct", "partner", "unknown"]),
    default=None,
    help="The operator itself, a partner under contract with it, or not known.",
)
@click.option("--countries", default=None, help="Where its data live, such as FR,DE (ISO 3166).")
@click.option("--contract", default=None, help="The reference of the contract.")
@click.option("--stop-returns/--no-stop-returns", default=None, help="Whether a STOP comes back to us through it.")
@data_dir_option
@plain_errors
def operator_declare(
    slug: str,
    route_class: str | None,
    countries: str | None,
    contract: str | None,
    stop_returns: bool | None,  # noqa: FBT001 - click gives it by name
    data_dir: Path | None,
) -> None:
    """Say what a connection is as a way out; what is left out stays. A check refuses a route nobody declared.

    Example: stop-registry operator declare agregateur --class direct --countries FR --contract C-17 --stop-returns
    """
    from app import administration

    given = {
        "route_class": route_class,
        "countries": None if countries is None else tuple(one.strip() for one in countries.split(",") if one.strip()),
        "contract": contract,
        "stop_returns": stop_returns,
    }
    given = {name: value for name, value in given.items() if value is not None}
    if not given:
        raise click.UsageError("Say --class, --countries, --contract or --stop-returns.")

    async def apply(registry: Registry) -> None:
        known = await administration.declared(registry, slug)
        await administration.declare(registry, actor(), slug, msgspec.structs.replace(known, **given))

    with_registry(data_dir, apply)
    click.echo(f"declared {slug}")


@operator.command("list")
@data_dir_option
@plain_errors
def operator_list(data_dir: Path | None) -> None:
    """List the connections: short name, provider, codes; how the last pull went, where lists are read."""
    from app.cli.pulls import described
    from app.puller import health

    async def read(registry: "Registry") -> list[str]:
        snapshot, pulled = await registry.directory.current(), await health(registry)
        links = snapshot.links.values()
        plain = [f"{link.connection.slug}\t{link.connection.provider}\t{','.join(link.codes)}" for link in links]
        return [line + described(link, pulled) for line, link in zip(plain, links, strict=True)]

    for line in with_registry(data_dir, read):
        click.echo(line)


@operator.command("pull")
@click.argument("connection")
@data_dir_option
@plain_errors
def operator_pull(connection: str, data_dir: Path | None) -> None:
    """Read the lists of an operator that keeps STOPs to itself, now.

    A running `serve` does so by itself where the connection's config has pull_every_minutes.

    Example: stop-registry operator pull ovh
    """
    from app.puller import pull

    done = with_registry(data_dir, lambda registry: pull(registry, connection))
    click.echo(f"listed\t{done.listed}\napplied\t{done.applied}")


@operator.command("reconcile")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--connection", required=True, help="The connection through which these messages come.")
@click.option(
    "--kind",
    type=click.Choice(["mo", "blacklist"]),
    default=None,
    help="Messages, or numbers on the operator's black list.  [default: messages where there is a column of texts]",
)
@click.option("--column", help="The numbers' column: its name in the header, or its position from 1.")
@click.option("--date-column", help="The column of the times.  [default: found by its name]")
@click.option("--text-column", help="The column of the texts.  [default: found by its name]")
@click.option("--id-column", help="The column of the operator's message ids.  [default: found by its name]")
@click.option("--code-column", help="The column of the short codes.  [default: found by its name]")
@click.option("--zone", default=None, help="The zone of times that name none.  [default: the connection's, or Paris]")
@data_dir_option
@plain_errors
def operator_reconcile(file: Path, data_dir: Path | None, **given: str | None) -> None:
    """Compare an operator's own list of messages, or its black list, with what arrived here.

    Gaps are named by row. STOPs that are missing here are applied with their own time; what is here and not on the
    list is reported. The report is kept; exit status 1 says that something differed.

    Example: stop-registry operator reconcile mo-novembre.csv --connection agregateur-a
    """
    from app.cli.reconcile import Options, reconcile

    options = Options(file=file, **given)  # type: ignore[arg-type] # click gives each option the type it declares
    sys.exit(with_registry(data_dir, lambda registry: reconcile(registry, options, click.echo)))


@operator.command("secret")
@click.argument("slug")
@click.option(
    "--add", "added", is_flag=False, flag_value=NEW, default=None, help="A secret to accept; made if omitted."
)
@click.option("--remove", "removed", default=None, help="A secret, or `oldest`, that is accepted no longer.")
@data_dir_option
@plain_errors
def operator_secret(slug: str, added: str | None, removed: str | None, data_dir: Path | None) -> None:
    """Change a connection's secrets without losing a message: add the new one, tell the operator, remove the old one.

    Two are in force at most. A running server follows within a second.

    Example: stop-registry operator secret agregateur-a --add
    """
    from app import administration

    if added is None and removed is None:
        raise click.UsageError("Say --add, --remove or both.")
    wanted = "" if added == NEW else added
    made = with_registry(data_dir, lambda r: administration.change_secrets(r, actor(), slug, wanted, removed))
    if made:
        click.echo(f"secret\t{made}")


@operator.command("restore-lifting")
@click.argument("slug")
@click.option("--reason", required=True, help="Why the flood was harmless, or what was done about it.")
@data_dir_option
@plain_errors
def operator_restore_lifting(slug: str, reason: str, data_dir: Path | None) -> None:
    """Let STARTs through a connection lift again, after a flood has suspended that.

    Example: stop-registry operator restore-lifting agregateur-a --reason "The operator sent a week again"
    """
    from app import breakers

    with_registry(data_dir, lambda registry: breakers.restore(registry, actor(), slug, reason))
    click.echo(f"lifting through {slug}: restored")


@operator.command("quarantine")
@click.argument("slug")
@click.argument("action", type=click.Choice(["list", "replay"]), default="list")
@data_dir_option
@plain_errors
def operator_quarantine(slug: str, action: str, data_dir: Path | None) -> None:
    """List what a connection sent and nobody could use, or run it again after a secret or setting was mended.

    Each request is judged by the secrets and settings of today and keeps its time of receipt. What passes is applied
    and leaves; exit status 1 says that something stays.

    Example: stop-registry operator quarantine agregateur-a replay
    """
    if action == "list":
        _list_quarantine(slug, data_dir)
        return
    from app import journal, quarantine

    async def replayed(registry: Registry) -> quarantine.Replayed:
        done = await quarantine.replay(registry, slug)
        await journal.write(registry, actor(), "quarantine.replay", slug, msgspec.structs.asdict(done))
        return done

    done = with_registry(data_dir, replayed)
    click.echo(f"applied\t{done.applied}\nstaying\t{done.staying}")
    sys.exit(REFUSED if done.staying else 0)


def _list_quarantine(slug: str, data_dir: Path | None) -> None:
    from app import journal, quarantine

    async def rows(registry: Registry) -> list[str]:
        await journal.write(registry, actor(), "quarantine.read", slug, {})
        return [
            f"{row.fingerprint.hex()}\t{row.received_at:%Y-%m-%dT%H:%M:%SZ}\t{row.reason}\t{row.times_seen}"
            async for row in quarantine.waiting(registry, slug)
        ]

    for line in with_registry(data_dir, rows):
        click.echo(line)


@operator.command("replay")
@data_dir_accepted
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def operator_replay(files: tuple[Path, ...]) -> None:
    """Run request samples through authentication and decoding, one JSON object a message.

    A sample is a JSON file with the request, the secret, the clock and the settings its connection would have.
    Nothing is stored and no database is needed.

    Example: stop-registry operator replay tests/vectors/mo/kannel.json
    """
    from app.operators import replay

    refused = False
    for file in files:
        try:
            # The standard library's reader: a sample may hold what a person saved, a byte-order mark included.
            for message in replay(json.loads(file.read_text("utf-8-sig"))):
                click.echo(msgspec.json.encode(message))
        except (RegistryError, ValueError) as error:
            click.echo(f"{file}: {error}", err=True)
            refused = True
    sys.exit(REFUSED if refused else 0)


def _pair(text: str) -> tuple[str, str]:
    name, separator, slug = text.partition("=")
    if not separator:
        raise click.BadParameter("write NAME=SENDER", param_hint="--account")
    return name, slug


def _config(text: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except msgspec.MsgspecError as error:
        raise click.BadParameter(f"this is not a JSON object: {error}", param_hint="--config") from None
