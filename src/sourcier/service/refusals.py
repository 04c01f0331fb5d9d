"""The refusals that only the service can tell, each in one place."""

from collections import Counter
from typing import TYPE_CHECKING

from sourcier.domain.errors import Kind, Reason, Refusal, Violation
from sourcier.domain.order import Cart
from sourcier.domain.plan import Decision, NodeReason

if TYPE_CHECKING:
    from sourcier.service.snapshots import View


def unfillable(decision: Decision, cart: Cart, view: "View", *, whole: bool = False) -> Refusal:
    """Nothing of the order can be allocated: OUT_OF_STOCK, or NO_PLAN when goods are there and the rules forbid them.

    UNDECIDED if that there is no plan is not proven. `whole`: a part of it is of no use, whatever the rules say. The
    metadata counts the nodes by the reason for which they were left out.
    """
    missing = short_skus(cart, view, whole=whole)
    counts = {reason.value: str(n) for reason, n in Counter(o.reason for o in decision.left_out).items()}
    if missing:
        return Refusal(
            kind=Kind.FAILED_PRECONDITION,
            reason=Reason.OUT_OF_STOCK,
            message=f"no node has enough of {', '.join(repr(sku) for sku in missing)} for this channel",
            metadata={"skus": ",".join(missing), **counts},
        )
    if decision.gap_micros > 0:
        return undecided()
    causes = [reason for reason in NodeReason if reason.value in counts]
    return Refusal(
        kind=Kind.FAILED_PRECONDITION,
        reason=Reason.NO_PLAN,
        message="the goods are in stock, but no node may or can ship them as asked: "
        + ", ".join(f"{reason.value} at {counts[reason.value]} node(s)" for reason in causes),
        metadata=counts,
    )


def short_skus(cart: Cart, view: "View", *, whole: bool = False) -> tuple[str, ...]:
    """The SKUs of the cart of which the network has too little for the cart's channel, in the cart's order.

    Too little means less than ordered where every unit is wanted (`whole`, or by the rules), and none at all where the
    rules take parts; the second only when it is so for every SKU: any other line could ship.
    """
    wanted: Counter[str] = Counter()
    for line in cart.lines:
        wanted[line.sku] += line.quantity
    available = view.available(tuple(wanted), cart.channel)
    constraints = view.rules.rule_set.constraints
    if not whole and constraints.partial_orders and not constraints.ship_complete:
        return tuple(wanted) if not any(available) else ()
    return tuple(sku for sku, free in zip(wanted, available, strict=True) if free < wanted[sku])


def undecided() -> Refusal:
    """No plan was found, and in the time there was, or by a solver that failed, none was ruled out either."""
    return Refusal(
        kind=Kind.UNAVAILABLE,
        reason=Reason.UNDECIDED,
        message="no plan was found in the time for solving, and there may be one; retry with the same request id",
    )


def contended() -> Refusal:
    """Other requests took the stock after each decision. Nothing was reserved; a retry may succeed."""
    return Refusal(
        kind=Kind.ABORTED,
        reason=Reason.CONTENDED,
        message="other orders took this stock while it was being decided; retry with the same request id",
    )


def hold_not_found(hold_id: str) -> Refusal:
    """There never was such a hold."""
    return Refusal(
        kind=Kind.NOT_FOUND,
        reason=Reason.HOLD_NOT_FOUND,
        message=f"there is no hold {hold_id!r}",
        metadata={"hold": f"holds/{hold_id}"},
    )


def network_not_applied() -> Refusal:
    """There is nothing to decide on yet."""
    return Refusal(
        kind=Kind.FAILED_PRECONDITION,
        reason=Reason.NETWORK_NOT_APPLIED,
        message="no network has been applied yet; call ApplyNetwork first",
    )


def rule_set_not_active() -> Refusal:
    """There are no rules to decide by yet."""
    return Refusal(
        kind=Kind.FAILED_PRECONDITION,
        reason=Reason.RULE_SET_NOT_ACTIVE,
        message="no rule set is active yet; create a revision and activate it first",
    )


def rule_set_mismatch(name: str, found: tuple[Violation, ...]) -> Refusal:
    """A revision may not come into force beside a network that lacks what it names."""
    return Refusal(
        kind=Kind.FAILED_PRECONDITION,
        reason=Reason.RULE_SET_MISMATCH,
        message=f"{name} names what the network does not have: {found[0].field}: {found[0].description}",
        metadata={"name": name},
        violations=found,
    )


def node_unknown(node_id: str) -> Refusal:
    """The network in force has no such node."""
    return Refusal(
        kind=Kind.NOT_FOUND,
        reason=Reason.NODE_UNKNOWN,
        message=f"the network has no node {node_id!r}",
        metadata={"node_id": node_id},
    )


def rule_set_not_found(name: str) -> Refusal:
    """No such revision was stored."""
    return Refusal(
        kind=Kind.NOT_FOUND,
        reason=Reason.RULE_SET_NOT_FOUND,
        message=f"there is no {name}",
        metadata={"name": name},
    )
