"""Every RPC with missing, negative, absurd, duplicate, unknown and oversized input: refused, and nothing changed."""

from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.rpc import messages, networks
from tests.rpc.servers import Served
from tests.rpc.spoil import Spoiler, assign
from tests.rpc.wire import RPCS, refusal_of, send

from sourcier.domain.errors import Kind, Reason
from sourcier.domain.limits import MESSAGE_BYTES_MAX
from sourcier.rpc.fields import FAULTS_MAX
from sourcier.v1 import network_pb2, sourcing_pb2

INVALID = Kind.INVALID_ARGUMENT
LINE = "order.cart.lines[0]"
CALENDAR, ROUND = "network.nodes[0].calendar", "network.nodes[0].rounds[0]"
MEASURED, ZONE_TRANSIT = "network.services[0].transit[1].distribution", "network.services[0].zone_transit[0]"
LANE = "network.transfer_lanes[0]"

FIELDS: list[tuple[str, Spoiler, str]] = [
    ("PromiseDelivery", assign("cart", None), "cart"),
    ("PromiseDelivery", assign("cart.channel", ""), "cart.channel"),
    ("PromiseDelivery", assign("cart.currency_code", "euro"), "cart.currency_code"),
    ("PromiseDelivery", assign("cart.lines[0].quantity", -1), "cart.lines[0].quantity"),
    ("PromiseDelivery", assign("cart.lines", [messages.line(str(i)) for i in range(101)]), "cart.lines"),
    ("PromiseDelivery", assign("cart.placed_at", Timestamp(seconds=2**40)), "cart.placed_at"),
    ("PromiseDelivery", assign("cart.services", ["ground", "ground"]), "cart.services[1]"),
    ("PromiseDelivery", assign("cart.methods", [1, 1]), "cart.methods[1]"),
    ("PromiseDelivery", assign("cart.methods", [6]), "cart.methods[0]"),
    ("PromiseDelivery", assign("cart.store_ids", [str(i) for i in range(17)]), "cart.store_ids"),
    ("PromiseDelivery", assign("choices", [0]), "choices[0]"),
    ("PromiseDelivery", assign("choices", [1, 1]), "choices[1]"),
    ("PromiseDelivery", assign("hold.choice", 2), "hold.choice"),
    ("PromiseDelivery", assign("hold.store_id", "a\0"), "hold.store_id"),
    ("PromiseDelivery", assign("request_id", ""), "request_id"),
    ("PromiseDelivery", assign("hold.ttl_seconds", 14_401), "hold.ttl_seconds"),
    ("Allocate", assign("request_id", ""), "request_id"),
    ("Allocate", assign("request_id", "1"), "request_id"),
    ("Allocate", assign("order", None), "order"),
    ("Allocate", assign("order.order_id", ""), "order.order_id"),
    ("Allocate", assign("order.order_id", "x" * 129), "order.order_id"),
    ("Allocate", assign(f"{LINE}.quantity", 0), f"{LINE}.quantity"),
    ("Allocate", assign(f"{LINE}.quantity", 1_000_001), f"{LINE}.quantity"),
    ("Allocate", assign(f"{LINE}.quantity", 2**63 - 1), f"{LINE}.quantity"),
    ("Allocate", assign(f"{LINE}.sku", "a\0"), f"{LINE}.sku"),
    ("Allocate", assign(f"{LINE}.unit_weight_grams", -1), f"{LINE}.unit_weight_grams"),
    ("Allocate", assign(f"{LINE}.unit_price.units", -1), f"{LINE}.unit_price"),
    ("Allocate", assign("order.cart.lines", [messages.line("1")] * 2), "order.cart.lines[1].line_id"),
    ("Allocate", assign("order.cart.destination", None), "order.cart.destination"),
    ("Allocate", assign("order.priority", -1), "order.priority"),
    ("Allocate", assign("order.priority", 1_000_001), "order.priority"),
    ("Allocate", assign("order.cart.store_ids", ["a", "a"]), "order.cart.store_ids[1]"),
    ("Allocate", assign("promise_token", "x" * 2_049), "promise_token"),
    ("Allocate", assign("promise_token", "a\0"), "promise_token"),
    ("Allocate", assign("hold", "x"), "hold"),
    ("GetAllocation", assign("name", ""), "name"),
    ("GetAllocation", assign("name", "allocations/a/b"), "name"),
    ("GetAllocation", assign("view", 99), "view"),
    ("ShipAllocation", assign("name", ""), "name"),
    ("ShipAllocation", assign("request_id", ""), "request_id"),
    ("ShipAllocation", assign("lines[0].quantity", 0), "lines[0].quantity"),
    ("ShipAllocation", assign("lines[0].line_no", -1), "lines[0].line_no"),
    ("CancelAllocation", assign("name", "holds/x"), "name"),
    ("CancelAllocation", assign("request_id", ""), "request_id"),
    ("CancelAllocation", assign("lines", [sourcing_pb2.LineQuantity(line_no=1, quantity=1)] * 2), "lines[1].line_no"),
    ("ReleaseHold", assign("name", ""), "name"),
    ("ReleaseHold", assign("request_id", ""), "request_id"),
    ("GetAvailability", assign("channel", ""), "channel"),
    ("GetAvailability", assign("skus", []), "skus"),
    ("GetAvailability", assign("skus", ["a", "a"]), "skus[1]"),
    ("GetAvailability", assign("skus", [str(i) for i in range(101)]), "skus"),
    ("GetAvailability", assign("destination", None), "destination"),
    ("GetAvailability", assign("store_id", "near"), "store_id"),
    ("GetAvailability", assign("nearby_stores", -1), "nearby_stores"),
    ("WatchAvailability", assign("skus", [str(i) for i in range(10_001)]), "skus"),
    ("WatchAvailability", assign("nearby_stores", 21), "nearby_stores"),
    ("ApplyStock", assign("request_id", ""), "request_id"),
    ("ApplyStock", assign("source", ""), "source"),
    ("ApplyStock", assign("records", []), "records"),
    ("ApplyStock", assign("records", [messages.record(seq=i) for i in range(1, 1_002)]), "records"),
    ("ListPromisesAtRisk", assign("page_size", -1), "page_size"),
    ("ListPromisesAtRisk", assign("page_token", "forged"), "page_token"),
    ("ListPromisesAtRisk", assign("node_ids", [str(i) for i in range(101)]), "node_ids"),
    ("ListPromisesAtRisk", assign("skus", [""]), "skus[0]"),
    ("ListPromisesAtRisk", assign("supply_ids", ["a", "a"]), "supply_ids[1]"),
    ("ApplySupply", assign("request_id", ""), "request_id"),
    ("ApplySupply", assign("source", "a\0"), "source"),
    ("ApplySupply", assign("records", []), "records"),
    ("ApplySupply", assign("records", [messages.supply_record(seq=i) for i in range(1, 1_002)]), "records"),
    ("GetSupply", assign("page_size", -1), "page_size"),
    ("GetSupply", assign("page_token", "forged"), "page_token"),
    ("GetSupply", assign("page_token", "WzEsMl0="), "page_token"),
    ("GetSupply", assign("node_ids", ["x" * 129]), "node_ids[0]"),
    ("GetSupply", assign("skus", ["a", "a"]), "skus[1]"),
    ("GetStock", assign("page_size", -1), "page_size"),
    ("GetStock", assign("page_token", "forged"), "page_token"),
    ("GetStock", assign("page_token", "WzEsMl0="), "page_token"),
    ("GetStock", assign("skus", ["a", "a"]), "skus[1]"),
    ("ApplyNetwork", assign("request_id", ""), "request_id"),
    ("ApplyNetwork", assign("network", None), "network"),
    ("ApplyNetwork", assign("network.nodes", []), "network.nodes"),
    ("ApplyNetwork", assign("network.nodes", [messages.node("a")] * 2), "network.nodes[1].name"),
    ("ApplyNetwork", assign("network.nodes[0].services", ["drone"]), "network.nodes[0].services[0]"),
    ("ApplyNetwork", assign("network.services[0].method", 77), "network.services[0].method"),
    ("ApplyNetwork", assign("network.time_zone", "Mars"), "network.time_zone"),
    (
        "ApplyNetwork",
        assign(f"{CALENDAR}.picking_hours[0].from_minute", -1),
        f"{CALENDAR}.picking_hours[0].from_minute",
    ),
    ("ApplyNetwork", assign(f"{CALENDAR}.opening_hours", [networks.hours()] * 2), f"{CALENDAR}.opening_hours[1]"),
    ("ApplyNetwork", assign(f"{CALENDAR}.exceptions[0].day", None), f"{CALENDAR}.exceptions[0].day"),
    ("ApplyNetwork", assign(f"{CALENDAR}.holidays", "ATLANTIS"), f"{CALENDAR}.holidays"),
    ("ApplyNetwork", assign(f"{CALENDAR}.backlog_minutes", 2**31 - 1), f"{CALENDAR}.backlog_minutes"),
    ("ApplyNetwork", assign(f"{ROUND}.service_id", "drone"), f"{ROUND}.service_id"),
    ("ApplyNetwork", assign(f"{ROUND}.parcels", -1), f"{ROUND}.parcels"),
    ("ApplyNetwork", assign(f"{ROUND}.every_minutes", 0), f"{ROUND}.every_minutes"),
    ("ApplyNetwork", assign("network.nodes[0].shifts[1].shift_id", "day"), "network.nodes[0].shifts[1].shift_id"),
    ("ApplyNetwork", assign("network.nodes[0].shifts[0].limit", -1), "network.nodes[0].shifts[0].limit"),
    ("ApplyNetwork", assign(MEASURED, networks.shares((1, 9_999))), MEASURED),
    ("ApplyNetwork", assign(f"{ZONE_TRANSIT}.zone_id", "moon"), f"{ZONE_TRANSIT}.zone_id"),
    ("ApplyNetwork", assign("network.services[0].windows[0].days", []), "network.services[0].windows[0].days"),
    ("ApplyNetwork", assign("network.services[0].co2_mg_per_kg_km", -1), "network.services[0].co2_mg_per_kg_km"),
    ("ApplyNetwork", assign("network.services[1].courier_minutes", -1), "network.services[1].courier_minutes"),
    ("ApplyNetwork", assign("network.services[3].collect_minutes", -1), "network.services[3].collect_minutes"),
    ("ApplyNetwork", assign("network.zones[1].ranges[0].low", ""), "network.zones[1].ranges[0].low"),
    ("ApplyNetwork", assign("network.zones[1].zone_id", "islands"), "network.zones[1].zone_id"),
    ("ApplyNetwork", assign("network.zones[1].ranges", [networks.postal_range()]), "network.zones[1].ranges[0]"),
    ("ApplyNetwork", assign(f"{LANE}.to_node_id", "near"), LANE),
    ("ApplyNetwork", assign(f"{LANE}.service_id", "drone"), f"{LANE}.service_id"),
    ("SetNodeStatus", assign("name", ""), "name"),
    ("SetNodeStatus", assign("status", 0), "status"),
    ("SetNodeStatus", assign("request_id", ""), "request_id"),
    ("CreateRuleSetRevision", assign("rule_set_id", ""), "rule_set_id"),
    ("CreateRuleSetRevision", assign("yaml", ""), "yaml"),
    ("CreateRuleSetRevision", assign("yaml", "x" * 262_145), "yaml"),
    ("CreateRuleSetRevision", assign("comment", "x" * 1_025), "comment"),
    ("CreateRuleSetRevision", assign("request_id", ""), "request_id"),
    ("ActivateRuleSet", assign("name", ""), "name"),
    ("ActivateRuleSet", assign("name", "ruleSets/main"), "name"),
    ("ActivateRuleSet", assign("request_id", ""), "request_id"),
    ("GetRuleSet", assign("name", ""), "name"),
    ("ListRuleSets", assign("page_size", -1), "page_size"),
    ("ListRuleSets", assign("page_token", "forged"), "page_token"),
]

MEANINGS: list[tuple[str, Spoiler, Kind, Reason]] = [
    ("PromiseDelivery", assign("cart.channel", "fax"), INVALID, Reason.CHANNEL_UNKNOWN),
    ("PromiseDelivery", assign("cart.services", ["drone"]), INVALID, Reason.SERVICE_UNKNOWN),
    ("PromiseDelivery", assign("cart.destination.postal_code", "99999"), INVALID, Reason.POSTAL_CODE_UNKNOWN),
    ("Allocate", assign("order.cart.destination.country_code", "FR"), INVALID, Reason.POSTAL_CODE_UNKNOWN),
    ("PromiseDelivery", assign("cart.store_ids", ["nowhere"]), INVALID, Reason.NODE_UNKNOWN),
    ("GetAvailability", assign("channel", "fax"), INVALID, Reason.CHANNEL_UNKNOWN),
    ("GetAvailability", assign("destination.postal_code", "99999"), INVALID, Reason.POSTAL_CODE_UNKNOWN),
    ("WatchAvailability", assign("channel", "fax"), INVALID, Reason.CHANNEL_UNKNOWN),
    ("Allocate", assign("promise_token", "forged"), INVALID, Reason.PROMISE_TOKEN_INVALID),
    ("Allocate", assign("hold", "holds/none"), Kind.NOT_FOUND, Reason.HOLD_NOT_FOUND),
    ("Allocate", assign(f"{LINE}.sku", "no such thing"), Kind.FAILED_PRECONDITION, Reason.OUT_OF_STOCK),
    ("GetAllocation", assign("name", "allocations/none"), Kind.NOT_FOUND, Reason.ALLOCATION_NOT_FOUND),
    ("ShipAllocation", assign("name", "allocations/none"), Kind.NOT_FOUND, Reason.ALLOCATION_NOT_FOUND),
    ("CancelAllocation", assign("name", "allocations/none"), Kind.NOT_FOUND, Reason.ALLOCATION_NOT_FOUND),
    ("ReleaseHold", assign("name", "holds/none"), Kind.NOT_FOUND, Reason.HOLD_NOT_FOUND),
    ("SetNodeStatus", assign("name", "nodes/none"), Kind.NOT_FOUND, Reason.NODE_UNKNOWN),
    ("CreateRuleSetRevision", assign("yaml", "nonsense: 1"), INVALID, Reason.RULE_SET_INVALID),
    ("CreateRuleSetRevision", assign("rule_set_id", "other"), INVALID, Reason.RULE_SET_INVALID),
    ("ActivateRuleSet", assign("name", "ruleSets/main/revisions/999"), Kind.NOT_FOUND, Reason.RULE_SET_NOT_FOUND),
    ("GetRuleSet", assign("name", "ruleSets/none"), Kind.NOT_FOUND, Reason.RULE_SET_NOT_FOUND),
]


ASK_FOR_EVERYTHING = {"GetNetwork", "GetStock", "GetSupply", "ListPromisesAtRisk", "ListRuleSets"}
DEMANDING = [rpc for rpc in RPCS.values() if rpc.name not in ASK_FOR_EVERYTHING]


@pytest.fixture
async def channel(served: Served) -> Any:
    async with grpc.aio.insecure_channel(served.target) as opened:
        yield opened


@pytest.mark.parametrize(("name", "spoil", "field"), FIELDS, ids=[f"{n}-{f}-{i}" for i, (n, _, f) in enumerate(FIELDS)])
async def test_a_spoilt_field_is_named(
    served: Served, channel: grpc.aio.Channel, name: str, spoil: Spoiler, field: str
) -> None:
    rpc = RPCS[name]
    request = rpc.valid()
    spoil(request)
    before = served.digest()
    refusal = await refusal_of(channel, rpc, request.SerializeToString())
    assert (refusal.kind, refusal.reason) == (INVALID, Reason.FIELD_INVALID)
    assert field in [violation.field for violation in refusal.violations]
    assert served.digest() == before


@pytest.mark.parametrize(
    ("name", "spoil", "kind", "reason"), MEANINGS, ids=[f"{n}-{r}-{i}" for i, (n, _, _, r) in enumerate(MEANINGS)]
)
async def test_what_cannot_be_done_is_said(
    served: Served, channel: grpc.aio.Channel, name: str, spoil: Spoiler, kind: Kind, reason: Reason
) -> None:
    rpc = RPCS[name]
    request = rpc.valid()
    spoil(request)
    before = served.digest(without=("request_log",))
    refusal = await refusal_of(channel, rpc, request.SerializeToString())
    assert (refusal.kind, refusal.reason) == (kind, reason)
    assert served.digest(without=("request_log",)) == before


@pytest.mark.parametrize("rpc", DEMANDING, ids=lambda rpc: rpc.name)
async def test_an_empty_request_lacks_what_is_required(served: Served, channel: grpc.aio.Channel, rpc: Any) -> None:
    before = served.digest()
    refusal = await refusal_of(channel, rpc, b"")
    assert (refusal.kind, refusal.reason) == (INVALID, Reason.FIELD_INVALID)
    assert refusal.violations
    assert served.digest() == before


async def test_all_faults_of_a_request_come_at_once(channel: grpc.aio.Channel) -> None:
    request = messages.allocate()
    for path, value in [
        ("order.order_id", ""),
        ("order.cart.channel", ""),
        (f"{LINE}.quantity", 0),
        ("request_id", ""),
    ]:
        assign(path, value)(request)
    refusal = await refusal_of(channel, RPCS["Allocate"], request.SerializeToString())
    assert {violation.field for violation in refusal.violations} == {
        "order.order_id",
        "order.cart.channel",
        f"{LINE}.quantity",
        "request_id",
    }


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [("channel", "fax", "channel"), ("services", ["ground", "drone"], "services[1]")],
)
async def test_what_the_use_cases_find_has_the_path_of_the_request(
    channel: grpc.aio.Channel, path: str, value: object, field: str
) -> None:
    for name, prefix, request in [
        ("PromiseDelivery", "cart", messages.promise()),
        ("Allocate", "order.cart", messages.allocate()),
    ]:
        assign(f"{prefix}.{path}", value)(request)
        refusal = await refusal_of(channel, RPCS[name], request.SerializeToString())
        assert [violation.field for violation in refusal.violations] == [f"{prefix}.{field}"]


async def test_another_currency_than_the_networks_is_refused(channel: grpc.aio.Channel) -> None:
    request = messages.promise()
    request.cart.currency_code = "USD"
    request.cart.lines[0].unit_price.currency_code = "USD"
    refusal = await refusal_of(channel, RPCS["PromiseDelivery"], request.SerializeToString())
    assert (refusal.kind, refusal.reason) == (INVALID, Reason.CURRENCY_MISMATCH)


async def test_ten_thousand_faults_still_reach_the_caller(channel: grpc.aio.Channel) -> None:
    request = messages.apply_network()
    request.network.postal_areas.extend([network_pb2.PostalArea()] * 10_000)
    refusal = await refusal_of(channel, RPCS["ApplyNetwork"], request.SerializeToString())
    assert refusal.reason is Reason.FIELD_INVALID
    assert len(refusal.violations) + int(refusal.metadata["violations_omitted"]) == FAULTS_MAX


@pytest.mark.parametrize("name", ["Allocate", "ApplyStock", "ApplyNetwork"])
async def test_a_message_beyond_the_limit_is_refused(served: Served, name: str) -> None:
    before = served.digest()
    async with grpc.aio.insecure_channel(served.target, [("grpc.max_send_message_length", -1)]) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await send(channel, RPCS[name], b"\x0a" * (MESSAGE_BYTES_MAX + 1))
    assert failed.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert served.digest() == before


async def test_metadata_beyond_the_limit_is_refused(served: Served, channel: grpc.aio.Channel) -> None:
    call = channel.unary_unary(RPCS["GetNetwork"].path)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call(b"", metadata=[("x-big", "x" * 20_000)], timeout=20)
    assert failed.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_an_unknown_method_is_unimplemented(channel: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await channel.unary_unary("/sourcier.v1.SourcingService/Teleport")(b"", timeout=20)
    assert failed.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_fields_of_a_newer_client_are_let_be(channel: grpc.aio.Channel) -> None:
    body = messages.promise().SerializeToString() + b"\xf8\x3e\x01"  # field 1007
    answer = await channel.unary_unary(RPCS["PromiseDelivery"].path)(body, timeout=20)
    assert RPCS["PromiseDelivery"].response.FromString(answer)
