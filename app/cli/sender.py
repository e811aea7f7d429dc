"""What is decided about one sender, from the command line: enforce, text, set, show, inherit, erase."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import rich_click as click

from app.cli import holds
from app.cli.administer import sender
from app.cli.common import REFUSED, actor, data_dir_option, plain_errors, with_registry

if TYPE_CHECKING:
    from app.registry import Registry

__all__ = ["holds", "sender"]


@sender.command("enforce")
@click.argument("slug")
@click.argument("state", type=click.Choice(["on", "off"]))
@data_dir_option
@plain_errors
def sender_enforce(slug: str, state: str, data_dir: Path | None) -> None:
    """Say that the sender's gateway refuses every send that no check cleared, or that it does not.

    On a shared code, an enforced sender is left out of a STOP when none of its checks cleared that number within the
    look-back (STOP_REGISTRY_LOOKBACK_HOURS). Say it only where it is true.

    Example: stop-registry sender enforce salon-martin on
    """
    from app import senders

    with_registry(data_dir, lambda registry: senders.enforce(registry, actor(), slug, on=state == "on"))
    click.echo(f"enforcement of {slug}: {state}")


@sender.command("text")
@click.argument("slug")
@click.argument("kind", type=click.Choice(["confirmation", "contact", "help"]))
@click.option("--fr", default=None, help="In French; empty: back to the text that comes with the registry.")
@click.option("--en", default=None, help="In English, for people who write UNSUBSCRIBE or HELP.")
@data_dir_option
@plain_errors
def sender_text(slug: str, kind: str, fr: str | None, en: str | None, data_dir: Path | None) -> None:
    """Set what people get back after STOP, CONTACT and HELP; refused unless it is one GSM-7 SMS of 160 characters.

    Example: stop-registry sender text salon-martin contact --fr "Edite par Salon Martin, 1 rue des Lilas, Lyon"
    """
    from app import senders

    texts = {language: text for language, text in (("fr", fr), ("en", en)) if text is not None}
    with_registry(data_dir, lambda registry: senders.set_text(registry, actor(), slug, kind, texts))
    click.echo(f"{kind} of {slug}: {', '.join(texts)}")


@sender.command("set")
@click.argument("slug")
@click.argument("pairs", metavar="NAME VALUE [NAME VALUE]...", nargs=-1, required=True)
@data_dir_option
@plain_errors
def sender_set(slug: str, pairs: tuple[str, ...], data_dir: Path | None) -> None:
    """Set fields of a sender's profile; a VALUE is JSON or a plain text, and `null` goes back to the default.

    `sender show` prints the fields there are. What a check leaves out is taken from here.

    Example: stop-registry sender set salon-martin routes '["agregateur-a"]' send_minutes 30
    """
    from app import senders

    if len(pairs) % 2:
        raise click.UsageError("Give each NAME its VALUE.")

    async def apply(registry: "Registry") -> None:
        for name, value in zip(pairs[::2], pairs[1::2], strict=True):
            await senders.set_value(registry, actor(), slug, name, value)
            click.echo(f"{name} of {slug}: set")

    with_registry(data_dir, apply)


@sender.command("show")
@click.argument("slug")
@data_dir_option
@plain_errors
def sender_show(slug: str, data_dir: Path | None) -> None:
    """Print a sender's profile: field, value as JSON, and `default` where nothing was decided.

    Example: stop-registry sender show salon-martin
    """
    from app import administration
    from app.profile import Profile

    found = with_registry(data_dir, lambda registry: administration.sender_named(registry, slug))
    untouched = Profile()
    for name in Profile.__struct_fields__:
        value = getattr(found.profile, name)
        default = "\tdefault" if value == getattr(untouched, name) else ""
        click.echo(f"{name}\t{msgspec.json.encode(value).decode()}{default}")


@sender.command("inherit")
@click.argument("heir")
@click.argument("former")
@click.option("--reason", required=True, help="Why, for both ledgers: the merger, the renaming.")
@data_dir_option
@plain_errors
def sender_inherit(heir: str, former: str, reason: str, data_dir: Path | None) -> None:
    """Let HEIR's checks withhold whoever is opposed to FORMER: a data protection officer's decision.

    Example: stop-registry sender inherit groupe-martin salon-martin --reason "Fusion du 1er janvier"
    """
    from app import senders

    with_registry(data_dir, lambda registry: senders.inherit(registry, actor(), heir, former, reason))
    click.echo(f"{heir} inherits the list of {former}")


@sender.command("erase")
@click.argument("slug")
@click.option("--reason", required=True, help="Why, in one line; it stays in the sender's ledger.")
@click.option("--yes", is_flag=True, help="Erase. Without it, only say what would be removed.")
@data_dir_option
@plain_errors
def sender_erase(slug: str, reason: str, data_dir: Path | None, *, yes: bool) -> None:
    """Erase a sender for good: a data protection officer's decision.

    Destroys the keys of its pseudonyms, its oppositions and whom it cleared. Its ledger stays and still verifies, its
    name too. Checks are answered 410 from then on. Refused while another sender inherits its list. Run it as the owner
    of the tables; backups hold what they held.

    Example: stop-registry sender erase salon-martin --reason "Cessation d'activité"
    """
    from app import erasure

    if yes:
        found = with_registry(data_dir, lambda registry: erasure.erase(registry, actor(), slug, reason))
    else:
        found = with_registry(data_dir, lambda registry: erasure.preview(registry, slug))
    click.echo(f"{found.opposed:>12,}  people opposed")
    click.echo(f"{found.opt_outs:>12,}  rows of the opposition list, {found.openings:,} openings of ledger entries")
    click.echo(f"{found.cleared_checks:>12,}  checks with whom they cleared, {found.review_items:,} review items")
    click.echo(f"{found.ledger_entries:>12,}  ledger entries stay")
    click.echo(f"erased {slug}" if yes else f"nothing was erased: with --yes, all of this and the keys of {slug} go")
    if not yes:
        sys.exit(REFUSED)
