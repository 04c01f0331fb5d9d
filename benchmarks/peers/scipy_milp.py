"""The same plain model as rows of a sparse matrix, by ``scipy.optimize.milp``, which brings its own HiGHS."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from benchmarks.peers.solvers import MICROS_PER_COST, SOLVE_MS, money
from benchmarks.peers.view import Peer, View
from sourcier.engine.compile import IntArray
from sourcier.engine.offers import Problem

Limits = NDArray[np.floating] | IntArray


def scipy_milp(order: View) -> IntArray:
    """The order as one MIP over every node; nothing where no plan was found in time."""
    problem = order.problem
    rows = _Rows(problem)
    found = milp(
        rows.cost,
        integrality=np.ones(rows.width),
        bounds=Bounds(np.zeros(rows.width), rows.upper),
        constraints=rows.constraint(),
        options={"time_limit": SOLVE_MS / 1e3, "mip_rel_gap": 0.0},
    )
    units = np.zeros_like(problem.supply)
    if found.x is not None:
        units[rows.line, rows.node] = np.rint(found.x[: len(rows.line)]).astype(np.int64)
    return units


class _Rows:
    """Columns: units of (line, node) that can be supplied, nodes opened, units left unfilled, weight tiers."""

    def __init__(self, problem: Problem) -> None:
        costs = money(problem)
        self.line, self.node = np.nonzero(problem.supply)
        num_lines, num_nodes = problem.supply.shape
        tables = [problem.tier_tables[tier] for tier in problem.tiers]
        self.tier_node = np.repeat(np.arange(num_nodes), [len(table.cost) for table in tables])
        tier_cost = np.concatenate([table.cost for table in tables]) // MICROS_PER_COST
        self.tier_limit = np.concatenate([table.limit_g for table in tables])
        self.opened = len(self.line)
        self.left = self.opened + num_nodes
        self.tier = self.left + num_lines
        self.width = self.tier + len(self.tier_node)
        amount = problem.supply[self.line, self.node]
        self.cost = np.concatenate([costs.unit[self.line, self.node], costs.opening, costs.unfilled, tier_cost])
        self.upper = np.concatenate([amount, np.ones(num_nodes), problem.quantity, np.ones(len(self.tier_node))])
        self._entries: list[tuple[IntArray, IntArray, IntArray]] = []
        self._limits: list[tuple[Limits, Limits]] = []
        self._height = 0
        self._add_cover_and_links(problem, amount)
        self._add_tiers(problem)
        self._add_limits(problem)

    def constraint(self) -> LinearConstraint:
        """All rows."""
        row, column, value = (np.concatenate(parts) for parts in zip(*self._entries, strict=True))
        low, high = (np.concatenate(parts) for parts in zip(*self._limits, strict=True))
        matrix = csr_array((value, (row, column)), shape=(self._height, self.width))
        matrix.eliminate_zeros()
        return LinearConstraint(matrix, low, high)

    def _add(self, row: IntArray, column: IntArray, value: IntArray, low: Limits, high: Limits) -> None:
        """Rows from zero on, put below those that are there."""
        self._entries.append((row + self._height, column, value))
        self._limits.append((low, high))
        self._height += len(low)

    def _add_cover_and_links(self, problem: Problem, amount: IntArray) -> None:
        lines, pairs = np.arange(len(problem.quantity)), np.arange(len(self.line))
        row, column = np.r_[self.line, lines], np.r_[pairs, self.left + lines]
        self._add(row, column, np.ones_like(row), problem.quantity, problem.quantity)
        row, column = np.r_[pairs, pairs], np.r_[pairs, self.opened + self.node]
        self._add(row, column, np.r_[np.ones_like(pairs), -amount], np.full(len(pairs), -np.inf), np.zeros_like(pairs))

    def _add_tiers(self, problem: Problem) -> None:
        """One tier of an opened node, and no more grams than it lets through."""
        nodes, tiers = np.arange(problem.num_offers), np.arange(len(self.tier_node))
        row, column = np.r_[self.tier_node, nodes], np.r_[self.tier + tiers, self.opened + nodes]
        none = np.zeros_like(nodes)
        self._add(row, column, np.r_[np.ones_like(tiers), -np.ones_like(nodes)], none, none)
        heaviest = problem.weight @ problem.supply
        limit = np.minimum(self.tier_limit, heaviest[self.tier_node])
        row, column = np.r_[self.node, self.tier_node], np.r_[np.arange(len(self.node)), self.tier + tiers]
        self._add(row, column, np.r_[problem.weight[self.line], -limit], none - np.inf, none)

    def _add_limits(self, problem: Problem) -> None:
        """Units that a node's capacity lets through; shipments of the order."""
        nodes = np.arange(problem.num_offers)
        most = np.minimum(problem.cap_units, problem.quantity.sum())
        pairs = np.arange(len(self.node))
        self._add(self.node, pairs, np.ones_like(pairs), np.zeros_like(nodes), most)
        if problem.max_shipments is not None:
            limit = np.array([problem.max_shipments])
            self._add(np.zeros_like(nodes), self.opened + nodes, np.ones_like(nodes), limit * 0, limit)


SCIPY: Final = (Peer(name="scipy.milp", plan=scipy_milp, dates=True, capacity=True, splits=True),)
