"""What planners decide: prices, hard limits, eligibility and protection. One frozen value per revision."""

from dataclasses import dataclass
from enum import StrEnum

from sourcier.domain.network import Method, NodeType


class DeliverBy(StrEnum):
    """HARD: no shipment arrives after the deliver-by date. SOFT: lateness is priced."""

    HARD = "HARD"
    SOFT = "SOFT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The objective's prices beside shipping and handling, in micros.

    An unfilled unit costs ``unfilled_per_unit + unit price * unfilled_value_bp / 10000``.
    """

    split_micros: int = 0  # each shipment after the first
    unfilled_per_unit_micros: int = 0
    unfilled_value_bp: int = 10_000  # basis points of the unit price
    late_per_unit_day_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Hard limits of one order's plan. None means no limit.

    `ship_complete`: all units in one shipment, or nothing. `partial_orders` False: every unit, or nothing.
    """

    max_shipments: int | None = None
    max_nodes_per_line: int | None = None
    ship_complete: bool = False
    partial_orders: bool = True
    deliver_by: DeliverBy = DeliverBy.HARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Orders of these channels (empty: every channel) are never sourced from these node types."""

    exclude_node_types: frozenset[NodeType]
    channels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyStock:
    """At nodes of these types, `units` of every SKU are kept back from these channels (empty sets: all).

    Where several entries apply to a node and channel, the largest wins.
    """

    units: int
    node_types: frozenset[NodeType] = frozenset()
    channels: frozenset[str] = frozenset()


class BrokenPromise(StrEnum):
    """When no plan keeps a promise any more. LATE: the best late plan, its lateness priced. REFUSE: no allocation."""

    LATE = "LATE"
    REFUSE = "REFUSE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promising:
    """How dates are promised.

    Transit that was measured as a distribution is promised at `quantile_bp` basis points: of 10,000 parcels so many
    arrive by then. Without stores of the customer's choice the `nearest_stores` within `store_radius_m` metres are
    looked at. A token keeps a promise for `token_minutes`.
    """

    quantile_bp: int = 9_000
    nearest_stores: int = 3
    store_radius_m: int = 50_000
    token_minutes: int = 30
    broken: BrokenPromise = BrokenPromise.LATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """What the customer pays for carts of at least `min_value_micros`, by these methods to these zones (empty: all).

    The first entry that fits counts; none means free of charge.
    """

    fee_micros: int
    methods: frozenset[Method] = frozenset()
    zone_ids: frozenset[str] = frozenset()
    min_value_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Consolidation:
    """Orders by these methods from more than one node meet at the hub and leave it as one parcel (ADR 0017)."""

    hub_id: str
    methods: frozenset[Method]


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityBand:
    """From `min_units` on, product pages say `label` instead of a number."""

    min_units: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """One immutable revision of a planner's rule set. `channels` lists every channel that may ask."""

    rule_set_id: str
    channels: tuple[str, ...]
    prices: Prices
    constraints: Constraints
    eligibility: tuple[Eligibility, ...] = ()
    safety_stock: tuple[SafetyStock, ...] = ()
    promising: Promising = Promising()
    fees: tuple[Fee, ...] = ()
    consolidation: tuple[Consolidation, ...] = ()
    bands: tuple[AvailabilityBand, ...] = ()
