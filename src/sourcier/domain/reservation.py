"""Reservations and the one table of their states (ledger specification, 3.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from sourcier.domain.calendar_checks import pickup_minutes
from sourcier.domain.network import CapacityMeasure, Network, capacity_pool_id, round_pool_id, shift_pool_id


class State(StrEnum):
    """The state of one reservation line. Every line has exactly one; end states never change."""

    HELD = "HELD"
    ALLOCATED = "ALLOCATED"
    SHIPPED = "SHIPPED"
    SETTLED = "SETTLED"
    RELEASED = "RELEASED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockChange:
    """Signed change of a stock row's columns, per unit of a reservation line."""

    blocked: int = 0
    held: int = 0
    allocated: int = 0
    unsettled: int = 0


TRANSITIONS: Mapping[tuple[State | None, State], StockChange] = MappingProxyType(
    {
        (None, State.HELD): StockChange(held=1),
        (None, State.ALLOCATED): StockChange(allocated=1),
        (State.HELD, State.ALLOCATED): StockChange(held=-1, allocated=1),
        (State.HELD, State.RELEASED): StockChange(held=-1),
        (State.HELD, State.EXPIRED): StockChange(held=-1),
        (State.ALLOCATED, State.CANCELLED): StockChange(allocated=-1),
        (State.ALLOCATED, State.FAILED): StockChange(allocated=-1, blocked=1),
        (State.ALLOCATED, State.SHIPPED): StockChange(allocated=-1, unsettled=1),
        (State.SHIPPED, State.SETTLED): StockChange(unsettled=-1),
    }
)
"""Every legal move of a line and what it does to the stock row; all other moves are refused."""

SUPPLY_TRANSITIONS: Mapping[tuple[State | None, State], StockChange] = MappingProxyType(
    {move: change for move, change in TRANSITIONS.items() if not (change.blocked or change.unsettled)}
)
"""The same of a line that is pegged to dated supply, on the supply's row: nothing ships before it came in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationLine:
    """`quantity` units of one order line at one node. `line_no` is its number within the reservation.

    `supply_id` is the dated supply that the units are pegged to; empty: they are on hand.
    """

    line_no: int
    line_id: str
    node_id: str
    sku: str
    quantity: int
    state: State
    supply_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """`quantity` of the pool's bucket, consumed by the reservation's lines at `node_id` with the bucket `line_bucket`.

    Without a `line_bucket` that is the pool's own. A night shift has another: it works for the next day's lines.
    """

    pool_id: str
    bucket: str
    node_id: str
    measure: CapacityMeasure
    quantity: int
    line_bucket: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A hold or an allocation as the ledger has it. `document` is the decision as the service wrote it.

    `order_id` is empty while a hold has no order. Instants are UTC.
    """

    reservation_id: str
    order_id: str
    lines: tuple[ReservationLine, ...]
    created_at: datetime
    expires_at: datetime | None
    rule_set_revision: str
    document: bytes


ANY_DAY = "*"
"""The bucket that holds the cap of a pool's buckets to come; ``*1`` .. ``*7`` hold those of ISO weekdays instead."""


def pool_caps(network: Network) -> dict[tuple[str, str], int]:
    """The cap of every pool of the network: (pool id, ``*``) or (pool id, ``*N``) to what fits into one bucket."""
    caps: dict[tuple[str, str], int] = {}
    for node in network.nodes:
        if node.capacity is not None:
            caps[capacity_pool_id(node.node_id), ANY_DAY] = node.capacity.per_day
        for shift in node.shifts:
            caps[shift_pool_id(node.node_id, shift.shift_id), ANY_DAY] = shift.limit
        for carrier_round in node.rounds:
            if carrier_round.parcels is None:
                continue
            for minute in pickup_minutes(carrier_round):
                pool_id = round_pool_id(node.node_id, carrier_round.service_id, minute)
                for day in carrier_round.days:
                    caps[pool_id, f"{ANY_DAY}{day}"] = carrier_round.parcels
    return caps
