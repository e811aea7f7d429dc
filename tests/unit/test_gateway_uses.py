"""What went out unasked is on disk before it goes, and told until it is taken, whatever happens in between."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.gateway.uses import NOT_SENT, TOLD, Use, Uses

pytestmark = pytest.mark.anyio
NIGHT = datetime(2026, 11, 23, 3, tzinfo=UTC)


def use(number: int) -> Use:
    return Use(
        use_id=f"use_{number}",
        standing="std_1",
        gateway="kannel-a",
        at=NIGHT,
        count=1,
        campaign="intrusion",
        drill=False,
    )


def waiting(path: Path) -> list[str]:
    return list(Uses(path).to_tell)


async def test_a_use_without_an_end_is_told_after_a_restart(tmp_path: Path):
    path = tmp_path / "uses.jsonl"
    uses = Uses(path)
    for number in range(3):
        await uses.write(use(number))
    await uses.end(use(0), TOLD)
    await uses.end(use(1), NOT_SENT)

    assert waiting(path) == ["use_2"]
    assert Uses(path).to_tell["use_2"] == use(2)


async def test_a_use_is_told_only_once_it_went_out(tmp_path: Path):
    uses = Uses(tmp_path / "uses.jsonl")
    await uses.write(use(1))
    assert uses.to_tell == {}
    uses.went_out(use(1))
    assert list(uses.to_tell) == ["use_1"]
    assert uses.told.is_set()


async def test_a_line_torn_by_a_crash_costs_itself_only(tmp_path: Path):
    path = tmp_path / "uses.jsonl"
    await Uses(path).write(use(1))
    with path.open("ab") as file:
        file.write(b'{"use":{"use_id":"us')
    await Uses(path).write(use(2))

    assert waiting(path) == ["use_1", "use_2"]


async def test_a_disk_that_takes_nothing_holds_up_no_alert(tmp_path: Path):
    uses = Uses(tmp_path / "absent" / "uses.jsonl")
    await uses.write(use(1))
    uses.went_out(use(1))
    assert list(uses.to_tell) == ["use_1"]


async def test_only_its_owner_reads_the_file(tmp_path: Path):
    path = tmp_path / "uses.jsonl"
    await Uses(path).write(use(1))
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_told_has_the_registrys_fields():
    assert use(1).as_told() == {
        "use_id": "use_1",
        "gateway": "kannel-a",
        "at": NIGHT,
        "count": 1,
        "campaign": "intrusion",
        "drill": False,
    }
