"""Commands refuse what can only be a defect of the caller."""

from typing import Any

import pytest
from tests.contract.bench import allocation, hold, use

from sourcier.domain.reservation import State


@pytest.mark.parametrize(
    "wrong",
    [
        {"ttl_seconds": None},
        {"ttl_seconds": 0},
        {"state": State.SHIPPED},
        {"channel_class": 3},
        {"lines": ()},
        {"pinned_floors": {("n1", "a"): -1}},
        {"pools": (use("n1", 0),)},
    ],
)
def test_holds(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"hold|reservation|floor|positive"):
        hold(("n1", "a", 1), **wrong)


def test_a_line_of_nothing() -> None:
    with pytest.raises(ValueError, match="positive"):
        hold(("n1", "a", 0))


@pytest.mark.parametrize("wrong", [{"ttl_seconds": 5}, {"order_id": ""}])
def test_allocations(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="allocation needs an order"):
        allocation(("n1", "a", 1), **wrong)


def test_an_allocation_may_be_empty() -> None:
    assert allocation().lines == ()
