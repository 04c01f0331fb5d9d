"""What a decision was made from, kept for the checker while the snapshot moves on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from sourcier.domain.network import Network, capacity_pool_id, round_pool_id, shift_pool_id
from sourcier.domain.order import Cart
from sourcier.domain.rules import RuleSet
from sourcier.domain.supply import SupplyRow
from sourcier.engine.available import Available
from sourcier.engine.compile import UNLIMITED, BoolArray, CompiledRules, IntArray
from sourcier.engine.directory import Directory
from sourcier.engine.prefilter import Lanes
from sourcier.engine.snapshot import Snapshot
from sourcier.engine.trips import NONE

PoolDay = tuple[str, date]
"""A pool and its bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`stock_free[line, node]` before protection, `online[node]`, `supplies` by node, and what `left` of pools by day.

    `directory` is the network's. A pool that is not named had nothing left. `complete`: all of it ships, or nothing.
    """

    cart: Cart
    network: Network
    directory: Directory
    rules: RuleSet
    stock_free: IntArray
    supplies: Mapping[str, tuple[SupplyRow, ...]]
    online: BoolArray
    left: Mapping[PoolDay, int]
    complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What was left, in their own measures, of the pools that each lane (axis C) would use; UNLIMITED without a pool.

    `of_node[C]` on the ship day, `of_round[C]` parcels, `of_shift[C]` on the day of the shift.
    """

    of_node: IntArray
    of_round: IntArray
    of_shift: IntArray


def seen_from(cart: Cart, snapshot: Snapshot, rules: CompiledRules, available: Available, *, complete: bool) -> Seen:
    """What a problem was built from; `left` is added for the lanes of a plan, by `named`."""
    supplies: dict[str, list[SupplyRow]] = {}
    for row in available.rows:
        supplies.setdefault(row.node_id, []).append(row)
    return Seen(
        cart=cart,
        network=snapshot.network.network,
        directory=snapshot.network.directory,
        rules=rules.rule_set,
        stock_free=available.free,
        supplies={node: tuple(rows) for node, rows in supplies.items()},
        online=snapshot.online.copy(),
        left={},
        complete=complete,
    )


def room_on(snapshot: Snapshot, found: Lanes) -> Room:
    """What is left of the pools now."""
    network, table = snapshot.network, found.table
    of_round, of_shift = np.full((2, len(found.node)), UNLIMITED)
    if len(network.round_keys):
        leaves = np.flatnonzero(found.departure != NONE)
        node, service, day = found.node[leaves], found.service[leaves], found.day[leaves]
        departure = found.departure[leaves]
        minute, parcels = table.rounds.minute[departure], table.rounds.parcels[departure]
        of_round[leaves] = snapshot.round_left(node, service, day, minute, parcels)
    if len(network.shift_limit):
        in_shift = np.flatnonzero(found.shift != NONE)
        shift = found.shift[in_shift]
        which = network.first_shift[found.node[in_shift]] + table.shifts.which[shift]
        of_shift[in_shift] = snapshot.shift_left(which, table.shifts.day[shift].astype(np.int64))
    return Room(of_node=snapshot.node_left(found.node, found.day), of_round=of_round, of_shift=of_shift)


def named(snapshot: Snapshot, found: Lanes, room: Room, lanes: IntArray) -> dict[PoolDay, int]:
    """What was left of every limited pool that the lanes (positions on axis C) use."""
    network, table = snapshot.network, found.table
    left: dict[PoolDay, int] = {}
    for lane in lanes.tolist():
        node = network.network.nodes[int(found.node[lane])]
        day = date.fromordinal(int(found.day[lane]))
        if room.of_node[lane] < UNLIMITED:
            left[capacity_pool_id(node.node_id), day] = int(room.of_node[lane])
        departure = int(found.departure[lane])
        if departure != NONE and table.rounds.parcels[departure] < UNLIMITED:
            service = network.network.services[int(found.service[lane])]
            pool = round_pool_id(node.node_id, service.service_id, int(table.rounds.minute[departure]))
            left[pool, day] = int(room.of_round[lane])
        shift = int(found.shift[lane])
        if shift != NONE:
            pool = shift_pool_id(node.node_id, node.shifts[int(table.shifts.which[shift])].shift_id)
            left[pool, date.fromordinal(int(table.shifts.day[shift]))] = int(room.of_shift[lane])
    return left
