"""Why a service cannot bring the whole cart, and what would make it possible: leaving lines out, or waiting.

A remedy is only named if a plan was found for it; no solver is asked for one that leaves lines out.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain

import numpy as np

from sourcier.domain.order import Cart
from sourcier.domain.plan import NodeReason
from sourcier.domain.promise import Obstacle, Remedy
from sourcier.engine.bounds import can_fill
from sourcier.engine.compile import IntArray
from sourcier.engine.decide import Prepared, Steps, drive, prepare, written
from sourcier.engine.formulation import heaviest
from sourcier.engine.offers import Problem
from sourcier.engine.options import earliest
from sourcier.engine.plans import fitting
from sourcier.engine.prefilter import REASONS
from sourcier.engine.proof import prove

SINGLE_LINES_MAX = 16
"""Lines that are left out one at a time, to see whether the others can be had together."""


def obstacle_steps(prepared: Prepared) -> Steps[tuple[Obstacle, tuple[str, ...], Remedy]]:
    """What keeps an order without a plan from one, the lines in its way, and the remedy.

    Where the cart has a deliver-by date, the order is looked at again without it: this decides whether it is late.
    """
    cart, problem, late = prepared.cart, prepared.problem, None
    whole, reach = prepared, _reach(problem)
    if cart.deliver_by is not None:
        whole = prepare(replace(cart, deliver_by=None), prepared.sight.snapshot, prepared.sight.rules, complete=True)
        late = yield from earliest(whole)
        if late is not None:
            written([late.settled], explained=False)  # what the customer is told to wait for is checked like a promise
    if late is not None:
        full = NodeReason.CAPACITY_FULL in _node_reasons(prepared)
        obstacle = Obstacle.NO_CAPACITY if full else Obstacle.TOO_LATE
        lines = short_lines(problem, reach)
    else:
        seen = (problem, reach) if whole is prepared else (whole.problem, _reach(whole.problem))
        obstacle, lines = diagnose(whole, *seen)
    remedy = Remedy(
        remove_line_ids=_named(cart, removable(cart, problem, lines, reach)),
        wait_until=None if late is None else date.fromordinal(late.latest),
    )
    return obstacle, _named(cart, lines), remedy


def diagnose(prepared: Prepared, problem: Problem, reach: Sequence[int]) -> tuple[Obstacle, frozenset[int]]:
    """What keeps an order with that problem from a plan on any date, and the positions of the lines in its way.

    `reach` are the units of each stock group that all nodes together can bring.
    """
    cart, sight = prepared.cart, prepared.sight
    everything = frozenset(range(len(cart.lines)))
    service = problem.service if problem.num_offers else sight.found.service[prepared.lanes]
    if len(service) == 0:
        reasons = _node_reasons(prepared)
        if NodeReason.CAPACITY_FULL in reasons:
            return Obstacle.NO_CAPACITY, frozenset()
        if reasons & {NodeReason.NO_STOCK, NodeReason.PROTECTED}:
            return Obstacle.OUT_OF_STOCK, everything
        return Obstacle.NO_LANE, frozenset()
    most = max([int(sight.snapshot.network.services[s].tier_limit_g[-1]) for s in set(service.tolist())])
    heavy = frozenset(i for i, line in enumerate(cart.lines) if line.unit_weight_grams > most)
    if heavy:
        return Obstacle.TOO_HEAVY, heavy
    short = short_lines(problem, reach) if problem.num_offers else everything
    return (Obstacle.OUT_OF_STOCK, short) if short else (Obstacle.NO_PLAN, short)


def short_lines(problem: Problem, reach: Sequence[int]) -> frozenset[int]:
    """Positions of the lines of every SKU of which all offers together bring too little, on any date; none where there
    are no offers."""
    if problem.num_offers == 0:
        return frozenset()
    if not problem.shares_stock:  # a demand is a group
        wanted = problem.quantity.tolist()
        short = [lines for lines, units, most in zip(problem.lines_of, wanted, reach, strict=True) if most < units]
        return frozenset(chain.from_iterable(short))
    wanted = np.bincount(problem.group, weights=problem.quantity).tolist()
    groups = {g for g, (units, most) in enumerate(zip(wanted, reach, strict=True)) if most < units}
    # one of several demands of a SKU may be too heavy for most services
    alone = np.flatnonzero(_per_node(problem, problem.supply).sum(axis=1) < problem.quantity)
    groups.update(problem.group[alone].tolist())
    return frozenset([p for d, g in enumerate(problem.group.tolist()) if g in groups for p in problem.lines_of[d]])


def removable(cart: Cart, problem: Problem, short: Collection[int], reach: Sequence[int]) -> frozenset[int]:
    """Positions of lines without which a plan for the others is found; none if there are no such lines.

    Of the lines that are short, the smaller ones are kept as far as there is enough for them. Where no line is short,
    every line is left out on its own, the least valuable first.
    """
    if problem.num_offers == 0 or len(cart.lines) < 2:
        return frozenset()
    if short:
        tries: Iterable[frozenset[int]] = [_excess(cart, problem, short, list(reach))]
    else:
        value = [line.quantity * line.unit_price_micros for line in cart.lines]
        tries = (frozenset({p}) for p in sorted(range(len(value)), key=lambda p: (value[p], p))[:SINGLE_LINES_MAX])
    return next((gone for gone in tries if len(gone) < len(cart.lines) and _has_plan(cart, problem, gone)), frozenset())


def without(problem: Problem, left: IntArray, gone: Collection[int]) -> Problem:
    """The same order without the lines at the positions `gone`, so that ``left[D]`` units remain, one at least."""
    lines_of = [tuple(p for p in positions if p not in gone) for positions in problem.lines_of]
    kept = np.flatnonzero(left)
    supply = np.minimum(problem.supply[kept], left[kept, None])
    part = replace(
        problem,
        quantity=left[kept],
        weight=problem.weight[kept],
        unfilled=problem.unfilled[kept],
        group=np.unique(problem.group[kept], return_inverse=True)[1],
        lines_of=tuple(lines_of[d] for d in kept.tolist()),
        unit=problem.unit[kept],
        available=problem.available[kept],
        supply=supply,
    )
    return part.restricted(np.flatnonzero(supply.any(axis=0)))


def _has_plan(cart: Cart, problem: Problem, gone: Collection[int]) -> bool:
    """Whether a plan is found for what is left: by one shipment, or by what the certificates come across."""
    lines = cart.lines
    units = [sum([lines[p].quantity for p in positions if p not in gone]) for positions in problem.lines_of]
    left = np.array(units, dtype=np.int64)
    if _fits_one_shipment(problem, left):
        return True
    part = without(problem, left, gone)
    if not can_fill(part):
        return False
    answer = drive(prove(part), lambda _: None)
    return answer.cover.fills(left)


def _fits_one_shipment(problem: Problem, units: IntArray) -> bool:
    everywhere = slice(None)
    fits = fitting(problem, everywhere, units)
    fits &= problem.weight @ units <= heaviest(problem, everywhere)
    return bool(fits.any())


def _excess(cart: Cart, problem: Problem, short: Collection[int], reach: list[int]) -> frozenset[int]:
    """Of the lines that are short, those for which nothing is left when the smaller ones have theirs."""
    carried, group = problem.supply.max(axis=1).tolist(), problem.group.tolist()
    gone = set()
    of_line = {p: d for d, positions in enumerate(problem.lines_of) for p in positions}
    for position in sorted(short, key=lambda p: (cart.lines[p].quantity, p)):
        demand, quantity = of_line[position], cart.lines[position].quantity
        if carried[demand] and quantity <= reach[group[demand]]:
            reach[group[demand]] -= quantity
        else:
            gone.add(position)
    return frozenset(gone)


def _reach(problem: Problem) -> list[int]:
    """Per stock group, the units that all nodes together can bring, no more than are wanted of it."""
    if problem.num_offers == 0:
        return []
    if not problem.shares_stock:
        units: list[int] = np.minimum(_per_node(problem, problem.supply).sum(axis=1), problem.quantity).tolist()
        return units
    wanted = np.bincount(problem.group, weights=problem.quantity).astype(np.int64)
    usable = np.where(problem.supply > 0, np.minimum(problem.available, wanted[problem.group][:, None]), 0)
    reach = np.zeros(len(wanted), dtype=np.int64)
    np.maximum.at(reach, problem.group, _per_node(problem, usable).sum(axis=1))
    return list(map(int, np.minimum(reach, wanted)))


def _per_node(problem: Problem, brought: IntArray) -> IntArray:
    """``brought[D, K]`` as the most that any offer of a node brings."""
    most: IntArray = np.maximum.reduceat(brought, problem.node_start, axis=1)
    return most


def _node_reasons(prepared: Prepared) -> set[NodeReason]:
    found = (REASONS[code] for code in np.unique(prepared.sight.found.reason))
    return {reason for reason in found if reason is not None}


def _named(cart: Cart, positions: Collection[int]) -> tuple[str, ...]:
    return tuple(line.line_id for position, line in enumerate(cart.lines) if position in positions)
