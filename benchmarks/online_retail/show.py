"""The figures as tables."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.online_retail.figures import CAVEAT, NOT_PROVEN

PROOFS = ("CERTIFICATE", "ENUMERATION", "MIP", NOT_PROVEN)


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print a whole report."""
    rows = {**report["figures"]["by_class"], "all": report["figures"]["all"]}
    console.print(_run(report))
    for name in report["figures"]["all"]["milliseconds"]:
        console.print(_times(name, report["times"][name], rows))
    console.print(_quality(rows))
    console.print(_proofs(rows))
    console.print(_refusals(rows["all"]["refusals"]))
    console.print(CAVEAT)


def _run(report: Mapping[str, Any]) -> Table:
    table = Table(title="Online Retail", title_justify="left", show_header=False)
    machine = report["machine"]
    table.add_row("machine", f"{machine['processor']}, {machine['cores']} cores")
    table.add_row("versions", ", ".join(f"{name} {version}" for name, version in machine["versions"].items()))
    for name, value in report["run"].items():
        table.add_row(name.replace("_", " "), _value(value))
    return table


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, list):
        return "\n".join(str(entry) for entry in value) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _times(name: str, what: str, rows: Mapping[str, Any]) -> Table:
    table = _by_class(f"{what}, milliseconds", "number", "mean", "p50", "p95", "p99", "max")
    for class_, figures in rows.items():
        times = figures["milliseconds"].get(name)
        if times is not None:
            spread = (f"{times[key]:,.1f}" for key in ("mean", "p50", "p95", "p99", "max"))
            table.add_row(class_, f"{times['number']:,}", *spread)
    return table


def _quality(rows: Mapping[str, Any]) -> Table:
    table = _by_class("Plans", "orders", "decided", "from hold", "units filled", "lines filled", "shipments per order")
    for class_, figures in rows.items():
        shipments = figures["shipments_per_order"]
        table.add_row(
            class_,
            *(f"{figures[key]:,}" for key in ("orders", "decided", "from_hold")),
            _percent(figures["fill_rate_units"]),
            _percent(figures["fill_rate_lines"]),
            "–" if shipments is None else f"{shipments:.2f}",
        )
    return table


def _proofs(rows: Mapping[str, Any]) -> Table:
    table = _by_class(
        "Proofs: decisions proven optimal, and the gap of the others in percent of their cost",
        "optimal",
        *("certified", "enumerated", "mip", "not proven"),
        "p50",
        "p95",
        "worst",
        "GBP",
    )
    for class_, figures in rows.items():
        gaps = figures["gaps"]
        table.add_row(
            class_,
            _percent(figures["proven_optimal"]),
            *(_percent(figures["proofs"].get(proof, 0.0)) for proof in PROOFS),
            *(f"{gaps['percent'][key]:.2f}" if key in gaps["percent"] else "–" for key in ("p50", "p95", "max")),
            f"{gaps['worst']:,.2f}",
        )
    return table


def _refusals(refusals: Mapping[str, Any]) -> Table:
    table = Table(title="Refusals", title_justify="left")
    for heading in ("kind", "call", "reason"):
        table.add_column(heading)
    table.add_column("number", justify="right")
    rows = [
        (kind, call, reason, f"{number:,}")
        for kind, calls in refusals.items()
        for call, reasons in calls.items()
        for reason, number in reasons.items()
    ]
    for row in rows or [("none", "", "", "0")]:
        table.add_row(*row)
    return table


def _by_class(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("lines")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
