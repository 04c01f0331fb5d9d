"""What became of one order: the one record that every mode writes and every figure is made from."""

from dataclasses import dataclass

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
class Outcome:
    """One order. Milliseconds by name of what was timed; `refusals` are reasons by name of the call that was refused.

    `from_hold`: the decision is that of the promise that was held; otherwise the order was decided by itself.
    `promise`: the cheapest promise, where a mode decides the order by itself all the same.
    """

    order_id: str
    num_lines: int
    num_units: int
    milliseconds: dict[str, float]
    refusals: dict[str, str]
    decision: Answered | None
    from_hold: bool = False
    promise: Answered | None = None


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
