"""The Lagrangian dual of the cover constraints: lower bounds on plans of so many shipments, exact in integers.

At prices p between 0 and `unfilled` the offers fall apart. Opening offer k is worth ``value_k(p)``, its fixed cost less
what its contents save against p, and every plan of `least` to `most` shipments costs at least

    L(p) = sum_d q_d p_d - split + the least sum of `least` to `most` node values

since a plan of m shipments opens m nodes. The more shipments are asked for, the higher the bound: what one shipment can
bring is priced offer by offer (`bounds.single_bounds`), so the ascent may speak of two and more.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sourcier.engine.bounds import NO_PLAN, Relaxed
from sourcier.engine.compile import IntArray
from sourcier.engine.contents import best_contents
from sourcier.engine.offers import Problem

STEP_START = 1.2
"""First factor of the Polyak step (Held, Wolfe and Crowder 1974 take 2 and halve)."""

STEP_LAST = STEP_START / 2**5
"""The factor below which the bound hardly moves any more."""

PATIENCE = 4
"""Iterations without a better bound after which the step is halved."""

FIRST_CUT = 24
"""Offers under weight tiers or capacity whose contents are cut at once, the best first; others if they are opened."""

Offers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Plans of `least` to `most` shipments; `most` is no more than there are nodes."""

    least: int
    most: int

    @property
    def exist(self) -> bool:
        """Whether there is such a number."""
        return self.least <= self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Dual:
    """A dual point: multipliers `price[D]` (micros a unit), what each offer is worth at them, and the bound.

    `value[K]` is fixed cost minus what the offer saves at these prices (negative: worth opening), never too high;
    `opened` are the offers that attain `bound`, which holds for every plan of these `sizes`.
    """

    sizes: Sizes
    price: IntArray
    value: IntArray
    node_value: IntArray
    opened: Offers
    bound: int


def at_least(least: int, problem: Problem, relaxed: Relaxed) -> Sizes:
    """`least` shipments and more, as many as the rules and the nodes allow."""
    num_nodes = len(relaxed.node_start)
    return Sizes(
        least=least, most=num_nodes if problem.max_shipments is None else min(problem.max_shipments, num_nodes)
    )


def evaluate(problem: Problem, relaxed: Relaxed, price: IntArray, sizes: Sizes) -> Dual:
    """The bound at `price`, the contents of every offer cut to its weight tiers and capacity."""
    saving, value = _uncut(problem, relaxed, price)
    if len(relaxed.limited):
        _cut(problem, relaxed, saving, relaxed.limited, value, {})
    return _opened(problem, relaxed, price, sizes, value)


def evaluate_with_singles(problem: Problem, relaxed: Relaxed, price: IntArray, sizes: Sizes) -> tuple[Dual, IntArray]:
    """`evaluate` at the price and `single_bounds` of all offers, from one look at what they hold."""
    prices = np.array([price, problem.unfilled]).T
    saving = np.maximum(prices[:, :, None] - problem.unit[:, None, :], 0)
    value = relaxed.flat - np.add.reduce(saving * problem.supply[:, None, :], axis=0)
    if len(limited := relaxed.limited):
        both = saving.take(limited, axis=2).reshape(len(saving), -1)
        cut, _ = best_contents(problem, relaxed, both, np.concatenate([limited, limited]))
        value[:, limited] = cut.reshape(2, -1)
    constant = int(problem.quantity @ problem.unfilled) - problem.split
    return _opened(problem, relaxed, price, sizes, value[0]), value[1] + constant


def _step(
    problem: Problem, relaxed: Relaxed, price: IntArray, sizes: Sizes, below: int | None = None
) -> tuple[Dual, IntArray]:
    """The bound at `price`, and the units that the opened offers take at it, ``[D, opened]``.

    Only offers that are opened are cut, and those whose forced bound would be less than `below`. The bound is that of
    `evaluate`: what is opened although cut is worth more than all that was not cut.
    """
    saving, value = _uncut(problem, relaxed, price)
    limited = relaxed.limited
    cut: dict[int, IntArray] = {}
    if len(limited):
        few = limited if len(limited) <= FIRST_CUT else limited[np.argpartition(value[limited], FIRST_CUT)[:FIRST_CUT]]
        _cut(problem, relaxed, saving, few, value, cut)
    point = _opened(problem, relaxed, price, sizes, value)
    while missing := [k for k in point.opened.tolist() if relaxed.is_limited[k] and k not in cut]:
        _cut(problem, relaxed, saving, np.array(missing), value, cut)
        point = _opened(problem, relaxed, price, sizes, value)
    if below is not None and len(limited) > len(cut):
        forced = forced_bounds(problem, relaxed, point)
        likely = [k for k in limited[forced[limited] < below].tolist() if k not in cut]
        if likely:
            _cut(problem, relaxed, saving, np.array(likely), value, cut)
            point = _opened(problem, relaxed, price, sizes, value)
    taken = np.where(saving[:, point.opened] > 0, problem.supply[:, point.opened], 0)
    for j, k in enumerate(point.opened.tolist()):
        if k in cut:
            taken[:, j] = cut[k]
    return point, taken


def _uncut(problem: Problem, relaxed: Relaxed, price: IntArray) -> tuple[IntArray, IntArray]:
    saving = np.maximum(price[:, None] - problem.unit, 0)
    return saving, relaxed.flat - (saving * problem.supply).sum(axis=0)


def _cut(
    problem: Problem, relaxed: Relaxed, saving: IntArray, offers: Offers, value: IntArray, cut: dict[int, IntArray]
) -> None:
    value[offers], contents = best_contents(problem, relaxed, saving.take(offers, axis=1), offers)
    cut.update(zip(offers.tolist(), contents.T, strict=True))


def _opened(problem: Problem, relaxed: Relaxed, price: IntArray, sizes: Sizes, value: IntArray) -> Dual:
    node_value = value if relaxed.one_each else np.minimum.reduceat(value, relaxed.node_start)
    nodes = _openings(node_value, sizes)
    opened = nodes if relaxed.one_each else _best_offers(value, relaxed, nodes)
    bound = _total(problem, price, node_value[nodes]) if sizes.exist else NO_PLAN
    return Dual(sizes=sizes, price=price, value=value, node_value=node_value, opened=opened, bound=bound)


def bound_without(problem: Problem, point: Dual, position: int) -> int:
    """A lower bound on every plan of the point's sizes that does not open the node at `position` of `node_value`."""
    others = np.delete(point.node_value, position)
    sizes = replace(point.sizes, most=min(point.sizes.most, len(others)))
    return _total(problem, point.price, others[_openings(others, sizes)]) if sizes.exist else NO_PLAN


def _total(problem: Problem, price: IntArray, opened: IntArray) -> int:
    """The bound at `price` with openings of these values."""
    return int(problem.quantity @ price) - problem.split + int(opened.sum())


def _openings(node_value: IntArray, sizes: Sizes) -> Offers:
    """The nodes whose opening costs least: `sizes.least` of them, and up to `sizes.most` that pay."""
    order = np.argsort(node_value, kind="stable")[: sizes.most]
    return order[: max(sizes.least, int((node_value[order] < 0).sum()))]


def _best_offers(value: IntArray, relaxed: Relaxed, nodes: Offers) -> Offers:
    """Per node the offer that is worth most."""
    ends = np.append(relaxed.node_start[1:], len(value))
    return np.array(
        [(start := int(relaxed.node_start[n])) + int(value[start : ends[n]].argmin()) for n in nodes.tolist()],
        dtype=np.int64,
    )


def ascend(
    problem: Problem, relaxed: Relaxed, start: IntArray, target: int, iterations: int, sizes: Sizes
) -> tuple[Dual, list[Offers]]:
    """Subgradient ascent from `start`; stops once `target` (the incumbent's objective) is reached.

    Returns the best dual point and the sets of offers that attained the bound whenever it improved.
    """
    price, step, stale = start, STEP_START, 0
    current = best = _step(problem, relaxed, price, sizes)
    promising = [best[0].opened]
    for _ in range(iterations):
        if best[0].bound >= target:
            break
        slope = problem.quantity - current[1].sum(axis=1)
        slope[((slope < 0) & (price == 0)) | ((slope > 0) & (price >= problem.unfilled))] = 0
        length = float(slope.astype(np.float64) @ slope)
        if length == 0:
            break
        move = np.rint((step * max(target - current[0].bound, 1) / length) * slope)
        price = np.minimum(np.maximum(price + move, 0), problem.unfilled).astype(np.int64)
        current = _step(problem, relaxed, price, sizes)
        if current[0].bound > best[0].bound:
            best, stale = current, 0
            promising.append(best[0].opened)
            continue
        stale += 1
        if stale == PATIENCE:
            step, stale = step / 2, 0
            if step < STEP_LAST:
                break
            price, current = best[0].price, best
    if len(relaxed.limited) and best[0].bound < target:
        best = _step(problem, relaxed, best[0].price, sizes, target)
    return best[0], promising


def forced_bounds(problem: Problem, relaxed: Relaxed, dual: Dual) -> IntArray:
    """Per offer, a lower bound on any plan of the dual's sizes that uses it."""
    sizes, node_value = dual.sizes, dual.node_value
    if not sizes.exist:
        return np.full(len(dual.value), NO_PLAN, dtype=np.int64)
    order = np.argsort(node_value, kind="stable")
    chosen = _openings(node_value, sizes)
    last = int(node_value[order[len(chosen) - 1]])
    makes_room = last if last >= 0 or len(chosen) == sizes.most else 0
    own = np.full(len(node_value), makes_room, dtype=np.int64)
    own[chosen] = node_value[chosen]
    forced: IntArray = _total(problem, dual.price, node_value[chosen]) - own[relaxed.node_of] + dual.value
    return forced


def single_bounds(problem: Problem, relaxed: Relaxed, target: int | IntArray) -> IntArray:
    """Per offer, a lower bound on every plan that opens it alone, micros.

    At the highest prices such a plan leaves nothing out that is worth shipping. Where no stock is shared and no
    capacity counts lines, it is exact but for the last item that is cut to fit a tier. Offers that cost `target` or
    more (one for each offer, or for all) with their cheapest tier and no limit are not looked at closely.
    """
    saving, bound = _uncut(problem, relaxed, problem.unfilled)
    constant = int(problem.quantity @ problem.unfilled) - problem.split
    bound += constant
    columns = relaxed.limited[(bound < target)[relaxed.limited]]
    if len(columns):
        bound[columns] = best_contents(problem, relaxed, saving.take(columns, axis=1), columns)[0] + constant
    return bound
