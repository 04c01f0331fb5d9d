"""Plans, allocations and explanations as tables."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sourcier.terminal.words import amount, cents, clock, counted, day, days, decimal, word
from sourcier.v1 import common_pb2, sourcing_pb2

COSTS: Final = ("shipping", "handling", "split", "late", "unfilled")

NOT_PRICED: Final = Decimal("Infinity")

_PROOFS: Final = {
    common_pb2.PROOF_CERTIFICATE: "a lower bound on every possible plan meets its cost, no solver needed",
    common_pb2.PROOF_ENUMERATION: "every combination of the nodes that could matter was tried",
    common_pb2.PROOF_MIP: "the mixed-integer solver",
}
_REASONS: Final = {
    common_pb2.NODE_REASON_OFFLINE: "switched off",
    common_pb2.NODE_REASON_NODE_TYPE_EXCLUDED: "the rule set does not source this channel from such nodes",
    common_pb2.NODE_REASON_NO_SERVICE: "none of the wanted services collects there",
    common_pb2.NODE_REASON_OUT_OF_RANGE: "no service of the node reaches that far",
    common_pb2.NODE_REASON_TOO_LATE: "would arrive after the wanted date",
    common_pb2.NODE_REASON_NO_STOCK: "has none of the goods",
    common_pb2.NODE_REASON_PROTECTED: "its stock is kept back from this channel",
    common_pb2.NODE_REASON_CAPACITY_FULL: "can ship no more on the days in question",
    common_pb2.NODE_REASON_TOO_HEAVY: "no tariff takes a shipment of that weight",
    common_pb2.NODE_REASON_NOT_CHOSEN: "could ship, but no cheaper plan uses it",
}


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table. A column whose heading starts with ``>`` is aligned to the right, one with ``~`` may wrap."""
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(
            column.lstrip(">~"),
            justify="right" if column.startswith(">") else "left",
            no_wrap=not column.startswith("~"),
            overflow="fold",
        )
    return made


def status_word(decision: common_pb2.Decision) -> str:
    """``OPTIMAL``, ``FEASIBLE`` and so on."""
    return word(common_pb2.Status.Name(decision.status), "STATUS")


def proof_word(decision: common_pb2.Decision) -> str:
    """``CERTIFICATE``, ``ENUMERATION`` or ``MIP``."""
    return word(common_pb2.Proof.Name(decision.proof), "PROOF")


def proof_sentence(decision: common_pb2.Decision) -> str:
    """How good the plan is and how that is known."""
    currency = currency_of(decision)
    cost, bound, gap = (amount(value) for value in (decision.objective, decision.bound, decision.gap))
    how = _PROOFS.get(decision.proof, proof_word(decision))
    match decision.status:
        case common_pb2.STATUS_OPTIMAL:
            return f"OPTIMAL at {cost} {currency}: no plan is cheaper. Proven by {proof_word(decision)}: {how}."
        case common_pb2.STATUS_UNFILLABLE:
            return "UNFILLABLE: no unit can be shipped under the rules."
        case _:
            return (
                f"{status_word(decision)} at {cost} {currency}: no plan costs less than {bound}, "
                f"so at most {gap} could be saved."
            )


def shipment_table(decision: common_pb2.Decision) -> Table:
    """One row per shipment of the plan; its cost is its share of shipping, handling and lateness."""
    made = table(
        "~ships from", "service", "leaves", "arrives", ">km", ">kg", "~goods", f">cost {currency_of(decision)}"
    )
    for shipment in decision.plan.shipments:
        made.add_row(
            shipment.node_id,
            shipment.service_id,
            _departure(shipment),
            _arrival(shipment),
            f"{shipment.distance_m / 1_000:,.0f}",
            f"{shipment.weight_grams / 1_000:,.1f}",
            "\n".join(_goods_waiting(line) for line in shipment.lines),
            cents(decimal(shipment.shipping) + decimal(shipment.handling) + decimal(shipment.late)),
        )
    return made


def _departure(shipment: common_pb2.Shipment) -> str:
    told = day(shipment.ship_day)
    return f"{told} {clock(shipment.round_minute)}" if shipment.HasField("round_minute") else told


def _arrival(shipment: common_pb2.Shipment) -> str:
    first = shipment.deliver_from if shipment.HasField("deliver_from") else shipment.deliver_on
    told = days(first, shipment.deliver_on)
    return f"{told}\nat {shipment.to_node_id}" if shipment.to_node_id else told


def _goods_waiting(line: common_pb2.ShipmentLine) -> str:
    """``2 × KITCHEN-018``, and the supply that it waits for."""
    told = f"{line.quantity} × {line.sku}"
    for peg in line.pegs:
        order = ", to be ordered" if peg.to_order else ""
        told += f"\n{peg.quantity} of {peg.supply_id}, {day(peg.expected_on)}{order}"
    return told


def currency_of(decision: common_pb2.Decision) -> str:
    """The currency of all its amounts."""
    return decision.objective.currency_code


def goods(lines: Iterable[common_pb2.ShipmentLine], between: str = ", ") -> str:
    """``2 × KITCHEN-018, 1 × TOYS-007``."""
    return between.join(f"{line.quantity} × {line.sku}" for line in lines)


def cost_table(decision: common_pb2.Decision) -> Table:
    """The plan's cost by component; the last column is the sum."""
    currency = currency_of(decision)
    made = table(*(f">{name}" for name in COSTS), f">total {currency}")
    made.add_row(*(amount(getattr(decision.plan.costs, name)) for name in (*COSTS, "total")))
    return made


def plan_view(decision: common_pb2.Decision) -> RenderableType:
    """Shipments, what stays unfilled, costs and proof."""
    parts: list[RenderableType] = []
    if decision.plan.shipments:
        parts.append(shipment_table(decision))
    if decision.plan.HasField("onward"):
        onward = decision.plan.onward
        parts.append(Text(f"One parcel leaves {onward.node_id} by {onward.service_id} and arrives {_arrival(onward)}."))
    if decision.plan.unfilled:
        parts.append(Text(f"Nobody ships {goods(decision.plan.unfilled)}.", style="yellow"))
    return Group(*parts, cost_table(decision), Text(proof_sentence(decision)))


def left_out_table(decision: common_pb2.Decision) -> Table:
    """Why the other nodes are not in the plan: the nearest misses first, nodes with the same fate on one row."""
    made = table("~left out because", f">extra cost {currency_of(decision)}", "~nodes")
    fates: dict[tuple[int, Decimal], list[str]] = {}
    for outcome in decision.left_out:
        extra = decimal(outcome.extra_cost) if outcome.HasField("extra_cost") else NOT_PRICED
        fates.setdefault((outcome.reason, extra), []).append(outcome.node_id)
    told = None
    # NOT_CHOSEN, the last of the reasons, comes first: those nodes could have shipped.
    for (reason, extra), nodes in sorted(fates.items(), key=lambda fate: (-fate[0][0], fate[0][1])):
        cost = "" if extra == NOT_PRICED else f"≥ {cents(extra)}"
        made.add_row(_reason(reason) if reason != told else "", cost, ", ".join(sorted(nodes)))
        told = reason
    return made


def _reason(reason: int) -> str:
    name = word(common_pb2.NodeReason.Name(reason), "NODE_REASON")  # type: ignore[arg-type]
    return f"{name}: {_REASONS[reason]}" if reason in _REASONS else name  # type: ignore[index]


def allocation_view(allocation: sourcing_pb2.Allocation) -> RenderableType:
    """An allocation in full: what was decided, what it costs, where its lines stand."""
    decision = allocation.decision
    title = Text.assemble(("order ", "bold"), (allocation.order_id, "bold"))
    if allocation.name:
        title.append(f"  {allocation.name}")
    parts: list[RenderableType] = [title]
    if allocation.hold:
        kept = "had expired, so it was decided afresh" if allocation.reallocated else "is honoured"
        parts.append(Text(f"The hold {allocation.hold} {kept}."))
    parts.append(plan_view(decision))
    if allocation.HasField("kept"):
        parts.append(Text(promise_sentence(allocation.kept), style="yellow" if allocation.kept.late_days else ""))
    for wanted in allocation.to_order:
        words = f"{wanted.quantity:,} × {wanted.sku} of {wanted.supply_id} for {wanted.node_id}"
        parts.append(Text(f"To be ordered today: {words}, to be there on {day(wanted.expected_on)}."))
    states = {sourcing_pb2.State.Name(line.state) for line in allocation.lines}
    if states - {"STATE_ALLOCATED"}:
        parts.append(line_table(allocation))
    return Group(*parts)


def promise_sentence(kept: sourcing_pb2.Kept) -> str:
    """What was promised, and whether the plan keeps it."""
    where = f" at {kept.store_id}" if kept.store_id else ""
    late = f"the plan is {counted(kept.late_days, 'day')} late" if kept.late_days else "the plan keeps it"
    fee = f"{amount(kept.fee)} {kept.fee.currency_code}"
    return f"Promised{where} for {days(kept.earliest, kept.latest)} ({kept.time_zone}) at a fee of {fee}: {late}."


def line_table(allocation: sourcing_pb2.Allocation) -> Table:
    """How far each line of an allocation got."""
    made = table(">line", "order line", "node", "SKU", ">units", "state", "~waits for")
    for line in allocation.lines:
        state = word(sourcing_pb2.State.Name(line.state), "STATE")
        made.add_row(
            str(line.line_no), line.line_id, line.node_id, line.sku, f"{line.quantity:,}", state, line.supply_id
        )
    return made


def explanation_view(allocation: sourcing_pb2.Allocation) -> RenderableType:
    """Why the order ships from these nodes and not from the others."""
    decision = allocation.decision
    origin = f"\nDecided under {decision.rule_set_revision} on stock version {decision.snapshot_version}. "
    if not decision.left_out:
        # So it is when a hold was made without `explain`: the decision was kept as it was answered.
        return Group(
            allocation_view(allocation), Text(f"{origin}Why other nodes were left out was not asked for then.")
        )
    return Group(allocation_view(allocation), Text(f"{origin}The other nodes:"), left_out_table(decision))


def audit_view(violations: Sequence[str], counts: Mapping[str, int]) -> RenderableType:
    """How much an audit looked at, and everything that does not add up."""
    looked = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
    if not violations:
        return Text.assemble(("the ledger adds up", "bold green"), f": {looked}")
    title = Text.assemble((f"{counted(len(violations), 'breach', 'breaches')}", "bold red"), f" in {looked}")
    return Group(title, *(Text(f"  {violation}") for violation in violations))
