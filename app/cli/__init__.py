"""The command line. Every command is imported when it is called, so that --help answers at once."""

from importlib import import_module

import rich_click as click

COMMANDS = {
    "serve": "app.cli.serve:serve",
    "demo": "app.cli.demo:demo",
    "migrate": "app.cli.administer:migrate",
    "sender": "app.cli.administer:sender",
    "code": "app.cli.administer:code",
    "operator": "app.cli.operator:operator",
    "key": "app.cli.administer:key",
    "check": "app.cli.check_file:check",
    "intent": "app.cli.texts:intent",
    "export": "app.cli.evidence:export",
    "verify": "app.cli.evidence:verify",
}


class LazyGroup(click.RichGroup):
    """A group whose commands are named here and imported only when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in reading order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stop-registry")
def main() -> None:
    """The opt-out registry behind STOP 36200.

    What people answer is kept as keyed one-way tags; every batch is checked against them; anyone can verify it.

    See it work, from an empty machine: `stop-registry demo`
    """
