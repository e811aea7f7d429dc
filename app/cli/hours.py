"""When a commercial message may reach a number, from the command line."""

import sys
from datetime import UTC, datetime

import rich_click as click

from app.cli.common import data_dir_accepted, plain_errors
from app.errors import InvalidValueError


@click.command()
@click.argument("number", default="-")
@click.argument("instant", required=False)
@click.option("--policy", "name", default="prudent", show_default=True, help="prudent, af2m-2024 or af2m-2026.")
@click.option("--minutes", default=0, show_default=True, help="How long the sending takes: it must end before closing.")
@click.option("--alsace-moselle", is_flag=True, help="Count Good Friday and 26 December for mainland numbers.")
@data_dir_accepted
@plain_errors
def hours(number: str, instant: str | None, name: str, minutes: int, *, alsace_moselle: bool) -> None:
    """Say whether a commercial message may reach NUMBER at INSTANT (RFC 3339; now, if it is left out).

    Prints `open` or `closed until …` (UTC), the rule and its source. With `-`, reads lines of `NUMBER INSTANT`.

    Example: stop-registry hours +590690123456 2026-06-10T12:00:00Z --policy af2m-2026
    """
    lines = sys.stdin if number == "-" else [f"{number}\t{instant or ''}"]
    for line in lines:
        click.echo(_answer(line.strip(), name, minutes, alsace_moselle=alsace_moselle))


def _answer(line: str, name: str, minutes: int, *, alsace_moselle: bool) -> str:
    from app import phone, quiet_hours

    number, _, rest = line.partition("\t") if "\t" in line else line.rpartition(" ")
    reading = phone.read_lenient(number or rest)
    if reading is None:
        raise InvalidValueError("This is not a number; write it as +33639980001 or 06 39 98 00 01.")
    at = _instant(rest if number else "")
    chosen = quiet_hours.policy(name)
    ruling = quiet_hours.judge(chosen, phone.territory(reading), at, minutes, alsace_moselle=alsace_moselle)
    if ruling.open:
        state = "open (advised against)" if ruling.advisory else "open"
    else:
        state = f"closed until {ruling.opens_at:%Y-%m-%dT%H:%M:%SZ}" if ruling.opens_at else "closed"
    return f"{state}\t{ruling.rule}\t{ruling.policy}\t{ruling.source}"


def _instant(text: str) -> datetime:
    from app import clock

    if not text:
        return clock.now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValueError("Write the instant as 2026-11-23T09:00:00Z.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
