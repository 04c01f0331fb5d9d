"""What can be done to a shop in a story. `engine_driver` does it to the engine alone, `server_driver` over gRPC."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from sourcier.domain.availability import Availability, AvailabilityQuery
from sourcier.domain.order import Cart, Order
from sourcier.domain.plan import Plan
from sourcier.domain.promise import Choice, Kept, Promises
from sourcier.domain.stock import StockRecord
from sourcier.domain.supply import SupplyRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """Options, the token of each, and the name of the hold if one was wanted."""

    promises: Promises
    tokens: tuple[str, ...] = ()
    hold: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocated:
    """An allocation. `to_order` is (supply, node, SKU, units, expected day) of all that must be ordered for it."""

    plan: Plan
    kept: Kept | None = None
    to_order: tuple[tuple[str, str, str, int, date], ...] = ()


class Driver(Protocol):
    """One shop. Every call may raise Refusal."""

    async def at(self, moment: datetime) -> None:
        """It is now that late."""
        ...

    async def rules(self, text: str) -> None:
        """Put a rule set in force."""
        ...

    async def stock(self, records: tuple[StockRecord, ...]) -> None:
        """Count stock."""
        ...

    async def supply(self, records: tuple[SupplyRecord, ...]) -> None:
        """Announce dated supply."""
        ...

    async def promise(self, cart: Cart, choices: frozenset[Choice], hold: Any) -> Promised:
        """Promise a cart; `hold` is {service, store, choice} of the option to hold, None for none."""
        ...

    async def allocate(self, order: Order, *, token: str, hold: str) -> Allocated:
        """Allocate an order, from a promise or a hold if one is named."""
        ...

    async def availability(self, query: AvailabilityQuery, at: datetime) -> Availability:
        """What a product page shows."""
        ...

    async def settle(self, order_id: str, *, ship: bool) -> None:
        """Ship an order or cancel it."""
        ...

    async def at_risk(self) -> list[dict[str, Any]]:
        """Promises that may be missed: {order, sku, supply, short, reason} each."""
        ...
