"""What checkout can show: dated ways to get the whole cart, and what an allocation then keeps."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sourcier.domain.network import Method
from sourcier.domain.plan import Decision


class Choice(StrEnum):
    """What an option is the best at, of those of its service (at its store).

    EARLIEST: no plan arrives earlier, none as early is cheaper. CHEAPEST: no plan is cheaper, none as cheap is earlier.
    FEWEST_SHIPMENTS: of the plans with the fewest shipments the cheapest, and of these the earliest. FRONTIER: no plan
    as early is as cheap, none as cheap is as early.
    """

    EARLIEST = "EARLIEST"
    CHEAPEST = "CHEAPEST"
    FEWEST_SHIPMENTS = "FEWEST_SHIPMENTS"
    FRONTIER = "FRONTIER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One dated option: a service brings the whole cart by `latest`, by the cheapest plan for that date.

    Dates and `windows` (minutes after midnight) are in the zone `time_zone` of the destination, or of the store
    `store_id` where the customer collects. `order_by` is the first cut-off of the plan's shipments. `ready_at` is the
    instant at which everything can be collected, or is handed over by a courier; None: some time on `latest`.
    `fee_micros` is what the customer pays; `confidence_bp` the share of such plans that arrive by `latest`.
    """

    method: Method
    service_id: str
    order_by: datetime
    ship_by: datetime
    earliest: date
    latest: date
    time_zone: str
    decision: Decision
    choices: frozenset[Choice] = frozenset({Choice.EARLIEST})
    store_id: str = ""
    ready_at: datetime | None = None
    windows: tuple[tuple[int, int], ...] = ()
    fee_micros: int = 0
    co2_grams: int = 0
    confidence_bp: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What would make a method possible: leaving lines out, or waiting until a date; empty where nothing would."""

    remove_line_ids: tuple[str, ...] = ()
    wait_until: date | None = None


class Obstacle(StrEnum):
    """Why a service cannot bring the whole cart; the first that fits is named.

    NO_STORE: no store in question offers the service. TOO_LATE: it can, but only after the cart's deliver-by date.
    NO_CAPACITY: nodes with stock are full, until that date or as far as can be seen. NO_LANE: it comes there from no
    node. TOO_HEAVY: it does not carry a unit of these lines. OUT_OF_STOCK: all nodes from which it comes have too
    little of these lines. NO_PLAN: each line could be had, but no plan for all of them was found.
    """

    NO_STORE = "NO_STORE"
    TOO_LATE = "TOO_LATE"
    NO_CAPACITY = "NO_CAPACITY"
    NO_LANE = "NO_LANE"
    TOO_HEAVY = "TOO_HEAVY"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    NO_PLAN = "NO_PLAN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpromised:
    """A service (at a store, if it is collected) that cannot bring the whole cart, why, and what would help.

    `reason` is an Obstacle; `line_ids` are the lines that stand in the way, if it is lines.
    """

    method: Method
    service_id: str
    reason: str
    line_ids: tuple[str, ...] = ()
    store_id: str = ""
    remedy: Remedy = Remedy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """The answer to a cart: one entry per option, promised ones first, earliest then cheapest first."""

    promised: tuple[Promise, ...]
    unpromised: tuple[Unpromised, ...]
    rule_set_revision: str
    snapshot_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What an allocation tells of its promise: the dates, the fee, and whether the plan keeps them.

    `late_days` is how long after `latest` the plan's last shipment arrives.
    """

    method: Method
    earliest: date
    latest: date
    time_zone: str
    fee_micros: int
    late_days: int = 0
    store_id: str = ""
    rule_set_revision: str = ""
