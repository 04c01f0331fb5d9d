"""Reads the ledger for the snapshot: everything at once, or what has changed, as one consistent picture each.

Pure functions of a transaction or of what was read in one; `snapshots` says when they run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from sourcier.domain.network import Network, NodeStatus
from sourcier.domain.stock import StockRow
from sourcier.domain.supply import SupplyRow
from sourcier.engine.compile import CompiledNetwork, CompiledRules, compile_network, compile_rules
from sourcier.engine.snapshot import Snapshot, timetable_for
from sourcier.inputs.holidays import expand
from sourcier.inputs.rules_yaml import parse_rule_set
from sourcier.ledger import registry, stock
from sourcier.ledger.changes import Changes, Cursor, changes_since, current_cursor
from sourcier.ledger.commands import PoolKey, StockKey, StoredNetwork, StoredRuleSet, SupplyKey
from sourcier.ledger.store import Tx
from sourcier.ledger.supplies import all_supplies, get_supplies
from sourcier.service import codec

PoolUsed = tuple[str, str, int]
"""(pool id, bucket, used)"""

CHANGES_PER_READ_MAX: Final = 10_000
HOLIDAY_DAYS_BACK: Final = 400  # how long ago an order may have been placed
HOLIDAY_DAYS: Final = 1_000  # the same ahead, and 200 days for goods to come, to be picked and to travel
RULES_FILENAME: Final = "rules.yaml"  # what faults of a rule set name as their file


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Present values of stock rows, pools and dated supply."""

    rows: list[StockRow]
    uses: list[PoolUsed]
    supplies: list[SupplyRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything a new snapshot needs, of one moment."""

    cursor: Cursor
    stored: StoredNetwork
    values: Values


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
        values=read_values(tx, changes.stock_keys | guarded, changes.pool_keys, changes.supply_keys),
        active=registry.active_rule_set(tx) if changes.activations != activations else None,
    )


def read_values(
    tx: Tx, stock_keys: frozenset[StockKey], pool_keys: frozenset[PoolKey], supply_keys: frozenset[SupplyKey]
) -> Values:
    """The present values of these rows, pools and supplies."""
    return Values(
        rows=stock.get_rows(tx, stock_keys),
        uses=stock.pool_uses_of(tx, pool_keys),
        supplies=get_supplies(tx, supply_keys),
    )


def read_picture(tx: Tx, since_day: str) -> Picture:
    """Everything there is; of pools, the buckets from `since_day` on (an ISO date)."""
    stored = registry.get_network(tx)
    assert stored is not None, "a network revision was counted, so there is a network"
    return Picture(
        cursor=current_cursor(tx),
        stored=stored,
        values=Values(rows=stock.all_rows(tx), uses=stock.pool_uses(tx, since_day), supplies=all_supplies(tx)),
    )


def build(picture: Picture, rules: CompiledRules | None, now: datetime) -> tuple[Snapshot, frozenset[StockKey]]:
    """A snapshot of the picture with the timetable of today, and the rows that keep back more than the rules say."""
    first_day = now.astimezone(UTC).date() - timedelta(days=HOLIDAY_DAYS_BACK)
    network = expand(codec.load(Network, picture.stored.document), first_day, HOLIDAY_DAYS)
    snapshot = Snapshot(compile_network(network))
    snapshot.put_timetable(timetable_for(snapshot.network, now))
    snapshot.version = picture.cursor.version
    snapshot.put_statuses(statuses(picture.stored.statuses))
    snapshot.put_pool_uses(picture.values.uses)
    snapshot.put_supplies(picture.values.supplies)
    return snapshot, lay_out(snapshot, rules, picture.values.rows)


def lay_out(snapshot: Snapshot, rules: CompiledRules | None, rows: list[StockRow]) -> frozenset[StockKey]:
    """Put the rows into the snapshot; the keys of those that keep back more than the rules say.

    While an activation is under way, rows keep back what either revision protects (ledger specification, 3.5), and
    decisions know the floors of one. On such rows the difference is hidden from decisions, which would otherwise be
    refused again and again; the follower reads them again until the difference is gone.
    """
    excess = {} if rules is None else _excess(snapshot.network, rules, rows)
    snapshot.put_rows(
        replace(row, blocked=row.blocked + excess[key]) if (key := (row.node_id, row.sku)) in excess else row
        for row in rows
    )
    return frozenset(excess)


def _excess(network: CompiledNetwork, rules: CompiledRules, rows: list[StockRow]) -> dict[StockKey, int]:
    """The most units by which each row's floors pass those of the rules, where they do."""
    nodes, excess = network.network.nodes, {}
    for row in rows:
        index = network.node_index.get(row.node_id)
        if index is not None and row.floors != (ours := rules.floors[nodes[index].node_type]):
            most = max(theirs - mine for theirs, mine in zip(row.floors, ours, strict=True))
            if most > 0:
                excess[row.node_id, row.sku] = most
    return excess


def statuses(stored: Mapping[str, str]) -> dict[str, NodeStatus]:
    """Node statuses as the ledger stores them, as words of the domain."""
    return {node_id: NodeStatus(status) for node_id, status in stored.items()}


def compiled(active: StoredRuleSet) -> CompiledRules:
    """A stored revision, ready for decisions."""
    name = f"ruleSets/{active.rule_set_id}/revisions/{active.revision}"
    return compile_rules(parse_rule_set(active.document.decode(), RULES_FILENAME), name)
