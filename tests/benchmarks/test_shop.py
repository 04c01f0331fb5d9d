"""The made-up retailer: every method can be promised, and the measurements count what they say."""

from benchmarks import availability, promises, shop
from sourcier.domain.promise import Choice
from sourcier.engine.compile import compile_rules

RULES = compile_rules(shop.rules(), "ruleSets/benchmark/revisions/1")


def test_the_same_number_of_nodes_makes_the_same_network() -> None:
    assert repr(shop.network(30)) == repr(shop.network(30))
    assert len(shop.network(30, 6).services) == 6


def test_both_measure_a_small_network() -> None:
    filled = promises.snapshot(20)
    found = promises.promises(filled, RULES, 1, frozenset({Choice.EARLIEST}))
    assert (found["nodes"], found["lines"], found["carts"]) == (20, 1, promises.CARTS)
    assert found["options_per_cart"] > 1
    assert 0 < found["ms_median"] <= found["ms_p95"]
    for store in (False, True):
        shown = availability.measure(filled, RULES, 5, store=store)
        assert (shown["skus"], shown["queries"]) == (5, availability.QUERIES)
        assert shown["dates_per_sku"] > 0
