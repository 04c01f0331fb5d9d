"""The one command: medians over runs, and a part that fails, is skipped or takes too long stops no other."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.parts import PARTS, SECONDS_MAX, Part
from benchmarks.table import table

from benchmarks import __main__ as command
from benchmarks import report


def part(how: str, *, runs: int = 1, seconds: int = 30) -> Part:
    return Part(
        name=how,
        title=f"A part that does {how}",
        module="tests.benchmarks.part",
        arguments=(how,),
        runs=runs,
        seeded=True,
        seconds=seconds,
    )


def eventually(what: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    return what()


def gone(pid: int) -> bool:
    """Ended; whoever inherited it may not have buried it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] == "Z"
    except OSError:
        return True


def test_all_parts_together_take_a_quarter_of_an_hour_at_most() -> None:
    assert sum(part.seconds for part in PARTS if not part.apart) <= SECONDS_MAX
    assert len({part.name for part in PARTS}) == len(PARTS)


def test_every_run_has_its_seed_and_the_median_counts() -> None:
    found = command.measured(part("well", runs=3))
    assert [(row["value"], row["runs"], row["spread"]) for row in found["rows"]] == [(2.0, 3, [1.0, 3.0])]
    assert found["note"] == ""


def test_a_failing_part_says_why_and_a_skipped_one_too() -> None:
    assert command.measured(part("fails"))["note"] == "failed: ValueError: it is broken"
    assert command.measured(part("skips"))["note"] == "skipped: no data"


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks at processes by /proc")
def test_a_part_that_takes_too_long_ends_with_its_children(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    found = command.measured(part(str(file), seconds=2))
    assert found["note"] == "stopped after 2 s"
    assert found["rows"] == []
    assert eventually(lambda: gone(int(file.read_text(encoding="utf-8"))))


def test_what_a_part_had_written_when_it_was_stopped_counts() -> None:
    found = command.measured(part("lingers", seconds=5))
    assert found["note"] == "stopped after 5 s"
    assert [row["value"] for row in found["rows"]] == [0.0]


def test_time_that_earlier_parts_left_may_be_used() -> None:
    late = part("well", seconds=0)
    assert command.measured(late)["note"] == "stopped after 0 s"
    assert command.measured(late, spare=30)["note"] == ""


def test_the_table_shows_what_was_reached_and_what_was_not_measured() -> None:
    parts = [part("well"), part("fails"), part("skips")]
    reports = {
        "well": {
            **report.report(
                "part",
                [
                    report.row("quick", [1.0, 3.0, 2.0], "ms", aim="<= 2"),
                    report.row("many", 5.0, "1/s", aim=">= 6", profile={"engine.bounds": 0.75, "other": 0.25}),
                    report.row("beside", 1234.0, "1/s"),
                ],
            ),
            "note": "",
        },
        "fails": {**report.report("part", []), "note": "failed: a | b"},
    }
    lines = table(parts, reports).splitlines()
    assert "| quick | ≤ 2 ms | 2 ms | 1–3 | 3 | yes |" in lines
    assert "| many | ≥ 6 1/s | 5 1/s |  | 1 | **no** |" in lines
    assert "| beside | 1,234 1/s |  | 1 |" in lines
    assert "| many | `engine.bounds` 75%, `other` 25% |" in lines
    assert "| **A part that does fails** | | failed: a \\| b | | | – |" in lines
    assert "| **A part that does skips** | | not measured | | | – |" in lines


def test_streams_policies_and_figures_are_crossed() -> None:
    rows = [
        report.row("orders | ours | cost", [1.0, 1.2], "EUR"),
        report.row("orders | ours | late", 0.0, "%"),
        report.row("orders | theirs | cost", 2.0, "EUR"),
    ]
    found = {**report.report("peers", rows, details={"orders": "made up"}), "note": ""}
    lines = table([part("well")], {"well": found}).splitlines()
    start = lines.index("### orders")
    assert lines[start + 2] == "made up"
    assert lines[start + 4 : start + 8] == [
        "| policy | cost, EUR | late, % |",
        "|---|---|---|",
        "| ours | 1.1 (1–1.2) | 0 |",
        "| theirs | 2 | – |",
    ]
