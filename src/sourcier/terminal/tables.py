"""Promises, plans and explanations as tables."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sourcier.terminal.words import amount, cents, countdown, counted, day, decimal, instant, listed, to_datetime, word
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


def promise_table(
    response: sourcing_pb2.PromiseDeliveryResponse, asked_at: datetime, title: str | None = None
) -> Table:
    """What a checkout can offer at `asked_at`: one row per service."""
    made = table("service", "~arrives", "~order by", ">time left", "~ships from", ">cost", "~status", title=title)
    for promise in response.promised:
        left = (to_datetime(promise.order_by) - asked_at).total_seconds()
        first, last = day(promise.earliest), day(promise.latest)
        made.add_row(
            promise.service_id,
            last if first == last else f"{first} – {last}",
            instant(promise.order_by, promise.time_zone),
            countdown(left),
            ", ".join(shipment.node_id for shipment in promise.decision.plan.shipments),
            amount(promise.decision.objective),
            status_word(promise.decision),
        )
    for unpromised in response.unpromised:
        lines = f" (lines {listed(unpromised.line_ids, at_most=8)})" if unpromised.line_ids else ""
        why = Text(f"not possible: {unpromised.reason}{lines}", style="yellow")
        made.add_row(unpromised.service_id, "–", "–", "–", "–", "–", why)
    return made


def hold_line(response: sourcing_pb2.PromiseDeliveryResponse) -> list[Text]:
    """What is reserved and until when; nothing where nothing was asked for."""
    if not response.HasField("hold"):
        return []
    hold = response.hold
    until = to_datetime(hold.expires_at).strftime("%H:%M:%S")
    return [Text(f"{hold.service_id} is reserved until {until} UTC by the server's clock, as {hold.name}.")]


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
            day(shipment.ship_day),
            day(shipment.deliver_on),
            f"{shipment.distance_m / 1_000:,.0f}",
            f"{shipment.weight_grams / 1_000:,.1f}",
            goods(shipment.lines, "\n"),
            cents(decimal(shipment.shipping) + decimal(shipment.handling) + decimal(shipment.late)),
        )
    return made


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
    states = {sourcing_pb2.State.Name(line.state) for line in allocation.lines}
    if states - {"STATE_ALLOCATED"}:
        parts.append(line_table(allocation))
    return Group(*parts)


def line_table(allocation: sourcing_pb2.Allocation) -> Table:
    """How far each line of an allocation got."""
    made = table(">line", "order line", "node", "SKU", ">units", "state")
    for line in allocation.lines:
        state = word(sourcing_pb2.State.Name(line.state), "STATE")
        made.add_row(str(line.line_no), line.line_id, line.node_id, line.sku, f"{line.quantity:,}", state)
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
