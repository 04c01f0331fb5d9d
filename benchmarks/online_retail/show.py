"""The figures as tables."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.online_retail.figures import CAVEAT, NOT_PROVEN
from sourcier.domain.plan import Status

PROOFS = ("CERTIFICATE", "ENUMERATION", "MIP", NOT_PROVEN)


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print a whole report."""
    rows = {**report["figures"]["by_class"], "all": report["figures"]["all"]}
    console.print(_run(report))
    for name in report["figures"]["all"]["milliseconds"]:
        console.print(_times(name, report["times"][name], rows))
    console.print(_quality(rows))
    console.print(_proofs(rows))
    console.print(_gaps(rows))
    if report["figures"]["all"]["cheapest_promise"]["number"]:
        console.print(_promises(rows))
    if rows["all"]["bound"]:
        console.print(_bound(rows["all"]["bound"]))
    console.print(_refusals(rows["all"]["refusals"]))
    console.print(CAVEAT)


def _run(report: Mapping[str, Any]) -> Table:
    table = Table(title="Online Retail", title_justify="left", show_header=False)
    machine = report["machine"]
    table.add_row("machine", f"{machine['processor']}, {machine['cores']} cores")
    table.add_row("commit", machine["commit"])
    table.add_row("versions", ", ".join(f"{name} {version}" for name, version in machine["versions"].items()))
    for name, value in {**report["setting"], **report["run"]}.items():
        table.add_row(name.replace("_", " "), _value(value))
    return table


def _value(value: Any) -> str:
    match value:
        case None:
            return "unknown"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.1f}"
        case dict():
            return ", ".join(f"{name} {_value(entry)}" for name, entry in value.items())
        case list():
            return "\n".join(str(entry) for entry in value) or "none"
        case _:
            return str(value)


def _times(name: str, what: str, rows: Mapping[str, Any]) -> Table:
    table = _by_class(f"{what}, milliseconds", "number", "mean", "p50", "p95", "p99", "max")
    for class_, figures in rows.items():
        times = figures["milliseconds"].get(name)
        if times is not None:
            spread = (f"{times[key]:,.1f}" for key in ("mean", "p50", "p95", "p99", "max"))
            table.add_row(class_, f"{times['number']:,}", *spread)
    return table


def _quality(rows: Mapping[str, Any]) -> Table:
    headings = ("orders", "decided", "from hold", "units", "lines", "shipments")
    table = _by_class("Plans: share of units and of lines filled, shipments per order", *headings)
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
    headings = ("optimal", "certificate", "enumeration", "mip", "not proven", "degraded")
    table = _by_class("Proven optimal, share of decisions", *headings)
    for class_, figures in rows.items():
        shares = [figures["proofs"].get(proof, 0.0) for proof in PROOFS]
        degraded = figures["statuses"].get(Status.DEGRADED.name, 0) / max(1, figures["decided"])
        table.add_row(class_, *(_percent(share) for share in (figures["proven_optimal"], *shares, degraded)))
    return table


def _gaps(rows: Mapping[str, Any]) -> Table:
    keys = ("p50", "p95", "p99", "max")
    table = _by_class("Gap of those not proven, percent of the plan's cost", "number", *keys, "worst, GBP")
    for class_, figures in rows.items():
        gaps = figures["gaps"]
        if gaps["percent"]["number"]:
            percent = (f"{gaps['percent'][key]:.2f}" for key in keys)
            table.add_row(class_, f"{gaps['percent']['number']:,}", *percent, f"{gaps['worst']:,.2f}")
    return table


def _promises(rows: Mapping[str, Any]) -> Table:
    title = "The cheapest promise of the whole cart beside a decision that fills it too"
    table = _by_class(title, "number", "promise's shipments", "decision's shipments", "promise's cost")
    for class_, figures in rows.items():
        both = figures["cheapest_promise"]
        if both["number"]:
            shipments = (f"{both[key]:.2f}" for key in ("shipments_per_order", "decision_shipments_per_order"))
            table.add_row(class_, f"{both['number']:,}", *shipments, f"{_percent(both['cost_share'])}")
    return table


def _bound(bound: Mapping[str, Any]) -> Table:
    table = Table(title="Promises that the allocation repeats and keeps, by what bound them", title_justify="left")
    table.add_column("bound by")
    for heading in ("orders", "equal", "share"):
        table.add_column(heading, justify="right")
    table.add_column("the others")
    for by, figures in bound.items():
        others = [*figures["why_not"].items(), *((f"{n} days late", k) for n, k in figures["days_late"].items())]
        table.add_row(
            by,
            f"{figures['orders']:,}",
            f"{figures['equal']:,}",
            f"{100 * figures['share']:.2f} %",
            ", ".join(f"{why} {number:,}" for why, number in others) or "none",
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
