"""What product pages show of a SKU: how much there is, from when, and where."""

from dataclasses import dataclass
from datetime import date

from sourcier.domain.network import Method
from sourcier.domain.place import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityQuery:
    """SKUs for one channel, and one destination or one store (exactly one of them is set).

    At most `nearby_stores` stores are named for each SKU.
    """

    channel: str
    skus: tuple[str, ...]
    destination: Destination | None = None
    store_id: str = ""
    nearby_stores: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class EarliestDate:
    """The first day on which one unit can be had by a method, in the zone of the destination or the store."""

    method: Method
    service_id: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStock:
    """Units that the channel may take at a store, `distance_m` metres away."""

    store_id: str
    units: int
    distance_m: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSupply:
    """The next dated supply of a SKU that the channel may take."""

    on: date
    units: int
    preorder: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SkuAvailability:
    """`units` that the channel may take now at all nodes in question, `band` the rule set's word for it (may be empty).

    `earliest` has one entry per service that can bring one unit, by date; `stores` by distance.
    """

    sku: str
    units: int
    band: str
    earliest: tuple[EarliestDate, ...]
    stores: tuple[StoreStock, ...]
    next_supply: NextSupply | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """One entry per SKU asked, in that order."""

    skus: tuple[SkuAvailability, ...]
    time_zone: str
    rule_set_revision: str
    snapshot_version: int
