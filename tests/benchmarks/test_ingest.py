"""Feeds of the benchmark count every row of their nodes, and every count changes its row."""

from benchmarks import ingest


def test_streams_share_the_nodes_and_every_round_counts_every_row_anew() -> None:
    rounds = range(3, 5)
    made = [batch for stream in range(2) for batch in ingest.batches(stream, 20, rounds)]
    assert {len(batch.records) for batch in made} == {ingest.BATCH}
    assert len({batch.request_id for batch in made}) == len(made)
    said = [(batch.source, r.node_id, r.sku, r.seq, r.quantity) for batch in made for r in batch.records]
    rows = {(source, node_id, sku) for source, node_id, sku, _, _ in said}
    assert len(said) == len(rounds) * len(rows)
    assert len(rows) == 2 * ingest.SKUS * ingest.FED_NODES // 20
    assert {source for source, _, _ in rows} == {"feed-0", "feed-1"}
    by_round = [{line[:3]: line[4] for line in said if line[3] == seq} for seq in rounds]
    assert all(by_round[0][row] != by_round[1][row] for row in rows)
