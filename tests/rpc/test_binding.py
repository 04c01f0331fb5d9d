"""Dated supply, tokens, product pages and promises at risk, over the wire."""

import asyncio
from typing import Any

import pytest
from google.type.date_pb2 import Date
from tests.rpc import messages
from tests.rpc.servers import count

from sourcier.client import Client
from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.v1 import common_pb2, inventory_pb2, sourcing_pb2

EXPECTED = Date(year=2026, month=11, day=30)


async def announce(client: Client, *records: inventory_pb2.SupplyRecord) -> list[inventory_pb2.RecordResult]:
    answers = [answer async for answer in client.apply_supply([messages.supply(*records)])]
    return [result for answer in answers for result in answer.results]


def purchase(sku: str, quantity: int, seq: int = 1, **other: Any) -> inventory_pb2.SupplyRecord:
    record = messages.supply_record(f"po-{sku}", sku=sku, quantity=quantity, seq=seq)
    for name, value in other.items():
        setattr(record, name, value)
    return record


async def at_risk(client: Client, sku: str) -> list[sourcing_pb2.PromiseAtRisk]:
    request = sourcing_pb2.ListPromisesAtRiskRequest(skus=[sku], page_size=1)
    return [risk async for risk in client.promises_at_risk(request)]


async def supplied(client: Client, sku: str) -> inventory_pb2.SupplyRow:
    (row,) = (await client.get_supply(inventory_pb2.GetSupplyRequest(skus=[sku]))).rows
    return row


async def test_supply_is_announced_and_read(client: Client) -> None:
    results = await announce(
        client,
        purchase("seen", 40),
        purchase("seen", 41),
        purchase("seen", -1, seq=2),
        purchase("seen", 42, seq=3, node_id="nowhere"),
        purchase("seen", 43, seq=4, kind=0),
    )
    assert [(result.verdict, result.reason) for result in results] == [
        (inventory_pb2.VERDICT_APPLIED, ""),
        (inventory_pb2.VERDICT_STALE, ""),
        (inventory_pb2.VERDICT_REJECTED, "QUANTITY_OUT_OF_RANGE"),
        (inventory_pb2.VERDICT_REJECTED, "NODE_UNKNOWN"),
        (inventory_pb2.VERDICT_REJECTED, "KIND_INVALID"),
    ]
    row = await supplied(client, "seen")
    assert (row.supply_id, row.node_id, row.usable, row.free) == ("po-seen", "near", 40, 40)
    assert (row.kind, row.expected_on) == (inventory_pb2.SUPPLY_KIND_PURCHASE_ORDER, EXPECTED)


async def test_a_backorder_waits_is_at_risk_and_ships_when_it_came(client: Client) -> None:
    await announce(client, purchase("late", 5))
    goods = messages.line(sku="late", quantity=4)
    response = await client.promise_delivery(messages.promise(goods))
    (ground,) = [option for option in response.promised if option.service_id == "ground"]
    (line,) = ground.decision.plan.shipments[0].lines
    assert line.marking == common_pb2.MARKING_BACKORDER
    assert [(peg.supply_id, peg.quantity, peg.expected_on) for peg in line.pegs] == [("po-late", 4, EXPECTED)]
    assert (ground.latest.month, ground.latest.day) > (EXPECTED.month, EXPECTED.day)

    allocation = await client.allocate(messages.allocate("waits-1", goods))
    assert [(entry.supply_id, entry.quantity) for entry in allocation.lines] == [("po-late", 4)]
    assert (allocation.kept.late_days, allocation.kept.latest) == (0, ground.latest)
    assert (await supplied(client, "late")).allocated == 4
    with pytest.raises(Refusal) as refused:
        await client.ship_allocation(sourcing_pb2.ShipAllocationRequest(name=allocation.name))
    assert refused.value.reason is Reason.SUPPLY_NOT_RECEIVED
    assert await at_risk(client, "late") == []

    await announce(client, purchase("late", 3, seq=2))
    (risk,) = await at_risk(client, "late")
    assert (risk.reservation, risk.order_id, risk.supply_id) == (allocation.name, "waits-1", "po-late")
    assert (risk.quantity, risk.short, risk.reason) == (4, 1, sourcing_pb2.RISK_REASON_SHORT)
    assert risk.kept.latest == allocation.kept.latest
    assert risk.kept.fee.currency_code == "EUR"

    await announce(client, purchase("late", 4, seq=3, received=4))
    assert await at_risk(client, "late") == []
    shipped = await client.ship_allocation(sourcing_pb2.ShipAllocationRequest(name=allocation.name))
    assert [(entry.supply_id, entry.state) for entry in shipped.lines] == [("", sourcing_pb2.STATE_SHIPPED)]


async def test_what_a_supplier_can_be_asked_for_must_be_ordered(client: Client) -> None:
    record = purchase("asked", 0, kind=inventory_pb2.SUPPLY_KIND_SUPPLIER_ORDERABLE, lead_days=4)
    record.ClearField("quantity")
    record.ClearField("expected_on")
    await announce(client, record)
    assert (await supplied(client, "asked")).usable == 2**53
    allocation = await client.allocate(messages.allocate("waits-2", messages.line(sku="asked", quantity=3)))
    (wanted,) = allocation.to_order
    assert (wanted.supply_id, wanted.node_id, wanted.sku, wanted.quantity) == ("po-asked", "near", "asked", 3)
    assert wanted.expected_on == Date(year=2026, month=11, day=27)


async def test_a_token_binds(client: Client) -> None:
    await count(client, {"bound": 10})
    goods = messages.line(sku="bound", quantity=2)
    response = await client.promise_delivery(messages.promise(goods))
    (ground,) = [option for option in response.promised if option.service_id == "ground"]
    request = messages.allocate("binding-1", goods)
    request.promise_token = ground.token
    allocation = await client.allocate(request)
    assert {shipment.service_id for shipment in allocation.decision.plan.shipments} == {"ground"}
    assert (allocation.kept.earliest, allocation.kept.latest) == (ground.earliest, ground.latest)
    assert (allocation.kept.fee, allocation.kept.time_zone) == (ground.fee, ground.time_zone)

    other = messages.allocate("binding-2", messages.line(sku="bound", quantity=3))
    other.promise_token = ground.token
    forged = messages.allocate("binding-3", goods)
    forged.promise_token = ground.token[:-2] + ("aa" if ground.token[-2:] != "aa" else "bb")
    for spoilt, kind, reason in (
        (other, Kind.FAILED_PRECONDITION, Reason.PROMISE_MISMATCH),
        (forged, Kind.INVALID_ARGUMENT, Reason.PROMISE_TOKEN_INVALID),
    ):
        with pytest.raises(Refusal) as refused:
            await client.allocate(spoilt)
        assert (refused.value.kind, refused.value.reason) == (kind, reason)


async def test_an_option_of_the_callers_choice_is_held(client: Client) -> None:
    await count(client, {"chosen": 10})
    request = messages.promise(messages.line(sku="chosen"), ttl=messages.HOLD_SECONDS)
    request.choices.extend([sourcing_pb2.CHOICE_EARLIEST, sourcing_pb2.CHOICE_CHEAPEST])
    request.hold.service_id, request.hold.choice = "express", sourcing_pb2.CHOICE_EARLIEST
    response = await client.promise_delivery(request)
    held = response.promised[response.hold.option]
    assert (response.hold.service_id, held.service_id) == ("express", "express")
    assert sourcing_pb2.CHOICE_EARLIEST in held.choices
    assert held.decision.plan == response.hold.decision.plan


async def test_a_hold_keeps_its_own_promise_and_its_token_is_for_later(client: Client) -> None:
    await count(client, {"kept": 10})
    goods = messages.line(sku="kept", quantity=2)
    wanted = messages.promise(goods, ttl=messages.HOLD_SECONDS)
    wanted.hold.service_id = "express"
    response = await client.promise_delivery(wanted)
    option = response.promised[response.hold.option]
    request = messages.allocate("binding-4", goods)
    request.hold, request.promise_token, request.reallocate_if_expired = response.hold.name, option.token, True
    allocation = await client.allocate(request)
    assert (allocation.hold, allocation.reallocated) == (response.hold.name, False)
    assert (allocation.kept.latest, allocation.kept.late_days) == (option.latest, 0)
    assert allocation.decision.plan == option.decision.plan


async def test_product_pages_see_stock_and_supply(client: Client) -> None:
    await count(client, {"page": 7})
    await announce(client, purchase("page", 40, preorder=True))
    request = messages.get_availability()
    request.skus[:] = ["page", "no such thing"]
    page, nothing = (await client.get_availability(request)).skus
    assert (page.sku, page.units) == ("page", 7)
    assert {entry.service_id for entry in page.earliest} == {"ground", "express"}
    assert (page.next_supply.units, page.next_supply.preorder) == (40, True)
    assert (nothing.units, len(nothing.earliest), nothing.HasField("next_supply")) == (0, 0, False)


async def test_a_watcher_is_told_what_changes(client: Client) -> None:
    await count(client, {"watched": 7, "still": 1})
    request = messages.watch_availability()
    request.skus[:] = ["watched", "still"]
    watch = client.watch_availability(request)

    async def news() -> dict[str, int]:
        async with asyncio.timeout(20):
            answer = await anext(watch)
        return {entry.sku: entry.units for entry in answer.skus}

    assert await news() == {"watched": 7, "still": 1}
    await count(client, {"watched": 5}, seq=2)
    assert await news() == {"watched": 5}
    await watch.aclose()


async def test_a_watch_that_cannot_be_is_refused(client: Client) -> None:
    request = messages.watch_availability()
    request.channel = "fax"
    with pytest.raises(Refusal) as refused:
        await anext(client.watch_availability(request))
    assert refused.value.reason is Reason.CHANNEL_UNKNOWN
