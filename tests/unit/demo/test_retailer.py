"""The demo's retailer: the same seed gives the same data, and the data fit the network and each other."""

import csv
import hashlib
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sourcier.demo.retailer import (
    FIRST_DAY,
    NETWORK_FILE,
    ORDERS_PER_DAY,
    RULE_SET_FILES,
    TIME_ZONE,
    catalogue,
    orders,
    stock_records,
)
from sourcier.demo.towns import TOWNS
from sourcier.domain.network import Network, NodeType
from sourcier.domain.order import Order
from sourcier.domain.stock import RecordKind, StockRecord
from sourcier.inputs.network_yaml import parse_network
from sourcier.inputs.orders import read_orders
from sourcier.inputs.rules_yaml import parse_rule_set
from sourcier.inputs.stock import read_stock

SEED = 7


@pytest.fixture(scope="module")
def network() -> Network:
    return parse_network(NETWORK_FILE.read_text(encoding="utf-8"), str(NETWORK_FILE))


def test_the_same_seed_gives_the_same_bytes_on_every_machine() -> None:
    stock = [(record.node_id, record.sku, record.quantity) for record in stock_records(SEED)]
    placed = [
        (
            order.order_id,
            *(order.cart.channel, order.cart.destination.postal_code, order.cart.placed_at.isoformat()),
            *(order.cart.services, order.cart.store_ids, str(order.cart.deliver_by)),
            [(line.sku, line.quantity, line.unit_weight_grams, line.unit_price_micros) for line in order.cart.lines],
        )
        for order in orders(SEED)
    ]
    assert hashlib.sha256(repr((stock, placed)).encode()).hexdigest()[:16] == "118c99f138c54268"


def test_another_seed_gives_other_data() -> None:
    assert orders(SEED) != orders(SEED + 1)
    assert stock_records(SEED) != stock_records(SEED + 1)


def test_the_network_is_the_retailer_s(network: Network) -> None:
    types = Counter(node.node_type for node in network.nodes)
    assert types == {NodeType.WAREHOUSE: 2, NodeType.STORE: 40}
    stores = {node.node_id for node in network.nodes if node.node_type is NodeType.STORE}
    assert stores == {town.store for town in TOWNS if town.store}
    prefixes = {area.prefix for area in network.postal_areas}
    assert {prefix for prefix in prefixes if len(prefix) == 2} == {f"{number:02d}" for number in range(1, 96)}


def test_stores_stand_where_their_postal_code_says(network: Network) -> None:
    areas = {area.prefix: area.point for area in network.postal_areas}
    nodes = {node.node_id: node.point for node in network.nodes}
    for town in TOWNS:
        if town.store:
            area, node = areas[town.postal_code[:2]], nodes[town.store]
            assert abs(area.lat_e6 - node.lat_e6) < 1_000_000, town.store
            assert abs(area.lon_e6 - node.lon_e6) < 1_800_000, town.store


def test_the_rule_sets_are_for_the_orders_channels() -> None:
    channels = {order.cart.channel for order in orders(SEED)}
    for path in RULE_SET_FILES:
        assert set(parse_rule_set(path.read_text(encoding="utf-8"), path.name).channels) == channels


def test_stock_is_one_count_of_each_sku_at_nodes_of_the_network(network: Network) -> None:
    records = stock_records(SEED)
    assert {record.node_id for record in records} == {node.node_id for node in network.nodes}
    assert len({(record.node_id, record.sku) for record in records}) == len(records)
    assert all(record.kind is RecordKind.COUNT and record.quantity > 0 for record in records)
    assert {record.sku for record in records} <= {article.sku for article in catalogue(SEED)}


def test_scarce_articles_are_in_stores_only_or_nearly() -> None:
    scarce = {article.sku for article in catalogue(SEED) if article.scarce}
    in_warehouses = Counter[str]()
    for record in stock_records(SEED):
        if record.node_id.startswith("wh-"):
            in_warehouses[record.sku] += record.quantity
    assert len(catalogue(SEED)) == 320
    assert 30 <= len(scarce) <= 80
    assert max(in_warehouses[sku] for sku in scarce) <= 4


def test_orders_come_in_five_days_sorted_with_sensible_carts(network: Network) -> None:
    found = orders(SEED)
    instants = [order.cart.placed_at for order in found]
    assert instants == sorted(instants)
    days = Counter(instant.astimezone(TIME_ZONE).date() for instant in instants)
    assert days == {FIRST_DAY + timedelta(days=day): number for day, number in enumerate(ORDERS_PER_DAY)}
    assert len({order.order_id for order in found}) == len(found) == sum(ORDERS_PER_DAY)
    assert {len(order.cart.lines) for order in found} == set(range(1, 9))
    services = {service.service_id for service in network.services}
    for order in found:
        assert len({line.sku for line in order.cart.lines}) == len(order.cart.lines)
        assert set(order.cart.services) <= services
        assert ("collect" in order.cart.services) == bool(order.cart.store_ids)
        assert order.cart.deliver_by is None or order.cart.deliver_by > order.cart.placed_at.date()


def test_some_customers_hurry_and_some_collect_in_the_store_of_their_town() -> None:
    wishes = Counter(order.cart.services for order in orders(SEED))
    assert set(wishes) == {("standard",), ("express",), ("courier", "standard"), ("collect", "shuttle", "standard")}
    assert all(number > 20 for number in wishes.values())
    stores = {town.postal_code: town.store for town in TOWNS}
    for order in orders(SEED):
        if order.cart.store_ids:
            assert order.cart.store_ids == (stores[order.cart.destination.postal_code],)


def test_orders_can_be_moved_to_another_week() -> None:
    moved = orders(SEED, first_day=date(2027, 3, 29))
    assert moved[0].cart.placed_at.astimezone(TIME_ZONE).date() == date(2027, 3, 29)
    assert [order.cart.lines for order in moved] == [order.cart.lines for order in orders(SEED)]


def test_orders_and_stock_come_back_from_files(tmp_path: Path) -> None:
    write_orders(tmp_path / "orders.csv", orders(SEED))
    write_stock(tmp_path / "stock.csv", stock_records(SEED))
    assert tuple(read_orders(tmp_path / "orders.csv")) == orders(SEED)
    assert tuple(read_stock(tmp_path / "stock.csv")) == stock_records(SEED)


def write_orders(path: Path, written: tuple[Order, ...]) -> None:
    rows = [
        {
            "order_id": order.order_id,
            "line_id": line.line_id,
            "sku": line.sku,
            "quantity": line.quantity,
            "unit_weight_grams": line.unit_weight_grams,
            "unit_price": Decimal(line.unit_price_micros).scaleb(-6),
            "channel": order.cart.channel,
            "currency_code": order.cart.currency_code,
            "country_code": order.cart.destination.country_code,
            "postal_code": order.cart.destination.postal_code,
            "placed_at": order.cart.placed_at.isoformat(),
            "services": ";".join(order.cart.services),
            "store_ids": ";".join(order.cart.store_ids),
            "deliver_by": order.cart.deliver_by or "",
        }
        for order in written
        for line in order.cart.lines
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def write_stock(path: Path, written: tuple[StockRecord, ...]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["kind", "node_id", "sku", "quantity", "epoch", "seq"])
        table.writerows([r.kind.value.lower(), r.node_id, r.sku, r.quantity, r.epoch, r.seq] for r in written)
