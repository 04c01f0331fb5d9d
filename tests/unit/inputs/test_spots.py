"""Places of faults: found by the domain's path, told in the file's words at line and column."""

from hypothesis import given, settings
from tests.unit.inputs.mutations import assert_placed, mutations

from sourcier.domain.errors import Reason, Refusal, Violation
from sourcier.inputs.faults import Faults
from sourcier.inputs.fields import Fields, read_fields
from sourcier.inputs.network_yaml import parse_network
from sourcier.inputs.spots import Spots
from sourcier.inputs.yaml_nodes import compose

TEXT = """\
rounds:
  - {service: std, pickup: 10:00}
  - {service: std, cut_off: 11:00}
hours: 09:00-18:00
"""


def entry(text: str = TEXT) -> Fields:
    faults = Faults(filename="f", reason=Reason.NETWORK_INVALID)
    return read_fields(compose(text, 10_000, faults), "nodes[7]", ("rounds", "hours"), faults)


def told(spots: Spots, fields: Fields, *paths: str) -> list[str]:
    spots.place([Violation(field=path, description="bad") for path in paths], fields.faults)
    try:
        fields.faults.raise_if_any()
    except Refusal as refusal:
        return [f"{v.field} {v.description}" for v in refusal.violations]
    return []


def spots_of(fields: Fields) -> Spots:
    spots = Spots()
    spots.entry("nodes[3]", fields)
    return spots


def test_a_path_is_followed_as_far_as_the_file_goes() -> None:
    for path, place in {
        "nodes[3].rounds[1].cut_off_minute": "f:3:29 nodes[7].rounds[1].cut_off",
        "nodes[3].rounds[1].pickup_minute": "f:3:5 nodes[7].rounds[1]",
        "nodes[3].rounds[0].service_id": "f:2:15 nodes[7].rounds[0].service",
        "nodes[3].calendar.rounds": "f:2:3 nodes[7].rounds",
        "nodes[3].hours.from_minute": "f:4:8 nodes[7].hours",
        "nodes[3].shifts[0].to_minute": "f:1:1 nodes[7]",
    }.items():
        fields = entry()
        assert told(spots_of(fields), fields, path) == [f"{place}: bad"]


def test_noted_places_come_before_the_way() -> None:
    fields = entry()
    spots = spots_of(fields)
    (node, at), *_ = fields.nodes("rounds", 9)
    spots.value("nodes[3].calendar.picking_hours[4]", node, at, fields.faults)
    assert told(spots, fields, "nodes[3].calendar.picking_hours[4].from_minute") == ["f:2:5 nodes[7].rounds[0]: bad"]
    fields = entry()
    spots = spots_of(fields)
    spots.row("zones[0].ranges[1]", 9, fields.faults.beside("zones.csv"))
    assert told(spots, fields, "zones[0].ranges[1].low") == ["zones.csv:9 bad"]


def test_a_fault_without_a_place_is_never_lost() -> None:
    fields = entry()
    assert told(Spots(), fields, "currency_code") == ["f:1 currency_code: bad"]


def test_faults_of_a_section_with_unread_entries_are_not_told() -> None:
    fields = entry()
    fields.faults.add(2, 5, "unread", "nodes[7].rounds[0].days")
    spots = spots_of(fields)
    paths = ("nodes[3].rounds[1].cut_off_minute", "nodes[3].hours", "nodes[3].shifts", "elsewhere")
    assert told(spots, fields, *paths) == [
        "f:1:1 nodes[7]: bad",
        "f:2:5 nodes[7].rounds[0].days: unread",
        "f:4:8 nodes[7].hours: bad",
    ]


FULL = """\
currency: EUR
time_zone: Europe/Paris
zones: [{zone: corsica, country: FR, ranges: [20, 201 to 206]}, {zone: isles, country: FR, ranges: [971 to 978]}]
services:
  - service: std
    method: ship_to_store
    transit: [{max_km: 20, business_days: 0}, {distribution: {0: 12.5, 1: 80, 3: 7.5}}]
    zone_transit: [{zone: corsica, nodes: [a], business_days: 3, delivery_days: mon-fri}]
    delivery_days: mon-sat
    holidays: FR
    windows: [{days: mon-fri, hours: [10:00-13:00, 18:00-21:00]}]
    collect_minutes: 90
    tariff: {}
    carbon: {grams_per_shipment: 150}
node_defaults:
  store:
    working_days: mon-sat
    cut_off: 17:00
    picking_hours: [{days: mon-fri, hours: [06:00-12:00, 13:00-24:00]}]
    exceptions: [{date: 2026-11-27, picking: [00:00-10:00, 12:00-24:00]}, {date: 2027-01-15, closed: true}]
    services: [std]
    rounds: [{service: std, days: mon, pickup: 09:00, every_minutes: 90, last_pickup: 15:00, parcels: 1}]
    shifts: [{shift: night, hours: 22:00-06:00, measure: units, limit: 0}]
nodes: [{node: a, node_type: store, lat: 1, lon: 2}, {node: b, node_type: store, lat: 1, lon: 2}]
transfer_lanes: [{from: a, to: [b], service: std}]
"""


def test_the_text_that_is_mutated_is_sound() -> None:
    assert len(parse_network(FULL, "full.yaml").nodes) == 2


@settings(max_examples=250)
@given(mutations(FULL))
def test_every_fault_of_any_text_has_a_place(text: str) -> None:
    assert_placed(parse_network, text)
