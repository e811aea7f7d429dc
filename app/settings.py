"""The environment, read once into one frozen Settings; all faults are reported together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from app.errors import RegistryError

PREFIX = "STOP_REGISTRY_"


class SettingsError(RegistryError):
    """The configuration cannot be used."""

    slug = "settings"


class Settings(msgspec.Struct, frozen=True):
    """What an operator of the registry can decide; see the README's table."""

    data_dir: Path
    database_url: str | None = None
    key_file: Path | None = None
    passphrase_file: Path | None = None
    witness_file: Path | None = None
    witness_synced: bool = False
    tsa_url: str | None = None
    check_numbers_max: int = 1_000_000
    check_body_bytes_max: int = 32_000_000
    mo_body_bytes_max: int = 65_536
    body_seconds_max: int = 60
    commit_seconds_max: int = 10
    pool_connections_max: int = 6
    checks_at_once_max: int = 2
    opt_outs_max: int = 10_000
    index_bytes_max: int = 2_000_000_000
    quarantine_requests_max: int = 10_000
    lookback_hours: int = 72
    review_days: int = 30
    canary_days: int = 7
    contact_days: Annotated[int, Meta(ge=14)] = 91
    quarantine_days: Annotated[int, Meta(ge=1)] = 30
    journal_days: Annotated[int, Meta(ge=180, le=366)] = 365
    spool_bytes_max: int = 256_000_000
    unsafe_not_durable: bool = False

    @property
    def root_key_path(self) -> Path:
        """Where the sealed root key lies."""
        return self.key_file or self.data_dir / "root.key"

    @property
    def witness_path(self) -> Path:
        """Where this node keeps the heads that it has cleared from."""
        return self.witness_file or self.data_dir / "witness.log"

    @property
    def passphrase_path(self) -> Path:
        """Where the passphrase that opens the root key lies."""
        return self.passphrase_file or self.data_dir / "passphrase"


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Return the user's data directory (XDG), or one under /var/lib where there is no home."""
    if "XDG_DATA_HOME" in environ:
        return Path(environ["XDG_DATA_HOME"]) / "stop-registry"
    home = environ.get("HOME", "")
    return Path(home) / ".local/share/stop-registry" if home else Path("/var/lib/stop-registry")


def from_environ(environ: Mapping[str, str], data_dir: Path | None = None) -> Settings:
    """Read the settings; SettingsError names every variable that is wrong, at once."""
    values: dict[str, object] = {
        "data_dir": str(data_dir or environ.get(PREFIX + "DATA_DIR") or default_data_dir(environ)),
        "database_url": environ.get("DATABASE_URL") or None,
    }
    faults = []
    for field in msgspec.structs.fields(Settings):
        name = PREFIX + field.name.upper()
        if field.name in values or not environ.get(name):
            continue
        try:
            values[field.name] = msgspec.convert(environ[name], field.type, strict=False, dec_hook=_path)
        except msgspec.ValidationError as fault:
            faults.append(f"{name}: {fault}")
    if faults:
        raise SettingsError("These settings cannot be used: " + "; ".join(faults))
    return msgspec.convert(values, Settings, dec_hook=_path)


def _path(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value)).expanduser()
    raise msgspec.ValidationError(f"cannot read a {kind.__name__}")
