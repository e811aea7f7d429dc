"""The bench runs and measures every row; how fast things are is no matter of tests."""

from pathlib import Path

from tests.bench import figures, measures, stage
from tests.bench.figures import AIMED, MET, MISSED, Figure


def test_every_row_is_measured(tmp_path: Path):
    rows = list(measures.measured(tmp_path, stage.SMOKE))
    names = [row.goal.name for row in rows]
    promised = [goal.name for goals, _ in measures.MEASURES for goal in goals if goal is not figures.REDIS]

    assert [name for name in names if name != figures.REDIS.name] == promised
    assert all(row.value >= 0 for row in rows)
    assert all(row.goal.name in row.line() for row in rows)


def test_a_figure_is_judged_by_its_goal():
    assert [Figure(figures.ONE, value, "").verdict for value in (6, 12, 12.1)] == [AIMED, MET, MISSED]
    assert [Figure(figures.WEBHOOKS, value, "").verdict for value in (0.5, 0.35, 0.34)] == [AIMED, MET, MISSED]
