"""The engine beside the plain model: both answer the same orders, and the figures have the names that tables show."""

from benchmarks.against_solver import Case, measured, rows_of
from benchmarks.instances import Shape

from benchmarks import growth


def test_both_decide_the_same_orders_and_are_compared() -> None:
    case = Case(shape=Shape(lines=2, stores=4, carried=0.9), orders=3, plain=2, ratio_p50=">= 50")
    runs = [measured(case, seed) for seed in (0, 1)]
    assert [(len(timings), len(plains)) for timings, plains in runs] == [(3, 2), (3, 2)]
    rows = {row.name: row for row in rows_of(case, runs)}
    ratio = rows["2 x 9, 90%: plain over engine, whole decision, p50"]
    assert (ratio.runs, ratio.unit, ratio.aim) == (2, "x", ">= 50")
    assert ratio.value > 0
    assert rows["2 x 9, 90%: proven within 100 ms of solver"].value == 100


def test_without_the_plain_model_there_are_no_ratios() -> None:
    case = Case(shape=Shape(lines=1, stores=4, carried=0.9), orders=1, plain=0)
    assert not [row for row in rows_of(case, [measured(case, 0)]) if row.unit == "x"]


def test_growth_is_the_largest_size_over_the_smallest() -> None:
    found = {row.name: row for row in growth.rows((8, 12))}
    small, large = (found[f"3 lines x {size} nodes: engine, p50"] for size in (8, 12))
    grown = found["3 lines: 12 nodes over 8, p50"]
    assert (small.runs, grown.runs, grown.aim) == (growth.RUNS, growth.RUNS, None)
    assert grown.spread is not None
    assert small.spread is not None
    assert large.spread is not None
    assert grown.spread[0] <= large.spread[1] / small.spread[0]
    assert grown.profile
