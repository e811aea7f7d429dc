"""The command line. Every command is imported when it is called, so that --help answers at once."""

from importlib import import_module

import rich_click as click

COMMANDS = {
    "doctor": ("app.cli.doctor:doctor", "Judge the set-up: one line each, and what to do."),
    "serve": ("app.cli.serve:serve", "Serve the registry over HTTP."),
    "demo": ("app.cli.demo:demo", "Watch a STOP go in, a check withhold it, and a proof verify."),
    "migrate": ("app.cli.administer:migrate", "Bring the database to this version's schema; found a registry."),
    "sender": ("app.cli.sender:sender", "The brands on whose behalf messages go out."),
    "code": ("app.cli.administer:code", "The short codes people answer to."),
    "operator": ("app.cli.operator:operator", "Operator connections: where MO messages come from."),
    "review": ("app.cli.review:review", "Doubtful messages: list them, decide them, forget their texts."),
    "canary": ("app.cli.canary:canary", "Test messages that prove a STOP channel, and what is known of each."),
    "key": ("app.cli.keys:key", "Keys of callers; rotate, keep and restore the registry's own."),
    "alarms": ("app.cli.alarms:alarms", "What a person must know."),
    "subject": ("app.cli.subject:subject", "What is held about a person: look it up, erase it, answer in time."),
    "retention": ("app.cli.retention:retention", "What is forgotten when: preview it, run it, freeze it."),
    "journal": ("app.cli.journal:journal", "Who did, saw and exported what; verify it."),
    "check": ("app.cli.check_file:check", "Screen a file of numbers against a running registry."),
    "clearance": ("app.cli.clearance:clearance", "Verify a clearance offline; rotate the keys that sign them."),
    "gateway": ("app.cli.gateway:gateway", "Stand in front of Kannel: ask before each message."),
    "import": ("app.cli.import_file:import_file", "Bring in a list of oppositions kept elsewhere."),
    "intent": ("app.cli.texts:intent", "Read what a text asks for."),
    "hours": ("app.cli.hours:hours", "Say whether a commercial message may reach a number now."),
    "export": ("app.cli.evidence:export", "Write a sender's export: ledger, signed head, tables."),
    "verify": ("app.cli.evidence:verify", "Verify an export offline."),
}


class LazyCommand(click.RichCommand):
    """Stands for a command in the list; the command itself is imported when it is called."""

    def __init__(self, name: str, place: str, short_help: str) -> None:
        super().__init__(name=name, help=short_help)
        self._place = place

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: object
    ) -> click.Context:
        """Hand over to the command itself."""
        module, _, name = self._place.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command.make_context(info_name, args, parent, **extra)


class LazyGroup(click.RichGroup):
    """A group whose commands are named in COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in reading order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return what stands for a command."""
        return LazyCommand(cmd_name, *COMMANDS[cmd_name]) if cmd_name in COMMANDS else None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stop-registry")
def main() -> None:
    """The opt-out registry behind STOP 36200.

    What people answer is kept as keyed one-way tags; every batch is checked against them; anyone can verify it.

    See it work, from an empty machine: `stop-registry demo`
    """
