"""``sourcier demo``: a made-up retailer's week through a real server, told as it happens.

The server is a process of its own and is only spoken to over gRPC; every figure is computed from its answers.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from sourcier.client import Client
from sourcier.demo import pages, retailer, scenes
from sourcier.demo.child import Child, server, sourcier
from sourcier.demo.figures import figures
from sourcier.demo.traffic import IN_FLIGHT, Served, serve_orders
from sourcier.domain.errors import Reason, Refusal
from sourcier.domain.limits import NETWORK_BYTES_MAX, RULE_SET_BYTES_MAX
from sourcier.domain.network import Network, NodeType
from sourcier.domain.order import Order
from sourcier.domain.stock import Verdict
from sourcier.inputs.files import read_text
from sourcier.inputs.network_yaml import parse_network
from sourcier.inputs.rules_yaml import parse_rule_set
from sourcier.loading import load_network, load_rule_set, load_stock
from sourcier.terminal.consoles import console, progress
from sourcier.terminal.refusals import show_failure
from sourcier.terminal.tables import allocation_view, audit_view, hold_line, left_out_table, promise_table, table
from sourcier.terminal.words import counted
from sourcier.v1 import inventory_pb2

SEED: Final = 1
SOURCE: Final = "wms"
DAYS_AWAY_MAX: Final = 300  # the server refuses orders of more than 400 days away
FAILED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What the demo plays: the retailer's network and the orders of five days."""

    network: Network
    orders: tuple[Order, ...]


def run(*, num_orders: int, json_file: Path | None) -> int:
    """Play the demo on standard output; the exit code: that of the audit, or 1 when it could not be played."""
    screen = console()
    try:
        with tempfile.TemporaryDirectory(prefix="sourcier-demo-") as folder:
            return _play(screen, Path(folder), num_orders, json_file)
    except Refusal as refusal:
        show_failure(console(stderr=True), refusal, "the demo ended")
        return FAILED


def _play(screen: Console, folder: Path, num_orders: int, json_file: Path | None) -> int:
    week = _week(num_orders)
    began = time.monotonic()
    _title(screen, 1, "A server starts")
    with server(folder) as child:
        screen.print(f"`sourcier serve` listens on {child.target}; its ledger is one SQLite file, empty so far.")
        report = asyncio.run(_speak(screen, child, week))
        _title(screen, 7, "The server stops, the ledger is audited")
        seconds = child.stop()
        screen.print(f"SIGTERM: health said NOT_SERVING, calls were drained, the process ended after {seconds:.1f} s.")
    code, audit = _audit(child.database)
    screen.print(audit_view(audit["violations"], audit["counts"]))
    screen.print(f"\nThe demo took {time.monotonic() - began:.0f} s.")
    if json_file is not None:
        json_file.write_text(json.dumps({**report, "audit": audit}, indent=2) + "\n", encoding="utf-8")
    return code


async def _speak(screen: Console, child: Child, week: Week) -> dict[str, Any]:
    """Everything that is said to the server; the figures, for programs."""
    async with Client(child.target) as client:
        _title(screen, 2, "The retailer's network, rules and stock are loaded")
        await _load(screen, client, week.network)
        _title(screen, 3, "One customer at checkout")
        customer = await scenes.pick_customer(client, week.orders)
        promises = await scenes.check_out(client, customer)
        _show_cart(screen, customer)
        screen.print(promise_table(promises, customer.cart.placed_at), *hold_line(promises))
        _title(screen, 4, "The customer orders: where it ships from, and why")
        allocation = await scenes.place(client, customer, promises.hold.name)
        screen.print(allocation_view(allocation))
        screen.print("\nEvery other node, with the reason; what it could cost less is a proven bound, not a guess:")
        screen.print(left_out_table(allocation.decision))
        _title(screen, 5, "Five days of orders")
        served, seconds = await _serve_week(screen, client, week)
        totals = figures(served, week.network)
        _title(screen, 6, "What it came to")
        screen.print(pages.summary_view(totals, seconds, week.network.currency_code))
        screen.print(pages.full_days_line(totals))
        await _show_refusals(screen, client, customer, allocation, totals.refusals)
        reserved = await _reserved_units(client)
    return {
        "seed": SEED,
        "orders_per_second": round(len(served) / seconds, 3),
        "seconds": round(seconds, 3),
        "currency_code": week.network.currency_code,
        "reserved_units": reserved,
        **pages.as_json(totals),
    }


def _week(num_orders: int) -> Week:
    """The network, and so many orders spread evenly over the retailer's five days."""
    network_text = read_text(retailer.NETWORK_FILE, NETWORK_BYTES_MAX, Reason.NETWORK_INVALID)
    every = retailer.orders(SEED, _first_day(datetime.now(UTC).date()))
    number = min(num_orders, len(every))
    return Week(
        network=parse_network(network_text, str(retailer.NETWORK_FILE)),
        orders=tuple(every[index * len(every) // number] for index in range(number)),
    )


def _first_day(today: date) -> date:
    """The retailer's own week, so that everyone sees the same; the coming Monday once that is too far away."""
    if abs((retailer.FIRST_DAY - today).days) <= DAYS_AWAY_MAX:
        return retailer.FIRST_DAY
    return today + timedelta(days=7 - today.weekday())


async def _load(screen: Console, client: Client, network: Network) -> None:
    rules_file = retailer.RULE_SET_FILES[0]
    rules_text = read_text(rules_file, RULE_SET_BYTES_MAX, Reason.RULE_SET_INVALID)
    rule_set = parse_rule_set(rules_text, str(rules_file))
    await load_network(client, network)
    activated = await load_rule_set(client, rule_set.rule_set_id, rules_text, "the demo's rules")
    records = retailer.stock_records(SEED)
    began = time.monotonic()
    with progress() as bars:
        bar = bars.add_task("stock", total=len(records))
        sent = await load_stock(client, SOURCE, records, lambda more: bars.advance(bar, more))
    rate = len(records) / (time.monotonic() - began)
    kinds = {kind: sum(node.node_type is kind for node in network.nodes) for kind in NodeType}
    skus = len({record.sku for record in records})
    screen.print(
        f"{counted(kinds[NodeType.WAREHOUSE], 'warehouse')} and {counted(kinds[NodeType.STORE], 'store')} in France, "
        f"{counted(len(network.services), 'carrier service')}, every store with a daily capacity.\n"
        f"{activated.name} is in force: the cheapest plan wins, and both a second parcel and an unfilled unit "
        "have a price.\n"
        f"{len(records):,} stock counts of {skus} SKUs through the feed, {sent.verdicts[Verdict.APPLIED]:,} applied "
        f"({rate:,.0f} a second). One SKU in six is scarce, so that stores must help."
    )


def _show_cart(screen: Console, order: Order) -> None:
    cart = order.cart
    made = table(">units", "SKU", ">g", f">price {cart.currency_code}")
    for line in cart.lines:
        made.add_row(
            str(line.quantity), line.sku, f"{line.unit_weight_grams:,}", f"{line.unit_price_micros / 1_000_000:.2f}"
        )
    placed = cart.placed_at.astimezone(retailer.TIME_ZONE).strftime("%a %-d %b %H:%M")
    screen.print(
        f"{placed}, channel {cart.channel}, to {cart.destination.country_code} {cart.destination.postal_code}:"
    )
    screen.print(made)
    screen.print(
        "PromiseDelivery answers every service at once, each with the cheapest plan for its earliest date; "
        "the cheapest is held for the customer:"
    )


async def _serve_week(screen: Console, client: Client, week: Week) -> tuple[list[Served], float]:
    """Every order day by day; all that was served, and the seconds it took."""
    screen.print(
        f"{len(week.orders):,} orders, {IN_FLIGHT} customers at once: each one's cart is promised, "
        "then the order is allocated. Nothing is restocked, so the week gets harder."
    )
    served: list[Served] = []
    days = []
    began = time.monotonic()
    with progress() as bars:
        bar = bars.add_task("orders", total=len(week.orders))
        for day, orders in groupby(week.orders, key=_placed_on):
            bars.update(bar, description=day.strftime("%A"))
            today = await serve_orders(client, list(orders), lambda: bars.advance(bar))
            served += today
            days.append((day, figures(today, week.network)))
    seconds = time.monotonic() - began
    screen.print(pages.week_table(days))
    return served, seconds


def _placed_on(order: Order) -> date:
    return order.cart.placed_at.astimezone(retailer.TIME_ZONE).date()


async def _show_refusals(screen: Console, client: Client, customer: Order, allocation: Any, refused: Any) -> None:
    screen.print("\n[bold]What it refuses, and how it says so[/]")
    made = table("when this arrives", "the answer is")
    for what, answer in await scenes.provoke(client, customer, allocation):
        made.add_row(what, answer)
    screen.print(made)
    for reason, number in refused.items():
        screen.print(Text(f"Of the week's orders, {number} were refused with {reason}."))


async def _reserved_units(client: Client) -> int:
    """Units that the ledger has reserved for orders, by its stock rows."""
    request = inventory_pb2.GetStockRequest(page_size=1_000)
    return sum([row.allocated async for row in client.stock_rows(request)])


def _audit(database: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the findings of ``sourcier audit`` on the stopped ledger."""
    done = subprocess.run(sourcier("audit", "--db", database, "--json"), stdout=subprocess.PIPE, text=True)
    findings = json.loads(done.stdout or "{}")
    if "violations" not in findings:
        print(done.stdout, file=sys.stderr)
        return done.returncode or FAILED, {"violations": ["the audit could not be made"], "counts": {}}
    return done.returncode, findings


def _title(screen: Console, number: int, words: str) -> None:
    screen.print()
    screen.rule(Text(f"{number}. {words}", style="bold"), align="left", characters="─")
