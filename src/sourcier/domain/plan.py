"""What the engine answers: a plan with its proof, and why other nodes were left out."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Status(StrEnum):
    """How good a decision is. DEGRADED: the solver failed or timed out, the plan is the heuristic's best."""

    OPTIMAL = "OPTIMAL"
    FEASIBLE = "FEASIBLE"
    DEGRADED = "DEGRADED"
    UNFILLABLE = "UNFILLABLE"


class Proof(StrEnum):
    """What proved the bound: the pre-filter's certificate, exact enumeration, or the MIP solver."""

    CERTIFICATE = "CERTIFICATE"
    ENUMERATION = "ENUMERATION"
    MIP = "MIP"


class NodeReason(StrEnum):
    """Why a node is not in the plan, in the order in which the masks are tried."""

    OFFLINE = "OFFLINE"
    NODE_TYPE_EXCLUDED = "NODE_TYPE_EXCLUDED"
    NO_SERVICE = "NO_SERVICE"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    TOO_LATE = "TOO_LATE"
    NO_STOCK = "NO_STOCK"
    PROTECTED = "PROTECTED"
    CAPACITY_FULL = "CAPACITY_FULL"
    TOO_HEAVY = "TOO_HEAVY"
    NOT_CHOSEN = "NOT_CHOSEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """A plan's cost by component, in micros; the objective is their sum."""

    shipping: int = 0
    handling: int = 0
    split: int = 0
    late: int = 0
    unfilled: int = 0

    @property
    def total(self) -> int:
        """The objective."""
        return self.shipping + self.handling + self.split + self.late + self.unfilled


class Marking(StrEnum):
    """What a line of a shipment waits for. BACKORDER and PREORDER lines are pegged to dated supply."""

    ON_HAND = "ON_HAND"
    BACKORDER = "BACKORDER"
    PREORDER = "PREORDER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peg:
    """`quantity` units come from the dated supply `supply_id`; `to_order`: somebody must order them first."""

    supply_id: str
    quantity: int
    expected_on: date
    to_order: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentLine:
    """`quantity` units of the order line `line_id`; what `pegs` do not name is on hand."""

    line_id: str
    sku: str
    quantity: int
    pegs: tuple[Peg, ...] = ()
    marking: Marking = Marking.ON_HAND


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """One parcel run: from one node, by one service, on one ship day.

    `ship_by` is when it leaves: the carrier's round, or the cut-off. `order_by` is the last instant at which the order
    still makes that. It arrives from `deliver_from` (None: the same day) until `deliver_on`; `ready_at` is the instant
    at which a courier hands it over or the customer can collect it (None: some time that day). `confidence_bp` is the
    share of such shipments that arrive by `deliver_on`. `shift` is (shift id, its day) where the node has shifts;
    `round_minute` the pickup minute of a carrier's round. `to_node_id` is the store or hub it goes to (empty: the
    customer).
    """

    node_id: str
    service_id: str
    ship_day: date
    deliver_on: date
    order_by: datetime
    ship_by: datetime
    distance_m: int
    weight_grams: int
    lines: tuple[ShipmentLine, ...]
    shipping_micros: int
    handling_micros: int
    late_micros: int
    deliver_from: date | None = None
    ready_at: datetime | None = None
    confidence_bp: int = 10_000
    co2_grams: int = 0
    shift: tuple[str, date] | None = None
    round_minute: int | None = None
    to_node_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Shipments sorted by (node, service, ship day), and what stays unfilled.

    `onward` is the one parcel from the hub where the shipments are consolidated.
    """

    shipments: tuple[Shipment, ...]
    unfilled: tuple[ShipmentLine, ...]
    costs: Costs
    onward: Shipment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOutcome:
    """Why a node is not in the plan.

    For NOT_CHOSEN, `extra_cost_micros` is a proven lower bound on what any plan with this node would cost on top
    of the answered plan (0: a plan as cheap may exist); None where the proof did not price the node.
    """

    node_id: str
    reason: NodeReason
    extra_cost_micros: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A plan with its proof. ``bound_micros <= optimum <= objective_micros``; the gap is their difference."""

    status: Status
    plan: Plan
    objective_micros: int
    bound_micros: int
    proof: Proof
    left_out: tuple[NodeOutcome, ...]
    rule_set_revision: str
    snapshot_version: int

    @property
    def gap_micros(self) -> int:
        """How far from the optimum the plan can be at most."""
        return self.objective_micros - self.bound_micros
