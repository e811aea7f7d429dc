"""What a text asks for, from the command line."""

import sys

import rich_click as click

from app.cli.common import data_dir_accepted


@click.command()
@click.argument("text", required=False, default="-")
@data_dir_accepted
@click.option("--explain", is_flag=True, help="Say how the reading was reached.")
def intent(text: str, *, explain: bool) -> None:
    """Read what a text asks for: prints LABEL, a tab and the rule; with - or nothing, one line a line of input.

    Example: stop-registry intent "STOP au 36200"
    """
    from app import intent as reader

    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # a text file in a program
    for line in (raw.rstrip("\r\n") for raw in sys.stdin) if text == "-" else [text]:
        verdict = reader.classify(line)
        click.echo(f"{verdict.intent.value}\t{verdict.rule}")
        for step in reader.explain(line) if explain else []:
            click.echo(f"  {step}")
