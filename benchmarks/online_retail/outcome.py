"""What became of one order: the one record that every mode writes and every figure is made from."""

from dataclasses import dataclass
from datetime import date

from sourcier.domain.plan import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A decision in figures. `proof` and `status` are their names; money in micros."""

    status: str
    proof: str
    objective_micros: int
    gap_micros: int
    num_shipments: int
    units_shipped: int
    lines_filled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a customer is told: by which service, between which days, for which fee."""

    service_id: str
    earliest: date
    latest: date
    fee_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A promise and what the allocation made of it; `kept` and `arrives` are None where nothing was allocated.

    `by` is what bound the promise: ``hold`` or ``token``. `kept_service_id` is that of the shipments.
    """

    by: str
    promised: Said
    kept: Said | None = None
    arrives: date | None = None

    @property
    def deviation(self) -> str:
        """Empty if the allocation promises what checkout did and its plan keeps it; otherwise in which way not."""
        if self.kept is None or self.arrives is None:
            return "NOT_ALLOCATED"
        if self.arrives > self.promised.latest:
            return "LATE"
        for name in ("latest", "earliest", "fee_micros", "service_id"):
            if getattr(self.kept, name) != getattr(self.promised, name):
                return f"OTHER_{name.removesuffix('_micros').removesuffix('_id').upper()}"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One order. Milliseconds by name of what was timed; `refusals` are reasons by name of the call that was refused.

    `from_hold`: the decision is that of the promise that was held; otherwise the order was decided by itself.
    `promise`: the cheapest promise, where a mode decides the order by itself all the same. `bound`: the promise that
    was to be kept.
    """

    order_id: str
    num_lines: int
    num_units: int
    milliseconds: dict[str, float]
    refusals: dict[str, str]
    decision: Answered | None
    from_hold: bool = False
    promise: Answered | None = None
    bound: Bound | None = None


def answered(decision: Decision, num_lines: int) -> Answered:
    """The figures of a decision on an order of `num_lines` lines."""
    plan = decision.plan
    short = {line.line_id for line in plan.unfilled}
    return Answered(
        status=decision.status.name,
        proof=decision.proof.name,
        objective_micros=decision.objective_micros,
        gap_micros=decision.gap_micros,
        num_shipments=len(plan.shipments),
        units_shipped=sum(line.quantity for shipment in plan.shipments for line in shipment.lines),
        lines_filled=num_lines - len(short),
    )
