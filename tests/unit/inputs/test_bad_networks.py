"""One network with every kind of misfit: refused whole, and every fault told at once at its file, line and column."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from sourcier.domain.errors import Reason, Refusal
from sourcier.inputs.network_yaml import parse_network

BAD = """\
currency: EUR
time_zone: Europe/Paris
zones: zones.csv
services:
  - service: standard
    transit:
      - {max_km: 300, distribution: §{1: 70, 2: 29}}
      - {distribution: {2: 60, §1: 40}}
    zone_transit:
      - {zone: §corsika, business_days: 3}
      - {zone: corsica, nodes: §[store-nowhere], business_days: 3}
    delivery_days: mon-sat
    holidays: §FRANCE
    courier_minutes: §90
    tariff: {per_shipment: §-4.20}
  - service: shuttle
    method: ship_to_store
    transit: [{business_days: §-1}]
    delivery_days: mon-fri
    windows: §[{days: [sat, sun], hours: 08:00-12:00}]
    tariff: {}
node_defaults:
  store:
    working_days: mon-sat
    cut_off: 17:00
    opening_hours: [{days: mon-sat, hours: [09:00-13:00, §12:30-19:00]}]
    services: [standard]
    rounds: [{service: standard, pickup: 16:00, cut_off: §16:01}]
nodes:
  - node: wh
    node_type: warehouse
    lat: 48
    lon: 2
    working_days: §mon
    closed_dates: [MONDAYS]
    cut_off: 19:00
    picking_hours: [{days: mon, hours: §21:00-05:00}]
    processing_minutes: §-30
    services: [standard, shuttle]
    rounds:
      - {service: §express, pickup: 18:00}
      - {service: standard, days: §tue, pickup: 18:00}
    shifts: [{shift: day, hours: §06:00-06:00, measure: orders, limit: 1}]
  - {node: store-paris, node_type: store, lat: 48, lon: 2}
  - node: store-lyon
    node_type: store
    lat: 45
    lon: 4
    services: [standard, shuttle]
    exceptions: [§{date: 2026-11-27, picking: 08:00-12:00}]
transfer_lanes:
  - {from: wh, to: [store-paris, §store-lion], service: shuttle}
  - {from: wh, to: store-lyon, service: shuttle}
  - §{from: store-lyon, to: wh, service: shuttle}
  - {from: store-paris, to: store-lyon, service: §shuttle}
"""
ZONES = """\
zone,country,from,to
corsica,FR,20,
south,FR,13000,13999
south,FR,20100,20200
south,FR,99,90
"""
MONDAYS = ", ".join(str(date(2026, 1, 5) + timedelta(weeks=week)) for week in range(60))


@pytest.fixture
def told(tmp_path: Path) -> dict[str, str]:
    """The description of every fault by its place, without the folder."""
    (tmp_path / "zones.csv").write_text(ZONES)
    with pytest.raises(Refusal) as caught:
        parse_network(BAD.replace("MONDAYS", MONDAYS).replace("§", ""), str(tmp_path / "network.yaml"))
    assert caught.value.reason is Reason.NETWORK_INVALID
    return {v.field.removeprefix(f"{tmp_path}/"): v.description for v in caught.value.violations}


def test_every_fault_is_told_at_once_where_it_stands(told: dict[str, str]) -> None:
    marked = [
        f"network.yaml:{line}:{column}" for line, text in enumerate(BAD.splitlines(), 1) for column in _marks(text)
    ]
    assert list(told) == [*marked, "zones.csv:4", "zones.csv:5"]


def _marks(text: str) -> list[int]:
    """The columns of the marked places of a line without its marks."""
    pieces = text.split("§")[:-1]
    return [sum(map(len, pieces[: k + 1])) + 1 for k in range(len(pieces))]


@pytest.mark.parametrize(
    "words",
    [
        "closes a cycle: store-lyon > wh > store-paris > store-lyon",
        "never opens: every day from 2025-12-30 to 2027-01-04 is closed",
        "overlaps FR 20 of zone 'corsica'",
        "must be from 0 to 20160, found '-30'",
        "must be an amount from 0 to 1000000, found '-4.20'",
        "the shares must be 100 % in all, not 99 %",
        "'express' is not a service that collects at this node",
        "'corsika' is not a zone of this network",
        "'FRANCE' is not a country with a calendar of public holidays",
    ],
)
def test_what_is_told(told: dict[str, str], words: str) -> None:
    assert [description for description in told.values() if words in description]
