"""The hot functions: they run, their figures are of one call, and the comparison prints and never fails."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import hot, report


def test_a_figure_is_of_one_call_in_microseconds() -> None:
    stats = {"min": 0.002, "median": 0.004, "max": 0.008, "rounds": 7}
    row = hot.row_of({"name": "test_build[3_lines]", "extra_info": {"calls": 40}, "stats": stats})
    assert (row.name, row.unit, row.runs) == ("build[3 lines]", "CPU µs", 7)
    assert row.value == pytest.approx(100)
    assert row.spread == pytest.approx((50, 200))


def test_the_comparison_tells_how_many_times_as_long() -> None:
    now = [report.row("known", [30.0, 20.0, 40.0], "CPU µs"), report.row("fresh", [1.0, 2.0], "CPU µs")]
    base = report.report("hot", [report.row("known", [10.0, 20.0], "CPU µs"), report.row("lost", [1.0, 2.0], "CPU µs")])
    lines = hot.compared(now, base)
    assert [line.split() for line in lines[1:]] == [
        ["known", "20.0", "2.00", "30.0", "2.00"],
        ["fresh", "1.0", "new", "1.5", "new"],
    ]


def test_a_baseline_is_kept_for_this_kind_of_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--baselines", str(tmp_path), "-k", "translate"]
    assert hot.main(["--compare", *arguments]) == 0
    assert "no baseline of this kind of machine" in capsys.readouterr().out
    assert hot.main(["--save", *arguments]) == 0
    saved = json.loads(hot.baseline(tmp_path).read_text(encoding="utf-8"))
    assert [row["name"] for row in saved["rows"]] == ["parse a cart", "format promises"]


@pytest.mark.slow
def test_every_hot_function_still_runs() -> None:
    command = (
        sys.executable,
        "-m",
        "pytest",
        "benchmarks/micro",
        "--benchmark-disable",
        "-q",
        "-p",
        "no:cacheprovider",
    )
    done = subprocess.run(command, cwd=report.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
