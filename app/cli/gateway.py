"""gateway: stands in front of Kannel's sendsms and asks the registry before each message."""

from pathlib import Path

import rich_click as click

from app.cli.common import data_dir_option, plain_errors, settings_for

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
GRACE_SECONDS = 20


@click.command()
@click.option("--listen", default="127.0.0.1:13014", show_default=True, help="Where platforms call instead of Kannel.")
@click.option("--kannel", required=True, help="Kannel's sendsms: http://127.0.0.1:13013/cgi-bin/sendsms")
@click.option("--registry", required=True, help="The registry's address.")
@click.option("--key-file", required=True, type=FILE, help="Holds the key (sr_…) of the sender or of a delegate.")
@click.option("--jwks", required=True, type=FILE, help="The key set, saved from /.well-known/jwks.json.")
@click.option("--name", default=None, help="This gateway in standing clearances. [default: the machine's name]")
@click.option("--route", "routes", multiple=True, help="Clearances must be for this route; may be repeated.")
@click.option("--standing", type=FILE, default=None, help="Standing clearances, a token a line.")
@click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), default=None, help="What survives a restart."
)
@click.option("--seconds", default=2.0, show_default=True, help="How long the registry may take to answer.")
@data_dir_option
@plain_errors
def gateway(
    listen: str,
    kannel: str,
    registry: str,
    key_file: Path,
    jwks: Path,
    name: str | None,
    routes: tuple[str, ...],
    standing: Path | None,
    state: Path | None,
    seconds: float,
    data_dir: Path | None,
) -> None:
    """Stand in front of Kannel's sendsms: each message goes only when the registry admits it at that moment.

    Platforms call it as they called Kannel, and add the clearance of their check: header X-Clearance, or parameter
    `clearance`. 403: refused, do not repeat. 503 with Retry-After: nothing was decided, repeat later.

    Example: stop-registry gateway --kannel http://127.0.0.1:13013/cgi-bin/sendsms --registry
    https://registre.example.fr --key-file cle.txt --jwks jwks.json
    """
    import uvicorn

    from app import clock, logs
    from app.errors import InvalidValueError
    from app.gateway import Settings, application

    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise InvalidValueError("Say where to listen as HOST:PORT, such as 127.0.0.1:13014.")
    logs.configure()
    settings = Settings(
        kannel=kannel,
        registry=registry,
        key=key_file.read_text(encoding="ascii", errors="replace").strip(),
        jwks=jwks,
        name=name or clock.node(),
        routes=routes,
        standing=standing,
        state=state or settings_for(data_dir).data_dir / "gateway",
        seconds=seconds,
    )
    uvicorn.run(
        application(settings),
        host=host.strip("[]"),
        port=int(port),
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
