"""Pages hold exactly the rows that pass their filters, each once, whatever their size."""

import pytest
from tests.contract.bench import Bench

from sourcier.ledger import queries
from sourcier.ledger.commands import StockKey
from sourcier.ledger.pages import Page, PageQueries, read_page
from sourcier.ledger.store import Tx

BY_KEY = PageQueries(
    of_all=queries.PAGE_STOCK,
    of_nodes=queries.PAGE_STOCK_OF_NODES,
    of_skus=queries.PAGE_STOCK_OF_SKUS,
    of_both=queries.PAGE_STOCK_OF_BOTH,
)
KEYS = [("n1", "a"), ("n1", "b"), ("n2", "a"), ("n2", "c"), ("w1", "a")]


def read(
    tx: Tx, node_ids: tuple[str, ...], skus: tuple[str, ...], page_size: int, after: StockKey
) -> Page[StockKey, str]:
    return read_page(
        tx,
        BY_KEY,
        node_ids=node_ids,
        skus=skus,
        page_size=page_size,
        after={"after_node": after[0], "after_sku": after[1]},
        row_of=lambda row: (row[0], row[1]),
        key_of="/".join,
    )


@pytest.mark.parametrize("node_ids", [(), ("n2", "n1", "n2"), ("nowhere",)])
@pytest.mark.parametrize("skus", [(), ("c", "a")])
def test_pages_pass_every_row_of_the_filters_once(
    bench: Bench, node_ids: tuple[str, ...], skus: tuple[str, ...]
) -> None:
    for node_id, sku in KEYS:
        bench.count(node_id, sku, 5)
    wanted = [(n, s) for n, s in KEYS if (not node_ids or n in node_ids) and (not skus or s in skus)]
    for page_size in (1, 2, len(KEYS)):
        found, after = [], ("", "")
        while True:
            page = bench.read(read, node_ids, skus, page_size, after)
            found += page.rows
            assert len(page.rows) <= page_size
            if page.after is None:
                break
            assert page.after == "/".join(page.rows[-1])
            after = page.rows[-1]
        assert found == wanted
