"""The whole way over the wire: promise, hold, allocate, ship, cancel; stock and pages; names that come back."""

import grpc
import pytest
from tests.rpc import messages
from tests.rpc.servers import Served, count

from sourcier.client import Client
from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.v1 import common_pb2, inventory_pb2, network_pb2, rules_pb2, sourcing_pb2


async def row(client: Client, sku: str, node_id: str = "near") -> inventory_pb2.StockRow:
    response = await client.get_stock(inventory_pb2.GetStockRequest(node_ids=[node_id], skus=[sku]))
    (found,) = response.rows
    return found


async def test_a_cart_is_promised_with_proof(client: Client) -> None:
    response = await client.promise_delivery(messages.promise())
    assert [promise.service_id for promise in response.promised] == ["express", "ground"]
    assert not response.unpromised
    assert response.rule_set_revision == "ruleSets/main/revisions/1"
    for promise in response.promised:
        assert promise.decision.status == common_pb2.STATUS_OPTIMAL
        assert promise.decision.gap == messages.euros(0)
        assert promise.order_by.seconds < promise.ship_by.seconds
        assert not promise.decision.left_out
    assert not response.HasField("hold")


async def test_left_out_nodes_are_explained_on_request(client: Client) -> None:
    request = messages.promise()
    request.explain = True
    response = await client.promise_delivery(request)
    assert [outcome.node_id for outcome in response.promised[0].decision.left_out] == ["far"]
    assert response.promised[0].decision.left_out[0].reason == common_pb2.NODE_REASON_NO_STOCK


async def test_a_hold_becomes_an_allocation_that_ships_in_parts(client: Client) -> None:
    await count(client, {"flow": 10})
    goods = messages.line(sku="flow", quantity=3)
    wanted = messages.promise(goods, ttl=messages.HOLD_SECONDS)
    wanted.explain = True
    held = await client.promise_delivery(wanted)
    assert held.hold.name.startswith("holds/")
    assert (await row(client, "flow")).held == 3

    request = messages.allocate("flow-1", goods)
    request.hold = held.hold.name
    allocation = await client.allocate(request)
    assert allocation.name == held.hold.name.replace("holds/", "allocations/")
    assert (allocation.hold, allocation.order_id) == (held.hold.name, "flow-1")
    assert allocation.decision.objective.currency_code == "EUR"
    (line,) = allocation.lines
    assert (line.quantity, line.state, line.node_id) == (3, sourcing_pb2.STATE_ALLOCATED, "near")

    ship = sourcing_pb2.ShipAllocationRequest(name=allocation.name)
    ship.lines.add(line_no=line.line_no, quantity=1)
    shipped = await client.ship_allocation(ship)
    assert sorted((entry.quantity, entry.state) for entry in shipped.lines) == [
        (1, sourcing_pb2.STATE_SHIPPED),
        (2, sourcing_pb2.STATE_ALLOCATED),
    ]
    cancelled = await client.cancel_allocation(sourcing_pb2.CancelAllocationRequest(name=allocation.name))
    assert sorted((entry.quantity, entry.state) for entry in cancelled.lines) == [
        (1, sourcing_pb2.STATE_SHIPPED),
        (2, sourcing_pb2.STATE_CANCELLED),
    ]
    now = await row(client, "flow")
    assert (now.held, now.allocated, now.unsettled, now.free) == (0, 0, 1, 9)

    basic = await client.get_allocation(sourcing_pb2.GetAllocationRequest(name=allocation.name))
    assert basic.lines == cancelled.lines
    assert not basic.decision.left_out
    full = await client.get_allocation(
        sourcing_pb2.GetAllocationRequest(name=allocation.name, view=sourcing_pb2.ALLOCATION_VIEW_FULL)
    )
    assert [outcome.node_id for outcome in full.decision.left_out] == ["far"]


async def test_a_released_hold_frees_its_stock(client: Client) -> None:
    await count(client, {"released": 1})
    held = await client.promise_delivery(
        messages.promise(messages.line(sku="released", quantity=1), ttl=messages.HOLD_SECONDS)
    )
    await client.release_hold(messages.release(held.hold.name))
    assert (await row(client, "released")).free == 1
    with pytest.raises(Refusal) as refused:
        await client.release_hold(messages.release(held.hold.name))
    assert refused.value.reason is Reason.HOLD_NOT_OPEN


async def test_a_validated_order_reserves_nothing(client: Client, served: Served) -> None:
    before = served.digest()
    request = messages.allocate("validated", messages.line(sku="pot"))
    request.validate_only = True
    request.explain = True
    answer = await client.allocate(request)
    assert (answer.name, len(answer.lines), answer.order_id) == ("", 0, "validated")
    assert answer.decision.plan.shipments[0].node_id == "near"
    assert answer.decision.left_out
    assert served.digest() == before


async def test_no_stock_is_said_as_such(client: Client) -> None:
    await count(client, {"gone": 0})
    with pytest.raises(Refusal) as refused:
        await client.allocate(messages.allocate("gone-1", messages.line(sku="gone")))
    assert (refused.value.kind, refused.value.reason) == (Kind.FAILED_PRECONDITION, Reason.OUT_OF_STOCK)


async def test_stock_verdicts_come_in_order_and_a_bad_batch_ends_the_stream(client: Client, served: Served) -> None:
    good = messages.stock(messages.record(sku="batch", seq=2))
    mixed = messages.stock(
        messages.record(sku="batch", seq=1),
        messages.record(node_id="nowhere", sku="batch", seq=1),
        messages.record(sku="batch", quantity=7, seq=3),
        messages.record(sku="", seq=1),
        inventory_pb2.StockRecord(node_id="near", sku="batch", quantity=1, seq=9),
        inventory_pb2.StockRecord(
            kind=inventory_pb2.RECORD_KIND_DELTA, node_id="near", sku="batch", quantity=1, epoch=1, seq=5
        ),
    )
    bad = messages.stock(source="")
    answers: list[inventory_pb2.ApplyStockResponse] = []

    async def feed() -> None:
        batches = [good, mixed, bad, messages.stock(messages.record(sku="never"))]
        async for answer in client.apply_stock(batches):
            answers.append(answer)  # noqa: PERF401 - the answers before the refusal must be kept

    with pytest.raises(Refusal) as refused:
        await feed()
    assert [(v.field, refused.value.reason) for v in refused.value.violations] == [("source", Reason.FIELD_INVALID)]
    assert [answer.request_id for answer in answers] == [good.request_id, mixed.request_id]
    assert [result.index for result in answers[1].results] == [0, 1, 2, 3, 4, 5]
    names = [inventory_pb2.Verdict.Name(result.verdict).removeprefix("VERDICT_") for result in answers[1].results]
    assert names == ["STALE", "REJECTED", "APPLIED", "REJECTED", "REJECTED", "GAP"]
    reasons = [result.reason for result in answers[1].results]
    assert reasons == ["", "NODE_UNKNOWN", "", "SKU_INVALID", "KIND_INVALID", ""]
    assert answers[1].results[5].expected_seq == 1
    assert (await row(client, "batch")).on_hand == 7
    assert not (await client.get_stock(inventory_pb2.GetStockRequest(skus=["never"]))).rows


async def test_stock_is_read_page_by_page(client: Client) -> None:
    await count(client, {f"page-{i}": i for i in range(7)})
    skus = [f"page-{i}" for i in range(7)]
    request = inventory_pb2.GetStockRequest(skus=skus, page_size=3)
    first = await client.get_stock(request)
    assert len(first.rows) == 3
    assert first.next_page_token
    rows = [found async for found in client.stock_rows(request)]
    assert [found.sku for found in rows] == skus
    assert not request.page_token


async def test_the_network_is_told_with_statuses(client: Client) -> None:
    before = await client.get_network()
    assert (before.name, before.revision >= 1) == ("network", True)
    node = await client.set_node_status(messages.set_node_status())
    assert (node.name, node.status) == ("nodes/far", network_pb2.NODE_STATUS_OFFLINE)
    assert node.handling_per_shipment == messages.euros(1)
    after = await client.get_network()
    assert [entry.status for entry in after.nodes] == [network_pb2.NODE_STATUS_OPEN, network_pb2.NODE_STATUS_OFFLINE]
    back = messages.set_node_status()
    back.status = network_pb2.NODE_STATUS_OPEN
    await client.set_node_status(back)
    assert await client.get_network() == before


async def test_a_network_is_validated_without_effect(client: Client, served: Served) -> None:
    before = served.digest()
    request = messages.apply_network()
    request.validate_only = True
    request.network.ClearField("postal_areas")
    answer = await client.apply_network(request)
    assert not answer.postal_areas
    assert served.digest() == before


async def test_rule_sets_are_stored_listed_and_read(client: Client) -> None:
    validated = messages.create_revision()
    validated.validate_only = True
    assert (await client.create_rule_set_revision(validated)).name == ""
    created = await client.create_rule_set_revision(messages.create_revision())
    assert created.name == f"ruleSets/main/revisions/{created.revision}"
    newest = await client.get_rule_set(rules_pb2.GetRuleSetRequest(name="ruleSets/main"))
    assert newest == created
    assert newest.yaml == messages.RULES
    listed = await client.list_rule_sets(rules_pb2.ListRuleSetsRequest())
    assert [entry.active for entry in listed.rule_set_revisions].count(True) == 1
    assert created.name in [entry.name for entry in listed.rule_set_revisions]
    assert {entry.yaml for entry in listed.rule_set_revisions} == {""}


async def test_a_bad_rule_set_is_refused_with_every_place(client: Client, served: Served) -> None:
    before = served.digest()
    with pytest.raises(Refusal) as refused:
        await client.create_rule_set_revision(
            messages.create_revision("rule_set: main\nnonsense: [web]\nprices: {splt: 1}\n")
        )
    assert refused.value.reason is Reason.RULE_SET_INVALID
    assert len(refused.value.violations) >= 2
    assert all(violation.field.count(":") == 2 for violation in refused.value.violations)
    assert served.digest() == before


async def test_an_answer_of_no_server_is_not_a_refusal() -> None:
    async with Client("127.0.0.1:1") as client:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await client.get_network(seconds=1)
        assert failed.value.code() is grpc.StatusCode.UNAVAILABLE
