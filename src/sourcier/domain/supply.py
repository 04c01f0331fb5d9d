"""Supply that is not on hand yet: as sources announce it and as the ledger keeps it."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final


class SupplyKind(StrEnum):
    """Where dated supply comes from. SUPPLIER_ORDERABLE: nothing was bought yet; ordering it starts the lead time."""

    PURCHASE_ORDER = "PURCHASE_ORDER"
    TRANSFER = "TRANSFER"
    CUSTOMER_RETURN = "CUSTOMER_RETURN"
    SUPPLIER_ORDERABLE = "SUPPLIER_ORDERABLE"


UNLIMITED_UNITS: Final = 2**53
"""What counts as usable where a supplier takes any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyRecord:
    """What a source says about one SKU of one supply at the node that will have it: its whole present state.

    `quantity` units are expected in all (None, for SUPPLIER_ORDERABLE alone: any number), `received` of them came in
    so far. `expected_on` is the local day from whose start the node can pick them; SUPPLIER_ORDERABLE has `lead_days`
    after the order instead. Of CUSTOMER_RETURN units `probability_bp` basis points are counted on. `closed`: nothing
    more comes. `preorder`: the SKU is not on sale before. A record applies if its (epoch, seq) is newer than the
    last one's of this supply, node and SKU.
    """

    supply_id: str
    kind: SupplyKind
    node_id: str
    sku: str
    quantity: int | None
    expected_on: date | None
    epoch: int
    seq: int
    received: int = 0
    lead_days: int | None = None
    probability_bp: int = 10_000
    preorder: bool = False
    closed: bool = False

    @property
    def usable(self) -> int:
        """Units that can be counted on from now on, beside those that came in."""
        if self.closed:
            return 0
        if self.quantity is None:
            return UNLIMITED_UNITS
        return max(0, self.quantity - self.received) * self.probability_bp // 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyRow:
    """One SKU of one supply at one node, as in the ledger.

    `usable` units can be counted on from now on: ``(quantity - received) * probability``, none once it is closed,
    2^53 where the supplier takes any order. `held` and `allocated` of them are pegged by reservations.
    """

    supply_id: str
    kind: SupplyKind
    node_id: str
    sku: str
    usable: int
    held: int = 0
    allocated: int = 0
    expected_on: date | None = None
    lead_days: int | None = None
    preorder: bool = False

    @property
    def free(self) -> int:
        """Units not pegged yet; negative when a source cut what is promised."""
        return self.usable - self.held - self.allocated

    def ready_on(self, order_day: date) -> date:
        """The local day of the node from which the units can be picked for an order of `order_day`.

        What should be there already, but was not received, is expected tomorrow.
        """
        if self.lead_days is not None:
            return order_day + timedelta(days=self.lead_days)
        assert self.expected_on is not None, "a supply has a date or a lead time"
        return max(self.expected_on, order_day + timedelta(days=1))

    def available(self, stock_free: int, floor: int) -> int:
        """Units that may be pegged where the stock row has `stock_free` units and `floor` are kept back.

        Protection that the units on hand do not cover is kept back here, of each supply: the ledger checks the same.
        """
        return max(0, self.free - max(0, floor - max(0, stock_free)))


class RiskReason(StrEnum):
    """Why a promise may be missed. STOCK: goods on hand that were promised are not there after all."""

    SHORT = "SHORT"
    LATE = "LATE"
    STOCK = "STOCK"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseAtRisk:
    """`short` of the `quantity` units of an order line at a node will not be there for `ship_day`.

    They are pegged to `supply_id` (empty: on hand). `ready_on` is the day from which they can be picked as things are
    (None: nobody knows). `order_id` is empty while a hold has no order.
    """

    reservation_id: str
    order_id: str
    priority: int
    line_id: str
    sku: str
    node_id: str
    supply_id: str
    quantity: int
    short: int
    ship_day: date | None
    ready_on: date | None
    reason: RiskReason
