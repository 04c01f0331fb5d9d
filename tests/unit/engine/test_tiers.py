"""Weight tiers: where they end, several added up, several side by side."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier.engine.compile import FREE
from sourcier.engine.tiers import Tiers, added, tier_tables

TIERS = Tiers(limit_g=np.array([100, 500]), cost=np.array([7, 9]))


@pytest.mark.parametrize(("grams", "cost"), [(0, 7), (100, 7), (101, 9), (500, 9), (501, None)])
def test_a_tier_ends_with_its_limit(grams: int, cost: int | None) -> None:
    assert TIERS.at(grams) == cost


def test_steps_are_added_up_to_the_heaviest_parcel_that_all_carry() -> None:
    both = added([TIERS, Tiers(limit_g=np.array([200, 300, 900]), cost=np.array([1, 2, 5]))])
    assert [both.at(grams) for grams in (100, 101, 200, 201, 300, 301, 500, 501)] == [8, 10, 10, 11, 11, 14, 14, None]
    assert FREE.at(10**12) == 0


@st.composite
def _steps(draw: st.DrawFn) -> Tiers:
    limits = sorted(draw(st.sets(st.integers(1, 40), min_size=1, max_size=4)))
    cost = draw(st.lists(st.integers(0, 9), min_size=len(limits), max_size=len(limits)))
    return Tiers(limit_g=np.array(limits), cost=np.array(cost))


@given(st.lists(_steps(), min_size=1, max_size=4))
def test_tables_side_by_side_say_what_each_says_alone(tables: list[Tiers]) -> None:
    together = tier_tables(tables)
    assert list(together) == tables
    assert len(together) == len(tables)
    for i, table in enumerate(tables):
        assert together[i] is table
        assert together.heaviest[i] == table.limit_g[-1]
        assert together.cheapest[i] == min(table.cost)
        for grams in range(42):
            tier = int((together.limit[:, i] < grams).sum())
            assert (int(together.cost[tier, i]) if tier < len(together.cost) else None) == table.at(grams)
    assert together.rising == all((np.diff(table.cost) >= 0).all() for table in tables)
