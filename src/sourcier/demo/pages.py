"""The tables of the demo's report."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sourcier.demo.figures import Figures, Waits
from sourcier.domain.order import Cart
from sourcier.terminal.tables import table
from sourcier.terminal.words import cents, counted, listed

FULL_NODES_SHOWN = 6


def week_table(days: Sequence[tuple[date, Figures]]) -> Table:
    """One row per day."""
    made = table(
        "placed on", ">orders", ">refused", ">units", ">shipped", ">shipments", ">split", ">from stores", ">cost/order"
    )
    for day, figures in days:
        made.add_row(
            day.strftime("%a %-d %b"),
            f"{figures.num_orders:,}",
            f"{figures.num_refused:,}",
            f"{figures.units_ordered:,}",
            percent(figures.units_shipped, figures.units_ordered),
            f"{figures.num_shipments:,}",
            percent(figures.num_split, figures.num_shipping_orders),
            percent(figures.num_store_shipments, figures.num_shipments),
            cents(mean(figures.cost, figures.num_allocated)),
        )
    return made


def summary_view(figures: Figures, seconds: float, currency: str) -> RenderableType:
    """The whole run: what was shipped, what it costs, how good the decisions are, how long callers waited."""
    return Group(
        _outcome_table(figures),
        _service_table(figures, currency),
        _cost_table(figures, currency),
        _proof_table(figures),
        _wait_table(figures, seconds),
    )


def _outcome_table(figures: Figures) -> Table:
    made = table("what shipped", ">")
    per_order = mean(Decimal(figures.num_shipments), figures.num_shipping_orders)
    rows = [
        ("orders", f"{figures.num_orders:,}"),
        ("  promised in full at checkout", percent(figures.num_promised, figures.num_orders)),
        ("  promised, and allocated as promised", f"{figures.num_kept:,}"),
        ("  allocated in full", percent(figures.num_complete, figures.num_orders)),
        ("  later than promised or wanted", f"{figures.num_late_orders:,}"),
        ("  refused: not one unit could ship", f"{figures.num_refused:,}"),
        ("fill rate: units shipped of units ordered", percent(figures.units_shipped, figures.units_ordered)),
        ("shipments per order", cents(per_order)),
        ("orders split over several shipments", percent(figures.num_split, figures.num_shipping_orders)),
        ("shipments that leave a store", percent(figures.num_store_shipments, figures.num_shipments)),
        ("nodes full on some day", f"{len({full.node_id for full in figures.full_days}):,}"),
    ]
    for row in rows:
        made.add_row(*row)
    return made


def _service_table(figures: Figures, currency: str) -> Table:
    made = table("what customers chose", ">orders", ">share", f">fee each, {currency}")
    for service, number in sorted(figures.services.items(), key=lambda entry: -entry[1]):
        share = percent(number, sum(figures.services.values()))
        made.add_row(service, f"{number:,}", share, cents(mean(figures.fees[service], number)))
    return made


def _cost_table(figures: Figures, currency: str) -> Table:
    made = table(f"cost per allocated order, {currency}", *(f">{name}" for name in figures.costs), ">total")
    shares = [mean(cost, figures.num_allocated) for cost in figures.costs.values()]
    made.add_row("", *(cents(share) for share in shares), cents(mean(figures.cost, figures.num_allocated)))
    return made


def _proof_table(figures: Figures) -> Table:
    made = table("decisions", ">number", ">share", "~")
    made.add_row("proven optimal", f"{figures.num_optimal:,}", percent(figures.num_optimal, figures.num_allocated), "")
    words = {
        "CERTIFICATE": "the lower bound met the plan",
        "ENUMERATION": "all node sets that could matter were tried",
        "MIP": "the solver proved it",
    }
    for proof, meaning in words.items():
        number = figures.proofs.get(proof, 0)
        made.add_row(f"  by {proof.lower()}", f"{number:,}", percent(number, figures.num_allocated), meaning)
    for status, number in figures.statuses.items():
        if status != "OPTIMAL":
            made.add_row(status.lower(), f"{number:,}", percent(number, figures.num_allocated), "")
    return made


def _wait_table(figures: Figures, seconds: float) -> Table:
    made = table("as its callers saw it", ">calls", ">p50 ms", ">p99 ms")
    for name, waits in (("PromiseDelivery", figures.promise_waits), ("Allocate", figures.allocate_waits)):
        made.add_row(name, f"{waits.calls:,}", f"{waits.p50:,.1f}", f"{waits.p99:,.1f}")
    made.add_row("orders per second, promise and allocation", f"{figures.num_orders / seconds:,.1f}", "", "")
    return made


def full_days_line(figures: Figures) -> Text:
    """Which nodes could ship no more on some day, the busiest first."""
    if not figures.full_days:
        return Text("No node reached its daily capacity.")
    days = Counter(full.node_id for full in figures.full_days)
    names = [f"{node_id} ({counted(number, 'day')})" for node_id, number in days.most_common()]
    return Text(f"At their daily capacity: {listed(names, at_most=FULL_NODES_SHOWN)}.")


def percent(part: int, whole: int) -> str:
    """``97.3 %``; a dash of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def mean(total: Decimal, number: int) -> Decimal:
    """The total by the number; zero of nothing."""
    return total / number if number else Decimal(0)


def as_json(figures: Figures) -> dict[str, Any]:
    """Figures as plain values: counts, amounts as decimal texts, dates as ISO texts, waits in milliseconds."""
    counts = ((field.name, getattr(figures, field.name)) for field in fields(figures))
    return {
        **{name: value for name, value in counts if isinstance(value, int)},
        "refusals": dict(figures.refusals),
        "services": dict(figures.services),
        "fees": {service: str(fee) for service, fee in figures.fees.items()},
        "costs": {name: str(cost) for name, cost in figures.costs.items()} | {"total": str(figures.cost)},
        "statuses": dict(figures.statuses),
        "proofs": dict(figures.proofs),
        "full_days": [
            {"node_id": full.node_id, "ship_day": full.ship_day.isoformat(), "orders": full.orders}
            for full in figures.full_days
        ],
        "promise_waits_ms": _waits(figures.promise_waits),
        "allocate_waits_ms": _waits(figures.allocate_waits),
    }


def _waits(waits: Waits) -> dict[str, float]:
    return {"calls": waits.calls, "p50": round(waits.p50, 3), "p99": round(waits.p99, 3)}


def cart_table(cart: Cart) -> Table:
    """One row per line of a cart."""
    made = table(">units", "SKU", ">grams each", f">price each, {cart.currency_code}")
    for line in cart.lines:
        price = cents(Decimal(line.unit_price_micros).scaleb(-6))
        made.add_row(f"{line.quantity:,}", line.sku, f"{line.unit_weight_grams:,}", price)
    return made


def refusals_line(figures: Figures) -> Text:
    """How many orders were refused, by reason."""
    if not figures.refusals:
        return Text("No order was refused.")
    return Text(
        "Orders refused: " + ", ".join(f"{number:,} with {reason}" for reason, number in figures.refusals.items()) + "."
    )
