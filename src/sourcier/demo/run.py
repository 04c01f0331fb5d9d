"""``sourcier demo``: a made-up retailer's week through a real server, told as it happens.

The server is a process of its own and is only spoken to over gRPC; every figure is computed from its answers.
"""

import asyncio
import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from sourcier.client import Client
from sourcier.demo import pages, retailer, scenes
from sourcier.demo.child import Child, server, sourcier
from sourcier.demo.figures import figures, units
from sourcier.demo.inbound import Inbound, supply_records
from sourcier.demo.traffic import IN_FLIGHT
from sourcier.demo.week import LOWEST_COST, SEED, Played, Week, activate, play, read_week
from sourcier.domain.errors import Refusal
from sourcier.domain.network import Network, NodeType
from sourcier.domain.order import Order
from sourcier.domain.stock import Verdict
from sourcier.loading import load_network, load_stock
from sourcier.terminal.consoles import console, progress
from sourcier.terminal.promises import promise_view
from sourcier.terminal.refusals import show_failure
from sourcier.terminal.supply import availability_table
from sourcier.terminal.tables import allocation_view, audit_view, left_out_table, plan_view, table
from sourcier.terminal.words import amount, counted, days_between
from sourcier.v1 import inventory_pb2, sourcing_pb2

SOURCE: Final = "wms"
FAILED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Customer:
    """The one customer who is shown in full, the token of an option, and what the order came to."""

    order: Order
    token: str
    allocation: sourcing_pb2.Allocation


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
    week = read_week(num_orders)
    began = time.monotonic()
    _title(screen, 1, "A server starts")
    with server(folder) as child:
        screen.print(
            f"`sourcier serve` listens on {child.target}: a process of its own, with an embedded SQLite ledger that is "
            "empty so far. All that follows goes over gRPC."
        )
        report = asyncio.run(_speak(screen, child, week))
        _title(screen, 9, "The server stops, and the ledger is audited")
        seconds = child.stop()
    screen.print(
        f"SIGTERM: health said NOT_SERVING, calls under way were finished, and after {seconds:.1f} s the process ended "
        "by itself.\n`sourcier audit` recomputes every stock row, reservation and capacity from the journal:"
    )
    code, audit = _audit(child.database)
    screen.print(audit_view(audit["violations"], audit["counts"]))
    screen.print(f"\nThe demo took {time.monotonic() - began:.0f} s.")
    if json_file is not None:
        json_file.write_text(json.dumps({**report, "audit": audit}, indent=2) + "\n", encoding="utf-8")
    return code


async def _speak(screen: Console, child: Child, week: Week) -> dict[str, Any]:
    """Everything that is said to the server; the figures, for programs."""
    async with Client(child.target) as client:
        inbound = Inbound(client=client, records=supply_records(SEED, week.monday))
        await _move_in(screen, client, week.network, inbound)
        customer = await _serve_one(screen, client, week, inbound)
        await _meet(screen, client, week)
        _title(screen, 6, "Five days of orders")
        screen.print(
            f"{len(week.orders):,} orders, {IN_FLIGHT} customers at once. Each cart is promised, the customer takes "
            "the favourite way of those that are possible, and the order comes back with the token of that promise: "
            "date and fee bind. Stock comes in with the purchase orders alone, and some mornings bring trouble."
        )
        played = await play(screen, client, week, inbound)
        screen.print(pages.week_table(played.days))
        _title(screen, 7, "What it came to")
        totals = figures(played.served, week.network, week.caps())
        screen.print(pages.summary_view(totals, played.seconds, week.network.currency_code))
        screen.print(f"The server, its solver and these customers share the {os.cpu_count()} cores of this machine.")
        screen.print(pages.full_days_line(totals))
        screen.print(pages.refusals_line(totals))
        _title(screen, 8, "What it refuses, and how it says so")
        made = table("~when this arrives", "~the answer is")
        provoked = await scenes.provoke(client, customer.order, customer.allocation, customer.token)
        for what, answer in provoked.answers:
            made.add_row(what, answer)
        screen.print(made)
        scene_units = sum(units(one.decision.plan) for one in (customer.allocation, *provoked.allocations))
        return {
            **_report(played, week),
            "scene_orders": 1 + len(provoked.allocations),
            "scene_units": scene_units,
            "reserved_units": await _reserved_units(client),
        }


async def _move_in(screen: Console, client: Client, network: Network, inbound: Inbound) -> None:
    _title(screen, 2, "A retailer's network, rules and stock are loaded")
    await load_network(client, network)
    revision = await activate(client, LOWEST_COST)
    records = retailer.stock_records(SEED)
    began = time.monotonic()
    with progress() as bars:
        bar = bars.add_task("stock", total=len(records))
        sent = await load_stock(client, SOURCE, records, lambda more: bars.advance(bar, more))
    rate = len(records) / (time.monotonic() - began)
    kinds = {kind: sum(node.node_type is kind for node in network.nodes) for kind in NodeType}
    num_skus = len({record.sku for record in records})
    screen.print(
        f"{counted(kinds[NodeType.WAREHOUSE], 'warehouse')} and {counted(kinds[NodeType.STORE], 'store')} in France, "
        f"each with a daily capacity, opening hours and carriers' rounds, and {len(network.services)} ways to get the "
        "goods: at home, by express, by courier, or in a store, from its own stock or by the retailer's lorries.\n"
        f"{revision} is in force: the cheapest plan wins; a second parcel and a unit that nobody ships have their "
        "price.\n"
        f"{len(records):,} stock counts of {num_skus} SKUs through the feed: {sent.verdicts[Verdict.APPLIED]:,} "
        f"applied, {rate:,.0f} a second. One SKU in six is scarce in the warehouses, so that stores have to ship.\n"
        f"{await inbound.announce()}"
    )


async def _serve_one(screen: Console, client: Client, week: Week, inbound: Inbound) -> _Customer:
    """One customer in full: the product pages, the cart, the promises, the order, the reasons."""
    _title(screen, 3, "One customer: product pages, then checkout")
    order = await scenes.pick_customer(client, week.orders)
    placed_at = order.cart.placed_at
    local = placed_at.astimezone(retailer.TIME_ZONE).strftime("%a %-d %b %H:%M")
    screen.print(
        f"{local}, postal code {order.cart.destination.postal_code}. GetAvailability says for product pages how much "
        "there is, how early each service brings one, which stores nearby have it, and what is on its way:"
    )
    seen = await scenes.product_pages(client, order, inbound.records[0].sku)
    screen.print(availability_table(seen.skus))
    screen.print(f"\nThe cart, of the channel {order.cart.channel}:")
    screen.print(pages.cart_table(order.cart))
    screen.print(
        "PromiseDelivery answers with every way to get it, as a checkout would show them: the earliest, the cheapest "
        "and the one in the fewest shipments, each with the cheapest plan for its date; and what is not possible, why."
    )
    promises = await scenes.check_out(client, order)
    screen.print(promise_view(promises, placed_at))
    _title(screen, 4, "The customer orders: where it ships from, and why")
    allocation = await scenes.place(client, order, promises.hold.name)
    screen.print(allocation_view(allocation))
    screen.print("\nThe other nodes. An extra cost is proven: any plan that uses the node costs at least so much more.")
    screen.print(left_out_table(allocation.decision))
    return _Customer(order=order, token=promises.promised[0].token, allocation=allocation)


async def _meet(screen: Console, client: Client, week: Week) -> None:
    """One order that two rule sets would ship in different ways."""
    _title(screen, 5, "Two warehouses, one parcel")
    found = await scenes.meet(client, week.orders)
    if found is None:
        screen.print("No order of the first day ships from both warehouses and would rather meet at a hub.")
        return
    screen.print("An order of which each warehouse has a part. By the rules in force it comes in two parcels:")
    screen.print(plan_view(found.apart.decision))
    screen.print(
        f"\nPlanners try {found.revision}: what comes from several nodes meets in Lyon and comes as one parcel. "
        "Asked with `validate_only`, which reserves nothing, a part of the same order takes the night lorry first:"
    )
    screen.print(plan_view(found.together.decision))
    apart, together = found.apart.decision.plan.costs.total, found.together.decision.plan.costs.total
    waits = days_between(found.apart.kept.latest, found.together.kept.latest)
    screen.print(
        f"\n{amount(together)} in place of {amount(apart)} {week.network.currency_code}, and "
        f"{counted(waits, 'day')} later. The former rules go back in force."
    )


async def _reserved_units(client: Client) -> int:
    """Units that the ledger has reserved for orders: of stock on hand, and of goods on their way."""
    request = inventory_pb2.GetStockRequest(page_size=1_000)
    on_hand = sum([row.allocated async for row in client.stock_rows(request)])
    supply = await client.get_supply(inventory_pb2.GetSupplyRequest(page_size=1_000))
    return on_hand + sum(row.allocated for row in supply.rows)


def _report(played: Played, week: Week) -> dict[str, Any]:
    totals = figures(played.served, week.network, week.caps())
    return {
        "seed": SEED,
        "currency_code": week.network.currency_code,
        "seconds": round(played.seconds, 3),
        "orders_per_second": round(len(played.served) / played.seconds, 3),
        "totals": pages.as_json(totals),
        "days": {day.isoformat(): pages.as_json(one) for day, one in played.days},
    }


def _audit(database: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the findings of ``sourcier audit`` on the stopped ledger."""
    done = subprocess.run(sourcier("audit", "--db", database, "--json"), stdout=subprocess.PIPE, text=True)
    findings = json.loads(done.stdout or "{}")
    if "violations" not in findings:
        return done.returncode or FAILED, {"violations": [f"no audit could be made: {done.stdout}"], "counts": {}}
    return done.returncode, findings


def _title(screen: Console, number: int, words: str) -> None:
    screen.print()
    screen.rule(Text(f"{number}. {words}", style="bold"), align="left")
