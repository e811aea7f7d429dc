"""``stop-registry check``: a list of people goes in, the rows that may be sent to come out."""

from pathlib import Path
from typing import Any

import rich_click as click

from app.cli.common import data_dir_accepted


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--url", default="http://127.0.0.1:8000", envvar="STOP_REGISTRY_URL", show_envvar=True, show_default=True)
@click.option("--key", default="", envvar="STOP_REGISTRY_KEY", show_envvar=True, help="API key, sr_…")
@click.option("--sender", help="Needed only where the key acts for several senders.")
@click.option("--campaign", help="Name of the campaign; all parts of the list are one campaign.")
@click.option("--purpose", help="marketing, or a purpose that the sender's profile grants.  [default: marketing]")
@click.option("--short-code", help="The code people answer to, such as 36200.")
@click.option("--route", help="The route the messages will take.")
@click.option("--sender-id", help="The name shown as the sender.")
@click.option("--send-at", help="When sending begins, RFC 3339 (2026-11-23T09:00:00+01:00).  [default: now]")
@click.option("--send-minutes", type=click.IntRange(1), help="How long sending takes.")
@click.option(
    "--text-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the message and its STOP mention.",
)
@click.option("--template", help="The id of a text registered in the profile, instead of --text-file.")
@click.option("--drill", is_flag=True, help="Mark the check as an exercise.")
@click.option("--column", help="The numbers' column: its name in the header, or its position from 1.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The allowed rows, exactly as they were.  [default: standard output]",
)
@click.option(
    "--withheld",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The withheld rows with a reason.  [default: FILE.withheld.csv beside --out]",
)
@click.option(
    "--clearances",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The clearances of the allowed rows, for the gateway that sends: a JSON line for each part of the list.",
)
@click.option("--screen", is_flag=True, help="Only find out who is opposed, for a customer file: no clearance to send.")
@click.option(
    "--chunk", type=click.IntRange(1, 1_000_000), default=200_000, show_default=True, help="Rows in one call."
)
@data_dir_accepted
def check(**given: Any) -> None:  # noqa: ANN401 - the options, by name
    """Screen FILE (`-` for standard input) against a running registry: rows that may be sent to come out unchanged.

    FILE is a text file with one number a line, or an export with a column of numbers, whatever its separator, header,
    encoding and line ends. With --out, a run that was cut goes on where it stopped when the same command is run again.
    The registry decides; in doubt nothing is allowed.

    \b
    Examples:
    stop-registry check clients.csv --campaign soldes-hiver --out autorises.csv
    stop-registry check clients.csv --column portable --out autorises.csv --withheld retenus.csv
    cut -d';' -f3 clients.csv | stop-registry check - --campaign soldes-hiver > numeros.txt
    stop-registry check clients.csv --text-file message.txt --short-code 36200 --route agregateur --out autorises.csv
    stop-registry check fichier.txt --screen --withheld opposes.txt > reste.txt

    \b
    Exit status: 0 done, 1 refused, or nobody may be reached now, or numbers that a spreadsheet has destroyed,
    2 wrong use, 3 registry unavailable.
    """  # noqa: D301 - \b is the sign by which click keeps the lines of a paragraph
    from app.cli.check_file.options import Options

    if str(given["out"]) == "-":
        given["out"] = None
    raise SystemExit(check_file(Options(**given)))


def check_file(options: Any) -> int:  # noqa: ANN401 - an Options; its module is imported late, so that --help answers at once
    """Screen a list; see ``app.cli.check_file.run.check_file``."""
    from app.cli.check_file.run import check_file as run

    return run(options)
