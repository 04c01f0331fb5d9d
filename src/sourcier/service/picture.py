"""Reads the ledger for the snapshot: everything at once, or what has changed, as one consistent picture each.

Pure functions of a transaction or of what was read in one; `snapshots` says when they run.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Final

import numpy as np

from sourcier.domain.network import Network, NodeStatus
from sourcier.domain.supply import SupplyRow
from sourcier.engine.compile import CompiledRules, compile_network, compile_rules
from sourcier.engine.snapshot import Snapshot, timetable_for
from sourcier.inputs.holidays import expand
from sourcier.inputs.rules_yaml import parse_rule_set
from sourcier.ledger import registry, stock
from sourcier.ledger.changes import Changes, Cursor, changes_since, current_cursor
from sourcier.ledger.commands import PoolKey, StockKey, StoredNetwork, StoredRuleSet, SupplyKey
from sourcier.ledger.levels import SEPARATOR, Floors, NodeStock, StockLevel, get_levels, node_stocks
from sourcier.ledger.store import Tx
from sourcier.ledger.supplies import all_supplies, get_supplies
from sourcier.service import codec

_LEVEL: Final = itemgetter(0, 1, 2)  # of a StockLevel: (node_id, sku, free)
_NODE_AND_FLOORS: Final = itemgetter(0, 3, 4, 5)

PoolUsed = tuple[str, str, int]
"""(pool id, bucket, used)"""

CHANGES_PER_READ_MAX: Final = 2_000  # decoding them, a reader keeps other threads waiting: half a millisecond
HOLIDAY_DAYS_BACK: Final = 400  # how long ago an order may have been placed
HOLIDAY_DAYS: Final = 1_000  # the same ahead, and 200 days for goods to come, to be picked and to travel
RULES_FILENAME: Final = "rules.yaml"  # what faults of a rule set name as their file


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Present values of stock rows, pools and dated supply."""

    levels: list[StockLevel]
    uses: list[PoolUsed]
    supplies: list[SupplyRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything a new snapshot needs, of one moment."""

    cursor: Cursor
    stored: StoredNetwork
    stock: list[NodeStock]
    uses: list[PoolUsed]
    supplies: list[SupplyRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some changes with the present values of what changed; `active` only when the activation did."""

    changes: Changes
    values: Values
    active: StoredRuleSet | None


def read_batch(tx: Tx, cursor: Cursor, activations: int, guarded: frozenset[StockKey]) -> Batch:
    """What changed after the cursor, the `guarded` rows, and the active rules if they are not the ones known."""
    changes = changes_since(tx, cursor, CHANGES_PER_READ_MAX)
    return Batch(
        changes=changes,
        values=Values(
            levels=[*changes.levels.values(), *get_levels(tx, guarded.difference(changes.levels))],
            uses=stock.pool_uses_of(tx, changes.pool_keys),
            supplies=get_supplies(tx, changes.supply_keys),
        ),
        active=registry.active_rule_set(tx) if changes.activations != activations else None,
    )


def read_values(
    tx: Tx, stock_keys: frozenset[StockKey], pool_keys: frozenset[PoolKey], supply_keys: frozenset[SupplyKey]
) -> Values:
    """The present values of these rows, pools and supplies."""
    return Values(
        levels=get_levels(tx, stock_keys),
        uses=stock.pool_uses_of(tx, pool_keys),
        supplies=get_supplies(tx, supply_keys),
    )


def read_picture(tx: Tx, since_day: str, floors: Mapping[str, Floors] | None) -> Picture:
    """Everything there is; of pools, the buckets from `since_day` on (an ISO date).

    `floors` are those of the rules by node type; what rows keep back beyond them is hidden, see `lay_out`.
    """
    stored = registry.get_network(tx)
    assert stored is not None, "a network revision was counted, so there is a network"
    return Picture(
        cursor=current_cursor(tx),
        stored=stored,
        stock=list(node_stocks(tx, floors)),
        uses=stock.pool_uses(tx, since_day),
        supplies=all_supplies(tx),
    )


def build(picture: Picture, now: datetime) -> tuple[Snapshot, frozenset[StockKey]]:
    """A snapshot of the picture with the timetable of today, and the rows that keep back more than the rules say."""
    first_day = now.astimezone(UTC).date() - timedelta(days=HOLIDAY_DAYS_BACK)
    network = expand(codec.load(Network, picture.stored.document), first_day, HOLIDAY_DAYS)
    snapshot = Snapshot(compile_network(network))
    snapshot.put_timetable(timetable_for(snapshot.network, now))
    snapshot.version = picture.cursor.version
    snapshot.put_statuses(statuses(picture.stored.statuses))
    snapshot.put_pool_uses(picture.uses)
    snapshot.put_supplies(picture.supplies)
    fill(snapshot, picture.stock)
    return snapshot, frozenset((node.node_id, sku) for node in picture.stock for sku in node.guarded)


def fill(snapshot: Snapshot, stock: Iterable[NodeStock]) -> None:
    """Put whole nodes into the snapshot, in place of all stock it had."""
    snapshot.fill_levels(
        (node.node_id, node.skus.split(SEPARATOR), np.fromstring(node.free, dtype=np.int64, sep=",")) for node in stock
    )


def lay_out(snapshot: Snapshot, rules: CompiledRules | None, levels: Sequence[StockLevel]) -> frozenset[StockKey]:
    """Put the rows into the snapshot; the keys of those that keep back more than the rules say.

    While an activation is under way, rows keep back what either revision protects (ledger specification, 3.5), and
    decisions know the floors of one. On such rows the difference is hidden from decisions, which would otherwise be
    refused again and again; the follower reads them again until the difference is gone.
    """
    excess = {} if rules is None else _excesses(snapshot, rules, levels)
    if not excess:
        snapshot.put_levels(map(_LEVEL, levels))
        return frozenset()
    hidden = [excess.get((level[0], *level[3:]), 0) for level in levels]
    snapshot.put_levels([(level[0], level[1], level[2] - units) for level, units in zip(levels, hidden, strict=True)])
    return frozenset(level[:2] for level, units in zip(levels, hidden, strict=True) if units)


def _excesses(
    snapshot: Snapshot, rules: CompiledRules, levels: Sequence[StockLevel]
) -> dict[tuple[str, int, int, int], int]:
    """The most units by which the floors of rows pass those of the rules, by node and floors, where they do.

    A batch has few of these pairs, and usually none that does.
    """
    nodes, node_index = snapshot.network.network.nodes, snapshot.network.node_index
    found = {}
    for key in set(map(_NODE_AND_FLOORS, levels)):
        index = node_index.get(key[0])
        if index is not None:
            ours = rules.protection.floors[nodes[index].node_type]
            excess = max(key[1] - ours[0], key[2] - ours[1], key[3] - ours[2])
            if excess > 0:
                found[key] = excess
    return found


def statuses(stored: Mapping[str, str]) -> dict[str, NodeStatus]:
    """Node statuses as the ledger stores them, as words of the domain."""
    return {node_id: NodeStatus(status) for node_id, status in stored.items()}


def compiled(active: StoredRuleSet) -> CompiledRules:
    """A stored revision, ready for decisions."""
    name = f"ruleSets/{active.rule_set_id}/revisions/{active.revision}"
    return compile_rules(parse_rule_set(active.document.decode(), RULES_FILENAME), name)
