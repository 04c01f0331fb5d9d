"""Sparse shelves say what a plain dictionary of the same changes says, filled at once or one by one."""

import random
from collections.abc import Mapping

import numpy as np
import pytest

from sourcier.engine.stock import StockBook

NODES = {f"n{i}": i for i in range(40)}
SKUS = tuple(f"s{i}" for i in range(30))


def as_said(units: Mapping[tuple[str, str], int], skus: tuple[str, ...]) -> list[list[int]]:
    return [[units.get((node_id, sku), 0) for node_id in NODES] for sku in skus]


@pytest.mark.parametrize("seed", range(5))
def test_any_mixture_of_changes_ends_as_a_dictionary_does(seed: int) -> None:
    rng = random.Random(seed)
    book, units = StockBook(NODES), dict[tuple[str, str], int]()
    for step in range(30):
        if step == 10:
            kept = {key: free for key, free in units.items() if rng.random() < 0.5}
            shuffled = rng.sample(sorted(NODES), len(NODES))
            mine = {node: sorted((sku, free) for (n, sku), free in kept.items() if n == node) for node in shuffled}
            book.fill((n, [sku for sku, _ in rows], np.array([f for _, f in rows], int)) for n, rows in mine.items())
            units = kept
        changes = {
            (rng.choice([*NODES, "elsewhere"]), rng.choice(SKUS)): rng.choice([0, 0, 1, 7, -3, 2**40])
            for _ in range(rng.choice([0, 1, 60]))
        }
        book.put((node_id, sku, free) for (node_id, sku), free in changes.items())
        units |= {key: free for key, free in changes.items() if key[0] in NODES}
        asked = tuple(rng.choice([*SKUS, "never heard of"]) for _ in range(6))
        assert book.of(asked).tolist() == as_said(units, asked)
    assert book.of(SKUS).tolist() == as_said(units, SKUS)


def test_filling_forgets_what_it_does_not_name() -> None:
    book = StockBook(NODES)
    book.put([("n1", "s1", 4)])
    book.fill([("elsewhere", ["s1"], np.array([9])), ("n2", [], np.array([], int))])
    assert book.of(SKUS).sum() == 0
    book.put([("n0", "s1", 2)])
    assert book.of(("s1",))[0, :2].tolist() == [2, 0]


def test_what_was_read_stays_as_it_was() -> None:
    book = StockBook(NODES)
    book.put([("n1", "s1", 4)])
    before = book.of(("s1",))
    book.put([("n1", "s1", 5), ("n0", "s1", 1)])
    assert before[0, :2].tolist() == [0, 4]
