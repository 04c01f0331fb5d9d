"""What checkout can show: dated ways to get the whole cart, and what an allocation then keeps."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sourcier.domain.network import Method
from sourcier.domain.plan import Decision


class Choice(StrEnum):
    """What an option is the best at. FRONTIER: no option of its method is both as early and as cheap."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpromised:
    """A service (at a store, if it is collected) that cannot bring the whole cart, why, and what would help."""

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
