"""What the edge asks of the use cases, and what they answer: plain frozen values, no protobuf.

`fingerprint` is the SHA-256 (hex) of the request as it came in: the same `request_id` with another fingerprint is
refused with REQUEST_ID_REUSED.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sourcier.domain.errors import Violation
from sourcier.domain.network import Network, NodeStatus
from sourcier.domain.order import Cart, Order
from sourcier.domain.plan import Decision
from sourcier.domain.promise import Choice, Kept, Promises
from sourcier.domain.reservation import ReservationLine
from sourcier.domain.stock import StockRecords
from sourcier.domain.supply import PromiseAtRisk, SupplyRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """Identifies one mutation for idempotent retries."""

    method: str
    request_id: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldWanted:
    """Reserve one option for `ttl_seconds`: the cheapest of those that fit `service_id`, `store_id` and `choice`.

    Empty ids and None fit every option.
    """

    ttl_seconds: int
    service_id: str = ""
    store_id: str = ""
    choice: Choice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseDelivery:
    """Promise a cart; with `hold`, reserve one of the promises (then `key` is required).

    `choices` are the kinds of options to look for. `explain` fills `left_out` of the decisions, which costs time for
    every date that is looked at.
    """

    cart: Cart
    hold: HoldWanted | None = None
    key: RequestKey | None = None
    explain: bool = False
    choices: frozenset[Choice] = frozenset({Choice.EARLIEST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A reservation that expires. `decision` is what it reserved: that of ``promises.promised[option]``."""

    hold_id: str
    service_id: str
    expires_at: datetime
    decision: Decision
    store_id: str = ""
    option: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseAnswer:
    """All promises, and the hold if one was wanted.

    ``tokens[i]`` makes ``promises.promised[i]`` binding, until they all expire at `tokens_expire_at`.
    """

    promises: Promises
    hold: Hold | None = None
    tokens: tuple[str, ...] = ()
    tokens_expire_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocate:
    """Reserve an order for good: from a hold, or fresh. `validate_only` decides and reserves nothing.

    With a `promise_token` dates and fee of that promise are kept. A hold keeps its own promise; with both, the token
    counts only where the hold has expired and `reallocate_if_expired` is set.
    """

    key: RequestKey
    order: Order
    hold_id: str = ""
    reallocate_if_expired: bool = False
    validate_only: bool = False
    promise_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToOrder:
    """`quantity` units that somebody must order from a supplier: nothing was bought yet.

    They are expected at the node on `expected_on`, a local day of the node, if they are ordered on the day of the
    allocation.
    """

    supply_id: str
    node_id: str
    sku: str
    quantity: int
    expected_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """An order's reservation. `hold_id` names the hold it was made from; `reallocated` says that hold had expired.

    `currency_code` is that of the order's cart: the decision's micros are counted in it. `allocation_id` is empty
    when the request was `validate_only`. `kept` is the promise it stands for (None: nothing ships, or it was allocated
    by a version that kept no promises); `to_order` what must be ordered for it.
    """

    allocation_id: str
    order_id: str
    currency_code: str
    created_at: datetime
    decision: Decision
    lines: tuple[ReservationLine, ...]
    hold_id: str = ""
    reallocated: bool = False
    kept: Kept | None = None
    to_order: tuple[ToOrder, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LineQuantity:
    """`quantity` units of reservation line `line_no`."""

    line_no: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleAllocation:
    """Ship or cancel an allocation; `lines` empty means everything that is still allocated."""

    key: RequestKey
    allocation_id: str
    lines: tuple[LineQuantity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHold:
    """Give a hold back before it expires."""

    key: RequestKey
    hold_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyStock:
    """One batch of one source. Records that cannot be applied do not stop the others."""

    key: RequestKey
    source: str
    records: StockRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplySupply:
    """One batch of one source about dated supply. Records that cannot be applied do not stop the others."""

    key: RequestKey
    source: str
    records: tuple[SupplyRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPromisesAtRisk:
    """One page of the promises that may be missed, of these nodes, SKUs and supplies (empty: of all)."""

    page_size: int
    page_token: str = ""
    node_ids: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    supply_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk:
    """What a reservation may miss, and the promise that it stands for (None where it stands for none).

    `currency_code` is that of the reservation's cart: the promise's fee is counted in it.
    """

    risk: PromiseAtRisk
    kept: Kept | None = None
    currency_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyNetwork:
    """Replace the network; `validate_only` checks it and changes nothing."""

    key: RequestKey
    network: Network
    validate_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAnswer:
    """The network in force, with each node's current status, and its revision.

    `warnings` tell, when it is applied, what the rule set in force names and the network lacks, by place in the rules.
    """

    revision: int
    network: Network
    warnings: tuple[Violation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNodeStatus:
    """Switch a node on or off; it holds until it is set again, whatever network is applied."""

    key: RequestKey
    node_id: str
    status: NodeStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRuleSetRevision:
    """Store one immutable revision of a rule set; `validate_only` checks it and stores nothing."""

    key: RequestKey
    rule_set_id: str
    yaml: str
    comment: str = ""
    validate_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSetRevision:
    """A stored revision. Its name in answers is ``ruleSets/{rule_set_id}/revisions/{revision}``.

    `warnings` tell, when it is stored or checked, what it names and the network in force does not have, by place.
    """

    rule_set_id: str
    revision: int
    yaml: str
    comment: str
    created_at: datetime
    active: bool
    warnings: tuple[Violation, ...] = ()

    @property
    def name(self) -> str:
        """The resource name."""
        return f"ruleSets/{self.rule_set_id}/revisions/{self.revision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivateRuleSet:
    """Put one stored revision in force."""

    key: RequestKey
    rule_set_id: str
    revision: int
