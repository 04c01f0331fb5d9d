"""Lines ship and are cancelled in parts, each unit once."""

import asyncio
import uuid

import pytest
from tests.service.shop import Shop, cart

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.reservation import State


async def states(shop: Shop) -> str:
    """A mug order of five: two shipped, one cancelled, two left."""
    await shop.count("near", "mug", 5)
    made = await shop.allocate("o-1", cart(("mug", 5)))
    await shop.ship(made.allocation_id, (1, 2))
    await shop.cancel(made.allocation_id, (1, 1))
    return made.allocation_id


async def test_parts_become_lines_of_their_own(shop: Shop) -> None:
    allocation_id = await states(shop)
    rest = await shop.ship(allocation_id)
    assert [(line.line_no, line.quantity, line.state) for line in rest.lines] == [
        (1, 2, State.SHIPPED),
        (2, 2, State.SHIPPED),
        (3, 1, State.CANCELLED),
    ]
    row = await shop.row("near", "mug")
    assert (row.allocated, row.unsettled, row.free) == (0, 4, 1)


@pytest.mark.parametrize("lines", [[(1, 3)], [(2, 1)], [(3, 1)], [(9, 1)], [(1, 1), (2, 1)]])
async def test_what_is_not_allocated_cannot_ship(shop: Shop, lines: list[tuple[int, int]]) -> None:
    allocation_id = await states(shop)
    before = await shop.row("near", "mug")
    for settle in (shop.ship, shop.cancel):
        with pytest.raises(Refusal) as caught:
            await settle(allocation_id, *lines)
        assert (caught.value.kind, caught.value.reason) == (Kind.FAILED_PRECONDITION, Reason.ALLOCATION_STATE)
    assert await shop.row("near", "mug") == before


async def test_an_unknown_allocation_is_not_found(shop: Shop) -> None:
    for settle in (shop.ship, shop.cancel):
        with pytest.raises(Refusal) as caught:
            await settle("0" * 32)
        assert (caught.value.kind, caught.value.reason) == (Kind.NOT_FOUND, Reason.ALLOCATION_NOT_FOUND)


async def test_shipping_and_cancelling_race_for_the_same_units(shop: Shop) -> None:
    await shop.count("near", "mug", 9)
    made = await shop.allocate("o-1", cart(("mug", 3)))
    outcomes = await asyncio.gather(
        *(work(made.allocation_id) for work in (shop.ship, shop.cancel) * 3), return_exceptions=True
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert len(refusals) == 5
    assert {refusal.reason for refusal in refusals} == {Reason.ALLOCATION_STATE}
    row = await shop.row("near", "mug")
    assert row.allocated == 0
    assert row.unsettled in (0, 3)


async def test_a_refused_shipment_stays_refused(shop: Shop) -> None:
    await shop.count("near", "mug", 9)
    made = await shop.allocate("o-1", cart(("mug", 3)))
    request_id = str(uuid.uuid4())
    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            await shop.ship(made.allocation_id, (1, 4), request_id=request_id)
        assert caught.value.reason is Reason.ALLOCATION_STATE
