"""The retailer's week: five days of orders, and what changes on some of their mornings.

Each change is one call of the API that a real retailer would make.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from sourcier.client import Client
from sourcier.demo import retailer
from sourcier.demo.figures import Caps, Figures, figures
from sourcier.demo.inbound import Inbound
from sourcier.demo.traffic import Served, serve_orders
from sourcier.domain.errors import Reason
from sourcier.domain.limits import NETWORK_BYTES_MAX, RULE_SET_BYTES_MAX
from sourcier.domain.network import Capacity, CapacityMeasure, Network, NodeType
from sourcier.domain.order import Order
from sourcier.inputs.files import read_text
from sourcier.inputs.network_yaml import parse_network
from sourcier.inputs.rules_yaml import parse_rule_set
from sourcier.loading import load_network, load_rule_set
from sourcier.terminal.consoles import progress
from sourcier.terminal.words import counted
from sourcier.v1 import network_pb2

SEED: Final = 1
DAYS_AWAY_MAX: Final = 300  # the server refuses orders of more than 400 days away
LOWEST_COST, PROTECT_STORES, ONE_PARCEL = retailer.RULE_SET_FILES
BROKEN_NODE: Final = retailer.WAREHOUSES[0]
BUSY_STORE_ORDERS: Final = 4  # orders a day that a store packs when its shop is full


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What the demo plays: the retailer's network, and orders sorted by the instant they are placed."""

    network: Network
    orders: tuple[Order, ...]

    @property
    def days(self) -> tuple[date, ...]:
        """The days on which orders are placed, local time."""
        return tuple(sorted({placed_on(order) for order in self.orders}))

    def caps(self) -> Caps:
        """Orders that a node may ship on a day, as the week goes."""
        before, after = _order_caps(self.network), _order_caps(busy_stores(self.network))
        busy_from = self.monday + timedelta(days=4)
        return lambda node_id, ship_day: (after if ship_day >= busy_from else before).get(node_id)

    @property
    def monday(self) -> date:
        """The first of the five days."""
        first = placed_on(self.orders[0])
        return first - timedelta(days=first.weekday())


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The week as it went: every order served, the figures of each day, the seconds that serving took."""

    served: tuple[Served, ...]
    days: tuple[tuple[date, Figures], ...]
    seconds: float


def read_week(num_orders: int) -> Week:
    """The network, and so many orders spread evenly over the retailer's five days."""
    text = read_text(retailer.NETWORK_FILE, NETWORK_BYTES_MAX, Reason.NETWORK_INVALID)
    every = retailer.orders(SEED, first_day(datetime.now(UTC).date()))
    number = min(num_orders, len(every))
    return Week(
        network=parse_network(text, str(retailer.NETWORK_FILE)),
        orders=tuple(every[index * len(every) // number] for index in range(number)),
    )


def first_day(today: date) -> date:
    """The retailer's own week, so that everyone sees the same; the coming Monday once that is too far away."""
    if abs((retailer.FIRST_DAY - today).days) <= DAYS_AWAY_MAX:
        return retailer.FIRST_DAY
    return today + timedelta(days=7 - today.weekday())


def placed_on(order: Order) -> date:
    """The local day on which an order is placed."""
    return order.cart.placed_at.astimezone(retailer.TIME_ZONE).date()


async def activate(client: Client, rules_file: Path) -> str:
    """Store a rule set and put it in force; the revision's name."""
    text = read_text(rules_file, RULE_SET_BYTES_MAX, Reason.RULE_SET_INVALID)
    rule_set = parse_rule_set(text, str(rules_file))
    return (await load_rule_set(client, rule_set.rule_set_id, text, "the demo's rules")).name


def busy_stores(network: Network) -> Network:
    """The network on the day when every store packs only `BUSY_STORE_ORDERS` orders."""
    few = Capacity(measure=CapacityMeasure.ORDERS, per_day=BUSY_STORE_ORDERS)
    nodes = (replace(node, capacity=few) if node.node_type is NodeType.STORE else node for node in network.nodes)
    return replace(network, nodes=tuple(nodes))


def _order_caps(network: Network) -> dict[str, int]:
    return {
        node.node_id: node.capacity.per_day
        for node in network.nodes
        if node.capacity is not None and node.capacity.measure is CapacityMeasure.ORDERS
    }


async def play(screen: Console, client: Client, week: Week, inbound: Inbound) -> Played:
    """Serve every order, day by day, and say what changes in between."""
    served: list[Served] = []
    days = []
    seconds = 0.0
    for day, orders in groupby(week.orders, key=placed_on):
        placed = list(orders)
        news = await inbound.receive(day) + await _morning(client, week, inbound, day)
        screen.print(Text.assemble((day.strftime("%A"), "bold"), f", {counted(len(placed), 'order')}.{news}"))
        began = time.monotonic()
        today = await _serve_day(client, day, placed)
        seconds += time.monotonic() - began
        served += today
        days.append((day, figures(today, week.network, week.caps())))
    return Played(served=tuple(served), days=tuple(days), seconds=seconds)


async def _serve_day(client: Client, day: date, orders: Sequence[Order]) -> list[Served]:
    with progress() as bars:
        bar = bars.add_task(day.strftime("%A"), total=len(orders))
        return await serve_orders(client, orders, lambda: bars.advance(bar))


async def _morning(client: Client, week: Week, inbound: Inbound, day: date) -> str:
    """Make the change that comes with the day, and say it; nothing on most days."""
    match (day - week.monday).days:
        case 2:
            name = await activate(client, PROTECT_STORES)
            return (
                f" Planners put {name} in force: stores keep the last two units of every SKU for whoever walks in "
                "and no longer pack for the marketplace."
            )
        case 3:
            name = f"nodes/{BROKEN_NODE}"
            await client.set_node_status(
                network_pb2.SetNodeStatusRequest(name=name, status=network_pb2.NODE_STATUS_OFFLINE)
            )
            return f" The conveyor of {BROKEN_NODE}, the larger warehouse, breaks. SetNodeStatus switches it off."
        case 4:
            name = await activate(client, LOWEST_COST)
            await load_network(client, busy_stores(week.network))
            return (
                f" The stores must help out: {name} is back in force. But the shops are full, and ApplyNetwork lowers "
                f"the capacity of every store to {BUSY_STORE_ORDERS} orders a day.{await inbound.delay()}"
            )
        case _:
            return ""
