"""Availability: every date is what a cart of one unit is promised, every number what a loop over all nodes counts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.reference import small
from tests.reference.instances import World, random_world
from tests.reference.timed import timed_world

from benchmarks import shop
from sourcier.domain.availability import (
    Availability,
    AvailabilityQuery,
    EarliestDate,
    NextSupply,
    SkuAvailability,
    StoreStock,
)
from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.network import Method, Node, NodeStatus, NodeType, TransitBand
from sourcier.domain.network_checks import faults
from sourcier.domain.order import Line
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.promise import Promise
from sourcier.domain.rules import AvailabilityBand, Eligibility, SafetyStock
from sourcier.domain.stock import StockRow
from sourcier.domain.supply import UNLIMITED_UNITS, SupplyKind, SupplyRow
from sourcier.engine.availability import availability, bands
from sourcier.engine.compile import distances_m
from sourcier.engine.decide import drive
from sourcier.engine.places import locate
from sourcier.engine.promise import promise_steps
from sourcier.engine.solver import Budget, solve

STORE = NodeType.STORE


def asked(world: World, *skus: str, **changes) -> Availability:
    """The answer for the destination and the instant of the world's cart."""
    cart = world.cart
    query = AvailabilityQuery(channel=cart.channel, skus=skus, **{"destination": cart.destination, **changes})
    return availability(query, world.snapshot(), world.compiled_rules(), cart.placed_at)


def of_one(world: World, sku: str, **changes) -> SkuAvailability:
    found = asked(world, sku, **changes).skus
    assert len(found) == 1
    return found[0]


def promised_alone(world: World, sku: str) -> tuple[Promise, ...]:
    """What checkout promises a cart of one unit."""
    line = Line(line_id="1", sku=sku, quantity=1)
    cart = replace(world.cart, lines=(line,), services=(), deliver_by=None)
    steps = promise_steps(cart, world.snapshot(), world.compiled_rules())
    return drive(steps, lambda model: solve(model, Budget())).promised


def brings(world: World) -> set[str]:
    """The nodes from which checkout promises a unit where they alone have any, by whatever service."""
    return {
        node.node_id
        for node in world.network.nodes
        if promised_alone(replace(world, rows=(StockRow(node_id=node.node_id, sku="probe", on_hand=10**6),)), "probe")
    }


def takes_part(world: World, node: Node) -> bool:
    """Whether the cart's channel may take anything of a node, by the words of the rule set."""
    return node.status is NodeStatus.OPEN and not any(
        (not e.channels or world.cart.channel in e.channels) and node.node_type in e.exclude_node_types
        for e in world.rules.eligibility
    )


def kept_back(world: World, node: Node) -> int:
    channel = world.cart.channel
    entries = [
        s.units
        for s in world.rules.safety_stock
        if (not s.channels or channel in s.channels) and (not s.node_types or node.node_type in s.node_types)
    ]
    return max(entries, default=0)


def free(world: World, node: Node, sku: str) -> int:
    return sum(row.free for row in world.rows if (row.node_id, row.sku) == (node.node_id, sku))


def takeable(world: World, node: Node, sku: str) -> int:
    return max(0, free(world, node, sku) - kept_back(world, node)) if takes_part(world, node) else 0


def first_supply(world: World, nodes: list[Node], sku: str) -> NextSupply | None:
    """The supply rows of these nodes one by one."""
    found = [
        (row.ready_on(world.cart.placed_at.astimezone(ZoneInfo(node.time_zone)).date()), units, row.preorder)
        for node in nodes
        for row in world.supplies
        if (row.node_id, row.sku) == (node.node_id, sku)
        and (units := row.available(free(world, node, sku), kept_back(world, node)))
    ]
    first = [entry for entry in found if entry[0] == min(found)[0]]
    if not first:
        return None
    units, preorder = sum(entry[1] for entry in first), any(entry[2] for entry in first)
    return NextSupply(on=first[0][0], units=min(units, UNLIMITED_UNITS), preorder=preorder)


def stores_of(world: World, sku: str) -> list[StoreStock]:
    """Every store in the radius that has some, by distance."""
    network = world.snapshot().network
    distance = distances_m(network, locate(network, world.cart.destination)[0])
    found = [
        StoreStock(store_id=node.node_id, units=takeable(world, node, sku), distance_m=int(metres))
        for node, metres in zip(world.network.nodes, distance, strict=True)
        if node.node_type is STORE and metres <= world.rules.promising.store_radius_m
    ]
    return sorted((s for s in found if s.units), key=lambda store: store.distance_m)


def is_sound(world: World) -> bool:
    """Two rounds of a carrier at one minute are refused with their network: nobody could tell which one is meant."""
    return not any(fault.field.endswith(".pickup_minute") for fault in faults(world.network))


def many_ways(num_nodes: int) -> World:
    """A small one of the benchmarks' shops: every method, rounds, shifts, purchase orders."""
    network = shop.network(num_nodes)
    skus = {f"sku-{k}" for k in range(3)}
    return World(
        network=network,
        rules=shop.rules(),
        rows=tuple(row for row in shop.stock(network.nodes) if row.sku in skus),
        supplies=tuple(row for row in shop.supply(network.nodes) if row.sku in skus),
        pool_uses=(),
        cart=shop.carts(num_nodes, 1)[0],
    )


@pytest.mark.parametrize(
    ("worlds", "at_least"),
    [
        ([lambda seed=seed: random_world(seed, lines_max=4, nodes_max=15) for seed in range(40_000, 40_030)], 60),
        ([lambda seed=seed: timed_world(seed) for seed in range(41_000, 41_050)], 60),
        ([lambda nodes=nodes: many_ways(nodes) for nodes in range(9, 13)], 40),
    ],
    ids=["random", "timed", "every method"],
)
def test_every_entry_is_what_a_slow_search_finds(worlds: list[Callable[[], World]], at_least: int) -> None:
    dated = 0
    for make in worlds:
        world = make()
        if not is_sound(world):
            continue
        promising = replace(world.rules.promising, store_radius_m=300_000)
        world = replace(world, rules=replace(world.rules, promising=promising))
        skus = [*sorted({row.sku for row in world.rows}), "unknown"]
        reached = brings(world)
        nodes = [node for node in world.network.nodes if node.node_id in reached]
        for entry in asked(world, *skus, nearby_stores=2).skus:
            assert entry.units == sum(takeable(world, node, entry.sku) for node in nodes)
            assert entry.stores == tuple(stores_of(world, entry.sku)[:2])
            assert entry.next_supply == first_supply(world, nodes, entry.sku)
            first: dict[str, date] = {}
            for promise in promised_alone(world, entry.sku):
                first[promise.service_id] = min(promise.latest, first.get(promise.service_id, date.max))
            assert {e.service_id: e.on for e in entry.earliest} == first
            assert [e.on for e in entry.earliest] == sorted(e.on for e in entry.earliest)
            dated += len(first)
    assert dated > at_least


def shops(**stock: int) -> World:
    """A warehouse that ships, and stores one degree apart; ``stock[node]`` units of "tea"."""
    stores = [
        small.node(f"store{i}", node_type=STORE, point=GeoPoint(lat_e6=48_000_000 + i * 200_000, lon_e6=2_000_000))
        for i in range(3)
    ]
    return small.world(
        [small.node("warehouse"), *stores],
        {node_id: {"tea": units} for node_id, units in stock.items()},
        small.lines(tea=1),
        rule_set=small.rules(
            safety_stock=(SafetyStock(units=1, node_types=frozenset({STORE})),),
            bands=(AvailabilityBand(min_units=1, label="few"), AvailabilityBand(min_units=10, label="plenty")),
        ),
    )


def test_what_is_protected_is_not_shown() -> None:
    entry = of_one(shops(warehouse=2, store0=1, store1=4), "tea")
    assert (entry.units, entry.band) == (5, "few")
    assert entry.stores == (StoreStock(store_id="store1", units=3, distance_m=22_239),)


def test_a_sku_that_nobody_has_is_nowhere() -> None:
    entry = of_one(shops(warehouse=2), "coffee")
    assert entry == SkuAvailability(sku="coffee", units=0, band="", earliest=(), stores=(), next_supply=None)


def test_stores_come_by_distance_and_not_from_afar() -> None:
    far_away = small.node("far", node_type=STORE, point=small.ONE_DEGREE_NORTH)
    world = shops(store0=9, store1=2, store2=3, far=5)
    world = replace(world, network=replace(world.network, nodes=(far_away, *world.network.nodes)))
    assert [s.store_id for s in of_one(world, "tea").stores] == ["store0", "store1", "store2"]
    assert [s.store_id for s in of_one(world, "tea", nearby_stores=2).stores] == ["store0", "store1"]
    assert of_one(world, "tea", nearby_stores=0).stores == ()
    assert of_one(world, "tea").units == 8 + 1 + 2 + 4


def test_a_store_is_asked_from_where_it_stands() -> None:
    found = of_one(shops(store0=9, store1=2, store2=3), "tea", destination=None, store_id="store2")
    assert [(s.store_id, s.distance_m) for s in found.stores] == [("store2", 0), ("store1", 22_239), ("store0", 44_478)]


@pytest.mark.parametrize("off", [{"status": NodeStatus.OFFLINE}, {"node_type": NodeType.SUPPLIER}])
def test_nodes_that_take_no_part_have_nothing(off: dict) -> None:
    world = shops(store0=9, warehouse=2)
    nodes = tuple(replace(n, **off) if n.node_id == "store0" else n for n in world.network.nodes)
    rules = replace(world.rules, eligibility=(Eligibility(exclude_node_types=frozenset({NodeType.SUPPLIER})),))
    entry = of_one(replace(world, rules=rules, network=replace(world.network, nodes=nodes)), "tea")
    assert (entry.units, entry.stores) == (2, ())


def test_units_that_cannot_be_brought_do_not_count() -> None:
    world = shops(store0=9, store2=3)
    near = (TransitBand(max_distance_m=10_000, business_days=0),)
    world = replace(world, network=replace(world.network, services=(small.service(transit=near),)))
    entry = of_one(world, "tea")
    assert entry.units == 8
    assert entry.earliest == (EarliestDate(method=Method.HOME_DELIVERY, service_id="std", on=small.TODAY),)


def order(supply_id: str, units: int, on: date | None, **changes) -> SupplyRow:
    ordinary = {"kind": SupplyKind.PURCHASE_ORDER, "node_id": "warehouse", "sku": "tea"}
    return SupplyRow(supply_id=supply_id, usable=units, expected_on=on, **{**ordinary, **changes})


def next_supply(world: World, *supplies: SupplyRow) -> NextSupply | None:
    snapshot = world.snapshot()
    snapshot.put_supplies(supplies)
    query = AvailabilityQuery(channel="web", skus=("coffee", "tea"), destination=world.cart.destination)
    coffee, tea = availability(query, snapshot, world.compiled_rules(), small.PLACED_AT).skus
    assert coffee.next_supply is None
    return tea.next_supply


def test_all_supply_of_the_first_day_is_named() -> None:
    days = [small.TODAY + timedelta(days=n) for n in (5, 3, 3, 9)]
    orders = [order(f"PO-{i}", 10 + i, day) for i, day in enumerate(days)]
    assert next_supply(shops(), *orders) == NextSupply(on=days[1], units=11 + 12, preorder=False)


def test_supply_that_is_overdue_is_expected_tomorrow() -> None:
    tomorrow = small.TODAY + timedelta(days=1)
    overdue = order("PO", 4, small.TODAY - timedelta(days=3), preorder=True)
    assert next_supply(shops(), overdue) == NextSupply(on=tomorrow, units=4, preorder=True)


def test_what_is_pegged_or_protected_of_a_supply_does_not_count() -> None:
    on = small.TODAY + timedelta(days=4)
    to_store = order("PO", 5, on, node_id="store0", held=1, allocated=2)
    assert next_supply(shops(store0=1), to_store) == NextSupply(on=on, units=2, preorder=False)
    assert next_supply(shops(), to_store) == NextSupply(on=on, units=1, preorder=False)
    assert next_supply(shops(), replace(to_store, held=3)) is None


def test_a_supplier_delivers_after_the_lead_time() -> None:
    supplier = order("S", 2**53, None, kind=SupplyKind.SUPPLIER_ORDERABLE, lead_days=6)
    found = next_supply(shops(), supplier, replace(supplier, supply_id="T", node_id="store1"))
    assert found == NextSupply(on=small.TODAY + timedelta(days=6), units=2**53, preorder=False)


@pytest.mark.parametrize(("units", "label"), [(0, ""), (1, "few"), (9, "few"), (10, "plenty"), (2**53, "plenty")])
def test_the_highest_band_reached_gives_its_label(units: int, label: str) -> None:
    assert bands(shops().compiled_rules(), [units]) == [label]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"channel": "fax"}, Reason.CHANNEL_UNKNOWN),
        ({"destination": Destination(country_code="FR", postal_code="99999")}, Reason.POSTAL_CODE_UNKNOWN),
        ({"destination": None, "store_id": "nowhere"}, Reason.NODE_UNKNOWN),
        ({"destination": None, "store_id": "warehouse"}, Reason.NODE_UNKNOWN),
    ],
)
def test_what_is_not_known_is_refused(changes: dict, reason: Reason) -> None:
    world = shops()
    query = AvailabilityQuery(channel="web", skus=("tea",), destination=world.cart.destination)
    with pytest.raises(Refusal) as refused:
        availability(replace(query, **changes), world.snapshot(), world.compiled_rules(), small.PLACED_AT)
    assert refused.value.reason is reason


def test_the_answer_names_what_it_was_made_from() -> None:
    answer = asked(shops(warehouse=1), "tea", "tea")
    assert [entry.sku for entry in answer.skus] == ["tea", "tea"]
    assert (answer.time_zone, answer.rule_set_revision, answer.snapshot_version) == (
        "UTC",
        "ruleSets/random/revisions/1",
        0,
    )
