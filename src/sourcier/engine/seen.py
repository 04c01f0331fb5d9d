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
from sourcier.engine.candidates import NONE
from sourcier.engine.compile import UNLIMITED, BoolArray, CompiledRules, IntArray
from sourcier.engine.offers import Problem
from sourcier.engine.prefilter import Lanes
from sourcier.engine.snapshot import Snapshot

PoolDay = tuple[str, date]
"""A pool and its bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`stock_free[line, node]` before protection, `online[node]`, supply rows, and what `left` of pools by their day.

    A pool that is not named had nothing left. `complete`: every unit must ship, or nothing.
    """

    cart: Cart
    network: Network
    rules: RuleSet
    stock_free: IntArray
    supplies: tuple[SupplyRow, ...]
    online: BoolArray
    left: Mapping[PoolDay, int]
    complete: bool = False


def seen_from(
    cart: Cart,
    snapshot: Snapshot,
    rules: CompiledRules,
    problem: Problem,
    found: Lanes,
    available: Available,
    *,
    complete: bool,
) -> Seen:
    """What the problem was built from."""
    return Seen(
        cart=cart,
        network=snapshot.network.network,
        rules=rules.rule_set,
        stock_free=available.free,
        supplies=available.rows,
        online=snapshot.online.copy(),
        left=_left(snapshot, problem, found),
        complete=complete,
    )


def _left(snapshot: Snapshot, problem: Problem, found: Lanes) -> dict[PoolDay, int]:
    """What is left of every limited pool that an offer of the problem would use."""
    network, table = snapshot.network, found.table
    nodes, services = network.network.nodes, network.network.services
    node, day, departure = problem.node, found.day[problem.lane], found.departure[problem.lane]
    minute, parcels = table.rounds.minute[departure].astype(np.int64), table.rounds.parcels[departure]
    shift = found.shift[problem.lane]
    left: dict[PoolDay, int] = {}
    of_node = snapshot.node_left(node, day)
    for k in np.flatnonzero(of_node < UNLIMITED):
        left[capacity_pool_id(nodes[node[k]].node_id), date.fromordinal(int(day[k]))] = int(of_node[k])
    of_round = snapshot.round_left(node, problem.service, day, minute, parcels)
    for k in np.flatnonzero(parcels < UNLIMITED):
        pool = round_pool_id(nodes[node[k]].node_id, services[problem.service[k]].service_id, int(minute[k]))
        left[pool, date.fromordinal(int(day[k]))] = int(of_round[k])
    in_shift = np.flatnonzero(shift != NONE)
    which, start_day = table.shifts.which[shift[in_shift]], table.shifts.day[shift[in_shift]].astype(np.int64)
    of_shift = snapshot.shift_left(network.first_shift[node[in_shift]] + which, start_day)
    for i, k in enumerate(in_shift):
        owner = nodes[node[k]]
        pool = shift_pool_id(owner.node_id, owner.shifts[int(which[i])].shift_id)
        left[pool, date.fromordinal(int(start_day[i]))] = int(of_shift[i])
    return left
