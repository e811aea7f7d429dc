"""``stop-registry import``: a list of oppositions kept elsewhere goes into a sender's ledger."""

import sys
from pathlib import Path
from typing import Any

import rich_click as click

from app.cli.common import data_dir_option, plain_errors, with_registry


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--sender", required=True, help="The brand that these people are opposed to.")
@click.option("--column", help="The numbers' column: its name in the header, or its position from 1.")
@click.option("--date-column", help="The column of the original dates.  [default: found by its name]")
@click.option("--source", default="import", show_default=True, help="Where they come from: web-form, letter, crm …")
@click.option("--zone", default="Europe/Paris", show_default=True, help="The zone of dates that name none.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What became of each row; holds no number.  [default: FILE.report.csv]",
)
@click.option("--dry-run", is_flag=True, help="Read everything, write the report, record nothing.")
@data_dir_option
@plain_errors
def import_file(data_dir: Path | None, **given: Any) -> None:  # noqa: ANN401 - the options, by name
    """Bring the oppositions of FILE into the ledger of a sender, with their original dates.

    FILE is a text file with one number a line, or an export with a column of numbers, whatever its separator, header,
    encoding and line ends; exports of AWS, Brevo, OVHcloud and Twilio are known by their headers. Nothing is recorded
    twice, so a run that was cut goes on, and an old list may be imported again, by the same command. Hashed lists
    cannot be imported: a hash cannot be turned into the number that this registry's own pseudonym is made of.

    \b
    Examples:
    stop-registry import desinscrits.csv --sender salon-martin --dry-run
    stop-registry import desinscrits.csv --sender salon-martin --date-column "Date STOP" --source crm

    \b
    Exit status: 0 done, 1 some rows could not be read (see the report), or a list that cannot be imported,
    2 wrong use, 3 registry unavailable.
    """  # noqa: D301 - \b is the sign by which click keeps the lines of a paragraph
    from app.cli.import_file.run import Options, run

    options = Options(**given)
    sys.exit(with_registry(data_dir, lambda registry: run(registry, options, click.echo)))
