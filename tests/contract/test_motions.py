"""Moving stock and capacity: several moves of one row are one update and as many journal entries."""

import pytest
from tests.contract.bench import Bench

from sourcier.domain.network import CapacityMeasure
from sourcier.ledger.dialect import query
from sourcier.ledger.motions import Motive, Move, load, move_stock

JOURNAL = query("SELECT ref, d_on_hand, avail_after FROM journal WHERE cause = 'TEST' ORDER BY seq")


def test_journal_entries_of_one_row_add_up_in_order(bench: Bench) -> None:
    bench.count("n1", "a", 10)
    bench.count("n1", "b", 1)
    moves = [
        Move(key=("n1", "b"), deltas=(1, 0, 0, 0, 0)),
        Move(key=("n1", "a"), deltas=(5, 0, 0, 0, 0), ref="first"),
        Move(key=("n1", "a"), deltas=(-2, 0, 0, 0, 0), ref="second"),
    ]
    after = bench.write(move_stock, moves, Motive(cause="TEST", ref="all"))
    assert after == {("n1", "a"): 13, ("n1", "b"): 2}
    assert bench.read(lambda tx: tx.ask(JOURNAL)) == [("first", 5, 15), ("second", -2, 13), ("all", 1, 2)]


def test_no_moves_are_nothing(bench: Bench) -> None:
    assert bench.write(move_stock, [], Motive(cause="TEST", ref="")) == {}


@pytest.mark.parametrize(
    ("measure", "expected"),
    [(CapacityMeasure.ORDERS, 1), (CapacityMeasure.LINES, 2), (CapacityMeasure.UNITS, 9)],
)
def test_what_lines_use_of_a_capacity(measure: CapacityMeasure, expected: int) -> None:
    assert load(measure, [("1", "", 2), ("2", "", 3), ("1", "", 4)]) == expected
    assert load(measure, []) == 0
