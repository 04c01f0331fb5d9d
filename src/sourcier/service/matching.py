"""Whether an order is the one for which something was promised or held."""

from dataclasses import dataclass
from datetime import date

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.network import Method
from sourcier.domain.order import Cart


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The way in which goods were promised or held: by a service, to a store (empty: to the door), by a day.

    `method` is None for holds of before there were methods.
    """

    service_id: str
    method: Method | None
    store_id: str
    latest: date


def goods(cart: Cart) -> list[tuple[str, str, int]]:
    """What is wanted, as (line id, SKU, quantity), whatever the order of the lines, their prices and weights."""
    return sorted((line.line_id, line.sku, line.quantity) for line in cart.lines)


def demand_match(cart: Cart, made: Made, *, lines: bool, channel: bool, destination: bool, reason: Reason) -> None:
    """Refuse for this reason, with the first field that does not fit, a cart for which something else was `made`.

    `lines`, `channel` and `destination` say whether these are the same.
    """
    fits = {
        "lines": lines,
        "channel": channel,
        "destination": destination,
        "services": not cart.services or made.service_id in cart.services,
        "methods": not cart.methods or made.method is None or made.method in cart.methods,
        "store_ids": not cart.store_ids or not made.store_id or made.store_id in cart.store_ids,
        "deliver_by": cart.deliver_by is None or made.latest <= cart.deliver_by,
    }
    what = "hold" if reason is Reason.HOLD_MISMATCH else "promise"
    for field in (field for field, fitting in fits.items() if not fitting):
        raise Refusal(
            kind=Kind.FAILED_PRECONDITION,
            reason=reason,
            message=f"the {what} was made for another cart: order.cart.{field} does not fit it",
            metadata={"field": f"order.cart.{field}"},
        )
