"""What a person reads of availability and of promises at risk."""

from datetime import date

import pytest
from tests.unit.terminal.test_tables import shown

from sourcier.domain.supply import RiskReason
from sourcier.rpc.fields import fill_day
from sourcier.terminal.supply import availability_table, risk_table
from sourcier.v1 import availability_pb2, common_pb2, sourcing_pb2


def test_a_sku_shows_how_much_how_early_where_and_what_comes() -> None:
    sku = availability_pb2.SkuAvailability(sku="MUG", units=1_200, band="plenty")
    earliest = sku.earliest.add(method=common_pb2.METHOD_EXPRESS, service_id="express")
    fill_day(earliest.on, date(2026, 11, 24))
    sku.stores.add(store_id="store", units=3, distance_m=1_240)
    sku.next_supply.units, sku.next_supply.preorder = 40, True
    fill_day(sku.next_supply.on, date(2026, 11, 30))
    told = shown(availability_table([sku, availability_pb2.SkuAvailability(sku="POT")]))
    for words in ("1,200", "plenty", "Tue 24 Nov express", "store: 3, 1.2 km", "Mon 30 Nov: 40 (preorder)"):
        assert words in told
    assert "POT" in told.splitlines()[-2]
    assert told.splitlines()[-2].count("–") == 3


@pytest.mark.parametrize("reason", RiskReason)
def test_a_promise_at_risk_shows_what_it_misses(reason: RiskReason) -> None:
    risk = sourcing_pb2.PromiseAtRisk(
        reservation="allocations/a1",
        order_id="A-1",
        priority=5_000,
        line_id="1",
        sku="MUG",
        node_id="near",
        supply_id="po-1",
        quantity=5,
        short=2,
        reason=sourcing_pb2.RiskReason.Value(f"RISK_REASON_{reason}"),
    )
    for day, message in ((24, risk.ship_day), (26, risk.ready_on), (25, risk.kept.latest)):
        fill_day(message, date(2026, 11, day))
    told = shown(risk_table([risk]))
    for words in ("5,000", "A-1", "2 of 5", f"po-1: {reason}", "Tue 24 Nov", "Thu 26 Nov", "Wed 25 Nov"):
        assert words in told


def test_a_hold_at_risk_has_no_order_and_knows_little() -> None:
    risk = sourcing_pb2.PromiseAtRisk(reservation="holds/h1", reason=sourcing_pb2.RISK_REASON_STOCK)
    told = shown(risk_table([risk]))
    for words in ("holds/h1", "stock: STOCK", "unknown"):
        assert words in told
