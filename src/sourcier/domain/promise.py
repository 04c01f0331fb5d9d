"""What checkout can show: dated ways to get the whole cart."""

from dataclasses import dataclass
from datetime import date, datetime

from sourcier.domain.network import Method
from sourcier.domain.plan import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """The earliest date on which one service brings the whole cart, and the cheapest plan for that date.

    Dates are in the destination's zone `time_zone`. `order_by` is the first cut-off of the plan's shipments.
    """

    method: Method
    service_id: str
    order_by: datetime
    ship_by: datetime
    earliest: date
    latest: date
    time_zone: str
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpromised:
    """A service that cannot bring the whole cart, why, and the lines that stand in the way (if it is lines)."""

    method: Method
    service_id: str
    reason: str
    line_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """The answer to a cart: one entry per service asked, promised ones first, earliest then cheapest first."""

    promised: tuple[Promise, ...]
    unpromised: tuple[Unpromised, ...]
    rule_set_revision: str
    snapshot_version: int
