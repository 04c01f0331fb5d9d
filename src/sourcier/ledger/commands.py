"""What the ledger is asked to do and what it answers: frozen values. Documents and responses are bytes to it.

Every mutation carries `method`, `request_id` and `fingerprint` (SHA-256 of the request, hex): the same id with
the same fingerprint is answered again with the same bytes, with another one it is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from sourcier.domain.reservation import PoolUse, Reservation, State
from sourcier.domain.supply import PromiseAtRisk

StockKey = tuple[str, str]
"""(node_id, sku)"""
PoolKey = tuple[str, str]
"""(pool_id, bucket)"""
SupplyKey = tuple[str, str, str]
"""(supply_id, node_id, sku)"""


class RequestKey(Protocol):
    """What identifies a mutation; every command below is one."""

    @property
    def method(self) -> str:
        """The RPC."""
        ...

    @property
    def request_id(self) -> str:
        """Chosen by the caller, unique for ever."""
        ...

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the request, hex."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveLine:
    """`quantity` units of the order line `line_id` at one node. `bucket` is its ship day, which pool uses speak of.

    Without a bucket, a line keeps every pool use of its node alive until it is cancelled. With a `supply_id` the units
    are pegged to that dated supply of the SKU at the node; without one they are on hand.
    """

    line_id: str
    node_id: str
    sku: str
    quantity: int
    bucket: str = ""
    supply_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Take stock and pools for a new hold (HELD, with `ttl_seconds`) or a new allocation (ALLOCATED, with `order_id`).

    `ordered` gives the whole quantity of each order line of an allocation. `pinned_floors` are units that this
    request keeps back on a stock row beyond the row's own floor of `channel_class`; a missing row means none. What the
    units on hand do not cover of a floor is kept back of each supply of the row. Scarce supply goes to the higher
    `priority` first, then to the earlier reservation.
    """

    method: str
    request_id: str
    fingerprint: str
    reservation_id: str
    order_id: str
    state: Literal[State.HELD, State.ALLOCATED]
    lines: tuple[ReserveLine, ...]
    channel_class: int
    rule_set_revision: str
    document: bytes
    ttl_seconds: int | None = None
    ordered: tuple[tuple[str, int], ...] = ()
    pools: tuple[PoolUse, ...] = ()
    pinned_floors: Mapping[StockKey, int] = field(default_factory=dict)
    priority: int = 0
    actor: str = ""

    def __post_init__(self) -> None:
        """Refuse what can only be a defect of the caller."""
        if self.state is State.HELD and (self.ttl_seconds is None or self.ttl_seconds <= 0 or not self.lines):
            raise ValueError("a hold needs lines and a time to live")
        if self.state is State.ALLOCATED and (self.ttl_seconds is not None or not self.order_id):
            raise ValueError("an allocation needs an order and does not expire")
        if self.state not in (State.HELD, State.ALLOCATED) or not 0 <= self.channel_class <= 2:
            raise ValueError("a reservation starts HELD or ALLOCATED, in class 0, 1 or 2")
        if any(line.quantity <= 0 for line in self.lines) or any(use.quantity <= 0 for use in self.pools):
            raise ValueError("quantities must be positive")
        if any(floor < 0 for floor in self.pinned_floors.values()):
            raise ValueError("a floor cannot be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocateHold:
    """Turn the open hold into the allocation of `order_id`. It keeps its id, its lines and its pool uses.

    `held` is what the caller believes the hold has, units by (line_id, sku); anything else is HOLD_MISMATCH.
    `ordered` gives the whole quantity of each order line. `document` and `priority` replace those of the hold, which
    keeps its place in time.
    """

    method: str
    request_id: str
    fingerprint: str
    hold_id: str
    order_id: str
    held: tuple[tuple[str, str, int], ...]
    ordered: tuple[tuple[str, int], ...]
    document: bytes
    priority: int = 0
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Ship, cancel or release `lines`, given as (line_no, quantity); empty means everything still open."""

    method: str
    request_id: str
    fingerprint: str
    reservation_id: str
    lines: tuple[tuple[int, int], ...] = ()
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """Done, once the transaction commits."""

    reservation: Reservation
    response: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """Nothing is changed and nothing remembered: these stock rows, pools and supplies have too little left."""

    stock: tuple[StockKey, ...]
    pools: tuple[PoolKey, ...] = ()
    supplies: tuple[SupplyKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Done, once the transaction commits."""

    reservation: Reservation
    response: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """This request was answered before, with these bytes (an answer or a refusal, as the service wrote it)."""

    response: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNetwork:
    """The network in force, and the status of each of its nodes."""

    revision: int
    document: bytes
    statuses: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRuleSet:
    """One immutable revision of a rule set."""

    rule_set_id: str
    revision: int
    document: bytes
    comment: str
    created_at: datetime
    active: bool


RiskKey = tuple[int, int, str, int]
"""A place in the list of promises at risk: (priority, microseconds since 1970, reservation_id, line_no)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """A line of a hold or an allocation that may be missed, with the document of its reservation.

    `short` units are missing after everybody of a higher priority, or of the same and reserved earlier, got theirs; 0
    where all of them come, but late.
    """

    promise: PromiseAtRisk
    document: bytes
