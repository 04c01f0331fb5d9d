"""Goods on their way to the demo's retailer: the same for a seed, and fit for its network and catalogue."""

from collections import Counter
from datetime import date, timedelta

from sourcier.demo.inbound import LEAD_DAYS, supply_records
from sourcier.demo.retailer import FIRST_DAY, WAREHOUSES, catalogue
from sourcier.domain.supply import SupplyKind

SEED = 7


def test_the_same_seed_gives_the_same_supply() -> None:
    assert supply_records(SEED) == supply_records(SEED)
    assert supply_records(SEED) != supply_records(SEED + 1)


def test_every_kind_is_there_and_fits() -> None:
    records = supply_records(SEED)
    kinds = Counter(record.kind for record in records)
    assert set(kinds) == set(SupplyKind) - {SupplyKind.TRANSFER}
    assert {record.node_id for record in records} == set(WAREHOUSES)
    assert len({(record.supply_id, record.node_id, record.sku) for record in records}) == len(records)
    for record in records:
        made = record.kind is SupplyKind.SUPPLIER_ORDERABLE
        assert (record.quantity is None) == (record.expected_on is None) == made
        assert record.lead_days == (LEAD_DAYS if made else None)
        assert record.probability_bp == (7_000 if record.kind is SupplyKind.CUSTOMER_RETURN else 10_000)


def test_only_scarce_articles_are_bought_again() -> None:
    scarce = {article.sku for article in catalogue(SEED) if article.scarce}
    bought = {record.sku for record in supply_records(SEED) if record.kind is SupplyKind.PURCHASE_ORDER}
    assert bought < scarce


def test_supply_moves_with_the_week() -> None:
    there = timedelta(weeks=52)
    now, then = supply_records(SEED), supply_records(SEED, FIRST_DAY + there)
    assert [record.expected_on + there for record in now if record.expected_on] == [
        record.expected_on for record in then if record.expected_on
    ]
    assert min(record.expected_on for record in now if record.expected_on) > date(2026, 11, 24)
