"""The common form of figures: medians and spreads, aims, and what several runs come to."""

import json
from pathlib import Path

import pytest

from benchmarks import report


def test_a_row_is_the_median_of_its_runs_with_their_ends() -> None:
    found = report.row("ratio", [3.0, 1.0, 2.0], "x", aim=">= 2")
    assert (found.value, found.runs, found.spread) == (2.0, 3, (1.0, 3.0))
    assert report.row("share", 0.5, "").spread is None


@pytest.mark.parametrize("aim", ["> 3", "<=3", "about 3"])
def test_an_aim_has_one_form(aim: str) -> None:
    with pytest.raises(ValueError, match="not an aim"):
        report.row("ratio", 1.0, "x", aim=aim)


def test_an_aim_is_reached_at_its_limit() -> None:
    assert report.reached(3.0, "<= 3") is True
    assert report.reached(3.1, "<= 3") is False
    assert report.reached(49.9, ">= 50") is False
    assert report.reached(1.0, None) is None


@pytest.mark.parametrize(
    ("percent", "count", "rank"),
    [(50, 1, 1), (50, 4, 2), (50, 5, 3), (99, 100, 99), (99, 101, 100), (100, 7, 7), (1, 9, 1)],
)
def test_a_percentile_is_the_lowest_value_that_so_many_do_not_exceed(percent: int, count: int, rank: int) -> None:
    assert report.percentile((float(value) for value in range(count, 0, -1)), percent) == rank


def test_runs_are_merged_by_the_name_of_the_row() -> None:
    runs = [
        report.report("demo", [report.row("a", value, "ms"), report.row("b", [value, value + 4], "ms")], details=value)
        for value in (5.0, 1.0, 2.0)
    ]
    whole = report.merged(runs)
    first, second = whole["rows"]
    assert (first["value"], first["runs"], first["spread"]) == (2.0, 3, [1.0, 5.0])
    assert (second["value"], second["runs"], second["spread"]) == (4.0, 6, [1.0, 9.0])
    assert whole["details"] == 2.0


def test_a_written_report_says_where_it_was_measured(tmp_path: Path) -> None:
    file = tmp_path / "demo.json"
    report.write(file, "demo", [report.row("a", 1.0, "ms")])
    read = json.loads(file.read_text(encoding="utf-8"))
    assert set(read) == {"benchmark", "commit", "machine", "versions", "measured_at", "rows", "details"}
    assert read["machine"]["cores"] >= 1
    assert read["versions"]["ortools"]
    assert report.merged([read])["rows"] == read["rows"]
