"""Records of decisions: drawn alike every time, and what contradicts what."""

from pathlib import Path

import pytest
from benchmarks.decisions import Row, compare, contradicts, decided
from benchmarks.worlds import drawn, of_shop, worlds

from sourcier.engine.solver import Budget

OPTIMAL = Row(objective=100, gap=0, proof="CERTIFICATE")


def test_a_number_makes_the_same_world_again() -> None:
    assert repr(drawn(3)) == repr(drawn(3))
    assert repr(of_shop(1).asked) == repr(of_shop(1).asked)
    first = next(worlds(Path("no such folder")))
    assert [row for _, row in decided(first, 25, Budget())] == [row for _, row in decided(first, 25, Budget())]


@pytest.mark.parametrize(
    ("other", "wrong"),
    [
        (OPTIMAL, False),
        (Row(objective=101, gap=0, proof="MIP"), True),
        (Row(objective=120, gap=20, proof="MIP"), False),
        (Row(objective=120, gap=19, proof="MIP"), True),  # its bound is above the optimum
        (Row(objective=99, gap=5, proof="MIP"), True),  # its plan is below the optimum
        (Row(objective=0, gap=0, proof="refused"), True),
        (Row(objective=21, gap=0, proof="no plan"), False),  # the order must be filled: its cost says nothing
    ],
)
def test_what_contradicts_an_optimum(other: Row, wrong: bool) -> None:
    assert contradicts(OPTIMAL, other) is wrong
    assert contradicts(other, OPTIMAL) is wrong


def test_compare_counts_contradictions(capsys: pytest.CaptureFixture[str]) -> None:
    before = {("w", 0): OPTIMAL, ("w", 1): OPTIMAL, ("w", 2): OPTIMAL}
    after = {("w", 0): OPTIMAL, ("w", 1): Row(objective=90, gap=0, proof="MIP")}
    assert compare(before, after) == 1
    shown = capsys.readouterr().out
    assert "2 proven in both: 1 objectives are identical, 1 differ" in shown
    assert "w, order 1" in shown
