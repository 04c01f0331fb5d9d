"""What the orders of a stream cost at least if all of them were known beforehand.

A linear program over the kinds of orders (the same lines to the same place): units and shipments may be parts, stock
is shared by all. Nothing that decides order by order can cost less in all.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from sourcier.engine.compile import IntArray
from sourcier.engine.offers import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`number` orders of these SKUs, one unit each; `problem` is that of one of them on the stock at the start."""

    skus: tuple[str, ...]
    problem: Problem
    number: int


def bound(kinds: list[Kind], stock: Mapping[tuple[int, str], int]) -> int:
    """The bound in micros, on `stock` units by node and SKU.

    Raises ValueError on anything that the program does not know: lines of several units, several offers of a node, a
    split price, weight tiers, limits of shipments or of capacity.
    """
    shelf = {key: row for row, key in enumerate(stock)}
    cover, links, shelves = _Rows(), _Rows(), _Rows(height=len(stock))
    cost: list[IntArray] = []
    most: list[int] = []
    for kind in kinds:
        problem = kind.problem
        _check(problem)
        line, node = np.nonzero(problem.supply)
        num_lines, num_nodes = problem.supply.shape
        unit = len(most) + np.arange(len(line))
        opened, left = len(most) + len(line), len(most) + len(line) + num_nodes
        cover.add(cover.height + np.r_[line, np.arange(num_lines)], np.r_[unit, left + np.arange(num_lines)])
        row = links.height + np.arange(len(line))
        links.add(row, unit)
        links.add(row, opened + node, sign=-1)
        held = [shelf[int(problem.node[k]), kind.skus[d]] for d, k in zip(line, node, strict=True)]
        shelves.add(np.array(held, dtype=np.int64), unit)
        cost += [problem.unit[line, node], problem.fixed, problem.unfilled]
        most += [kind.number] * (len(line) + num_nodes + num_lines)
    found = linprog(
        np.concatenate(cost),
        A_ub=vstack([links.matrix(len(most)), shelves.matrix(len(most))]),
        b_ub=np.r_[np.zeros(links.height), list(stock.values())],
        A_eq=cover.matrix(len(most)),
        b_eq=np.repeat([kind.number for kind in kinds], [len(kind.skus) for kind in kinds]),
        bounds=np.c_[np.zeros(len(most)), most],
    )
    if found.fun is None:
        raise ValueError(found.message)
    return int(found.fun)


def _check(problem: Problem) -> None:
    known = (
        (problem.quantity == 1).all()
        and len(np.unique(problem.node)) == problem.num_offers
        and problem.split == 0
        and all(len(table.cost) == 1 and table.cost[0] == 0 for table in problem.tier_tables)
        and problem.max_shipments is None
        and (problem.cap_units >= problem.quantity.sum()).all()
        and (problem.cap_lines >= len(problem.quantity)).all()
    )
    if not known:
        raise ValueError("an order that the hindsight program does not know")


class _Rows:
    """Entries of a sparse matrix; its height grows with them where it is not given."""

    def __init__(self, height: int = 0) -> None:
        self.height = height
        self._row: list[IntArray] = []
        self._column: list[IntArray] = []
        self._value: list[IntArray] = []

    def add(self, row: IntArray, column: IntArray, *, sign: int = 1) -> None:
        """Entries of one sign."""
        self._row.append(row)
        self._column.append(column)
        self._value.append(np.full(len(row), sign))
        self.height = max(self.height, int(row.max(initial=-1)) + 1)

    def matrix(self, width: int) -> csr_array:
        """All entries."""
        row, column, value = (np.concatenate(part) for part in (self._row, self._column, self._value))
        return csr_array((value, (row, column)), shape=(self.height, width))
