"""Reservations and the one table of their states (ledger specification, 3.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from sourcier.domain.network import CapacityMeasure


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationLine:
    """`quantity` units of one order line at one node. `line_no` is its number within the reservation."""

    line_no: int
    line_id: str
    node_id: str
    sku: str
    quantity: int
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """`quantity` of the pool's bucket, consumed by the reservation's lines at `node_id`."""

    pool_id: str
    bucket: str
    node_id: str
    measure: CapacityMeasure
    quantity: int


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
