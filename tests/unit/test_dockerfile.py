"""What the image promises: built apart from where it runs, nobody's rights, one writable folder, a live check."""

import ast
import json
import re
from pathlib import Path

HOME = Path(__file__).parents[2]
LINES = (HOME / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = [
    tuple(line.split(maxsplit=1))
    for line in re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", LINES)).splitlines()
    if line.strip()
]
LAST_STAGE = INSTRUCTIONS[max(place for place, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM") :]


def values(name: str) -> list[str]:
    """The arguments of an instruction wherever it stands in the stage that runs."""
    return [" ".join(value.split()) for instruction, value in LAST_STAGE if instruction == name]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for value in values("ENV") for pair in value.split())


def test_what_builds_the_image_is_not_in_it() -> None:
    stages = [value for name, value in INSTRUCTIONS if name == "FROM"]
    assert len(stages) == 2
    assert all(re.match(r"python:3\.11-slim\b", stage) for stage in stages)
    assert [value.split()[0] for value in values("COPY")] == ["--from=build"]


def test_the_service_runs_as_a_numbered_user_without_rights() -> None:
    [user] = values("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    position = {name: place for place, (name, _) in enumerate(LAST_STAGE)}
    assert position["RUN"] < position["USER"] < position["ENTRYPOINT"]


def test_no_program_in_the_image_can_gain_rights() -> None:
    assert "find / -xdev -type f -perm /6000 -exec chmod a-s {} +" in " ".join(values("RUN"))


def test_only_the_data_folder_is_written_to() -> None:
    [user] = values("USER")
    uid, gid = user.split(":")
    assert values("VOLUME") == values("WORKDIR") == ["/data"]
    assert f"install --directory --owner={uid} --group={gid} --mode=0700 /data" in " ".join(values("RUN"))
    names = ("HOME", "TMPDIR", "STOP_REGISTRY_DATA_DIR", "PYTHONDONTWRITEBYTECODE")
    assert [environment()[name] for name in names] == ["/data", "/data", "/data", "1"]


def test_the_health_check_asks_the_service_and_needs_no_shell() -> None:
    [check] = values("HEALTHCHECK")
    command = json.loads(check.split("CMD", 1)[1])
    assert command[:2] == ["python", "-c"]
    assert "/health/live" in command[2]
    ast.parse(command[2])


def test_the_image_serves_unless_told_otherwise() -> None:
    assert [json.loads(value) for value in values("ENTRYPOINT")] == [["stop-registry"]]
    assert [json.loads(value) for value in values("CMD")] == [["serve", "--host", "0.0.0.0", "--port", "8000"]]
    assert values("EXPOSE") == ["8000"]


def test_no_secret_is_baked_into_the_image() -> None:
    settings = [value for name, value in INSTRUCTIONS if name in {"ENV", "ARG", "RUN", "COPY"}]
    assert not re.search(r"(?i)passphrase|password|secret|token|root\.key|database_url", "\n".join(settings))


def test_only_what_the_image_is_made_of_reaches_the_build() -> None:
    lines = (HOME / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = {
        name.removeprefix("./")
        for instruction, value in INSTRUCTIONS
        if instruction == "COPY" and "--from" not in value
        for name in value.split()[:-1]
    }
    assert allowed == copied == {"pyproject.toml", "README.md", "app", "sql"}
