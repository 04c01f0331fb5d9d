"""What the benchmark lays out is what it says it lays out."""

from benchmarks import shop, snapshot
from sourcier.engine.compile import compile_network
from sourcier.engine.snapshot import Snapshot
from sourcier.service import picture


def test_every_node_has_its_share_of_the_articles() -> None:
    network = shop.network(3)
    drawn = {node_id: dict(zip(skus, units, strict=True)) for node_id, skus, units in snapshot.filled(network)}
    assert [len(units) for units in drawn.values()] == [snapshot.SKUS_OF_NODE] * 3
    laid_out = Snapshot(compile_network(network))
    picture.fill(laid_out, snapshot.told(network))
    skus = tuple(sorted({sku for units in drawn.values() for sku in units}))
    expected = [[drawn[node.node_id].get(sku, 0) for node in network.nodes] for sku in skus]
    assert laid_out.free(skus).tolist() == expected


def test_lateness_is_told_in_order() -> None:
    rows = list(snapshot.pauses("never", [0.0, 1.0, 2.0, 9.0]))
    assert [row.value for row in rows] == [2.0, 9.0, 9.0]
