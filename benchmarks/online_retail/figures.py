"""Figures from outcomes, by size class: one tree of plain values, which is both the JSON and what the tables show."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from benchmarks import report
from benchmarks.online_retail.outcome import Answered, Bound, Outcome
from sourcier.domain.errors import Reason
from sourcier.domain.promise import Obstacle

CLASSES: Final = ((1, 1), (2, 5), (6, 15), (16, 30), (31, 60), (61, 100))
"""Lines of an order, from and to."""

PERCENTILES: Final = (50, 95, 99)
NOT_PROVEN: Final = "NOT_PROVEN"
HONEST: Final = frozenset({Reason.OUT_OF_STOCK.name, Reason.NO_PLAN.name, Reason.PROMISE_BROKEN.name, *Obstacle})
"""Refusals that tell the truth about the world: no stock, no way, no room, no plan under the rules."""

BUSY: Final = frozenset({Reason.CONTENDED.name, Reason.OVERLOADED.name})
"""Refusals that ask the caller to come again. All that are neither honest nor busy are errors."""

CAVEAT: Final = "The orders are British, the network is American: pairing them is synthetic."


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """`all` and `by_class`, keyed like ``6-15``; classes without an order are left out."""
    by_class = {
        class_name(low, high): members
        for low, high in CLASSES
        if (members := [outcome for outcome in outcomes if low <= outcome.num_lines <= high])
    }
    return {"all": _figures(outcomes), "by_class": {name: _figures(members) for name, members in by_class.items()}}


def class_name(low: int, high: int) -> str:
    """How a size class is called."""
    return str(low) if low == high else f"{low}-{high}"


def machine() -> dict[str, Any]:
    """Where and with what the figures were made."""
    return {**report.machine(), "commit": report.commit(), "versions": report.versions()}


def _figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    decided = [(outcome, outcome.decision) for outcome in outcomes if outcome.decision is not None]
    shipped = [decision for _, decision in decided if decision.num_shipments]
    units, lines = sum(o.num_units for o in outcomes), sum(o.num_lines for o in outcomes)
    return {
        "orders": len(outcomes),
        "lines": lines,
        "units": units,
        "decided": len(decided),
        "from_hold": sum(outcome.from_hold for outcome in outcomes),
        "milliseconds": _times(outcomes),
        "fill_rate_units": _share(sum(decision.units_shipped for _, decision in decided), units),
        "fill_rate_lines": _share(sum(decision.lines_filled for _, decision in decided), lines),
        "shipments_per_order": _share(sum(decision.num_shipments for decision in shipped), len(shipped)),
        "cost": sum(decision.objective_micros for _, decision in decided) / 1e6,
        "statuses": dict(sorted(Counter(decision.status for _, decision in decided).items())),
        **_proofs([decision for _, decision in decided]),
        "cheapest_promise": _cheapest_promise(outcomes),
        "bound": _bound(outcomes),
        "refusals": _refusals(outcomes),
    }


def _times(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.milliseconds)
    return {name: _distribution(o.milliseconds[name] for o in outcomes if name in o.milliseconds) for name in names}


def _distribution(values: Iterable[float]) -> dict[str, float]:
    """Number, mean, percentiles by nearest rank (each a value that was measured), and the largest."""
    known = np.fromiter(values, dtype=np.float64)
    if len(known) == 0:
        return {"number": 0}
    ranks = np.percentile(known, PERCENTILES, method="inverted_cdf")
    return {
        "number": len(known),
        "mean": round(float(known.mean()), 3),
        **{f"p{p}": round(float(rank), 3) for p, rank in zip(PERCENTILES, ranks, strict=True)},
        "max": round(float(known.max()), 3),
    }


def _proofs(decisions: Sequence[Answered]) -> dict[str, Any]:
    """Shares of the decisions by what proved them optimal; how far from optimal the others may be."""
    proofs = Counter(decision.proof if decision.gap_micros == 0 else NOT_PROVEN for decision in decisions)
    gaps = [d for d in decisions if d.gap_micros]
    return {
        "proven_optimal": _share(len(decisions) - len(gaps), len(decisions)),
        "proofs": {name: number / len(decisions) for name, number in sorted(proofs.items())},
        "gaps": {
            "worst": max((d.gap_micros for d in gaps), default=0) / 1e6,
            "percent": _distribution(100 * d.gap_micros / d.objective_micros for d in gaps),
        },
    }


def _cheapest_promise(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What the cheapest promise costs beside a decision of the same order, where both fill all of it.

    A promise is for the earliest date of its service and may pay for that; a decision only keeps the order's own date.
    """
    pairs = [
        (outcome.promise, outcome.decision)
        for outcome in outcomes
        if outcome.promise is not None
        and outcome.decision is not None
        and outcome.decision.units_shipped == outcome.num_units
    ]
    promised, decided = [promise for promise, _ in pairs], [decision for _, decision in pairs]
    return {
        "number": len(pairs),
        "shipments_per_order": _share(sum(p.num_shipments for p in promised), len(pairs)),
        "decision_shipments_per_order": _share(sum(d.num_shipments for d in decided), len(pairs)),
        "cost_share": _share(sum(p.objective_micros for p in promised), sum(d.objective_micros for d in decided)),
    }


def _bound(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """By what bound the promise: how many were kept to the letter, and why the others were not."""
    found: dict[str, dict[str, Any]] = {}
    for by in sorted({outcome.bound.by for outcome in outcomes if outcome.bound is not None}):
        mine = [(o, o.bound) for o in outcomes if o.bound is not None and o.bound.by == by]
        why = Counter(_why(outcome, bound) for outcome, bound in mine if bound.deviation)
        late = [(b.arrives - b.promised.latest).days for _, b in mine if b.arrives and b.arrives > b.promised.latest]
        found[by] = {
            "orders": len(mine),
            "equal": len(mine) - why.total(),
            "share": _share(len(mine) - why.total(), len(mine)),
            "why_not": dict(sorted(why.items())),
            "days_late": dict(sorted(Counter(late).items())),
        }
    return found


def _why(outcome: Outcome, bound: Bound) -> str:
    """The deviation; of an order that was not allocated also the reason of the last refusal."""
    reasons = [reason for call, reason in outcome.refusals.items() if call.startswith("allocate")]
    return ": ".join([bound.deviation, *reasons[-1:]])


def _refusals(outcomes: Sequence[Outcome]) -> dict[str, dict[str, dict[str, int]]]:
    """Numbers by kind, by call, by reason; a reason may be several, joined by a slash."""
    found: dict[str, dict[str, Counter[str]]] = {"honest": {}, "busy": {}, "errors": {}}
    for outcome in outcomes:
        for call, reason in outcome.refusals.items():
            reasons = set(reason.split("/"))
            kind = "honest" if reasons <= HONEST else "busy" if reasons <= BUSY else "errors"
            found[kind].setdefault(call, Counter())[reason] += 1
    return {
        kind: {call: dict(sorted(reasons.items())) for call, reasons in sorted(calls.items())}
        for kind, calls in found.items()
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
